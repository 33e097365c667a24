//! How a process that serves ends, when it is not as easy as it could be.

use std::time::Duration;

use super::outside::ENVIRONMENT;
use super::process::{Installation, eventually, webhook_secret};
use super::story::Story;
use crate::support::proxy::Proxy;
use crate::support::{postgres, sqlite};

/// What is under way would hold up a soft stop; who asks twice does not want to wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once() {
    let scratch = sqlite().await;
    let mut story = Story::begin(&scratch, r#"["2%"]"#, 100).await;
    story.outside.application.hold();
    story.create();
    eventually("a notice is under way", || async { story.outside.application.deliveries().pop() }).await;
    story.rekindle.ask_to_stop();
    eventually("it stops softly", || async { story.rekindle.log().contains("finishing what was begun").then_some(()) })
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!story.rekindle.log().contains("\"message\":\"stopped\""), "it waits for what was begun");
    story.rekindle.ask_to_stop();
    assert_eq!(story.rekindle.ended().await, Some(130));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stops_though_the_database_is_gone() {
    let Some(scratch) = postgres().await else { return };
    let way = Proxy::to(&scratch.url).await;
    let secret = webhook_secret(ENVIRONMENT);
    let section = format!("[environments.{ENVIRONMENT}]\nmode = \"observe\"\nwebhook_secrets = [\"{secret}\"]\n");
    let mut rekindle = Installation::new(&format!("database_url = \"{}\"\n{section}", way.url));
    rekindle.start().await;
    way.cut();
    let (status, answer) = rekindle.deliver(ENVIRONMENT, b"{}").await;
    assert_eq!(status, 503, "{answer}");
    assert_eq!(rekindle.get("/healthz").await.0, 200, "it lives on without");
    rekindle.ask_to_stop();
    rekindle.stopped().await;

    let refused = rekindle.refused(&["serve"]).await;
    assert!(
        refused.contains("rekindle: the database's schema can't be brought up to date: the database is not available"),
        "{refused}"
    );
    way.mend();
    rekindle.start().await;
    assert_eq!(rekindle.deliver(ENVIRONMENT, b"{}").await.0, 200);
}
