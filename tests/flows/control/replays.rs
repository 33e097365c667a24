//! Many things done again: looked at first, started once, gone on with by any process, held, ended, and told of.

use rekindle::app::singleton::Held;
use rekindle::domain::act::Role;
use rekindle::domain::ids::InquiryId;
use serde_json::{Value, json};

use super::super::api::{Answer, Caller, TEMPLATE};
use super::super::world::{ENVIRONMENT, World, hours, minutes};
use super::{Door, because, each};
use crate::storage::raw;
use crate::support::on_both;

const PREVIEWS: &str = "/v1/replays/previews";

/// What the application answers on a bad day, as it stands on dead letters.
const GONE: &str = "127.0.0.1 answered 410";

impl World {
    /// The right to go on with replays, in the name of a process.
    pub async fn right_to_replay(&self, process: &str) -> Held {
        let mut tx = self.database().begin().await.unwrap();
        let lease = std::time::Duration::from_hours(10);
        let held = tx.take_singleton("replays", process, lease, self.clock.now()).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        held
    }

    /// Goes on with replays as far as they are due.
    pub async fn tend_replays(&self) {
        self.app.tend_replays(&self.right_to_replay("one").await).await.unwrap();
    }

    /// Lets everything happen that is due, of replays as well; an hour passes, as a minute is not enough for some.
    pub async fn replay_to_the_end(&self) {
        for _ in 0..12 {
            self.tend_replays().await;
            self.settle().await;
            self.tend_replays().await;
            self.clock.advance(minutes(1));
        }
    }
}

/// People whose reminders the application refused.
async fn refused(world: &World, names: &[&str]) -> Vec<InquiryId> {
    let people: Vec<InquiryId> = names.iter().map(|name| world.person(name)).collect();
    world.settle().await;
    world.application.answer_next(&vec![410; names.len()]);
    world.clock.advance(hours(12));
    world.settle().await;
    people
}

fn dead_letters() -> Value {
    json!({ "environment": ENVIRONMENT, "of": "actions", "kind": "remind", "reason": GONE })
}

/// Looks at a choice, and starts it.
async fn start(olga: &Caller, chosen: Value) -> Answer {
    let preview = olga.post(PREVIEWS, chosen).await;
    assert_eq!(preview.status, 200, "{preview:?}");
    olga.post("/v1/replays", json!({ "preview": preview.body["id"], "reason": "the application is back" })).await
}

async fn one(olga: &Caller, id: &Value) -> Value {
    olga.get(&format!("/v1/replays/{}", id.as_str().unwrap())).await.body
}

/// What of a replay's view is counted, in one line.
fn counts(replay: &Value) -> String {
    let names = ["looked_at", "made_due", "waiting", "done", "unchanged", "failed", "called_off", "skipped"];
    let told = names.iter().filter(|name| replay[**name] != 0).map(|name| format!("{name} {}", replay[*name]));
    told.collect::<Vec<_>>().join(", ")
}

