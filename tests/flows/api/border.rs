//! Customers see and act on their own inquiries: every route is tried by the other one.

use std::collections::BTreeSet;

use rekindle::domain::ids::InquiryId;
use serde_json::{Value, json};

use super::super::world::{ENVIRONMENT, Setting, World, hours, minutes};
use super::{Caller, wanted};
use crate::support::on_both;

/// A path and body for each route, aimed at somebody's inquiry, static link and name. A route that is not in here fails
/// the tests that go through all of them.
pub fn filled(path: &str, operation: &str, id: &str, opaque: &str, name: &str) -> (String, Option<Value>) {
    let path = path.replace("{id}", id).replace("{reference-id}", opaque);
    match operation {
        "createInquiry" | "createStaticLink" | "buildHostedFlowUrl" => (path, Some(wanted(name))),
        "findInquiries" | "diagnosePerson" => (format!("{path}?reference-id={name}"), None),
        "getInquiry" | "diagnoseInquiry" | "getStaticLink" | "resumeInquiry" | "listSuppressions"
        | "deleteSuppression" => (path, None),
        "accessInquiry" => (path, Some(json!({ "form": "one-time-link" }))),
        "accessPerson" => (path, Some(json!({ "reference_id": name, "form": "session-token" }))),
        "setContact" => (path.replace(opaque, name), Some(json!({ "contact": { "email": "ada@example.com" } }))),
        "deleteContact" => (path.replace(opaque, name), None),
        "createSuppression" => (path, Some(json!({ "reference_id": name, "reason": "a test" }))),
        other => panic!("{other} is a route that nobody tried to cross the border by: add it"),
    }
}

