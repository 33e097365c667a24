//! The ways in that Persona's guides describe, each from the beginning to the end: an embedded app, static links, mails
//! with links, and customers of the operator's. Where a guide's story is one moment, it is told where that is tested:
//!
//! | scenario | story |
//! | --- | --- |
//! | session token lost | `access::who_lost_the_session_token_gets_a_link_or_a_token` |
//! | expired, young or old | `access::who_comes_after_a_short_expiry_gets_in_again`, `…after_a_long_time_begins_anew` |
//! | new version while created, while pending | `replacement::what_nobody_began_is_replaced…`, `…what_somebody_began_is_kept_for_a_day` |
//! | scanner opens the link first | `links::a_scanner_comes_first_and_the_person_gets_in` |
//! | person comes after completion | `links::who_comes_after_completion_is_told_so` |
//! | 25 sessions | `access::who_has_had_all_sessions_gets_in_all_the_same` |
//! | Persona down at the click | `links::persona_is_down_at_the_click` |

use rekindle::domain::ids::InquiryId;
use rekindle::persona::simulator::Opened;
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Answer, Caller, wanted};
use super::links::{PUBLIC, path};
use super::world::{Setting, World, hours, minutes};
use crate::support::on_both;

impl World {
    /// Somebody's phone opens an inquiry as Persona's SDK does: by its id, and a session's token where there is one.
    fn opens_in_the_app(&self, access: &Value) -> Result<InquiryId, String> {
        assert_eq!(access["outcome"], "session", "{access}");
        let token = access["session_token"].as_str().map(|token| format!("&session-token={token}")).unwrap_or_default();
        let id = access["inquiry_id"].as_str().unwrap();
        let link = format!("{}/verify?inquiry-id={id}{token}", self.persona.base_url());
        self.open(&link)
    }

    /// Somebody opens a link and begins; which inquiry it is.
    fn begins_by(&self, link: &str) -> InquiryId {
        let Opened::Inside { inquiry, .. } = self.persona.open_link(link) else { panic!("{link} does not open") };
        self.persona.start(&inquiry).unwrap();
        inquiry
    }

    fn finishes(&self, inquiry: &InquiryId) {
        self.persona.step(inquiry).unwrap();
        self.persona.complete(inquiry).unwrap();
    }

    /// What Persona knows of an inquiry's person, as its first event told.
    fn fields(&self, inquiry: &InquiryId) -> Value {
        let events = self.persona.events().into_iter();
        let first =
            events.filter(|event| event.object == inquiry.as_str()).min_by_key(|event| event.created_at).unwrap();
        first.payload["attributes"]["fields"].clone()
    }
}

impl Caller {
    async fn resume(&self, id: &str) -> Answer {
        self.call(Method::POST, &format!("/v1/inquiries/{id}/resume"), None, &[]).await
    }

    async fn static_link(&self, reference_id: &str) -> String {
        let made = self.post("/v1/static-links", {
            let mut body = wanted(reference_id);
            body["look"] = json!({ "subdomain": "bank" });
            body
        });
        let made = made.await;
        assert_eq!(made.status, 200, "{made:?}");
        made.body["url"].as_str().unwrap().to_owned()
    }
}

