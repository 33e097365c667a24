//! `rekindle alerts`, and that a process that works looks for them.

use serde_json::Value;

use super::outside::{Outside, living};
use super::process::{Installation, eventually};
use crate::support;

fn of<'a>(alerts: &'a [Value], name: &str) -> &'a Value {
    alerts.iter().find(|alert| alert["alert"] == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_are_looked_for_listed_and_silenced() {
    let scratch = support::sqlite().await;
    let outside = Outside::with(living(86_400)).await;
    let alerts = "[alerts]\nlane_paused = \"1s\"\nnotify = [\"app\"]\n";
    let mut rekindle = Installation::new(&format!("{}\n{alerts}", outside.configuration(&scratch.url, "")));
    rekindle.run(&["migrate"]).await;
    let lane = ["--environment", "sandbox", "--kind", "replace", "--reason", "a test"];
    assert_eq!(rekindle.run(&[&["lanes", "pause"], &lane[..]].concat()).await.code, Some(0));
    let quiet = rekindle.list(&["alerts", "list"]).await;
    assert_eq!((quiet.len(), &of(&quiet, "lane_paused")["state"]), (10, &"quiet".into()));
    let wrong = rekindle.refused(&["alerts", "silence", "colour", "--for", "2h", "--reason", "x"]).await;
    assert!(wrong.starts_with("rekindle: there is no alert colour; there are: silence, "), "{wrong}");
    let wrong = rekindle.refused(&["alerts", "silence", "losses", "--for", "soon", "--reason", "x"]).await;
    assert!(wrong.starts_with("rekindle: --for: is no duration"), "{wrong}");
    // A second must have passed since it was paused.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    rekindle.start().await;
    eventually("it fires and is told", || async { outside.application.alerts().pop() }).await;
    let (_, metrics) = rekindle.get("/metrics").await;
    assert!(metrics.contains(r#"rekindle_alerts{environment="sandbox",alert="lane_paused"} 1"#), "{metrics}");

    let silent = ["alerts", "silence", "lane_paused", "--for", "2h", "--reason", "it is meant", "--by", "ada"];
    let said = rekindle.run(&silent).await;
    assert!(said.out.starts_with("lane_paused in sandbox is silenced until "), "{said:?}");
    let firing = rekindle.list(&["alerts", "list", "--firing"]).await;
    let paused = of(&firing, "lane_paused");
    assert_eq!((&paused["state"], &paused["silenced_why"]), (&"firing".into(), &"it is meant".into()));
    let said = rekindle.run(&["alerts", "unsilence", "lane_paused", "--reason", "after all"]).await;
    assert_eq!(said.out, "lane_paused in sandbox is told of again\n");
    let audit = rekindle.run(&["audit", "list"]).await;
    assert!(audit.out.contains("silence_alert") && audit.out.contains("it is meant"), "{}", audit.out);
}
