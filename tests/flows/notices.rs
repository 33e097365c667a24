//! Whom people are told by, when, how often, and that they can make it stop.

mod consent;
mod customers;
mod whom;

use rekindle::domain::ids::{InquiryId, ReferenceId, TemplateId};
use rekindle::persona::simulator::{NewInquiry, Settings, TemplateSettings};
use serde_json::{Value, json};

use super::api::TEMPLATE;
use super::world::{ENVIRONMENT, Setting, World, environment, hours, minutes};
use crate::support::{Scratch, on_both};

/// Another template, of which the same people have inquiries.
const OTHER: &str = "itmpl_SimulatedAddressCheck";

/// A world whose rules have these keys.
async fn world_with(scratch: &Scratch, more: &'static str) -> World {
    World::with(scratch, Setting { more, ..Setting::default() }).await
}

/// Of two templates at Persona.
fn two_templates() -> Settings {
    Settings { templates: [TEMPLATE, OTHER].map(TemplateSettings::new).to_vec(), ..Settings::default() }
}

/// How a person is reached, as an application says it.
fn contact(said: Value) -> Value {
    let mut contact = json!({ "email": "ada@example.com" });
    let Value::Object(said) = said else { panic!("a contact has fields") };
    contact.as_object_mut().unwrap().extend(said);
    json!({ "contact": contact })
}

impl World {
    fn of_template(&self, template: &str, person: &str) -> InquiryId {
        let template = Some(TemplateId::parse(template).unwrap());
        let new = NewInquiry { template, ..NewInquiry::for_person(person) };
        self.persona.create_inquiry(ENVIRONMENT, new).unwrap()
    }

    /// What was handed to the application: steps with the hours since the start of the story.
    fn steps(&self) -> Vec<String> {
        self.application.notices().into_iter().filter(|one| one.answered == 204).map(|one| one.step).collect()
    }