on_both! {
    /// An app with Persona's SDK: the inquiry comes with its session. The app is closed in the middle, opened again within
    /// the session's life and after its end, and each time the person goes on in the same inquiry.
    async fn an_embedded_app(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: "[]", more: "revive_after = \"never\"", ..Setting::default() }).await;
        let app = world.caller(None).await;
        let mut body = wanted("ada");
        body["session"] = json!(true);
        let made = app.post("/v1/inquiries", body.clone()).await;
        let ada = world.opens_in_the_app(&made.body["access"]).unwrap();
        world.persona.start(&ada).unwrap();
        world.settle().await;

        world.clock.advance(hours(3));
        let again = app.post("/v1/inquiries", body.clone()).await;
        assert_eq!((again.status, world.opens_in_the_app(&again.body["access"])), (200, Ok(ada.clone())));
        world.clock.advance(hours(30));
        world.settle().await;
        assert_eq!(world.status(&ada).await, "expired");
        let later = app.post("/v1/inquiries", body.clone()).await;
        assert_eq!((later.status, world.opens_in_the_app(&later.body["access"])), (200, Ok(ada.clone())));
        world.finishes(&ada);
        world.settle().await;
        let over = app.post(&format!("/v1/inquiries/{ada}/access"), json!({ "form": "session-token" })).await;
        assert_eq!(over.body["outcome"], "done", "{over:?}");
        assert_eq!((world.persona.inquiries().len(), world.application.deliveries().len()), (1, 0));
        world.finish().await;
    }

    /// A static link in a portal, opened three times, each time a new inquiry at Persona. The second one is finished, and
    /// nobody is troubled about the other two, ever.
    async fn a_static_link_opened_three_times_and_finished_once(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let portal = world.caller(None).await;
        let link = portal.static_link("ada").await;
        let mut loads = Vec::new();
        for _ in 0..3 {
            loads.push(world.begins_by(&link));
            world.clock.advance(minutes(5));
            world.settle().await;
        }
        assert_eq!(loads.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
        world.finishes(&loads[1]);
        for _ in 0..6 {
            world.settle().await;
            world.clock.advance(hours(12));
        }
        assert_eq!(world.application.deliveries(), [], "she is done");
        for load in &loads {
            let told = portal.post(&format!("/v1/inquiries/{load}/access"), json!({ "form": "one-time-link" })).await;
            assert_eq!(told.body, json!({ "outcome": "done", "inquiry_id": loads[1].as_str(), "status": "completed" }));
        }
        assert_eq!(world.persona.inquiries().len(), 3, "nothing was made for her beside");
        world.finish().await;
    }

    /// A static link in a mail: a scanner loads it, which makes an inquiry of nobody's wish. The person opens it later,
    /// begins, is interrupted, and gets in again by the reminder, which is about theirs and no other.
    async fn a_mail_with_a_static_link(scratch: &Scratch) {
        let world = World::with(scratch, Setting { top: PUBLIC, reminders: r#"["50%"]"#, ..Setting::default() }).await;
        let link = world.caller(None).await.static_link("ada").await;
        let Opened::Inside { inquiry: scanned, .. } = world.persona.open_link(&link) else { panic!() };
        world.settle().await;
        world.clock.advance(hours(2));
        let ada = world.begins_by(&link);
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        let notice = world.application.only_notice();
        assert_eq!(notice.inquiry, ada.as_str());
        assert_eq!(world.gets_in(&path(&notice.link)).await, ada);
        world.finishes(&ada);
        for _ in 0..6 {
            world.settle().await;
            world.clock.advance(hours(12));
        }
        assert_eq!(world.application.deliveries().len(), 1, "nor about the one the scanner made");
        assert_eq!(world.persona.inquiry(&scanned).unwrap().status.to_string(), "expired");
        world.finish().await;
    }

    /// A mail for somebody of whom something is known already. They come days later, when the inquiry has expired and its
    /// template has changed, and find what was filled in, as far as the rules let it be taken over.
    async fn a_mail_with_prefilled_fields(scratch: &Scratch) {
        let more = "revive_after = \"never\"\n        prefill = [\"name-first\", \"name-last\"]";
        let world = World::with(scratch, Setting { top: PUBLIC, reminders: "[]", more, ..Setting::default() }).await;
        let office = world.caller(None).await;
        let mut body = wanted("ada");
        body["fields"] = json!({ "name-first": "Ada", "name-last": "Example", "email-address": "ada@example.com" });
        let made = office.post("/v1/inquiries", body).await;
        let ada = InquiryId::parse(made.body["inquiry"]["id"].as_str().unwrap()).unwrap();
        assert_eq!(world.fields(&ada)["name-first"]["value"], "Ada", "{}", world.fields(&ada));
        world.settle().await;
        let (_, mailed) = world.mint(&ada).await;
        for _ in 0..2 {
            world.look(&mailed).await;
        }
        world.clock.advance(hours(30));
        world.persona.publish_version(&world.persona.templates()[0], None).unwrap();
        world.settle().await;
        let new = world.gets_in(&mailed).await;
        assert_ne!(new, ada);
        let fields = world.fields(&new);
        assert_eq!((&fields["name-first"]["value"], &fields["name-last"]["value"]), (&json!("Ada"), &json!("Example")));
        assert!(fields["email-address"]["value"].is_null(), "that was not to be taken over: {fields}");
        world.persona.start(&new).unwrap();
        world.finishes(&new);
        world.settle().await;
        assert_eq!(world.look(&mailed).await.heading(), "You are done");
        world.finish().await;
    }

    /// A customer's own app: it gets id and token when it asks for the inquiry, or keeps the id alone and asks for a way
    /// back in when its person comes again. The other customer finds nothing, and neither sees what is the other's.
    async fn a_customer_of_the_operator_both_ways(scratch: &Scratch) {
        let world = World::with_customers(scratch).await;
        let (acme, bolt) = (world.caller(Some("acme")).await, world.caller(Some("bolt")).await);
        let mut body = wanted("acme-1");
        body["session"] = json!(true);
        let first = acme.post("/v1/inquiries", body).await;
        let ada = world.opens_in_the_app(&first.body["access"]).unwrap();

        let bob = acme.made("acme-2").await;
        let bob = InquiryId::parse(&bob).unwrap();
        world.persona.start(&bob).unwrap();
        world.settle().await;
        let resumed = acme.resume(bob.as_str()).await;
        assert!(resumed.body["session_token"].is_string(), "{resumed:?}");
        assert_eq!(world.opens_in_the_app(&resumed.body), Ok(bob.clone()));
        world.clock.advance(hours(60));
        world.settle().await;
        let later = acme.resume(bob.as_str()).await;
        assert_eq!(world.opens_in_the_app(&later.body).map(|id| id.to_string()), Ok(later.body["inquiry_id"].as_str().unwrap().to_owned()));

        for id in [&ada, &bob] {
            assert_eq!(bolt.resume(id.as_str()).await.status, 404);
            assert_eq!(bolt.get(&format!("/v1/inquiries/{id}")).await.status, 404);
        }
        world.finish().await;
    }
}