on_both! {
    async fn nobody_crosses_the_border_by_any_route(scratch: &Scratch) {
        let world = World::with_customers(scratch).await;
        let (operator, acme, bolt) = (world.caller(None).await, world.caller(Some("acme")).await, world.caller(Some("bolt")).await);
        // One by a token of its own, one by rule alone, one of nobody, and one given to acme by the operator.
        let made = acme.made("acme-1").await;
        let by_rule = world.person("acme-2");
        let nobodys = world.person("ada");
        let mut body = wanted("acme-3");
        body["customer"] = json!("acme");
        let given = operator.post("/v1/inquiries", body).await.body["inquiry"]["id"].as_str().unwrap().to_owned();
        world.settle().await;
        let link = acme.post("/v1/static-links", wanted("acme-1")).await;
        let opaque = link.body["reference_id"].as_str().unwrap().to_owned();

        let document = serde_json::to_value(rekindle::http::api::document()).unwrap();
        let mut answered = BTreeSet::new();
        for (whose, name) in [(made.as_str(), "acme-1"), (by_rule.as_str(), "acme-2"), (nobodys.as_str(), "ada"), (&given, "acme-3")] {
            assert_eq!(operator.get(&format!("/v1/inquiries/{whose}")).await.status, 200, "the operator sees all");
            for (path, methods) in document["paths"].as_object().unwrap() {
                for (method, operation) in methods.as_object().unwrap() {
                    let operation = operation["operationId"].as_str().unwrap();
                    let (path, body) = filled(path, operation, whose, &opaque, name);
                    let before = world.persona.requests().len();
                    let answer = bolt.call(method.to_uppercase().parse().unwrap(), &path, body, &[]).await;
                    assert_eq!(world.persona.requests().len(), before, "{operation}: nothing is asked of Persona");
                    assert!(!answer.body.to_string().contains(whose), "{operation}: {answer:?}");
                    answered.insert((operation.to_owned(), answer.status, name == "ada"));
                }
            }
        }
        let expected = |operation: &str, nobodys: u16, acmes: u16| {
            [(operation.to_owned(), nobodys, true), (operation.to_owned(), acmes, false)]
        };
        let table: BTreeSet<(String, u16, bool)> = [
            expected("createInquiry", 409, 409),
            expected("findInquiries", 200, 200),
            expected("getInquiry", 404, 404),
            expected("accessInquiry", 404, 404),
            expected("accessPerson", 404, 404),
            expected("resumeInquiry", 404, 404),
            expected("diagnoseInquiry", 404, 404),
            expected("diagnosePerson", 404, 404),
            expected("getStaticLink", 404, 404),
            // These make something of bolt's own, where the name is not another's by rule.
            expected("createStaticLink", 200, 409),
            expected("buildHostedFlowUrl", 200, 422),
            expected("setContact", 200, 409),
            expected("deleteContact", 404, 409),
            expected("createSuppression", 201, 409),
            expected("listSuppressions", 200, 200),
            expected("deleteSuppression", 404, 404),
        ].into_iter().flatten().collect();
        assert_eq!(answered, table);
        // What is not theirs is answered as what does not exist, to the letter, by every form of access.
        for form in ["access-link", "qr-svg", "qr-png", "one-time-link", "one-time-link-short", "session-token", "session-token-link"] {
            let ask = async |id: &str| bolt.post(&format!("/v1/inquiries/{id}/access"), json!({ "form": form })).await;
            let (theirs, nobodys) = (ask(&made).await, ask("inq_none").await);
            assert_eq!((theirs.status, &theirs.body), (404, &nobodys.body), "{form}");
        }
        let found = bolt.get("/v1/inquiries?reference-id=acme-1").await;
        assert_eq!(found.body, json!({ "inquiries": [] }));
        for id in [made.as_str(), by_rule.as_str(), &given] {
            assert_eq!(acme.get(&format!("/v1/inquiries/{id}")).await.body["customer"], "acme");
        }
        assert_eq!(acme.get(&format!("/v1/inquiries/{nobodys}")).await.status, 404);
        world.finish().await;
    }

    /// A tag at Persona says whose an inquiry is, before its name does; two customers' tags say nothing for either.
    async fn tags_say_whose_it_is(scratch: &Scratch) {
        use rekindle::persona::simulator::NewInquiry;
        let more = "[customers.acme]\nreference_prefixes = [\"acme-\"]\ntags = [\"customer:acme\"]\n[customers.bolt]\ntags = [\"customer:bolt\"]";
        let world = World::with(scratch, Setting { more, ..Setting::default() }).await;
        let (operator, acme, bolt) = (world.caller(None).await, world.caller(Some("acme")).await, world.caller(Some("bolt")).await);
        let tagged = |who: &str, tags: &[&str]| {
            let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
            world.persona.create_inquiry(ENVIRONMENT, NewInquiry { tags, ..NewInquiry::for_person(who) }).unwrap()
        };
        let by_tag = tagged("acme-1", &["vip", "customer:bolt"]);
        let by_prefix = tagged("acme-2", &["vip"]);
        let both = tagged("acme-3", &["customer:bolt", "customer:acme"]);
        world.settle().await;
        let whose = async |id: &InquiryId| operator.get(&format!("/v1/inquiries/{id}")).await.body["customer"].clone();
        assert_eq!((whose(&by_tag).await, whose(&by_prefix).await, whose(&both).await), (json!("bolt"), json!("acme"), json!(null)));
        let seen = async |caller: &Caller, id: &InquiryId| caller.get(&format!("/v1/inquiries/{id}")).await.status;
        for (id, by_acme, by_bolt) in [(&by_tag, 404, 200), (&by_prefix, 200, 404), (&both, 404, 404)] {
            assert_eq!((seen(&acme, id).await, seen(&bolt, id).await), (by_acme, by_bolt), "{id}");
        }
        // What takes its place is bolt's as well, though nobody tagged it.
        world.clock.advance(hours(24 * 4));
        world.settle().await;
        let replaced = bolt.post(&format!("/v1/inquiries/{by_tag}/access"), json!({ "form": "one-time-link" })).await;
        let new = InquiryId::parse(replaced.body["inquiry_id"].as_str().unwrap()).unwrap();
        assert_ne!(new, by_tag);
        assert_eq!((seen(&acme, &new).await, seen(&bolt, &new).await), (404, 200));
        world.finish().await;
    }

    /// A customer with a prefix uses it, and can name no other customer.
    async fn a_customer_keeps_to_its_own_names(scratch: &Scratch) {
        let world = World::with_customers(scratch).await;
        let (acme, bolt) = (world.caller(Some("acme")).await, world.caller(Some("bolt")).await);
        assert_eq!(acme.create("ada").await.status, 422);
        assert_eq!(bolt.create("acme-9").await.status, 409, "by rule it would be acme's");
        let mut as_acme = wanted("bolt-1");
        as_acme["customer"] = json!("acme");
        assert_eq!(bolt.post("/v1/inquiries", as_acme).await.status, 404);
        assert_eq!(world.persona.inquiries().len(), 0);
        let ada = bolt.made("ada").await;
        assert_eq!(bolt.get(&format!("/v1/inquiries/{ada}")).await.body["customer"], "bolt");
        // The customer's rule says how long its inquiries live.
        let theirs = acme.create("acme-1").await;
        assert_eq!(theirs.body["inquiry"]["expires_at"], world.clock.now().plus(hours(48)).to_string());
        // And what takes its place.
        world.settle().await;
        world.clock.advance(hours(24 * 8));
        world.settle().await;
        let old = theirs.body["inquiry"]["id"].as_str().unwrap();
        let replaced = acme.post(&format!("/v1/inquiries/{old}/access"), json!({ "form": "one-time-link" })).await;
        assert_ne!(replaced.body["inquiry_id"], old);
        assert_eq!(replaced.body["expires_at"], world.clock.now().plus(hours(48)).to_string(), "{replaced:?}");
        world.finish().await;
    }

    /// What takes the place of a customer's inquiry is the customer's, and so is what a crash left behind.
    async fn ownership_outlives_replacement_and_crashes(scratch: &Scratch) {
        use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults};
        let mut world = World::with_customers(scratch).await;
        let bolt = world.caller(Some("bolt")).await;
        let ada = bolt.made("ada").await;
        world.settle().await;
        world.clock.advance(hours(24 * 4));
        world.settle().await;
        let body = json!({ "form": "one-time-link" });
        let replaced = bolt.post(&format!("/v1/inquiries/{ada}/access"), body).await;
        let new = replaced.body["inquiry_id"].as_str().unwrap().to_owned();
        assert_ne!(new, ada);
        world.settle().await;
        assert_eq!(bolt.get(&format!("/v1/inquiries/{new}")).await.body["customer"], "bolt");

        let failure = Failure { kind: FailureKind::ConnectionDropped, moment: FailureMoment::AfterActing };
        let only_requests_with = Some("POST /api/v1/inquiries".to_owned());
        world.persona.set_faults(Faults { fail_next: 1, failure, only_requests_with, ..Faults::default() });
        assert_eq!(bolt.create("eve").await.status, 503);
        world.persona.set_faults(Faults::default());
        world.restart().await;
        world.clock.advance(minutes(2));
        // The webhook is faster than the second try.
        world.settle().await;
        let bolt = world.caller(Some("bolt")).await;
        let eve = bolt.create("eve").await;
        assert_eq!((eve.status, &eve.body["inquiry"]["customer"]), (200, &json!("bolt")), "{eve:?}");
        let eve = InquiryId::parse(eve.body["inquiry"]["id"].as_str().unwrap()).unwrap();
        assert_eq!(world.open_at_persona("eve"), [eve]);
        world.finish().await;
    }
}
