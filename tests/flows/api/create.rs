//! One inquiry for a person and template, however often, from wherever and whatever fails.

use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults};
use reqwest::Method;
use serde_json::json;

use super::super::world::{Setting, World, hours, minutes, seconds};
use super::{Answer, Caller, TEMPLATE, wanted};
use crate::support::on_both;

/// The call that makes an inquiry, and no other.
fn failing(kind: FailureKind, moment: FailureMoment) -> Faults {
    let only_requests_with = Some("POST /api/v1/inquiries".to_owned());
    Faults { fail_next: 1, failure: Failure { kind, moment }, only_requests_with, ..Faults::default() }
}

/// Asks again when one is told to, for as long as one is.
async fn in_the_end(world: &World, caller: &Caller, who: &str) -> Answer {
    let mut answer = caller.create(who).await;
    for _ in 0..30 {
        let Some(wait) = answer.headers.get("retry-after") else { break };
        world.clock.advance(seconds(wait.to_str().unwrap().parse().unwrap()));
        answer = caller.create(who).await;
    }
    answer
}

on_both! {
    async fn everybody_who_asks_gets_the_same_inquiry(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let here = world.caller(None).await;
        let (address, other) = world.another_listener().await;
        let there = Caller::new(address, Some(world.token(None).await));
        let asking = (0..12).map(|number| {
            let caller = if number % 2 == 0 { here.clone() } else { there.clone() };
            async move { caller.create("ada").await }
        });
        let answers = futures::future::join_all(asking).await;
        let ids: std::collections::BTreeSet<&str> =
            answers.iter().map(|answer| answer.body["inquiry"]["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "made once");
        assert_eq!(world.persona.inquiries().len(), 1);
        other.abort();
        world.finish().await;
    }

    /// What is given along reaches Persona, and does not come back.
    async fn what_is_given_along_reaches_persona_and_does_not_come_back(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let mut body = wanted("ada");
        body["fields"] = json!({ "name-first": "Ada", "email-address": "ada@example.com" });
        body["redirect_uri"] = json!("https://app.example.com/done?a=b&c=d");
        body["expiry"] = json!({ "after_create_seconds": 7200, "after_resume_seconds": 3600 });
        let made = caller.post("/v1/inquiries", body).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert!(!made.body.to_string().contains("Ada") && !made.body.to_string().contains("example.com"));
        let inquiry = &made.body["inquiry"];
        assert_eq!(inquiry["expires_at"], world.clock.now().plus(hours(2)).to_string());
        assert_eq!((&inquiry["status"], &inquiry["reference_id"]), (&json!("created"), &json!("ada")));
        let request = world.persona.inquiries().remove(0);
        assert_eq!(request.reference_id.as_deref(), Some("ada"));
        world.settle().await;
        let shown = caller.get(&format!("/v1/inquiries/{}", inquiry["id"].as_str().unwrap())).await;
        assert_eq!((shown.status, &shown.body), (200, inquiry));
        let found = caller.get(&format!("/v1/inquiries?reference-id=ada&template={TEMPLATE}")).await;
        assert_eq!(found.body, json!({ "inquiries": [inquiry] }));
        let other = caller.get("/v1/inquiries?reference-id=ada&template=itmpl_Other").await;
        assert_eq!(other.body, json!({ "inquiries": [] }));
        world.finish().await;
    }

    /// The answer is lost, or the process dies: whoever asks again gets the one that was made.
    async fn what_was_made_without_an_answer_is_adopted(scratch: &Scratch) {
        for kind in [FailureKind::ConnectionDropped, FailureKind::Status(502)] {
            let mut world = World::on(scratch).await;
            let who = format!("ada-{kind:?}");
            let caller = world.caller(None).await;
            world.persona.set_faults(failing(kind, FailureMoment::AfterActing));
            let busy = caller.create(&who).await;
            assert_eq!((busy.status, busy.body["code"].as_str()), (503, Some("busy")));
            assert!(busy.headers.contains_key("retry-after"));
            world.persona.set_faults(Faults::default());
            world.restart().await;
            let caller = world.caller(None).await;
            // What the process that died had taken of the budget lapses after a while.
            let adopted = in_the_end(&world, &caller, &who).await;
            assert_eq!((adopted.status, &adopted.body["created"]), (200, &json!(false)), "{adopted:?}");
            assert_eq!(world.persona.inquiries().len(), 1);
            world.finish().await;
        }
    }

    /// Neither a refusal nor a limit says anything of the one that may have been made before.
    async fn a_refused_look_makes_nobody_forget_what_may_have_been_made(scratch: &Scratch) {
        for status in [403, 429] {
            let world = World::on(scratch).await;
            let who = format!("ada-{status}");
            let caller = world.caller(None).await;
            world.persona.set_faults(failing(FailureKind::ConnectionDropped, FailureMoment::AfterActing));
            assert_eq!(caller.create(&who).await.status, 503);
            let look = Failure { kind: FailureKind::Status(status), moment: FailureMoment::BeforeActing };
            let only_requests_with = Some("GET /api/v1/inquiries".to_owned());
            let faults = Faults { fail_next: 1, failure: look, only_requests_with, ..Faults::default() };
            world.persona.set_faults(faults);
            let refused = caller.create(&who).await;
            assert_eq!(refused.status, 503, "{refused:?}");
            world.persona.set_faults(Faults::default());
            let adopted = in_the_end(&world, &caller, &who).await;
            assert_eq!((adopted.status, &adopted.body["created"]), (200, &json!(false)), "{adopted:?}");
            assert_eq!(world.persona.inquiries().len(), 1);
            world.finish().await;
        }
    }

    async fn what_never_reached_persona_is_made_at_the_next_try(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        world.persona.set_faults(failing(FailureKind::Status(503), FailureMoment::BeforeActing));
        assert_eq!(caller.create("ada").await.status, 503);
        assert_eq!(caller.create("ada").await.status, 201);
        assert_eq!(world.persona.inquiries().len(), 1);
        world.finish().await;
    }

    async fn what_persona_refuses_is_said_and_can_be_mended(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let mut body = wanted("ada");
        body["template_id"] = json!("itmpl_None");
        let refused = caller.post("/v1/inquiries", body).await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (422, Some("refused")), "{refused:?}");
        assert_eq!(caller.create("ada").await.status, 201);
        world.finish().await;
    }

    async fn who_is_done_gets_another_one_unless_once_is_enough(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let first = caller.made("ada").await;
        let id = rekindle::domain::ids::InquiryId::parse(&first).unwrap();
        world.settle().await;
        world.persona.start(&id).unwrap();
        world.persona.complete(&id).unwrap();
        world.settle().await;
        let mut once = wanted("ada");
        once["once"] = json!(true);
        let same = caller.post("/v1/inquiries", once).await;
        assert_eq!((same.status, same.body["inquiry"]["id"].as_str()), (200, Some(first.as_str())));
        world.clock.advance(minutes(1));
        let second = caller.made("ada").await;
        assert_ne!(second, first);
        let found = caller.get("/v1/inquiries?reference-id=ada").await;
        let ids: Vec<&str> = found.body["inquiries"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [second.as_str(), first.as_str()], "newest first");
        world.finish().await;
    }

    /// Expired, but young enough to be revived: it is the one, and not another.
    async fn what_can_be_revived_is_still_the_one(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: "[]", more: "revive_after = \"never\"", ..Setting::default() }).await;
        let caller = world.caller(None).await;
        let first = caller.made("ada").await;
        world.settle().await;
        world.clock.advance(hours(25));
        world.settle().await;
        let again = caller.create("ada").await;
        assert_eq!((again.status, again.body["inquiry"]["id"].as_str()), (200, Some(first.as_str())));
        assert_eq!(again.body["inquiry"]["status"], "expired");
        world.finish().await;
    }

    async fn the_same_request_under_one_key_has_one_answer(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let key = [("idempotency-key", "order-17")];
        let ask = async |body| caller.call(Method::POST, "/v1/inquiries", Some(body), &key).await;
        let first = ask(wanted("ada")).await;
        world.settle().await;
        world.persona.start(&rekindle::domain::ids::InquiryId::parse(first.body["inquiry"]["id"].as_str().unwrap()).unwrap()).unwrap();
        world.settle().await;
        let again = ask(wanted("ada")).await;
        assert_eq!((first.status, again.status), (201, 201));
        assert_eq!(first.body, again.body, "to the letter, though the inquiry went on");
        let other = ask(wanted("bob")).await;
        assert_eq!((other.status, other.body["code"].as_str()), (422, Some("key-reused")));
        let somebody = world.caller(None).await;
        let theirs = somebody.call(Method::POST, "/v1/inquiries", Some(wanted("bob")), &key).await;
        assert_eq!(theirs.status, 201, "each token has its own keys");
        let long = "k".repeat(256);
        for wrong in ["", long.as_str()] {
            let refused = caller.call(Method::POST, "/v1/inquiries", Some(wanted("ada")), &[("idempotency-key", wrong)]).await;
            assert_eq!(refused.status, 400);
        }
        world.clock.advance(hours(49));
        assert_eq!(ask(wanted("bob")).await.status, 200, "forgotten after two days");
        world.finish().await;
    }

    /// Persona's guide for customers, the first way: id and session token in one.
    async fn a_session_token_comes_along(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let mut body = wanted("ada");
        body["session"] = json!(true);
        let made = caller.post("/v1/inquiries", body.clone()).await;
        assert_eq!((made.status, &made.body["access"]["outcome"]), (201, &json!("session")), "{made:?}");
        assert_eq!(made.body["access"]["inquiry_id"], made.body["inquiry"]["id"]);
        world.clock.advance(seconds(30));
        let again = caller.post("/v1/inquiries", body).await;
        assert_eq!((again.status, &again.body["access"]), (200, &made.body["access"]), "the same token");
        world.finish().await;
    }
}
