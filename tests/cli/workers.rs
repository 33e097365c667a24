//! Processes that share the work, and an operator who holds some of it back.

use super::outside::{ENVIRONMENT, Outside, living};
use super::process::{Installation, eventually};
use crate::support::{postgres, sqlite};

const LANE: [&str; 4] = ["--environment", ENVIRONMENT, "--kind", "remind"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_takes_the_webhooks_and_others_do_the_work() {
    let Some(scratch) = postgres().await else { return };
    let outside = Outside::with(living(100)).await;
    let toml = outside.configuration(&scratch.url, r#"reminders = ["1%"]"#);
    let (mut door, mut hand) = (Installation::new(&toml), Installation::new(&toml));
    outside.send_webhooks_to(&door);
    door.start_as(&["serve", "--no-worker"]).await;
    outside.person("ada");
    let due = async || door.list(&["actions", "list"]).await.pop().filter(|action| action["state"] == "planned");
    eventually("the reminder is planned", &due).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert!(due().await.is_some(), "who only takes webhooks performs nothing");
    assert_eq!(outside.application.deliveries(), []);

    hand.start_as(&["worker"]).await;
    eventually("the notice comes", || async { outside.application.notices().pop() }).await;
    let (_, metrics) = hand.get("/metrics").await;
    assert!(metrics.contains("rekindle_attempts_total"), "{metrics}");
    assert!(tokio::net::TcpStream::connect(hand.public).await.is_err(), "a worker has no public listener");

    // It dies; another takes its place.
    hand.kill().await;
    outside.person("bo");
    hand.start_as(&["worker"]).await;
    eventually("the other notice comes", || async { outside.application.notices().get(1).cloned() }).await;
    hand.ask_to_stop();
    hand.stopped().await;
}

#[tokio::test]
async fn on_sqlite_one_process_does_everything() {
    let scratch = sqlite().await;
    let outside = Outside::with(living(86_400)).await;
    let mut rekindle = Installation::new(&outside.configuration(&scratch.url, "reminders = []"));
    for command in [&["worker"][..], &["serve", "--no-worker"]] {
        let told = rekindle.refused(command).await;
        assert!(told.contains("on SQLite one process does everything: run `rekindle serve`, or set"), "{told}");
    }
    rekindle.start().await;
    let told = rekindle.refused(&["worker"]).await;
    assert!(told.contains("another process serves from"), "{told}");
    assert_eq!(rekindle.list(&["lanes", "list"]).await.len(), 8, "short commands go on working");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lane_is_paused_and_resumed_by_an_operator() {
    let scratch = sqlite().await;
    let outside = Outside::with(living(200)).await;
    let mut rekindle = Installation::new(&outside.configuration(&scratch.url, r#"reminders = ["1%"]"#));
    rekindle.set("USER", "grace");
    outside.send_webhooks_to(&rekindle);
    rekindle.start().await;
    let lane = |verb, reason| [&["lanes", verb], &LANE[..], &["--reason", reason]].concat();
    let said = rekindle.run(&lane("pause", "the application moves")).await;
    assert_eq!((said.code, &*said.out), (Some(0), "sandbox/remind is paused, with priority 0\n"), "{said:?}");
    outside.person("ada");
    eventually("the reminder is planned", || async { rekindle.list(&["actions", "list"]).await.pop() }).await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(outside.application.deliveries(), [], "it is due, and its lane is paused");

    let listed = rekindle.list(&["lanes", "list"]).await.remove(0);
    assert_eq!((&listed["paused"], &listed["planned"]), (&true.into(), &1.into()));
    assert_eq!((&listed["changed_by"], &listed["reason"]), (&"cli:grace".into(), &"the application moves".into()));
    let hint = rekindle.run(&["actions", "list"]).await.err;
    assert!(hint.starts_with("rekindle: sandbox/remind is paused by cli:grace since "), "{hint}");
    assert!(hint.ends_with(": the application moves\n"), "{hint}");
    let gauge = |value| format!("rekindle_lanes_paused{{environment=\"sandbox\",kind=\"remind\"}} {value}");
    assert!(rekindle.get("/metrics").await.1.contains(&gauge(1)));

    let resume = [&lane("resume", "it has moved")[..], &["--by", "ada"]].concat();
    assert_eq!(rekindle.run(&resume).await.code, Some(0));
    eventually("the notice comes", || async { outside.application.notices().pop() }).await;
    assert!(rekindle.get("/metrics").await.1.contains(&gauge(0)));
    let told =
        rekindle.refused(&["lanes", "pause", "--environment", "moon", "--kind", "remind", "--reason", "x"]).await;
    assert_eq!(told, "rekindle: --environment moon: it is not configured; there are: sandbox\n");
}
