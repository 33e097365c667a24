//! Whether reminding helps, from the command line.

use rekindle::storage::outcomes::{Closed, Noticed};

use super::outside::{Outside, living};
use super::process::Installation;
use crate::storage::sample::{at, inquiry_id, sandbox, template_id};
use crate::support::{Scratch, on_both};

/// So many verifications of a group, of which so many were finished.
async fn group(scratch: &Scratch, held_out: bool, people: usize, finished: usize) {
    let noticed = |number: usize| Noticed {
        environment: sandbox(),
        lineage: inquiry_id(&format!("inq_{held_out}_{people}_{number}")),
        step: String::new(),
        template: Some(template_id("itmpl_1")),
        held_out,
        link_form: "access".to_owned(),
        noticed_at: at(0),
        deadline: at(1),
    };
    let mut tx = scratch.begin().await.unwrap();
    tx.add_outcomes(&(0..people).map(noticed).collect::<Vec<_>>()).await.unwrap();
    let due = tx.due_outcomes(at(10), 1_000).await.unwrap().into_iter().enumerate();
    let closed = due.map(|(place, notice)| {
        let finished = place < finished;
        Closed { notice, opened: false, came_back: finished, finished }
    });
    tx.close_outcomes(&closed.collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
}

on_both! {
    async fn the_report_says_what_is_proved_and_when_too_little_is_known(scratch: &Scratch) {
        let outside = Outside::with(living(86_400)).await;
        let rekindle = Installation::new(&outside.configuration(&scratch.url, r#"holdout = "10%""#));
        let said = rekindle.run(&["report"]).await;
        assert_eq!((said.code, &*said.out), (Some(0), "nobody was reminded yet, or no deadline of a reminder has passed\n"));
        group(scratch, false, 90, 60).await;
        group(scratch, true, 10, 4).await;
        let since = ["--since", "2024-01-01T00:00:00Z"];
        let said = rekindle.run(&["report", since[0], since[1]]).await.out;
        assert!(said.contains("sandbox/itmpl_1, 10% held out\nToo little data: 90 reminded and 10 held out."), "{said}");
        group(scratch, true, 70, 24).await;
        let said = rekindle.run(&["report", since[0], since[1]]).await.out;
        assert!(said.contains("Reminding helps: 31.7 points more finished (95 % sure: between 16.7 and 44.7 points)."), "{said}");
        let report = rekindle.json(&["report", since[0], since[1], "--template", "itmpl_1"]).await;
        let whole = &report["templates"][0]["whole"];
        assert_eq!((&whole["verdict"], &whole["held_out"]["people"]), (&"helps".into(), &80.into()));
        assert!((whole["difference"]["is"].as_f64().unwrap() - (60.0 / 90.0 - 28.0 / 80.0)).abs() < 1e-9);
        let other = rekindle.json(&["report", since[0], since[1], "--template", "itmpl_2"]).await;
        assert_eq!(other["templates"], serde_json::json!([]));
        assert!(rekindle.refused(&["report", "--since", "lately"]).await.contains("--since lately: is no duration"));
    }
}
