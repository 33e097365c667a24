//! Applications are told about people: each event once, in order, through failures and crashes, and nobody else's.

use rekindle::domain::action::{Kind, State};
use rekindle::domain::ids::InquiryId;
use rekindle::http::api::document;
use serde_json::Value;

use super::application::Told;
use super::links::PUBLIC;
use super::world::{Setting, World, environment, hours, minutes, seconds};
use crate::support::{Scratch, on_both};

const EVERYTHING: &str = r#"
    [subscriptions.shop]
    notifier = "app"
    events = ["inquiry.replaced", "inquiry.revived", "person.finished", "person.given_up", "link.opened"]
"#;

/// A world in which the shop hears everything, and nobody is reminded.
async fn quiet(scratch: &Scratch, more: &'static str) -> World {
    World::with(scratch, Setting { reminders: "[]", more, top: PUBLIC, ..Setting::default() }).await
}

/// What is told besides reminders, each held against its description.
fn news(world: &World) -> Vec<Told> {
    let document = serde_json::to_value(document()).unwrap();
    let told = world.application.told();
    for one in &told {
        held_against_the_description(&document, one);
    }
    told.into_iter().filter(|one| one.kind != "inquiry.reminder").collect()
}

fn held_against_the_description(document: &Value, told: &Told) {
    let content = &document["webhooks"][&told.kind]["post"]["requestBody"]["content"]["application/json"];
    let mut schema = content["schema"].clone();
    assert!(schema.is_object(), "{} is not described", told.kind);
    schema["components"] = document["components"].clone();
    let errors: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&told.body).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new(), "{}", told.body);
    // Receivers take more than is described; we say all that we send.
    let shape = |schema: &Value| {
        let name = schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        document["components"]["schemas"][name]["properties"].clone()
    };
    let envelope = shape(&schema);
    let data = shape(&envelope["data"]);
    for key in told.body["data"].as_object().unwrap().keys() {
        assert!(data.get(key).is_some(), "{}: {key} is not described", told.kind);
    }
}

fn kinds(told: &[Told]) -> Vec<&str> {
    told.iter().map(|one| one.kind.as_str()).collect()
}

impl World {
    /// Somebody opens a link of ours, and is inside.
    async fn comes_by_link(&self, id: &InquiryId) {
        let (_, path) = self.mint(id).await;
        self.gets_in(&path).await;
    }

    async fn publications(&self, id: &InquiryId) -> Vec<(State, Option<String>)> {
        let actions = self.actions(id).await.into_iter();
        let own = actions.filter(|action| action.planned.work.kind() == Kind::Publish);
        own.map(|action| (action.state, action.reason)).collect()
    }
}

