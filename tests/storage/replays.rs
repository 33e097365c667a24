//! Replays: kept, started once, stepped, and what they choose found stretch by stretch.

use rekindle::domain::action::{Kind, Planned, State};
use rekindle::domain::ids::{ActionId, EventId, ReplayId};
use rekindle::domain::replay::Skip;
use rekindle::storage::Database;
use rekindle::storage::events::{NewEvent, Origin, Outcome};
use rekindle::storage::replays::{
    ActionChoice, Became, Choice, Counts, Ended, EventChoice, Group, Preview, Reason, ReasonMatch, Replay,
    ReplayFilter, ReplayPlace, ReplayState, Started, Step,
};

use crate::storage::sample::{at, environment, event_id, plan, reminder, sandbox};
use crate::support::on_both;

fn id(text: &str) -> ReplayId {
    ReplayId::parse(text).unwrap()
}

fn preview(name: &str, choice: Choice) -> Replay {
    let groups = vec![Group { what: "remind".to_owned(), why: Some("a".to_owned()), count: 2 }];
    Replay {
        id: id(name),
        filter: ReplayFilter { environment: sandbox(), of: choice },
        preview: Preview {
            matched: 3,
            asked: 3,
            groups,
            skipped: vec![(Skip::Muted, 1)],
            calls: 4,
            messages: 2,
            ..Preview::default()
        },
        as_of: at(100),
        per_minute: Some(7),
        state: ReplayState::Previewed,
        made_by: "cli:olga".to_owned(),
        expires_at: at(1_000),
        began: None,
        next_at: None,
        place: None,
        through: false,
        counts: Counts::default(),
        touched_at: at(100),
        ended_at: None,
        changed: None,
    }
}

async fn keep(database: &Database, replay: &Replay) {
    let mut tx = database.begin().await.unwrap();
    tx.keep_preview(replay).await.unwrap();
    tx.commit().await.unwrap();
}

async fn start(database: &Database, replay: &Replay) -> Started {
    let mut tx = database.begin().await.unwrap();
    let started = tx.start_replay(replay, "cli:olga", "mended", at(200)).await.unwrap();
    tx.commit().await.unwrap();
    started
}

async fn read(database: &Database, name: &str) -> Replay {
    database.read().await.unwrap().replay(&id(name)).await.unwrap().unwrap()
}

fn all() -> Choice {
    Choice::Actions(ActionChoice::default())
}

/// Reminders of which each ended at its second, and why.
async fn ended(database: &Database, rows: &[(&str, State, i64, &str)]) -> Vec<Planned> {
    let planned: Vec<Planned> = rows
        .iter()
        .enumerate()
        .map(|(at, (inquiry, ..))| reminder(&sandbox(), inquiry, u8::try_from(at).unwrap(), 0))
        .collect();
    plan(database, &planned, 3).await;
    for (action, (_, state, second, why)) in planned.iter().zip(rows) {
        let mut tx = database.begin().await.unwrap();
        match state {
            State::Failed => tx.fail_planned(&[(action.id.clone(), (*why).to_owned())], at(*second)).await.map(drop),
            _ => tx.cancel_action(&action.id, why, at(*second)).await.map(drop),
        }
        .unwrap();
        tx.commit().await.unwrap();
    }
    planned
}

/// What a choice finds, so many at a time, of so many rows a stretch.
async fn found(database: &Database, choice: &ActionChoice, limit: u32, look: u32) -> Vec<ActionId> {
    let (mut all, mut place) = (Vec::new(), None);
    for _ in 0..100 {
        let mut tx = database.read().await.unwrap();
        let stretch = tx.replayable_actions(&sandbox(), choice, at(500), place.as_ref(), (limit, look)).await.unwrap();
        all.extend(stretch.items.into_iter().map(|found| found.action.planned.id));
        place = stretch.next;
        if place.is_none() {
            return all;
        }
    }
    panic!("it never ends");
}