on_both! {
    /// On call, by the API alone: an alert, the dead letters, why, what trying again would mean, doing so, its end, and the
    /// audit.
    async fn somebody_on_call_tries_again_what_failed(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let (olga, vera) = (door.caller(&world, Role::Operator, None).await, door.caller(&world, Role::Viewer, None).await);
        let people = refused(&world, &["ada", "grace", "mary", "rosa", "vera"]).await;

        let alert = olga.get("/v1/overview").await.body["attention"]["dead_letters"][0].clone();
        assert_eq!((&alert["count"], &alert["reason"]), (&json!(5), &json!(GONE)));
        let failed = olga.get(&format!("/v1/actions?state=failed&environment={ENVIRONMENT}&kind=remind")).await;
        let first = olga.get(&format!("/v1/actions/{}", each(&failed, "id")[0])).await;
        assert_eq!((&first.body["attempts"][0]["outcome"], &first.body["attempts"][0]["error"]), (&json!("gave_up"), &json!(GONE)));

        // Meanwhile somebody finishes by themselves, and somebody complains.
        world.persona.start(&people[0]).unwrap();
        world.persona.complete(&people[0]).unwrap();
        world.settle().await;
        olga.post(&format!("/v1/inquiries/{ENVIRONMENT}/{}/mute", people[1]), because()).await;

        let preview = olga.post(PREVIEWS, dead_letters()).await;
        assert_eq!(preview.status, 200, "{preview:?}");
        let (id, foreseen) = (preview.body["id"].clone(), &preview.body["preview"]);
        assert_eq!(foreseen["groups"], json!([{ "what": "remind", "why": GONE, "count": 5 }]));
        assert_eq!((&foreseen["matched"], &foreseen["exact"], &foreseen["begun"]), (&json!(5), &json!(true), &json!(3)));
        let skipped: Vec<_> = foreseen["skipped_by_reason"].as_array().unwrap().iter().map(|one| (&one["reason"], &one["count"])).collect();
        assert_eq!(skipped, [(&json!("finished"), &json!(1)), (&json!("muted"), &json!(1))]);
        assert_eq!((&foreseen["calls"], &foreseen["messages"]), (&json!(6), &json!(3)), "a reading and a link for each, at most");
        assert!(foreseen["seconds"].as_u64().unwrap() < 60, "{foreseen}");
        assert_eq!(vera.post(PREVIEWS, dead_letters()).await.status, 403, "a viewer may not");
        assert_eq!(olga.get("/v1/replays").await.body["items"], json!([]), "nothing was started");

        let go = json!({ "preview": id, "reason": "the application is back" });
        assert_eq!(vera.post("/v1/replays", go.clone()).await.status, 403);
        let silent = olga.post("/v1/replays", json!({ "preview": id })).await;
        assert_eq!((silent.status, &silent.body["code"]), (422, &json!("no-reason")));
        let started = olga.post("/v1/replays", go.clone()).await;
        assert_eq!((started.status, &started.body["state"], &started.body["began_by"]), (200, &json!("running"), &json!("token:olga")));

        world.tend_replays().await;
        assert_eq!(counts(&one(&olga, &id).await["replay"]), "looked_at 5, made_due 3, waiting 3, skipped 2");
        world.settle().await;
        world.tend_replays().await;
        let ended = one(&olga, &id).await;
        assert_eq!((&ended["replay"]["state"], counts(&ended["replay"]).as_str()), (&json!("done"), "looked_at 5, made_due 3, done 3, skipped 2"));
        let finished = json!({ "became": "skipped", "reason": "finished", "count": 1 });
        assert_eq!(ended["reasons"], json!([finished, { "became": "skipped", "reason": "muted", "count": 1 }]));
        let mut told: Vec<_> = world.application.notices().into_iter().filter_map(|notice| notice.reference_id).collect();
        told.sort();
        assert_eq!(told, ["mary", "rosa", "vera"], "nobody who is done or muted is troubled");

        let again = olga.post("/v1/replays", go).await;
        assert_eq!((again.status, &again.body["id"], &again.body["state"]), (200, &id, &json!("done")), "started once");
        let id = id.as_str().unwrap();
        assert_eq!(each(&vera.get("/v1/replays").await, "id"), [id], "everybody may look");
        assert_eq!(world.audited().await, [format!("mute: inquiry {}", people[1]), format!("replay: replay {id}")]);
        world.finish().await;
    }

    /// Two operators can't start the same: neither the same preview twice, nor the same choice while it is under way.
    async fn the_same_is_started_once(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        refused(&world, &["ada", "grace"]).await;
        let (first, second) = (olga.post(PREVIEWS, dead_letters()).await, olga.post(PREVIEWS, dead_letters()).await);
        let go = |preview: &Answer| olga.post("/v1/replays", json!({ "preview": preview.body["id"], "reason": "both at once" }));
        let both = futures::join!(go(&first), go(&second), go(&first));
        let mut statuses = [both.0.status, both.1.status, both.2.status];
        statuses.sort_unstable();
        let winner = if both.0.status == 200 { &first } else { &second };
        assert!(statuses == [200, 200, 409] || statuses == [200, 409, 409], "{statuses:?}");
        let id = winner.body["id"].as_str().unwrap();
        let loser = if both.0.status == 200 { &both.1 } else { &both.0 };
        assert_eq!((loser.status, &loser.body["code"]), (409, &json!("under-way")), "{loser:?}");
        assert!(loser.body["detail"].as_str().unwrap().contains(id), "it says which: {loser:?}");
        assert_eq!(world.audited().await, [format!("replay: replay {id}")], "one deed");

        // Another choice may go on beside it, and an action that both choose is made due once.
        let wider = start(&olga, json!({ "environment": ENVIRONMENT, "of": "actions" })).await;
        assert_eq!(wider.status, 200, "{wider:?}");
        world.replay_to_the_end().await;
        let (one_of, other) = (one(&olga, &json!(id)).await, one(&olga, &wider.body["id"]).await);
        assert_eq!((&one_of["replay"]["state"], &other["replay"]["state"]), (&json!("done"), &json!("done")));
        let made = |replay: &Value| replay["replay"]["made_due"].as_u64().unwrap();
        assert_eq!(made(&one_of) + made(&other), 2, "{one_of} {other}");
        assert_eq!(world.application.notices().len(), 2);
        world.finish().await;
    }

    /// What was looked at has to be what is there: a preview expires, and is refused when much changed since.
    async fn a_preview_is_good_for_what_was_seen(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        refused(&world, &["ada", "grace"]).await;
        let go = |preview: &Answer| olga.post("/v1/replays", json!({ "preview": preview.body["id"], "reason": "go" }));
        let old = olga.post(PREVIEWS, dead_letters()).await;
        world.clock.advance(minutes(16));
        let expired = go(&old).await;
        assert_eq!((expired.status, &expired.body["code"]), (409, &json!("expired")), "{expired:?}");

        let small = olga.post(PREVIEWS, dead_letters()).await;
        assert_eq!(small.body["preview"]["matched"], 2);
        let failed = raw::column(scratch, "SELECT id FROM actions WHERE state = 'failed'").await;
        let copies = failed[..1].iter().flat_map(|id| (0..11).map(move |copy| (id, copy)));
        for (id, copy) in copies {
            raw::execute(scratch, &format!(
                "INSERT INTO actions (id, environment, inquiry_id, lineage, kind, arguments, dedupe_key, due_at, state, attempts,
                                      max_attempts, reason, created_at, updated_at, finished_at)
                 SELECT id || '{copy}', environment, inquiry_id, lineage, kind, arguments, dedupe_key || '{copy}', due_at, state,
                        attempts, max_attempts, reason, created_at, updated_at, finished_at
                 FROM actions WHERE id = '{id}'"
            )).await;
        }
        let grown = go(&small).await;
        assert_eq!((grown.status, &grown.body["code"]), (409, &json!("changed")), "{grown:?}");
        assert!(grown.body["detail"].as_str().unwrap().starts_with("2 matched when it was previewed, and 13 match now"), "{grown:?}");
        raw::execute(scratch, "UPDATE actions SET state = 'done' WHERE state = 'failed'").await;
        let gone = go(&small).await;
        assert_eq!((gone.status, &gone.body["code"]), (409, &json!("nothing")), "{gone:?}");
        assert_eq!(world.audited().await, Vec::<String>::new(), "nothing was started");
        world.finish().await;
    }

    /// A process ends in the middle, another one goes on, and the first comes back too late: everything happens once.
    async fn a_replay_survives_its_processes(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        refused(&world, &["ada", "grace", "mary", "rosa", "vera", "zoe", "jo"]).await;
        let mut chosen = dead_letters();
        chosen["per_minute"] = json!(3);
        let begun = start(&olga, chosen).await;
        let id = begun.body["id"].clone();
        let old = world.right_to_replay("one").await;
        world.app.tend_replays(&old).await.unwrap();
        assert_eq!(counts(&one(&olga, &id).await["replay"]), "looked_at 3, made_due 3, waiting 3", "as fast as was said");

        world.restart().await;
        raw::execute(scratch, "DELETE FROM singletons WHERE name = 'replays'").await;
        let new = world.right_to_replay("two").await;
        world.clock.advance(minutes(1));
        world.app.tend_replays(&new).await.unwrap();
        assert_eq!(counts(&one(&olga, &id).await["replay"]), "looked_at 6, made_due 6, waiting 6", "where the first one was");
        world.clock.advance(minutes(1));
        world.app.tend_replays(&old).await.unwrap();
        assert_eq!(counts(&one(&olga, &id).await["replay"]), "looked_at 6, made_due 6, waiting 6", "who lost the right writes nothing");
        for _ in 0..3 {
            world.app.tend_replays(&new).await.unwrap();
            world.settle().await;
            world.clock.advance(minutes(1));
        }
        world.app.tend_replays(&new).await.unwrap();
        let ended = one(&olga, &id).await["replay"].clone();
        assert_eq!((&ended["state"], counts(&ended).as_str()), (&json!("done"), "looked_at 7, made_due 7, done 7"));
        assert_eq!(world.application.notices().len(), 7, "each once");
        world.finish().await;
    }

    /// Held, let go on, and ended; what was made due is performed all the same, and the rest is as it was.
    async fn a_replay_is_held_and_ended(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let (olga, vera) = (door.caller(&world, Role::Operator, None).await, door.caller(&world, Role::Viewer, None).await);
        refused(&world, &["ada", "grace", "mary", "rosa"]).await;
        let mut chosen = dead_letters();
        chosen["per_minute"] = json!(1);
        let id = start(&olga, chosen).await.body["id"].clone();
        let path = |act: &str| format!("/v1/replays/{}/{act}", id.as_str().unwrap());
        world.tend_replays().await;
        assert_eq!(vera.post(&path("pause"), because()).await.status, 403);
        assert_eq!(olga.post(&path("pause"), json!({})).await.status, 422, "not without a reason");
        assert_eq!(olga.post(&path("pause"), because()).await.body["state"], "paused");
        assert_eq!(olga.post(&path("pause"), because()).await.status, 409, "it is");
        world.settle().await;
        world.clock.advance(minutes(2));
        world.tend_replays().await;
        assert_eq!(counts(&one(&olga, &id).await["replay"]), "looked_at 1, made_due 1, done 1", "held, and its ends are counted");
        assert_eq!(olga.post(&path("resume"), because()).await.body["state"], "running");
        world.tend_replays().await;
        let cancelled = olga.post(&path("cancel"), because()).await.body;
        assert_eq!((&cancelled["state"], counts(&cancelled).as_str()), (&json!("cancelled"), "looked_at 2, made_due 2, waiting 1, done 1"));
        assert_eq!(olga.post(&path("resume"), because()).await.status, 409, "it has ended");
        world.clock.advance(minutes(2));
        world.tend_replays().await;
        world.settle().await;
        assert_eq!(world.application.notices().len(), 2);
        assert_eq!(each(&olga.get("/v1/actions?state=failed").await, "id").len(), 2, "the rest is as it was");
        assert_eq!(world.audited().await.len(), 4, "started, paused, resumed, cancelled");
        assert_eq!(start(&olga, dead_letters()).await.status, 200, "what has ended is in nobody's way");
        world.finish().await;
    }

    /// Where the cause is not mended, it says so; nothing is tried again and again by one replay.
    async fn what_fails_again_is_told(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        let people = refused(&world, &["ada", "grace", "mary"]).await;
        let id = start(&olga, dead_letters()).await.body["id"].clone();
        world.tend_replays().await;
        // Between being made due and being performed, somebody finishes.
        world.persona.start(&people[2]).unwrap();
        world.persona.complete(&people[2]).unwrap();
        world.persona.deliver_due().await;
        world.application.answer_next(&[410, 410]);
        world.settle().await;
        world.replay_to_the_end().await;
        let ended = one(&olga, &id).await;
        assert_eq!(counts(&ended["replay"]), "looked_at 3, made_due 3, failed 2, called_off 1", "{ended}");
        assert_eq!(ended["reasons"][0], json!({ "became": "failed", "reason": GONE, "count": 2 }));
        assert_eq!(ended["reasons"][1]["became"], "called_off", "{ended}");
        assert_eq!(world.application.deliveries().len(), 3 + 2, "once more each, and no more");
        world.finish().await;
    }

    /// Chosen by end, kind, reason, template, customer, time and id; what can't be performed is passed over with its reason.
    async fn actions_are_chosen_by_what_they_are(scratch: &Scratch) {
        let world = World::with_customers(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        refused(&world, &["acme-1", "ada"]).await;
        let failed = olga.get("/v1/actions?state=failed").await;
        let id = each(&failed, "id")[0].to_owned();
        let planned = each(&olga.get("/v1/actions?state=planned").await, "id")[0].to_owned();
        olga.post(&format!("/v1/actions/{planned}/cancel"), because()).await;
        let matched = async |more: Value| {
            let mut chosen = json!({ "environment": ENVIRONMENT, "of": "actions" });
            chosen.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            olga.post(PREVIEWS, chosen).await
        };
        for (chosen, expected) in [
            (json!({}), 2),
            (json!({ "state": "cancelled" }), 1),
            (json!({ "kind": "remind" }), 2),
            (json!({ "kind": "replace" }), 0),
            (json!({ "reason": "answered 410" }), 0),
            (json!({ "reason_contains": "ANSWERED 410" }), 2),
            (json!({ "reason_contains": "answered_4" }), 0),
            (json!({ "template": TEMPLATE }), 2),
            (json!({ "template": "itmpl_Other" }), 0),
            (json!({ "customer": "acme" }), 1),
            (json!({ "customer": "bolt" }), 0),
            (json!({ "from": "2026-03-01T19:00:00Z" }), 2),
            (json!({ "before": "2026-03-01T19:00:00Z" }), 0),
            (json!({ "state": "cancelled", "from": "2026-03-01T19:00:00Z" }), 1),
            (json!({ "ids": [id, planned, "rka_none"] }), 1),
        ] {
            let preview = matched(chosen.clone()).await;
            assert_eq!((preview.status, &preview.body["preview"]["matched"]), (200, &json!(expected)), "{chosen}: {preview:?}");
        }
        for chosen in [json!({ "customer": "nobody" }), json!({ "outcome": "ignored" }), json!({ "state": "done" })] {
            assert_eq!(matched(chosen.clone()).await.status, 422, "{chosen}");
        }
        olga.post(&format!("/v1/lanes/{ENVIRONMENT}/remind/pause"), because()).await;
        let paused = matched(json!({})).await.body["preview"].clone();
        assert_eq!((&paused["begun"], &paused["skipped_by_reason"][0]["reason"]), (&json!(0), &json!("lane_paused")));
        olga.post(&format!("/v1/lanes/{ENVIRONMENT}/remind/resume"), because()).await;
        world.clock.advance(hours(13));
        let late = matched(json!({})).await.body["preview"].clone();
        assert_eq!((&late["begun"], &late["skipped_by_reason"][0]["reason"]), (&json!(0), &json!("deadline_passed")), "{late}");
        world.finish().await;
    }

    /// Events applied again change nothing where nothing was missed; what was not understood once is, and what waited in
    /// quarantine is released.
    async fn events_are_applied_again(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        let ada = world.person("ada");
        world.settle().await;
        world.persona.start(&ada).unwrap();
        world.settle().await;
        let story = olga.get(&format!("/v1/inquiries/{ENVIRONMENT}/{ada}")).await.body;
        let events = olga.get("/v1/events").await.body["items"].as_array().unwrap().len();
        let all = json!({ "environment": ENVIRONMENT, "of": "events" });
        let preview = olga.post(PREVIEWS, all.clone()).await;
        let foreseen = &preview.body["preview"];
        assert_eq!((&foreseen["matched"], &foreseen["calls"], &foreseen["messages"]), (&json!(events), &json!(0), &json!(0)));
        let id = start(&olga, all).await.body["id"].clone();
        world.tend_replays().await;
        let ended = one(&olga, &id).await["replay"].clone();
        assert_eq!((&ended["state"], counts(&ended)), (&json!("done"), format!("looked_at {events}, unchanged {events}")));
        assert_eq!(olga.get(&format!("/v1/inquiries/{ENVIRONMENT}/{ada}")).await.body, story, "nothing changed in anything");

        // As if this version were the first to understand it: nothing came of it when it came.
        raw::execute(scratch, "UPDATE events SET outcome = 'unreadable', name = NULL WHERE name = 'inquiry.created'").await;
        raw::execute(scratch, "DELETE FROM actions").await;
        raw::execute(scratch, "DELETE FROM inquiries").await;
        let id = start(&olga, json!({ "environment": ENVIRONMENT, "of": "events", "outcome": "unreadable" })).await.body["id"].clone();
        world.tend_replays().await;
        assert_eq!(counts(&one(&olga, &id).await["replay"]), "looked_at 1, done 1");
        assert_eq!(world.status(&ada).await, "created");
        assert_eq!(olga.get("/v1/events?outcome=unreadable").await.body["items"], json!([]), "it is settled");

        let grace = world.person("grace");
        let held = world.persona.events().into_iter().find(|event| event.payload.to_string().contains(grace.as_str())).unwrap();
        world.deliver_signed_event(&held, hours(80)).await;
        let waits = json!({ "environment": ENVIRONMENT, "of": "events", "outcome": "quarantined" });
        let id = start(&olga, waits).await.body["id"].clone();
        world.tend_replays().await;
        assert_eq!(counts(&one(&olga, &id).await["replay"]), "looked_at 1, done 1");
        assert_eq!(world.status(&grace).await, "created");
        let released = olga.get(&format!("/v1/events/{ENVIRONMENT}/{}", held.id)).await.body;
        assert!(released.to_string().contains("released: the application is back"), "{released}");

        // A body that is gone is passed over, and says so before.
        raw::execute(scratch, "UPDATE events SET body_encoding = 'dropped'").await;
        let preview = olga.post(PREVIEWS, json!({ "environment": ENVIRONMENT, "of": "events" })).await.body["preview"].clone();
        assert_eq!((&preview["begun"], &preview["skipped_by_reason"][0]["reason"]), (&json!(0), &json!("body_gone")));
        world.finish().await;
    }

    /// Whoever is bound to an environment sees and does nothing in another one; and what only observes makes nothing due.
    async fn the_border_holds_for_replays(scratch: &Scratch) {
        let world = World::with_two(scratch).await;
        let door = Door::of(&world).await;
        let elsewhere = door.caller(&world, Role::Admin, Some("production")).await;
        let olga = door.caller(&world, Role::Operator, Some(ENVIRONMENT)).await;
        refused(&world, &["ada"]).await;
        let id = olga.post(PREVIEWS, dead_letters()).await.body["id"].as_str().unwrap().to_owned();
        assert_eq!(elsewhere.post(PREVIEWS, dead_letters()).await.status, 404);
        assert_eq!(elsewhere.get(&format!("/v1/replays/{id}")).await.status, 404);
        assert_eq!(elsewhere.post("/v1/replays", json!({ "preview": id, "reason": "mine" })).await.status, 404);
        let begun = olga.post("/v1/replays", json!({ "preview": id, "reason": "mine" })).await;
        assert_eq!(begun.status, 200, "{begun:?}");
        assert_eq!(elsewhere.get("/v1/replays").await.body["items"], json!([]));
        assert_eq!(elsewhere.get(&format!("/v1/replays?environment={ENVIRONMENT}")).await.status, 404);
        for act in ["pause", "resume", "cancel"] {
            assert_eq!(elsewhere.post(&format!("/v1/replays/{id}/{act}"), because()).await.status, 404, "{act}");
        }
        let observes = elsewhere.post(PREVIEWS, json!({ "environment": "production", "of": "actions" })).await;
        assert_eq!(observes.status, 200, "looking is allowed: {observes:?}");
        let refused = elsewhere.post("/v1/replays", json!({ "preview": observes.body["id"], "reason": "go" })).await;
        assert_eq!((refused.status, &refused.body["code"]), (409, &json!("not-acting")), "{refused:?}");
        world.replay_to_the_end().await;
        world.finish().await;
    }

    /// Previews that nobody started go after a day, and replays with the actions.
    async fn what_has_served_its_time_goes(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        refused(&world, &["ada"]).await;
        let preview = olga.post(PREVIEWS, dead_letters()).await.body["id"].clone();
        let id = start(&olga, dead_letters()).await.body["id"].clone();
        world.replay_to_the_end().await;
        world.clock.advance(hours(30));
        world.app.prune().await.unwrap();
        let path = |id: &Value| format!("/v1/replays/{}", id.as_str().unwrap());
        assert_eq!((olga.get(&path(&preview)).await.status, olga.get(&path(&id)).await.status), (404, 200));
        world.clock.advance(hours(24 * 91));
        world.app.prune().await.unwrap();
        assert_eq!(olga.get(&path(&id)).await.status, 404);
        assert_eq!(raw::column(scratch, "SELECT reason FROM replay_reasons").await, Vec::<String>::new());
        world.finish().await;
    }
}
