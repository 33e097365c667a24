//! `rekindle import`: what was open before the first webhook, taken in within Persona's rate limit.

use std::time::Duration;

use jiff::SignedDuration;
use rekindle::app::App;
use rekindle::clock::Clock;
use rekindle::config::Config;
use rekindle::domain::ids::EnvironmentName;
use rekindle::domain::time::Timestamp;
use rekindle::persona::simulator::Settings;
use serde_json::{Value, json};

use super::outside::{ENVIRONMENT, Outside, living};
use super::process::{API_KEY, Installation, eventually, webhook_secret};
use crate::support::on_both;
use crate::support::vault::open;

const OPEN: usize = 230;
const EXPIRED: usize = 5;

/// Three pages of a hundred, and one of what expired.
const CALLS: usize = 4;

/// Persona with many inquiries from before, and a clock that can be moved ahead of the process's.
async fn before_rekindle(requests_per_minute: u32) -> (Outside, Clock) {
    let clock = Clock::manual(Clock::System.now());
    let outside = Outside::at(clock.clone(), Settings { requests_per_minute, ..living(86_400) }).await;
    for number in 0..OPEN {
        outside.person(&format!("customer-{number}"));
    }
    for number in 0..EXPIRED {
        let expired = outside.person(&format!("late-{number}"));
        outside.persona.expire(&expired).unwrap();
    }
    let done = outside.person("done");
    outside.persona.start(&done).unwrap();
    outside.persona.complete(&done).unwrap();
    outside.persona.forget_requests();
    (outside, clock)
}

/// Everything that is known, apart from when it was last read.
async fn known(rekindle: &Installation) -> [Value; 3] {
    [
        rekindle.json(&["inquiries", "list"]).await,
        rekindle.json(&["actions", "list"]).await,
        rekindle.json(&["events", "list"]).await,
    ]
}

on_both! {
    async fn what_was_open_is_taken_in_and_a_repetition_changes_nothing(scratch: &Scratch) {
        let (outside, _) = before_rekindle(300).await;
        let mut rekindle = Installation::new(&outside.configuration(&scratch.url, r#"reminders = ["50%"]"#));
        rekindle.start().await;
        let taken = json!([
            { "environment": ENVIRONMENT, "inquiries": OPEN + EXPIRED, "pages": CALLS, "unreadable": 0 }
        ]);
        assert_eq!(rekindle.json(&["import"]).await, taken);
        let first = known(&rekindle).await;
        let count = |list: &Value, key: &str, value: &str| {
            list.as_array().unwrap().iter().filter(|row| row[key] == value).count()
        };
        assert_eq!((count(&first[0], "status", "created"), count(&first[0], "status", "expired")), (OPEN, EXPIRED));
        assert_eq!(first[0].as_array().unwrap().len(), OPEN + EXPIRED, "who was done is not our concern");
        assert_eq!(count(&first[1], "state", "planned"), OPEN, "everyone who can still finish is to be reminded");
        assert_eq!(first[2], json!([]), "no event was made up");

        let said = rekindle.run(&["import", "--environment", ENVIRONMENT]).await;
        assert_eq!((said.code, said.out.as_str()), (Some(0), "sandbox: 235 inquiries taken in, from 4 pages\n"));
        assert_eq!(known(&rekindle).await, first, "a repetition changes nothing");
    }
}

/// After every page it is told how far it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_tells_how_far_it_is() {
    let scratch = crate::support::sqlite().await;
    let (outside, _) = before_rekindle(300).await;
    let config = Config::from_toml(&outside.configuration(&scratch.url, "")).unwrap();
    let app = App::new(&config, open(&scratch.url).await, Clock::System).unwrap();
    let mut told = Vec::new();
    let environment = EnvironmentName::parse(ENVIRONMENT).unwrap();
    let imported = app.import(&environment, |so_far| told.push((so_far.pages, so_far.inquiries))).await.unwrap();
    assert_eq!(told, [(1, 100), (2, 200), (3, 230), (4, 235)]);
    assert_eq!((imported.pages, imported.inquiries), (4, 235));
}

/// When little of Persona's rate limit is left, the import waits for the next window: the rest is for people.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_stays_within_the_rate_limit() {
    let scratch = crate::support::sqlite().await;
    let (outside, clock) = before_rekindle(10).await;
    let rekindle = Installation::new(&outside.configuration(&scratch.url, ""));

    // Somebody else opens the window and uses one of the ten, of which six are not for readings; 54 seconds later the
    // import begins.
    let opened_at = clock.now();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let other = client.get(format!("{}/inquiries", outside.api_url())).bearer_auth(API_KEY).send().await.unwrap();
    assert_eq!(other.status(), 200);
    clock.advance(SignedDuration::from_secs(54));
    // Persona's clock stands still until the import has had its share, and a while longer: who does not wait is seen.
    let next_window = async {
        eventually("the share is used up", || async { (outside.persona.requests().len() == CALLS).then_some(()) })
            .await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        clock.advance(SignedDuration::from_secs(6));
    };
    let (said, ()) = tokio::join!(rekindle.run(&["import"]), next_window);
    assert_eq!(said.out, "sandbox: 235 inquiries taken in, from 4 pages\n");

    let asked = outside.persona.requests();
    assert!(asked.iter().all(|request| request.status == Some(200)), "it never ran into the limit: {asked:#?}");
    let next_window = opened_at.plus(SignedDuration::from_mins(1));
    let later = |at: Timestamp| at >= next_window;
    let in_window: Vec<bool> = asked.iter().map(|request| later(request.at)).collect();
    assert_eq!(in_window, [false, false, false, false, true], "the last page waited for the next window");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_can_t_be_made_says_why() {
    let scratch = crate::support::sqlite().await;
    let outside = Outside::with(living(3_600)).await;
    let toml = outside.configuration(&scratch.url, "");
    let rekindle = Installation::new(&toml);
    let said = rekindle.refused(&["import", "--environment", "elsewhere"]).await;
    assert!(said.contains("no environment elsewhere is configured"), "{said}");

    rekindle.configure(&toml.replace("persona_sandbox_", "persona_sandbox_not_"));
    let said = rekindle.refused(&["import"]).await;
    assert!(
        said.starts_with("rekindle: the import of sandbox ended early; run it again: Persona answered 401"),
        "{said}"
    );

    let secret = webhook_secret(ENVIRONMENT);
    let keyless = format!("[environments.{ENVIRONMENT}]\nmode = \"observe\"\nwebhook_secrets = [\"{secret}\"]\n");
    rekindle.configure(&format!("database_url = \"{}\"\n{keyless}", scratch.url));
    let said = rekindle.refused(&["import"]).await;
    assert!(said.contains("no environment has an api_key; an import asks Persona for its list of inquiries"), "{said}");
    let said = rekindle.refused(&["import", "--environment", ENVIRONMENT]).await;
    assert!(said.contains("environments.sandbox has no api_key"), "{said}");
}
