//! What operators read.

use rekindle::app::ingest::Delivery;
use rekindle::domain::act::Role;
use rekindle::domain::time::Timestamp;
use serde_json::json;

use super::super::world::{ENVIRONMENT, World, hours, minutes};
use super::{Door, because, each};
use crate::support::on_both;

on_both! {
    /// A person is reminded, comes back and finishes: lists, story, totals and overview all say so.
    async fn one_story_is_told_everywhere_alike(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Viewer, None).await;
        let ada = world.person("ada");
        world.settle().await;
        let open = olga.get("/v1/inquiries?sort=deadline&status=created").await;
        assert_eq!(each(&open, "id"), [ada.as_str()]);
        assert!(open.body["items"][0]["next_due_at"].is_string(), "{open:?}");
        let due = olga.get("/v1/actions?state=planned").await;
        assert_eq!(each(&due, "kind"), ["remind", "remind"]);

        world.clock.advance(hours(12));
        world.settle().await;
        let notice = world.application.only_notice();
        world.open(&notice.link).unwrap();
        world.persona.start(&ada).unwrap();
        world.clock.advance(minutes(5));
        world.persona.complete(&ada).unwrap();
        world.settle().await;

        let story = olga.get(&format!("/v1/inquiries/{ENVIRONMENT}/{ada}")).await;
        assert_eq!((&story.body["status"], &story.body["standing"]), (&json!("completed"), &json!("quiet")));
        assert_eq!(story.body["quiet"], "it is completed", "why nobody is troubled any more");
        let timeline = story.body["timeline"].as_array().unwrap();
        let whats: Vec<&str> = timeline.iter().map(|moment| moment["what"].as_str().unwrap()).collect();
        for what in ["event", "planned", "notice", "ended"] {
            assert!(whats.contains(&what), "{what} is missing in {whats:?}");
        }
        let ats = timeline.iter().map(|moment| Timestamp::parse(moment["at"].as_str().unwrap()).unwrap());
        let ats: Vec<Timestamp> = ats.collect();
        assert!(ats.is_sorted(), "{ats:?}");

        let totals = olga.get("/v1/totals?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z").await;
        let expected = [("finished", 1), ("came_back", 1), ("notified", 1), ("performed", 1), ("given_up", 0)];
        for (tally, count) in expected {
            assert_eq!(totals.body[tally], count, "{tally} in {}", totals.body);
        }
        let delivered = totals.body["delivered"].as_u64().unwrap();
        assert_eq!(delivered, totals.body["applied"].as_u64().unwrap() + totals.body["ignored"].as_u64().unwrap());
        world.app.fold_tallies_once().await.unwrap();
        let folded = olga.get("/v1/totals?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z").await;
        assert_eq!(folded.body, totals.body, "folding changes no number");
        let series = olga.get("/v1/series?tallies=finished&period=day&from=2026-02-28T12:00:00Z&to=2026-03-02T00:00:00Z").await;
        let counts: Vec<u64> =
            series.body[0]["points"].as_array().unwrap().iter().map(|point| point["count"].as_u64().unwrap()).collect();
        assert_eq!(counts, [0, 1], "no gaps");

        let overview = olga.get("/v1/overview").await;
        assert_eq!(overview.body["month"]["came_back"], 1);
        let statuses = &overview.body["statuses"];
        assert_eq!((&statuses[0]["status"], &statuses[0]["count"]), (&json!("completed"), &json!(1)));
        let attention = &overview.body["attention"];
        for quiet in ["dead_letters", "quarantined", "unreadable", "late", "paused"] {
            assert_eq!(attention[quiet], json!([]), "{quiet}");
        }
        world.finish().await;
    }

    /// Who finishes by themselves before anybody did anything did not come back through us.
    async fn who_finishes_alone_did_not_come_back_through_us(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Viewer, None).await;
        let ada = world.person("ada");
        world.persona.start(&ada).unwrap();
        world.persona.complete(&ada).unwrap();
        world.settle().await;
        // The same told once more, and a decision later: one success.
        world.persona.approve(&ada).unwrap();
        world.settle().await;
        let totals = olga.get("/v1/totals").await;
        assert_eq!((&totals.body["finished"], &totals.body["came_back"]), (&json!(1), &json!(0)));
        world.finish().await;
    }

    /// What was refused is remembered with why; whoever is bound to an environment sees its own.
    async fn refused_deliveries_are_remembered(scratch: &Scratch) {
        let world = World::with_two(scratch).await;
        let door = Door::of(&world).await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        for environment in [ENVIRONMENT, "nowhere"] {
            let url = format!("{}/webhooks/persona/{environment}", world.base());
            let answer = http.post(url).header("persona-signature", "t=1,v1=ab").body("{}").send().await.unwrap();
            assert!(answer.status().is_client_error());
        }
        let all = door.caller(&world, Role::Viewer, None).await.get("/v1/refusals").await;
        assert_eq!(each(&all, "outcome"), ["unknown_environment", "signature"]);
        assert_eq!(each(&all, "environment"), ["", ENVIRONMENT], "a name that is not ours is not kept");
        let own = door.caller(&world, Role::Viewer, Some(ENVIRONMENT)).await.get("/v1/refusals").await;
        assert_eq!(each(&own, "outcome"), ["signature"]);
        let others = door.caller(&world, Role::Viewer, Some("production")).await.get("/v1/refusals").await;
        assert_eq!(each(&others, "outcome"), Vec::<&str>::new());
        let overview = door.caller(&world, Role::Viewer, None).await.get("/v1/overview").await;
        assert_eq!(overview.body["attention"]["refused"], 1, "of those that named an environment");
        world.finish().await;
    }

    /// A payload is masked; seen as it came only by who may, for a reason, and that is written down.
    async fn payloads_are_masked_until_somebody_asks(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let ada = world.person("ada@example.com");
        world.settle().await;
        let viewer = door.caller(&world, Role::Viewer, None).await;
        let events = viewer.get(&format!("/v1/events?environment={ENVIRONMENT}&inquiry={ada}")).await;
        let id = each(&events, "id")[0].to_owned();
        let path = format!("/v1/events/{ENVIRONMENT}/{id}");
        let event = viewer.get(&path).await;
        assert!(event.body["payload"]["data"]["id"].is_string() && event.body["can_be_revealed"] == true, "{event:?}");
        assert!(!event.body.to_string().contains("ada@example.com"), "{event:?}");

        let refused = viewer.post(&format!("{path}/reveal"), because()).await;
        assert_eq!((refused.status, &refused.body["code"]), (403, &json!("role")));
        let operator = door.caller(&world, Role::Operator, None).await;
        let silent = operator.post(&format!("{path}/reveal"), json!({})).await;
        assert_eq!((silent.status, &silent.body["code"]), (422, &json!("no-reason")));
        assert_eq!(world.audited().await, Vec::<String>::new());
        let revealed = operator.post(&format!("{path}/reveal"), because()).await;
        assert!(revealed.body["payload"].as_str().unwrap().contains("ada@example.com"));
        assert_eq!(world.audited().await, [format!("reveal: event {id}")]);
        world.finish().await;
    }

    /// What needs somebody is there while it does, and gone when it is mended.
    async fn attention_says_what_needs_somebody(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        world.person("ada");
        world.settle().await;
        world.person("bob");
        world.clock.advance(hours(80));
        let body = br#"{"no": "event"}"#;
        let now = world.clock.now();
        let signature = rekindle::domain::signature::sign(body, super::super::world::WEBHOOK_SECRET.as_bytes(), now);
        let delivery = Delivery { environment: ENVIRONMENT, signature: Some(signature.as_bytes()), body };
        world.app.receive(delivery).await.unwrap();

        let late = olga.get("/v1/overview").await.body["attention"].clone();
        assert_eq!(late["late"][0]["kind"], "remind", "nobody worked: {late}");
        assert_eq!((&late["unreadable"][0]["count"], &late["unreadable"][0]["more"]), (&json!(1), &json!(false)));
        let paused = olga.post(&format!("/v1/lanes/{ENVIRONMENT}/remind/pause"), because()).await;
        assert_eq!(paused.body["paused"], true);
        let attention = olga.get("/v1/overview").await.body["attention"].clone();
        assert_eq!((&attention["late"], &attention["paused"][0]["kind"]), (&json!([]), &json!("remind")));
        olga.post(&format!("/v1/lanes/{ENVIRONMENT}/remind/resume"), because()).await;
        world.settle().await;
        // The deadline came before the reminder: a dead letter, with why.
        let dead = olga.get("/v1/overview").await.body["attention"]["dead_letters"].clone();
        let failed = olga.get("/v1/actions?state=failed").await;
        assert_eq!(dead.as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap()).sum::<u64>(),
                   failed.body["items"].as_array().unwrap().len() as u64);
        world.finish().await;
    }

    /// What happened is told to whoever watches, without any of it.
    async fn changes_are_told_as_they_come(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let board = world.app.board(None);
        let elsewhere = world.app.board(Some(rekindle::domain::ids::EnvironmentName::parse("production").unwrap()));
        let pulse = board.pulse().await.unwrap();
        assert!(board.since(pulse).await.unwrap().0.is_empty());
        world.person("ada");
        world.settle().await;
        let (tallies, now) = board.since(pulse).await.unwrap();
        assert!(tallies.contains(&rekindle::app::board::Tally::Applied), "{tallies:?}");
        assert!(elsewhere.since(pulse).await.unwrap().0.is_empty(), "not beyond the border");
        assert!(board.since(now).await.unwrap().0.is_empty());
        world.finish().await;
    }
}
