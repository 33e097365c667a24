//! A way in by each form, or the reason why there is none.

use rekindle::domain::ids::InquiryId;
use rekindle::domain::token::Scope;
use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults};
use serde_json::{Value, json};

use super::super::world::{ENVIRONMENT, Setting, World, hours, seconds};
use super::{Caller, TEMPLATE};
use crate::support::on_both;

async fn access(caller: &Caller, id: &str, form: &str) -> super::Answer {
    caller.post(&format!("/v1/inquiries/{id}/access"), json!({ "form": form })).await
}

fn link(answer: &super::Answer) -> &str {
    assert_eq!((answer.status, &answer.body["outcome"]), (200, &json!("link")), "{answer:?}");
    answer.body["link"].as_str().unwrap()
}

on_both! {
    async fn a_link_leads_inside_by_id_and_by_name(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let ada = caller.made("ada").await;
        let long = access(&caller, &ada, "one-time-link").await;
        let id = InquiryId::parse(&ada).unwrap();
        assert_eq!(world.open(link(&long)), Ok(id.clone()));
        assert_eq!(long.body["expires_at"], world.clock.now().plus(hours(24)).to_string());
        let short = access(&caller, &ada, "one-time-link-short").await;
        assert!(link(&short).len() < link(&long).len());
        let body = json!({ "reference_id": "ada", "template_id": TEMPLATE, "form": "one-time-link" });
        let by_name = caller.post("/v1/access", body).await;
        assert_eq!(link(&by_name), link(&long), "a moment later it is the same");
        let nobody = caller.post("/v1/access", json!({ "reference_id": "bob", "form": "one-time-link" })).await;
        assert_eq!(nobody.status, 404);
        assert_eq!(access(&caller, "inq_none", "one-time-link").await.status, 404);
        world.finish().await;
    }

    /// Whatever became of the inquiry, the answer says so, and leads on where it can.
    async fn what_expired_is_revived_and_who_is_done_is_told(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: "[]", more: "revive_after = \"never\"", ..Setting::default() }).await;
        let caller = world.caller(None).await;
        let ada = caller.made("ada").await;
        let id = InquiryId::parse(&ada).unwrap();
        world.settle().await;
        world.clock.advance(hours(25));
        world.settle().await;
        assert_eq!(world.status(&id).await, "expired");
        assert_eq!(world.open(link(&access(&caller, &ada, "one-time-link").await)), Ok(id.clone()));
        let resumed = caller.call(reqwest::Method::POST, &format!("/v1/inquiries/{ada}/resume"), None, &[]).await;
        assert_eq!((resumed.status, &resumed.body["outcome"]), (200, &json!("session")));
        assert!(resumed.body["session_token"].is_string());
        world.clock.advance(hours(24 * 4));
        world.settle().await;
        let replaced = access(&caller, &ada, "one-time-link").await;
        assert_ne!(replaced.body["inquiry_id"], ada, "too old: another one took its place");
        let shown = caller.get(&format!("/v1/inquiries/{ada}")).await;
        assert_eq!((&shown.body["id"], &shown.body["instead_of"]), (&replaced.body["inquiry_id"], &json!(ada)));
        let new = InquiryId::parse(replaced.body["inquiry_id"].as_str().unwrap()).unwrap();
        world.persona.start(&new).unwrap();
        world.persona.complete(&new).unwrap();
        world.settle().await;
        let done = access(&caller, &ada, "session-token").await;
        assert_eq!((done.status, &done.body), (200, &json!({ "outcome": "done", "inquiry_id": new.as_str(), "status": "completed" })));
        world.finish().await;
    }

    async fn failed_and_given_up_are_told_apart(scratch: &Scratch) {
        let more = "max_revivals = 0\nmax_replacements = 0";
        let world = World::with(scratch, Setting { reminders: "[]", more, ..Setting::default() }).await;
        let caller = world.caller(None).await;
        let (ada, bob) = (caller.made("ada").await, caller.made("bob").await);
        let id = InquiryId::parse(&ada).unwrap();
        world.persona.start(&id).unwrap();
        world.persona.fail(&id).unwrap();
        world.settle().await;
        let failed = access(&caller, &ada, "one-time-link").await;
        assert_eq!((failed.status, &failed.body), (200, &json!({ "outcome": "failed", "inquiry_id": ada })));
        world.clock.advance(hours(25));
        world.settle().await;
        let closed = access(&caller, &bob, "one-time-link").await;
        assert_eq!((closed.status, &closed.body["outcome"], &closed.body["reason"]), (200, &json!("closed"), &json!("given-up")));
        assert_eq!(caller.create("bob").await.status, 201, "what was given up begins anew when the application asks");
        world.finish().await;
    }

    async fn while_persona_is_away_it_is_said_when_to_come_back(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let ada = caller.made("ada").await;
        let failure = Failure { kind: FailureKind::Status(503), moment: FailureMoment::BeforeActing };
        world.persona.set_faults(Faults { fail_share: 1.0, failure, ..Faults::default() });
        let busy = access(&caller, &ada, "one-time-link").await;
        assert_eq!((busy.status, busy.body["code"].as_str()), (503, Some("busy")));
        assert!(busy.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
        world.persona.set_faults(Faults::default());
        world.clock.advance(seconds(30));
        link(&access(&caller, &ada, "one-time-link").await);
        world.finish().await;
    }

    async fn nothing_is_asked_of_persona_in_mode_observe(scratch: &Scratch) {
        let world = World::with(scratch, Setting { mode: "observe", ..Setting::default() }).await;
        let caller = world.caller(None).await;
        let made = caller.create("ada").await;
        assert_eq!((made.status, made.body["code"].as_str()), (409, Some("not-acting")));
        let ada = world.person("ada");
        world.settle().await;
        let refused = access(&caller, ada.as_str(), "one-time-link").await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("not-acting")));
        world.finish().await;
    }

    /// A plain link with a token in it is given only where the operator said so.
    async fn a_link_with_a_session_token_needs_a_rule(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let ada = caller.made("ada").await;
        world.settle().await;
        world.persona.start(&InquiryId::parse(&ada).unwrap()).unwrap();
        world.settle().await;
        let before = world.persona.requests().len();
        let refused = access(&caller, &ada, "session-token-link").await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (422, Some("not-allowed")));
        assert!(refused.body["detail"].as_str().unwrap().contains("lets in whoever reads it"));
        assert_eq!(world.persona.requests().len(), before, "nothing was minted");
        world.restart_as(&Setting { more: "allow_session_token_links = true", ..Setting::default() }).await;
        let caller = world.caller(None).await;
        let given = access(&caller, &ada, "session-token-link").await;
        assert!(link(&given).contains("session-token="));
        assert_eq!(world.open(link(&given)), Ok(InquiryId::parse(&ada).unwrap()));
        world.finish().await;
    }

    /// Each route wants its scope, and says which.
    async fn a_token_without_the_scope_is_refused(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let document = serde_json::to_value(rekindle::http::api::document()).unwrap();
        let mut routes = 0;
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let scope = operation["security"][0]["token"][0].as_str().unwrap();
                let others: Vec<Scope> = Scope::ALL.into_iter().filter(|one| one.as_str() != scope).collect();
                assert_eq!(others.len(), 2, "{method} {path} names a scope there is");
                let caller = Caller::new(world.public(), Some(world.token_for(&others, None, None).await));
                let (path, body) = super::border::filled(path, &operation_id(operation), "inq_1", "rk-1", "ada");
                let refused = caller.call(method.to_uppercase().parse().unwrap(), &path, body, &[]).await;
                assert_eq!((refused.status, refused.body["code"].as_str()), (403, Some("no-scope")), "{method} {path}");
                assert!(refused.body["detail"].as_str().unwrap().contains(scope));
                routes += 1;
            }
        }
        assert!(routes >= 11);
        world.finish().await;
    }

    /// A token of one environment knows no other.
    async fn a_token_of_an_environment_stays_there(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = Caller::new(world.public(), Some(world.token_for(&Scope::ALL, Some(ENVIRONMENT), None).await));
        let ada = caller.made("ada").await;
        for named in ["production", "nowhere"] {
            assert_eq!(caller.get(&format!("/v1/inquiries/{ada}?environment={named}")).await.status, 404);
            assert_eq!(caller.get(&format!("/v1/inquiries?reference-id=ada&environment={named}")).await.status, 404);
        }
        assert_eq!(caller.get(&format!("/v1/inquiries/{ada}?environment={ENVIRONMENT}")).await.status, 200);
        world.finish().await;
    }
}

fn operation_id(operation: &Value) -> String {
    operation["operationId"].as_str().unwrap().to_owned()
}