on_both! {
    async fn a_preview_is_kept_and_started_once(database: &Scratch) {
        let (one, other) = (preview("rpl_1", all()), preview("rpl_2", all()));
        let events = preview("rpl_3", Choice::Events(EventChoice { outcome: Some(Outcome::Ignored), ..EventChoice::default() }));
        for replay in [&one, &other, &events] {
            keep(database, replay).await;
            assert_eq!(read(database, replay.id.as_str()).await, *replay, "as it was kept");
        }
        let listed = database.read().await.unwrap().list_replays(None, None, 10).await.unwrap().items;
        assert_eq!(listed, [], "a preview is none yet");
        assert_eq!(start(database, &one).await, Started::Begun);
        assert_eq!(start(database, &one).await, Started::Before);
        assert_eq!(start(database, &other).await, Started::Alike(id("rpl_1")));
        assert_eq!(start(database, &events).await, Started::Begun, "another choice is in nobody's way");
        let begun = read(database, "rpl_1").await;
        assert_eq!(begun.began, Some((at(200), "cli:olga".to_owned(), "mended".to_owned())));
        assert_eq!((begun.state, begun.next_at), (ReplayState::Running, Some(at(200))));

        let mut tx = database.begin().await.unwrap();
        assert!(tx.change_replay(&id("rpl_1"), ReplayState::Paused, "ada", "noon", at(300)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(start(database, &other).await, Started::Alike(id("rpl_1")), "one that is held is under way");
        let mut tx = database.begin().await.unwrap();
        assert!(tx.change_replay(&id("rpl_1"), ReplayState::Cancelled, "ada", "noon", at(300)).await.unwrap());
        assert!(!tx.change_replay(&id("rpl_1"), ReplayState::Running, "ada", "noon", at(300)).await.unwrap(), "it has ended");
        tx.commit().await.unwrap();
        let ended = read(database, "rpl_1").await;
        assert_eq!((ended.ended_at, ended.changed), (Some(at(300)), Some(("ada".to_owned(), "noon".to_owned()))));
        assert_eq!(start(database, &other).await, Started::Begun);
    }

    /// Of two that start previews of the same choice at once, one begins; no statement fails.
    async fn two_at_once_start_one(database: &Scratch) {
        let previews: Vec<Replay> = (0..6).map(|number| preview(&format!("rpl_{number}"), all())).collect();
        for replay in &previews {
            keep(database, replay).await;
        }
        let started = futures::future::join_all(previews.iter().map(|replay| start(database, replay))).await;
        let begun: Vec<_> = started.iter().filter(|one| **one == Started::Begun).collect();
        let alike = started.iter().filter(|one| matches!(one, Started::Alike(_))).count();
        assert_eq!((begun.len(), alike), (1, 5), "{started:?}");
    }

    async fn steps_add_up_and_reasons_too(database: &Scratch) {
        let replay = preview("rpl_1", all());
        keep(database, &replay).await;
        start(database, &replay).await;
        let place = ReplayPlace { kind: Some(Kind::Remind), at: at(5), id: "a".to_owned() };
        let counts = Counts { looked_at: 3, made_due: 2, skipped: 1, ..Counts::default() };
        let reason = |count| Reason { became: Became::Skipped, reason: "muted".to_owned(), count };
        let step = Step { place: Some(place.clone()), next_at: Some(at(9)), counts, reasons: vec![reason(1)], ..Step::default() };
        for second in [210, 220] {
            let mut tx = database.begin().await.unwrap();
            assert!(tx.lock_replay(&replay.id).await.unwrap().is_some());
            tx.step_replay(&replay.id, &step, at(second)).await.unwrap();
            tx.commit().await.unwrap();
        }
        let stepped = read(database, "rpl_1").await;
        assert_eq!((stepped.counts.looked_at, stepped.waiting(), stepped.place, stepped.touched_at), (6, 4, Some(place), at(220)));
        assert_eq!(database.read().await.unwrap().replay_reasons(&replay.id).await.unwrap(), [reason(2)]);
        assert_eq!(database.read().await.unwrap().replays_under_way().await.unwrap().len(), 1);
        let mut tx = database.begin().await.unwrap();
        tx.step_replay(&replay.id, &Step { through: true, ends: true, ..Step::default() }, at(230)).await.unwrap();
        tx.commit().await.unwrap();
        let done = read(database, "rpl_1").await;
        assert_eq!((done.state, done.ended_at, done.through), (ReplayState::Done, Some(at(230)), true));
        assert_eq!(database.read().await.unwrap().replays_under_way().await.unwrap(), []);

        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.forget_replays(at(0), at(0), 10).await.unwrap(), 0, "not yet");
        assert_eq!(tx.forget_replays(at(2_000), at(2_000), 10).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let mut tx = database.read().await.unwrap();
        assert_eq!((tx.replay(&id("rpl_1")).await.unwrap(), tx.replay_reasons(&id("rpl_1")).await.unwrap()), (None, Vec::new()));
    }

    /// Made due where nobody was faster, and waited for until they end.
    async fn actions_are_made_due_and_waited_for(database: &Scratch) {
        let rows = [("inq_a", State::Failed, 10, "x"), ("inq_b", State::Cancelled, 11, "y"), ("inq_c", State::Failed, 12, "x")];
        let planned = ended(database, &rows).await;
        let ids: Vec<ActionId> = planned.iter().map(|action| action.id.clone()).collect();
        let mut tx = database.begin().await.unwrap();
        assert!(tx.retry_action(&ids[2], "somebody faster", at(20)).await.unwrap());
        let made = tx.retry_actions(&ids, "replayed by olga", at(30)).await.unwrap();
        assert_eq!(made, ids[..2]);
        assert_eq!(tx.retry_actions(&[], "nobody", at(30)).await.unwrap(), []);
        let gone = ActionId::parse("rka_gone").unwrap();
        tx.wait_for(&id("rpl_1"), &[made.clone(), vec![gone.clone()]].concat()).await.unwrap();
        tx.wait_for(&id("rpl_1"), &made).await.unwrap();
        tx.commit().await.unwrap();
        let action = database.read().await.unwrap().action(&ids[1]).await.unwrap().unwrap();
        assert_eq!((action.state, action.planned.due_at, action.attempts, action.cancelled_by), (State::Planned, at(30), 0, None));
        assert_eq!(action.reason.as_deref(), Some("replayed by olga"));

        let mut tx = database.begin().await.unwrap();
        tx.cancel_action(&ids[0], "not needed", at(40)).await.unwrap();
        tx.commit().await.unwrap();
        let waited = database.read().await.unwrap().waited_for(&id("rpl_1"), 10).await.unwrap();
        let mut told: Vec<_> = waited.iter().map(|one| (one.action.clone(), one.state, one.reason.as_deref())).collect();
        told.sort_by_key(|one| one.0.clone());
        let mut expected = vec![(ids[0].clone(), Some(State::Cancelled), Some("not needed")), (gone.clone(), None, None)];
        expected.sort_by_key(|one| one.0.clone());
        assert_eq!(told, expected);
        let mut tx = database.begin().await.unwrap();
        tx.stop_waiting(&id("rpl_1"), &[ids[0].clone(), gone]).await.unwrap();
        assert_eq!(tx.waited_for(&id("rpl_1"), 10).await.unwrap(), []);
        tx.stop_waiting_for_all(&id("rpl_1")).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Every match once and the oldest first, whatever the size of a stretch and however few rows one looks at.
    async fn matches_are_found_stretch_by_stretch(database: &Scratch) {
        let rows = [
            ("inq_a", State::Failed, 30, "it answered 410"),
            ("inq_b", State::Failed, 10, "it answered 503"),
            ("inq_c", State::Cancelled, 20, "not needed"),
            ("inq_d", State::Failed, 20, "it answered 410"),
            ("inq_e", State::Failed, 600, "after the preview"),
            ("inq_f", State::Failed, 40, "100% sure_!"),
        ];
        let planned = ended(database, &rows).await;
        let [ada, bea, cleo, dora, _, fay] = [0, 1, 2, 3, 4, 5].map(|at: usize| planned[at].id.clone());
        let failed = ActionChoice::default;
        let reason = |reason| ActionChoice { reason: Some(reason), ..failed() };
        let mut named = vec![ada.clone(), cleo.clone(), fay.clone()];
        named.sort();
        let with_ids = ActionChoice { ids: named.clone(), ..failed() };
        named.retain(|id| *id != cleo);
        for (choice, expected) in [
            (failed(), vec![bea.clone(), dora.clone(), ada.clone(), fay.clone()]),
            (ActionChoice { kind: Some(Kind::Remind), ..failed() }, vec![bea.clone(), dora.clone(), ada.clone(), fay.clone()]),
            (ActionChoice { kind: Some(Kind::Tell), ..failed() }, vec![]),
            (ActionChoice { state: Ended::Cancelled, ..failed() }, vec![cleo]),
            (reason(ReasonMatch::Is("it answered 410".to_owned())), vec![dora.clone(), ada.clone()]),
            (reason(ReasonMatch::Contains("ANSWERED".to_owned())), vec![bea, dora.clone(), ada.clone()]),
            (reason(ReasonMatch::Contains("0% sure_!".to_owned())), vec![fay.clone()]),
            (reason(ReasonMatch::Contains("answered_4".to_owned())), vec![]),
            (ActionChoice { from: Some(at(20)), before: Some(at(40)), ..failed() }, vec![dora, ada]),
            (with_ids, named),
        ] {
            for (limit, look) in [(1, 1), (2, 3), (100, 100)] {
                assert_eq!(found(database, &choice, limit, look).await, expected, "{choice:?}, {limit} of {look}");
            }
        }
        let mut tx = database.read().await.unwrap();
        let elsewhere = tx.replayable_actions(&environment("production"), &failed(), at(500), None, (10, 10)).await.unwrap();
        assert_eq!(elsewhere.items, []);
    }

    async fn events_are_found_in_the_order_they_came(database: &Scratch) {
        for (name, second, outcome) in [
            ("evt_c", 30, Outcome::Applied),
            ("evt_a", 10, Outcome::Ignored),
            ("evt_b", 20, Outcome::Unreadable),
            ("evt_d", 600, Outcome::Applied),
        ] {
            let key = (sandbox(), event_id(name));
            let mut tx = database.begin().await.unwrap();
            tx.record_events(&[NewEvent {
                key: &key,
                name: Some("inquiry.started"),
                occurred_at: Some(at(second)),
                received_at: at(second),
                last_received_at: at(second),
                deliveries: 1,
                inquiry: None,
                origin: Origin::Webhook,
                outcome: Some(outcome),
                reason: None,
                subject: None,
                body: None,
            }])
            .await
            .unwrap();
            tx.commit().await.unwrap();
        }
        let of = |outcome| EventChoice { outcome: Some(outcome), ..EventChoice::default() };
        for (choice, expected) in [
            (EventChoice::default(), vec!["evt_a", "evt_b", "evt_c"]),
            (of(Outcome::Unreadable), vec!["evt_b"]),
            (of(Outcome::Applied), vec!["evt_c"]),
            (EventChoice { name: Some("inquiry.failed".to_owned()), ..EventChoice::default() }, vec![]),
            (EventChoice { from: Some(at(11)), before: Some(at(30)), ..EventChoice::default() }, vec!["evt_b"]),
            (EventChoice { ids: vec![event_id("evt_a"), event_id("evt_c")], ..EventChoice::default() }, vec!["evt_a", "evt_c"]),
        ] {
            for (limit, look) in [(1, 1), (2, 3), (10, 10)] {
                let (mut seen, mut place) = (Vec::new(), None);
                loop {
                    let mut tx = database.read().await.unwrap();
                    let stretch =
                        tx.replayable_events(&sandbox(), &choice, at(500), place.as_ref(), (limit, look)).await.unwrap();
                    seen.extend(stretch.items.iter().map(|event| event.id.clone()));
                    place = stretch.next;
                    if place.is_none() {
                        break;
                    }
                }
                assert_eq!(seen.iter().map(EventId::as_str).collect::<Vec<_>>(), expected, "{choice:?}, {limit} of {look}");
            }
        }
    }
}
