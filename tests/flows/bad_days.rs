//! Persona and the application have bad days; people get in all the same, or somebody sees why not.

use rekindle::domain::action::State;
use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults, Settings, Unknowns};

use super::world::{Setting, World, hours, minutes, seconds};
use crate::support::{Scratch, on_both, operator};

const MINT: &str = "generate-one-time-link";

fn failing(times: u32, kind: FailureKind, moment: FailureMoment) -> Faults {
    Faults {
        fail_next: times,
        failure: Failure { kind, moment },
        only_requests_with: Some(MINT.to_owned()),
        ..Faults::default()
    }
}

on_both! {
    /// The application is down: the notice is tried again, with the same id and the same link, and nothing is minted twice.
    async fn a_notice_is_handed_over_again_with_the_same_link(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.application.answer_next(&[503, 500]);
        world.clock.advance(hours(12));
        for _ in 0..3 {
            world.settle().await;
            world.clock.advance(seconds(30));
        }
        let deliveries = world.application.deliveries();
        assert_eq!(deliveries.iter().map(|delivery| delivery.answered).collect::<Vec<_>>(), [503, 500, 204]);
        assert!(deliveries.iter().all(|d| (&d.id, &d.link) == (&deliveries[0].id, &deliveries[0].link)));
        assert_eq!(world.calls(MINT), 1);
        assert_eq!(world.persona.inquiry(&ada).unwrap().sessions.len(), 1, "a mint costs a session");
        assert_eq!(world.actions(&ada).await[0].attempts, 3);
        world.finish().await;
    }

    /// The application refuses for good: a dead letter with its reason, which an operator can retry.
    async fn a_refused_notice_is_a_dead_letter_until_an_operator_retries_it(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.application.answer_next(&[410]);
        world.clock.advance(hours(12));
        world.settle().await;
        let action = world.actions(&ada).await.remove(0);
        assert_eq!(action.state, State::Failed);
        assert!(action.reason.unwrap().contains("answered 410"));

        world.app.retry_action(&action.planned.id, "once more", &operator("olga")).await.unwrap();
        world.settle().await;
        assert_eq!(world.application.notices().len(), 1);
        assert_eq!(world.actions(&ada).await[0].state, State::Done);
        world.finish().await;
    }

    /// Persona refuses the link for a reason that an operator mends: the retry asks under a new key, or Persona would
    /// only repeat its refusal.
    async fn a_retry_after_404_asks_anew(scratch: &Scratch) {
        refused_then_mended(scratch, 404).await;
    }

    /// The same for a request that Persona could not make sense of.
    async fn a_retry_after_422_asks_anew(scratch: &Scratch) {
        refused_then_mended(scratch, 422).await;
    }

    /// A conflict that is over at the next try needs no operator.
    async fn a_conflict_passes_by_itself(scratch: &Scratch) {
        refused_then_mended(scratch, 409).await;
    }

    /// Persona answers 5xx: a new key, because the old one would bring the same answer again.
    async fn a_failing_persona_is_asked_again_under_a_new_key(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.person("ada");
        world.settle().await;
        world.persona.set_faults(failing(2, FailureKind::Status(503), FailureMoment::BeforeActing));
        world.clock.advance(hours(12));
        for _ in 0..4 {
            world.settle().await;
            world.clock.advance(seconds(30));
        }
        let link = world.application.only_notice().link;
        world.open(&link).unwrap();
        let keys: Vec<String> = mint_keys(&world);
        assert_eq!(keys.len(), 3);
        assert!(keys[0] != keys[1] && keys[1] != keys[2], "{keys:?}");
        world.finish().await;
    }

    /// The connection breaks after Persona acted: the same key brings the same link, and no session is wasted.
    async fn a_lost_answer_is_asked_for_again_under_the_same_key(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.persona.set_faults(failing(1, FailureKind::ConnectionDropped, FailureMoment::AfterActing));
        world.clock.advance(hours(12));
        world.settle().await;
        world.clock.advance(seconds(30));
        world.settle().await;
        let link = world.application.only_notice().link;
        world.open(&link).unwrap();
        let keys = mint_keys(&world);
        assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
        assert_eq!(world.persona.inquiry(&ada).unwrap().sessions.len(), 1);
        world.finish().await;
    }

    /// The rate limit is used up: everyone is reminded when Persona says that the window begins anew.
    async fn a_used_up_rate_limit_is_waited_for(scratch: &Scratch) {
        let persona = Settings { requests_per_minute: 4, ..Settings::default() };
        let world = World::with(scratch, Setting { persona, ..Setting::default() }).await;
        for number in 0..40 {
            world.person(&format!("person-{number}"));
        }
        world.settle().await;
        world.clock.advance(hours(12));
        for _ in 0..60 {
            world.settle().await;
            world.clock.advance(minutes(1));
        }
        assert_eq!(world.application.notices().len(), 40, "nobody is given up because others came first");
        let requests = world.persona.requests();
        assert!(requests.iter().all(|request| request.status != Some(429)), "nothing is asked for that is not there");
        world.finish().await;
    }

    /// A key that is no good is an operator's to mend: nothing is lost meanwhile.
    async fn a_refused_key_is_waited_for_slowly(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.persona.set_faults(failing(1, FailureKind::Status(403), FailureMoment::BeforeActing));
        world.clock.advance(hours(12));
        world.settle().await;
        let action = world.actions(&ada).await.remove(0);
        assert_eq!(action.state, State::Planned);
        assert!(action.planned.due_at.since(world.clock.now()) >= minutes(9), "{:?}", action.planned.due_at);
        world.clock.advance(minutes(11));
        world.settle().await;
        assert_eq!(world.application.notices().len(), 1);
        world.finish().await;
    }

    /// Expired a moment ago without our hearing: Persona refuses the link, we read the inquiry and leave it.
    async fn a_refused_link_makes_us_look_again(scratch: &Scratch) {
        for (_, unknowns) in Unknowns::all_variations() {
            let persona = Settings { unknowns, ..Settings::default() };
            // Who has just begun would not be reminded, and the link not asked for.
            let more = r#"quiet_while_active = "0s""#;
            let setting = Setting { reminders: r#"["3h"]"#, more, persona, ..Setting::default() };
            let world = World::with(scratch, setting).await;
            let ada = world.person("ada");
            world.settle().await;
            world.clock.advance(hours(21));
            world.persona.start(&ada).unwrap();
            world.persona.deliver_due().await;
            world.persona.expire(&ada).unwrap();
            world.lose_deliveries().await;
            world.clock.advance(seconds(5));
            world.settle().await;
            assert_eq!(world.application.deliveries(), []);
            let action = world.actions(&ada).await.remove(0);
            assert_eq!((action.state, action.reason.as_deref()), (State::Cancelled, Some("it is expired")));
            world.finish().await;
        }
    }

    /// A reminder that could never be handed over is given up when the deadline comes, and stays to be seen.
    async fn a_reminder_nobody_got_is_seen(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: r#"["3h"]"#, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        world.application.answer_next(&[503; 40]);
        world.clock.advance(hours(21));
        for _ in 0..40 {
            world.work().await;
            world.clock.advance(minutes(30));
        }
        let action = world.actions(&ada).await.remove(0);
        assert_eq!(action.state, State::Failed, "{action:?}");
        assert!(action.reason.as_deref().unwrap().contains("answered 503"), "{action:?}");
        world.finish().await;
    }
}

async fn refused_then_mended(scratch: &Scratch, status: u16) {
    let world = World::on(scratch).await;
    let ada = world.person("ada");
    world.settle().await;
    world.persona.set_faults(failing(1, FailureKind::Status(status), FailureMoment::BeforeActing));
    world.clock.advance(hours(12));
    world.settle().await;
    let action = world.actions(&ada).await.remove(0);
    assert_eq!(action.state == State::Planned, status == 409, "{action:?}");
    if action.state == State::Failed {
        world.app.retry_action(&action.planned.id, "once more", &operator("olga")).await.unwrap();
    }
    world.clock.advance(minutes(1));
    world.settle().await;
    world.open(&world.application.only_notice().link).unwrap();
    world.finish().await;
}

fn mint_keys(world: &World) -> Vec<String> {
    let mints = world.persona.requests().into_iter().filter(|request| request.path.contains(MINT));
    mints.filter_map(|request| request.idempotency_key).collect()
}
