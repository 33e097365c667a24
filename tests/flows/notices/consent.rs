//! Nobody is told who does not want to be: by one click, by an application's or an operator's word, or by a list.

use rekindle::app::suppressions::{Target, Wanted};
use rekindle::domain::action::{State, Work};

use super::*;
use crate::flows::links::PUBLIC;
use crate::support::operator;

/// A page of ours, asked as mail programs and browsers do: status, heading, and the headers that matter.
async fn ask(world: &World, method: reqwest::Method, path: &str) -> (u16, String, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(method.clone(), format!("{}{path}", world.public()));
    if method == reqwest::Method::POST {
        request =
            request.header("content-type", "application/x-www-form-urlencoded").body("List-Unsubscribe=One-Click");
    }
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let headers = format!("{}, {}", header("cache-control"), header("referrer-policy"));
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap();
    let heading = body.split("<h1>").nth(1).and_then(|rest| rest.split("</h1>").next()).unwrap_or_default();
    (status, heading.to_owned(), headers)
}

/// The way to unsubscribe that the notice of an inquiry's first reminder carries.
async fn way(world: &World, inquiry: &InquiryId) -> String {
    let done = world.actions(inquiry).await.into_iter().find(|action| action.state == State::Done).unwrap();
    let key = world.database().read().await.unwrap().link_key().await.unwrap().unwrap();
    format!("/unsubscribe/{}", key.unsubscribe_token(done.planned.id.as_str()))
}

fn wanted(target: Target) -> Wanted {
    Wanted { target, environment: None, customer: None, notifier: None, reason: "they asked for it".to_owned() }
}

on_both! {
    async fn one_click_ends_it_and_looking_does_not(scratch: &Scratch) {
        let world = World::with(scratch, Setting { top: PUBLIC, ..Setting::default() }).await;
        let (ada, bo) = (world.person("ada"), world.person("bo"));
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.steps(), ["50%", "50%"]);
        let way = way(&world, &ada).await;
        for method in [reqwest::Method::GET, reqwest::Method::HEAD, reqwest::Method::GET] {
            let (status, heading, headers) = ask(&world, method.clone(), &way).await;
            assert_eq!((status, headers.as_str()), (200, "no-store, no-referrer"));
            assert!(method == reqwest::Method::HEAD || heading == "Stop these messages?", "{heading}");
        }
        assert_eq!(world.planned(&ada).await, ["3h in 540m"], "looking changed nothing");
        for _ in 0..2 {
            let (status, heading, _) = ask(&world, reqwest::Method::POST, &way).await;
            assert_eq!((status, heading.as_str()), (200, "You get no more of these messages"));
        }
        assert_eq!(ask(&world, reqwest::Method::GET, &way).await.1, "You get no more of these messages");
        assert_eq!(world.planned(&ada).await, [""; 0]);
        world.clock.advance(hours(9));
        world.settle().await;
        assert_eq!(world.application.notices().last().unwrap().inquiry, bo.to_string(), "others are told");
        assert_eq!(world.steps().len(), 3);
        let why = world.app.diagnose(&environment(), &rekindle::app::access::Whom::Inquiry(ada.clone())).await;
        let why = why.unwrap().unwrap();
        assert!(why.also().iter().any(|cause| cause.code() == "suppressed"), "{why:?}");
        assert_eq!(why.quiet(), Some("the person does not want to be told"));
        assert!(why.for_customers().also().iter().all(|cause| cause.code() != "suppressed"));
        for wrong in ["/unsubscribe/x", "/unsubscribe/.rka_0", &way.replace(".rka_", ".rkb_")] {
            assert_eq!(ask(&world, reqwest::Method::POST, wrong).await.0, 404, "{wrong}");
        }
        world.finish().await;
    }

    async fn what_is_said_between_claim_and_sending_is_heard(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(12));
        let claimed = world.claim().await;
        let person = Target::Person(ReferenceId::parse("ada").unwrap());
        world.app.suppress(&wanted(person), "a test").await.unwrap().unwrap();
        let outcome = world.app.perform(&claimed[0]).await;
        world.app.settle(&claimed[0], "the hand of the test", world.clock.now(), outcome).await.unwrap();
        assert_eq!((world.steps(), world.planned(&ada).await), (vec![], vec![]));
        world.finish().await;
    }

    async fn an_operators_word_is_written_down_and_can_be_taken_back(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        let by = operator("olga");
        let (one, new) = world.app.suppress_by(&wanted(Target::Verification(ada.clone())), &by).await.unwrap().unwrap();
        assert!(new && one.environment == Some(environment()));
        assert_eq!(world.planned(&ada).await, [""; 0]);
        let next = world.of_template(TEMPLATE, "ada");
        world.settle().await;
        assert_eq!(world.planned(&next).await.len(), 2, "another verification is another matter");
        world.app.unsuppress_by(&one.id(), &by, "they changed their mind").await.unwrap().unwrap();
        let filter = rekindle::storage::audit::DeedFilter { about: Some(one.id()), ..Default::default() };
        let deeds = world.database().read().await.unwrap().list_deeds(&filter, 10).await.unwrap();
        let mut acts: Vec<_> = deeds.iter().map(|deed| deed.act.as_str()).collect();
        acts.sort_unstable();
        assert_eq!(acts, ["suppress", "unsuppress"]);
        world.finish().await;
    }

    async fn an_address_on_the_list_is_known_by_no_one_and_told_nothing(scratch: &Scratch) {
        let world = World::with(scratch, Setting { more: r#"address_fields = ["email-address"]"#, ..Setting::default() }).await;
        let fields = [("email-address".to_owned(), json!("Bo@Example.com"))].into();
        let new = NewInquiry { fields, ..NewInquiry::for_person("bo") };
        let bo = world.persona.create_inquiry(ENVIRONMENT, new).unwrap();
        let ada = world.person("ada");
        world.settle().await;
        world.tell_contact("ada", contact(json!({}))).await;
        for address in ["ADA@example.com", "bo@example.com"] {
            world.app.suppress(&wanted(Target::Address(address.into())), "a test").await.unwrap().unwrap();
        }
        let sql = "SELECT value FROM suppressions";
        let kept = crate::storage::raw::column(scratch, sql).await;
        assert!(kept.len() == 2 && kept.iter().all(|value| !value.contains('@') && value.len() == 40), "{kept:?}");
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.steps(), [""; 0]);
        let states: Vec<State> = [world.actions(&ada).await, world.actions(&bo).await].concat().into_iter()
            .filter(|action| matches!(&action.planned.work, Work::Remind(of) if of.step.to_string() == "50%"))
            .map(|action| action.state).collect();
        assert_eq!(states, [State::Cancelled, State::Cancelled]);
        world.finish().await;
    }
}
