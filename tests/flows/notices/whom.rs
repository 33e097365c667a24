//! How it is known how somebody is reached, and that it goes when they are erased.

use rekindle::app::recipient::Known;
use rekindle::domain::action::State;
use wiremock::matchers::{header_exists, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::storage::raw;

/// An application that answers how people are reached.
async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let signed = Mock::given(method("POST")).and(header_exists("webhook-signature"));
    signed.respond_with(answer).mount(&server).await;
    server
}

fn asking(server: &MockServer, more: &str) -> &'static str {
    let secret = crate::support::application::SECRET;
    let text = format!(
        "{more}\n[contacts]\nlookup_url = \"{}/contact\"\nallow_private = true\nsecret = \"{secret}\"",
        server.uri()
    );
    text.leak()
}

impl World {
    async fn reached(&self, id: &InquiryId) -> Known {
        let stored = self.database().read().await.unwrap().inquiry(&environment(), id).await.unwrap().unwrap();
        self.app.reached(&stored.inquiry).await.unwrap()
    }
}

on_both! {
    async fn who_is_redacted_is_reached_no_more(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        assert_eq!(world.reached(&ada).await, Known::Not);
        world.tell_contact("ada", contact(json!({ "name": "Ada Example" }))).await;
        assert_eq!(world.reached(&ada).await, Known::Given);
        let keys = "SELECT subject FROM subjects WHERE sealed_key IS NOT NULL AND subject LIKE 'addressee/%'";
        assert_eq!(raw::column(scratch, keys).await, ["addressee//ada"]);
        world.persona.redact(&ada).unwrap();
        world.settle().await;
        assert_eq!(world.reached(&ada).await, Known::Not);
        assert_eq!(raw::column(scratch, keys).await, [""; 0], "its key is destroyed, so no copy of it opens");
        assert_eq!(raw::column(scratch, "SELECT subject FROM contacts").await, [""; 0]);
        world.finish().await;
    }

    async fn a_field_of_the_inquiry_says_it_where_nobody_else_does(scratch: &Scratch) {
        let world = world_with(scratch, r#"address_fields = ["email-address", "contact_email"]"#).await;
        let person = |name: &str, field: &str, text: &str| {
            let fields = [(field.to_owned(), json!(text))].into();
            world.persona.create_inquiry(ENVIRONMENT, NewInquiry { fields, ..NewInquiry::for_person(name) }).unwrap()
        };
        let ada = person("ada", "contact-email", "ada@example.com");
        let bo = person("bo", "email-address", "none of your business");
        let eve = person("eve", "note", "eve@example.com");
        world.settle().await;
        assert_eq!(world.reached(&ada).await, Known::Field, "in the casing of the webhook");
        assert_eq!((world.reached(&bo).await, world.reached(&eve).await), (Known::Not, Known::Not));
        world.tell_contact("ada", contact(json!({}))).await;
        assert_eq!(world.reached(&ada).await, Known::Given, "what the application says comes first");
        world.persona.redact(&ada).unwrap();
        world.settle().await;
        assert_eq!(world.reached(&ada).await, Known::Not);
        world.finish().await;
    }

    async fn the_application_is_asked_and_its_answer_holds_for_a_while(scratch: &Scratch) {
        let answer = json!({ "email": "ada@example.com", "time_zone": "Asia/Tokyo", "unknown_key": 1 });
        let server = answering(ResponseTemplate::new(200).set_body_json(answer)).await;
        let world = world_with(scratch, asking(&server, r#"quiet_hours = "04:00-07:00""#)).await;
        let ada = world.person("ada");
        world.settle().await;
        assert_eq!(world.planned(&ada).await[0], "50% in 720m", "20:00 UTC, as nobody knows where they live");
        world.clock.advance(hours(12));
        world.settle().await;
        let asked = server.received_requests().await.unwrap();
        assert_eq!(asked.len(), 1);
        let said: Value = serde_json::from_slice(&asked[0].body).unwrap();
        assert_eq!((&said["type"], &said["data"]["reference_id"]), (&json!("contact.wanted"), &json!("ada")));
        assert_eq!(said["data"]["inquiry_id"], json!(ada.as_str()));
        assert_eq!((world.reached(&ada).await, world.steps()), (Known::Answered, vec![]), "it is 05:00 in Tokyo");
        world.clock.advance(hours(2));
        world.settle().await;
        assert_eq!(world.steps(), ["50%"]);
        assert_eq!(server.received_requests().await.unwrap().len(), 1, "the answer holds");
        world.finish().await;
    }

    async fn an_application_that_knows_nobody_is_not_asked_again_at_once(scratch: &Scratch) {
        let server = answering(ResponseTemplate::new(404)).await;
        let world = world_with(scratch, asking(&server, "")).await;
        let ada = world.person("ada");
        world.settle().await;
        for pass in [12, 9] {
            world.clock.advance(hours(pass));
            world.settle().await;
        }
        assert_eq!((world.steps(), world.reached(&ada).await), (vec!["50%".to_owned(), "3h".to_owned()], Known::Not));
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
        world.finish().await;
    }

    async fn an_application_that_does_not_answer_holds_nothing_up_that_needs_no_address(scratch: &Scratch) {
        let server = answering(ResponseTemplate::new(500)).await;
        let world = world_with(scratch, asking(&server, "")).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.steps(), ["50%"]);
        let action = world.actions(&ada).await.into_iter().find(|action| action.state == State::Done).unwrap();
        assert_eq!(action.attempts, 1);
        world.finish().await;
    }
}