    async fn tell_contact(&self, person: &str, body: Value) {
        let caller = self.caller(None).await;
        let path = format!("/v1/people/{person}/contact");
        let answer = caller.call(reqwest::Method::PUT, &path, Some(body), &[]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

on_both! {
    /// The clock begins at 08:00 UTC and an inquiry lives for 24 hours: half of it is gone at 20:00, and three hours are
    /// left at 05:00.
    async fn nobody_is_told_at_night_and_it_is_made_up_for_in_the_morning(scratch: &Scratch) {
        let world = world_with(scratch, r#"quiet_hours = "19:00-07:00""#).await;
        let ada = world.person("ada");
        world.settle().await;
        assert_eq!(world.planned(&ada).await, ["3h in 1380m"], "both steps end up at seven, and the last is left");
        world.clock.advance(hours(22));
        world.settle().await;
        assert_eq!(world.steps(), [""; 0]);
        world.clock.advance(hours(1));
        world.settle().await;
        assert_eq!(world.steps(), ["3h"]);
        world.finish().await;
    }

    async fn the_night_is_the_persons_own(scratch: &Scratch) {
        let world = world_with(scratch, r#"quiet_hours = "19:00-07:00""#).await;
        let (ada, bo) = (world.person("ada"), world.person("bo"));
        world.settle().await;
        world.tell_contact("ada", contact(json!({ "time_zone": "America/New_York", "name": "Ada Example" }))).await;
        world.tell_contact("bo", contact(json!({ "country": "JP" }))).await;
        assert_eq!(world.planned(&ada).await, ["50% in 720m", "3h in 930m"], "15:00 there, and before the night begins");
        assert_eq!(world.planned(&bo).await, ["50% in 840m", "3h in 1260m"], "07:00 in Tokyo, and as the rule wants it");
        let forgotten = world.caller(None).await;
        let answer = forgotten.call(reqwest::Method::DELETE, "/v1/people/bo/contact", None, &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(world.planned(&bo).await, ["3h in 1380m"], "nobody knows where they live any more");
        assert_eq!(forgotten.call(reqwest::Method::DELETE, "/v1/people/bo/contact", None, &[]).await.status, 404);
        world.finish().await;
    }

    async fn a_worker_that_comes_late_does_not_come_at_night(scratch: &Scratch) {
        let world = world_with(scratch, r#"quiet_hours = "21:00-07:00""#).await;
        let ada = world.person("ada");
        world.settle().await;
        assert_eq!(world.planned(&ada).await[0], "50% in 720m");
        // Nobody works from 20:00 to 22:00.
        world.clock.advance(hours(14));
        world.settle().await;
        assert_eq!(world.steps(), [""; 0]);
        world.clock.advance(hours(9));
        world.settle().await;
        assert_eq!(world.steps().len(), 1);
        world.finish().await;
    }

    async fn one_person_is_told_once_in_a_while_whatever_it_is_about(scratch: &Scratch) {
        let setting = Setting { more: r#"notice_spacing = "4h""#, persona: two_templates(), ..Setting::default() };
        let world = World::with(scratch, setting).await;
        let (first, second) = (world.of_template(TEMPLATE, "ada"), world.of_template(OTHER, "ada"));
        let other = world.person("bo");
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        let people = |world: &World| {
            let mut people: Vec<_> = world.application.notices().into_iter().filter_map(|one| one.reference_id).collect();
            people.sort();
            people
        };
        assert_eq!(people(&world), ["ada", "bo"], "both of ada's were due");
        let waiting = [world.planned(&first).await, world.planned(&second).await];
        assert!(waiting.iter().any(|planned| planned.contains(&"50% in 240m".to_owned())), "{waiting:?}");
        world.clock.advance(hours(4));
        world.settle().await;
        assert_eq!(people(&world), ["ada", "ada", "bo"]);
        assert_eq!(world.planned(&other).await.len(), 1);
        world.finish().await;
    }

    async fn of_two_workers_only_one_gets_by_the_limit(scratch: &Scratch) {
        let setting = Setting { more: r#"max_notices_per_person = "1 per 20h""#, persona: two_templates(), ..Setting::default() };
        let world = World::with(scratch, setting).await;
        let (first, second) = (world.of_template(TEMPLATE, "ada"), world.of_template(OTHER, "ada"));
        world.settle().await;
        world.clock.advance(hours(12));
        let other = world.another_process().await;
        let claimed = world.claim().await;
        assert_eq!(claimed.len(), 2, "{first} and {second}");
        let (one, two) = tokio::join!(world.app.perform(&claimed[0]), other.perform(&claimed[1]));
        let done = [&one, &two].into_iter().filter(|outcome| **outcome == rekindle::domain::action::Outcome::Done);
        assert_eq!((done.count(), world.application.notices().len()), (1, 1), "{one:?} {two:?}");
        for (claimed, outcome) in claimed.iter().zip([one, two]) {
            world.app.settle(claimed, "the hand of the test", world.clock.now(), outcome).await.unwrap();
        }
        world.finish().await;
    }

    async fn a_notice_that_was_refused_counts_for_nothing(scratch: &Scratch) {
        let world = world_with(scratch, r#"notice_spacing = "20h""#).await;
        world.person("ada");
        world.settle().await;
        world.application.answer_next(&[503]);
        world.clock.advance(hours(12));
        world.settle().await;
        world.clock.advance(minutes(5));
        world.settle().await;
        assert_eq!(world.steps(), ["50%"], "the second try is no second notice");
        world.clock.advance(hours(9));
        world.settle().await;
        assert_eq!(world.steps(), ["50%"], "and the next step would come too soon");
        world.finish().await;
    }

    async fn environments_of_one_installation_count_together(scratch: &Scratch) {
        let more = r#"notice_spacing = "20h"
        [environments.second]
        webhook_secrets = []
        mode = "observe"
        [environments.second.templates.default]
        reminders = ["50%"]
        notice_spacing = "20h""#;
        let world = world_with(scratch, more).await;
        let ada = world.person("ada");
        world.settle().await;
        // What the other environment told them stands in the same list, under the same name.
        world.clock.advance(hours(11));
        let mut tx = world.database().begin().await.unwrap();
        let key = tx.link_key_or_new(world.clock.now()).await.unwrap();
        let mut told = elsewhere(&key.pseudonym("person", "\0ada"));
        told.told_at = world.clock.now();
        tx.record_notice(&told).await.unwrap();
        tx.commit().await.unwrap();
        world.clock.advance(hours(1));
        world.settle().await;
        assert_eq!(world.steps(), [""; 0]);
        assert_eq!(world.planned(&ada).await, [""; 0], "and there is no room before the deadline");
        world.finish().await;
    }
}

fn elsewhere(person: &str) -> rekindle::storage::notices::StoredNotice {
    use rekindle::domain::addressee::Occasion;
    use rekindle::domain::ids::{ActionId, EnvironmentName, NotifierName};
    rekindle::storage::notices::StoredNotice {
        action: ActionId::parse("rka_elsewhere").unwrap(),
        environment: EnvironmentName::parse("second").unwrap(),
        inquiry: InquiryId::parse("inq_elsewhere").unwrap(),
        kind: rekindle::storage::notices::Kind::Remind,
        occasion: Occasion::stored("elsewhere".to_owned()),
        notifier: NotifierName::parse("app").unwrap(),
        person: person.to_owned(),
        told_at: rekindle::domain::time::Timestamp::from_second(0),
    }
}
