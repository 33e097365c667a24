//! What operators do, and that it is written down.

use rekindle::domain::act::Role;
use rekindle::persona::simulator::Faults;
use serde_json::json;

use super::super::world::{ENVIRONMENT, Setting, World, hours, minutes};
use super::{Door, because, each};
use crate::support::on_both;

on_both! {
    /// A reminder is put to another time, cancelled, and retried; each step is in the audit.
    async fn an_action_is_put_off_cancelled_and_retried(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        world.person("ada");
        world.settle().await;
        let due = olga.get("/v1/actions?state=planned").await;
        let id = each(&due, "id")[0].to_owned();
        let late = json!({ "due_at": "2026-03-09T00:00:00Z", "reason": "holidays" });
        let refused = olga.post(&format!("/v1/actions/{id}/reschedule"), late).await;
        assert_eq!((refused.status, &refused.body["code"]), (409, &json!("not-now")), "after its deadline: {refused:?}");
        let earlier = json!({ "due_at": "2026-03-01T09:00:00Z", "reason": "they asked" });
        let moved = olga.post(&format!("/v1/actions/{id}/reschedule"), earlier).await;
        assert_eq!((moved.status, &moved.body["due_at"]), (200, &json!("2026-03-01T09:00:00Z")));
        let cancelled = olga.post(&format!("/v1/actions/{id}/cancel"), because()).await;
        assert_eq!((&cancelled.body["state"], &cancelled.body["cancelled_by"]), (&json!("cancelled"), &json!("operator")));
        world.clock.advance(hours(1));
        world.settle().await;
        assert_eq!(world.application.deliveries().len(), 0);
        assert_eq!(olga.post(&format!("/v1/actions/{id}/cancel"), because()).await.status, 409);
        let retried = olga.post(&format!("/v1/actions/{id}/retry"), because()).await;
        assert_eq!(retried.body["state"], "planned");
        world.settle().await;
        assert_eq!(world.application.deliveries().len(), 1);
        let one = olga.get(&format!("/v1/actions/{id}")).await;
        assert_eq!((&one.body["attempts"][0]["outcome"], &one.body["can_be_retried"]), (&json!("done"), &json!(false)));
        let acts = ["reschedule", "cancel", "retry"].map(|act| format!("{act}: action {id}"));
        assert_eq!(world.audited().await, acts, "what was refused is no deed");
        world.finish().await;
    }

    /// Reminded now by the reminder that comes next; when none is left, by a fresh link, once in an hour.
    async fn a_person_is_reminded_now(scratch: &Scratch) {
        let setting = Setting { top: r#"public_url = "https://in.example.com""#, ..Setting::default() };
        let world = World::with(scratch, setting).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        let ada = world.person("ada");
        world.settle().await;
        let path = format!("/v1/inquiries/{ENVIRONMENT}/{ada}/remind");
        for step in ["50%", "3h"] {
            assert_eq!(olga.post(&path, because()).await.body["outcome"], "reminder");
            world.settle().await;
            assert_eq!(world.application.notices().last().unwrap().step, step);
        }
        assert_eq!(olga.post(&path, because()).await.body["outcome"], "link");
        world.settle().await;
        assert_eq!(world.application.deliveries().len(), 3);
        let again = olga.post(&path, because()).await;
        assert_eq!((again.status, &again.body["code"]), (409, &json!("not-now")), "{again:?}");
        world.persona.start(&ada).unwrap();
        world.persona.complete(&ada).unwrap();
        world.settle().await;
        world.clock.advance(hours(2));
        assert_eq!(olga.post(&path, because()).await.status, 409, "nobody is troubled who is done");
        assert_eq!(world.audited().await, vec![format!("remind: inquiry {ada}"); 3]);
        world.finish().await;
    }

    /// What expired is revived; what is too old is replaced; each says so when the other one is meant.
    async fn an_inquiry_is_revived_and_replaced(scratch: &Scratch) {
        let setting = Setting { more: "revive_after = \"never\"", reminders: r#"["3h"]"#, ..Setting::default() };
        let world = World::with(scratch, setting).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        let ada = world.person("ada");
        world.settle().await;
        let act = |act: &str| format!("/v1/inquiries/{ENVIRONMENT}/{ada}/{act}");
        let open = olga.post(&act("revive"), because()).await;
        assert_eq!(open.status, 409, "it is open: {open:?}");
        world.clock.advance(hours(25));
        world.settle().await;
        assert_eq!(world.status(&ada).await, "expired");
        let other = olga.post(&act("replace"), because()).await;
        assert!(other.body["detail"].as_str().unwrap().contains("revive it instead"), "{other:?}");
        let revived = olga.post(&act("revive"), because()).await;
        assert_eq!((revived.status, &revived.body["inquiry_id"]), (200, &json!(ada.as_str())), "{revived:?}");
        assert_eq!(world.status(&ada).await, "pending");
        world.clock.advance(hours(100));
        world.settle().await;
        let replaced = olga.post(&act("replace"), because()).await;
        assert_eq!(replaced.status, 200, "{replaced:?}");
        let new = replaced.body["inquiry_id"].as_str().unwrap();
        assert_ne!(new, ada.as_str());
        let story = olga.get(&format!("/v1/inquiries/{ENVIRONMENT}/{new}")).await;
        let lineage: Vec<&str> =
            story.body["lineage"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(lineage, [ada.as_str(), new]);
        world.finish().await;
    }

    /// Read again at Persona: what was lost on the way is known, and nothing changes the second time. An event that is
    /// taken through once more changes nothing either.
    async fn reading_and_replaying_find_what_was_missed_and_nothing_else(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        let ada = world.person("ada");
        world.settle().await;
        let events = olga.get(&format!("/v1/events?environment={ENVIRONMENT}&name=inquiry.created")).await;
        let event = each(&events, "id")[0].to_owned();
        // Within a second of the event, the event would win.
        world.clock.advance(minutes(1));
        world.persona.start(&ada).unwrap();
        world.lose_deliveries().await;
        let path = format!("/v1/inquiries/{ENVIRONMENT}/{ada}/reread");
        let read = olga.post(&path, json!({})).await;
        assert_eq!((read.status, &read.body["outcome"]), (200, &json!("changed")), "{read:?}");
        assert_eq!(world.status(&ada).await, "pending");
        let before = olga.get(&format!("/v1/inquiries/{ENVIRONMENT}/{ada}")).await.body;
        let replayed = olga.post(&format!("/v1/events/{ENVIRONMENT}/{event}/replay"), because()).await;
        assert_eq!((replayed.status, &replayed.body["outcome"]), (200, &json!("unchanged")), "{replayed:?}");
        assert_eq!(olga.get(&format!("/v1/inquiries/{ENVIRONMENT}/{ada}")).await.body, before, "not in anything");
        world.persona.set_faults(Faults::default());
        world.finish().await;
    }

    /// Released or discarded by whoever may, and written down with why.
    async fn what_is_in_quarantine_is_decided(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        let ada = world.person("ada");
        world.deliver_signed(hours(80)).await;
        let held = olga.get("/v1/events?outcome=quarantined").await;
        let id = each(&held, "id")[0].to_owned();
        let path = format!("/v1/events/{ENVIRONMENT}/{id}");
        assert_eq!(olga.post(&format!("{path}/replay"), because()).await.status, 409, "release it instead");
        let released = olga.post(&format!("{path}/release"), because()).await;
        assert_eq!((&released.body["outcome"], &released.body["decided_by"]), (&json!("applied"), &json!("token:olga")));
        assert_eq!(world.status(&ada).await, "created");
        assert_eq!(olga.post(&format!("{path}/discard"), because()).await.status, 409);
        assert_eq!(olga.get("/v1/events?outcome=quarantined").await.body["items"], json!([]));
        assert_eq!(world.audited().await, [format!("release_event: event {id}")]);
        world.finish().await;
    }

    /// A link is made and shown once; all of them are revoked.
    async fn links_are_made_and_revoked(scratch: &Scratch) {
        let setting = Setting { top: r#"public_url = "https://in.example.com""#, ..Setting::default() };
        let world = World::with(scratch, setting).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        let ada = world.person("ada");
        world.settle().await;
        let path = format!("/v1/inquiries/{ENVIRONMENT}/{ada}/links");
        let minted = olga.post(&path, because()).await;
        assert!(minted.body["url"].as_str().unwrap().starts_with("https://in.example.com/go/"), "{minted:?}");
        let story = olga.get(&format!("/v1/inquiries/{ENVIRONMENT}/{ada}")).await;
        assert_eq!(story.body["links"][0]["id"], minted.body["id"]);
        assert!(!story.body.to_string().contains("/go/"), "the link itself is shown once");
        let id = minted.body["id"].as_str().unwrap();
        assert_eq!(olga.post(&format!("{path}/revoke"), because()).await.body["outcome"], "revoked");
        assert_eq!(olga.post(&format!("/v1/links/{id}/revoke"), because()).await.body["outcome"], "unchanged");
        world.finish().await;
    }

    /// Muted, a person is told nothing; unmuted, their reminders are back.
    async fn a_person_is_muted_and_told_again(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        let ada = world.person("ada");
        world.settle().await;
        let path = format!("/v1/inquiries/{ENVIRONMENT}/{ada}");
        assert_eq!(olga.post(&format!("{path}/mute"), because()).await.body["outcome"], "muted");
        let story = olga.get(&path).await;
        assert_eq!((&story.body["muted"], &story.body["quiet"]), (&json!(true), &json!("its lineage is muted")));
        assert_eq!(world.planned(&ada).await, Vec::<String>::new());
        assert_eq!(olga.post(&format!("{path}/unmute"), because()).await.body["outcome"], "unmuted");
        assert_eq!(world.planned(&ada).await, ["50% in 720m", "3h in 1260m"]);
        world.finish().await;
    }
}
