//! Why somebody can't get in, asked through the API: all of it by the operator's applications, and what concerns them by
//! customers.

use rekindle::app::lanes::LaneChange;
use rekindle::domain::action::Kind;
use rekindle::domain::ids::InquiryId;
use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults};
use serde_json::{Value, json};

use super::super::world::{Setting, World, environment, hours, minutes};
use super::CUSTOMERS;
use crate::support::{self, on_both};

/// The codes of all causes, the first one first.
fn causes(body: &Value) -> Vec<&str> {
    let also = body["also"].as_array().unwrap().iter().map(|cause| &cause["code"]);
    std::iter::once(&body["cause"]["code"]).chain(also).map(|code| code.as_str().unwrap()).collect()
}

fn helps(body: &Value) -> Vec<&str> {
    body["help"].as_array().unwrap().iter().map(|help| help["code"].as_str().unwrap()).collect()
}

on_both! {
    async fn it_is_told_by_id_and_by_name_and_costs_nothing(scratch: &Scratch) {
        let world = World::with_customers(scratch).await;
        let (operator, bolt) = (world.caller(None).await, world.caller(Some("bolt")).await);
        let ada = bolt.made("ada").await;
        world.settle().await;
        let asked = world.persona.requests().len();
        for caller in [&operator, &bolt] {
            let by_id = caller.get(&format!("/v1/inquiries/{ada}/diagnosis")).await;
            assert_eq!((by_id.status, &by_id.body["gets_in"], causes(&by_id.body)), (200, &json!(true), vec!["not-started"]));
            assert_eq!(by_id.body["help"][0]["call"], format!("POST /v1/inquiries/{ada}/access"));
            assert!(by_id.body["in_words"].as_str().unwrap().starts_with("Yes, with a fresh link."), "{by_id:?}");
            let by_name = caller.get("/v1/diagnosis?reference-id=ada").await;
            assert_eq!(by_name.body, by_id.body);
        }
        assert_eq!(world.persona.requests().len(), asked);
        for path in ["/v1/inquiries/inq_none/diagnosis", "/v1/diagnosis?reference-id=nobody", "/v1/inquiries/%20/diagnosis"] {
            assert_eq!(operator.get(path).await.status, 404, "{path}");
        }
        assert_eq!(operator.get("/v1/diagnosis").await.status, 400, "nobody is named");

        let id = InquiryId::parse(&ada).unwrap();
        world.persona.start(&id).unwrap();
        world.persona.complete(&id).unwrap();
        world.settle().await;
        let done = bolt.get(&format!("/v1/inquiries/{ada}/diagnosis")).await.body;
        assert_eq!((&done["answer"], causes(&done), helps(&done)), (&json!("not-needed"), vec!["done"], vec!["nothing"]));
        world.finish().await;
    }

    /// Who paused what and why, what else was asked of Persona, and what went wrong is not for customers to know.
    async fn customers_are_told_nothing_of_the_operator(scratch: &Scratch) {
        let mut world = World::with_customers(scratch).await;
        let bolt = world.caller(Some("bolt")).await;
        let ada = bolt.made("ada").await;
        let id = InquiryId::parse(&ada).unwrap();
        world.settle().await;
        let path = format!("/v1/inquiries/{ada}/diagnosis");
        world.app.change_lane(&environment(), Kind::Remind, LaneChange::Pause, &support::operator("grace"), "a trial").await.unwrap();
        world.app.mute(&environment(), &id, true, &support::operator("grace"), "she asked us").await.unwrap();
        let operator = world.caller(None).await;
        let all = operator.get(&path).await.body;
        assert_eq!(causes(&all), ["not-started", "muted", "lane-paused"]);
        assert!(all.to_string().contains("grace"));
        let theirs = bolt.get(&path).await.body;
        assert_eq!((causes(&theirs), helps(&theirs)), (vec!["not-started"], vec!["let-in"]));
        assert!(!theirs.to_string().contains("grace") && !theirs.to_string().contains("trial"), "{theirs}");
        world.app.change_lane(&environment(), Kind::Remind, LaneChange::Resume, &support::operator("grace"), "over").await.unwrap();
        world.app.mute(&environment(), &id, false, &support::operator("grace"), "over").await.unwrap();

        let failure = Failure { kind: FailureKind::Status(503), moment: FailureMoment::BeforeActing };
        world.persona.set_faults(Faults { fail_share: 1.0, failure, ..Faults::default() });
        world.clock.advance(hours(12));
        world.settle().await;
        let (all, theirs) = (operator.get(&path).await.body, bolt.get(&path).await.body);
        assert_eq!(causes(&all)[0], "persona-unreachable");
        assert!(all.to_string().contains("503") && !all["actions"].as_array().unwrap().is_empty());
        assert_eq!((&theirs["answer"], causes(&theirs)[0], helps(&theirs)), (&json!("not-now"), "busy", vec!["wait"]));
        assert!(!theirs.to_string().contains("503"), "{theirs}");
        assert_eq!(theirs["actions"], json!([]));
        world.persona.set_faults(Faults::default());
        world.clock.advance(minutes(30));
        world.settle().await;

        world.restart_as(&Setting { mode: "observe", more: CUSTOMERS, ..Setting::default() }).await;
        let bolt = world.caller(Some("bolt")).await;
        let theirs = bolt.get(&path).await.body;
        assert_eq!((&theirs["gets_in"], causes(&theirs)[0], helps(&theirs)), (&json!(false), "operator", vec!["ask-operator"]));
        assert!(!theirs.to_string().contains("observe"), "{theirs}");
        world.finish().await;
    }
}