on_both! {
    /// It ran out, was revived, the person came by a link, and was through: each is told once to each who subscribed.
    async fn each_event_is_told_once_to_each_subscriber(scratch: &Scratch) {
        let more = r#"
            [subscriptions.shop]
            notifier = "app"
            events = ["inquiry.revived", "person.finished", "person.given_up", "link.opened"]
            [subscriptions.ledger]
            notifier = "app"
            environment = "sandbox"
            events = ["person.finished"]
        "#;
        let world = World::with(scratch, Setting { more, top: PUBLIC, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(24));
        world.settle().await;
        world.clock.advance(hours(1));
        world.settle().await;
        assert_eq!(world.status(&ada).await, "pending");
        world.comes_by_link(&ada).await;
        world.settle().await;
        world.clock.advance(minutes(5));
        world.persona.complete(&ada).unwrap();
        world.settle().await;
        world.clock.advance(seconds(2));
        world.settle().await;
        let told = news(&world);
        assert_eq!(kinds(&told), ["inquiry.revived", "link.opened", "person.finished", "person.finished"]);
        assert_ne!(told[2].id, told[3].id, "each subscriber's own");
        assert_eq!((&told[2].body["data"]["status"], &told[2].body["data"]["reference_id"]),
                   (&Value::from("completed"), &Value::from("ada")));
        assert_eq!(told[0].body["data"]["asked"], false);

        world.persona.approve(&ada).unwrap();
        world.settle().await;
        world.clock.advance(hours(24 * 20));
        world.settle().await;
        assert_eq!(news(&world).len(), 4, "nothing twice, and nobody is given up who is through");
        world.finish().await;
    }

    /// The receiver is away when somebody comes, and still when they are through: it hears of both in their order, each
    /// under one id.
    async fn later_news_waits_until_earlier_news_was_told(scratch: &Scratch) {
        let world = quiet(scratch, EVERYTHING).await;
        let ada = world.person("ada");
        world.settle().await;
        world.application.answer_next(&[503, 503]);
        world.comes_by_link(&ada).await;
        world.settle().await;
        world.persona.start(&ada).unwrap();
        world.persona.complete(&ada).unwrap();
        world.settle().await;
        assert_eq!(kinds(&news(&world)), ["link.opened"], "tried once, and the other waits");
        for _ in 0..6 {
            world.clock.advance(seconds(10));
            world.settle().await;
        }
        let told = news(&world);
        assert_eq!(kinds(&told), ["link.opened", "link.opened", "link.opened", "person.finished"]);
        assert_eq!(told.iter().map(|one| one.answered).collect::<Vec<_>>(), [503, 503, 204, 204]);
        assert!(told[..3].iter().all(|one| one.id == told[0].id && one.body == told[0].body), "{told:?}");
        world.finish().await;
    }

    /// What is given up holds nothing back.
    async fn what_was_given_up_holds_nothing_back(scratch: &Scratch) {
        let world = quiet(scratch, EVERYTHING).await;
        let ada = world.person("ada");
        world.settle().await;
        // 410: nobody will ever take it.
        world.application.answer_next(&[410]);
        world.comes_by_link(&ada).await;
        world.settle().await;
        world.persona.start(&ada).unwrap();
        world.persona.complete(&ada).unwrap();
        world.settle().await;
        let told = news(&world);
        assert_eq!(told.iter().map(|one| (one.kind.as_str(), one.answered)).collect::<Vec<_>>(),
                   [("link.opened", 410), ("person.finished", 204)]);
        let failed = world.publications(&ada).await.into_iter().filter(|(state, _)| *state == State::Failed);
        assert_eq!(failed.count(), 1, "a dead letter, which operators see and can try again");
        world.finish().await;
    }

    /// Dies after the receiver took it, before that was written: the same again, under the same id.
    async fn a_crash_after_telling_tells_the_same_again(scratch: &Scratch) {
        let mut world = quiet(scratch, EVERYTHING).await;
        let ada = world.person("ada");
        world.settle().await;
        world.persona.start(&ada).unwrap();
        world.persona.complete(&ada).unwrap();
        world.persona.deliver_due().await;
        let claimed = world.claim().await;
        assert_eq!(claimed.len(), 1);
        world.app.perform(&claimed[0]).await;
        world.restart().await;
        world.let_leases_lapse().await;
        world.settle().await;
        let told = news(&world);
        assert_eq!(kinds(&told), ["person.finished", "person.finished"]);
        assert_eq!((&told[0].id, &told[0].body), (&told[1].id, &told[1].body));
        world.finish().await;
    }

    /// A subscription of a customer hears of that customer's people, and of nobody else.
    async fn a_customer_s_subscription_hears_of_its_own_people_alone(scratch: &Scratch) {
        let more = r#"
            [subscriptions.acme]
            notifier = "app"
            customer = "acme"
            events = ["person.finished", "link.opened", "person.given_up"]
            [customers.acme]
            reference_prefixes = ["acme-"]
            [customers.bolt]
            reference_prefixes = ["bolt-"]
        "#;
        let world = quiet(scratch, more).await;
        let people = ["acme-1", "bolt-1", "ada"].map(|name| world.person(name));
        world.settle().await;
        for id in &people {
            world.comes_by_link(id).await;
            world.settle().await;
            world.persona.start(id).unwrap();
            world.persona.complete(id).unwrap();
            world.settle().await;
        }
        let told = news(&world);
        assert_eq!(kinds(&told), ["link.opened", "person.finished"]);
        assert!(told.iter().all(|one| one.body["data"]["reference_id"] == "acme-1"), "{told:?}");
        for id in &people[1..] {
            assert_eq!(world.publications(id).await, [], "nothing was even planned");
        }
        world.finish().await;
    }

    /// The notifiers of a rule hear of replacements as ever, and who subscribed besides is not told twice.
    async fn nobody_hears_twice_of_a_replacement(scratch: &Scratch) {
        is_told_once_of_a_replacement(scratch, EVERYTHING, Kind::Tell).await;
    }

    /// Where the rules tell nobody, a subscriber hears of replacements all the same, in the same words.
    async fn a_subscriber_hears_of_a_replacement(scratch: &Scratch) {
        is_told_once_of_a_replacement(scratch, SUBSCRIBED_ALONE, Kind::Publish).await;
    }

    /// Somebody never comes: fifteen days after the beginning that is told, once, and not of who was through by then.
    async fn who_is_given_up_is_told_of_once(scratch: &Scratch) {
        let world = quiet(scratch, EVERYTHING).await;
        let (ada, grace) = (world.person("ada"), world.person("grace"));
        world.settle().await;
        assert_eq!(world.planned(&ada).await, ["publish in 21600m"], "as things are");
        world.persona.start(&grace).unwrap();
        world.persona.complete(&grace).unwrap();
        world.settle().await;
        for _ in 0..17 {
            world.clock.advance(hours(24));
            world.settle().await;
        }
        let told = news(&world);
        assert_eq!(kinds(&told), ["person.finished", "person.given_up"]);
        assert_eq!((&told[1].body["data"]["reference_id"], &told[1].body["data"]["bound"]),
                   (&Value::from("ada"), &Value::from("age")));
        let of_grace: Vec<State> = world.publications(&grace).await.into_iter().map(|(state, _)| state).collect();
        assert_eq!(of_grace.iter().filter(|state| **state == State::Cancelled).count(), 1, "{of_grace:?}");
        world.finish().await;
    }

    /// Nobody subscribes any more: what waits is called off, and says why.
    async fn what_nobody_subscribes_to_is_called_off(scratch: &Scratch) {
        let mut world = quiet(scratch, EVERYTHING).await;
        let ada = world.person("ada");
        world.settle().await;
        let quiet = Setting { reminders: "[]", top: PUBLIC, ..Setting::default() };
        world.restart_as(&quiet).await;
        let (state, reason) = world.publications(&ada).await.remove(0);
        assert_eq!((state, reason.as_deref()),
                   (State::Cancelled, Some("shop no longer subscribes to person.given_up")));
        world.finish().await;
    }
}

/// The shop alone hears of replacements: the rules tell nobody.
const SUBSCRIBED_ALONE: &str = r#"
    notify = []
    [subscriptions.shop]
    notifier = "app"
    events = ["inquiry.replaced"]
"#;

async fn is_told_once_of_a_replacement(scratch: &Scratch, more: &'static str, kind: Kind) {
    let world = quiet(scratch, more).await;
    let old = world.person("ada");
    world.settle().await;
    let template = world.persona.templates().remove(0);
    world.clock.advance(minutes(1));
    world.persona.publish_version(&template, None).unwrap();
    world.settle().await;
    world.app.replan_inquiry(&environment(), &old).await.unwrap();
    world.clock.advance(minutes(30));
    world.settle().await;
    let told: Vec<Told> = news(&world).into_iter().filter(|one| one.kind == "inquiry.replaced").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    let said = &told[0].body["data"];
    assert_eq!((&said["replaced_inquiry_id"], &said["cause"]), (&old.as_str().into(), &"new-version".into()));
    let new = InquiryId::parse(said["inquiry_id"].as_str().unwrap()).unwrap();
    let done = world.actions(&new).await.into_iter().filter(|action| action.state == State::Done);
    assert_eq!(done.map(|action| action.planned.work.kind()).collect::<Vec<_>>(), [kind]);
    world.finish().await;
}
