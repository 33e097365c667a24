//! An operator's hand on an action: called off, made due, given up and tried again.

use serde_json::Value;

use super::outside::{Outside, living};
use super::process::{Installation, eventually};
use crate::support::{Scratch, on_both};

/// One person with one reminder, hours from now.
async fn one_reminder(scratch: &Scratch) -> (Outside, Installation, String) {
    let outside = Outside::with(living(86_400)).await;
    let mut rekindle = Installation::new(&outside.configuration(&scratch.url, r#"reminders = ["50%"]"#));
    outside.send_webhooks_to(&rekindle);
    rekindle.start().await;
    outside.person("ada");
    let id = eventually("the reminder is planned", || async {
        rekindle.list(&["actions", "list"]).await.pop().map(|action| action["id"].as_str().unwrap().to_owned())
    })
    .await;
    (outside, rekindle, id)
}

async fn until(rekindle: &Installation, id: &str, state: &str) -> Value {
    eventually(state, || async {
        let action = rekindle.json(&["actions", "show", id]).await;
        (action["state"] == state).then_some(action)
    })
    .await
}

on_both! {
    async fn a_reminder_is_called_off_and_called_back(scratch: &Scratch) {
        let (outside, rekindle, id) = one_reminder(scratch).await;
        let wrong = rekindle.refused(&["actions", "retry", &id, "--reason", "once more"]).await;
        assert_eq!(wrong, format!("rekindle: action {id} is planned; only a failed or cancelled one can be retried\n"));

        let said = rekindle.run(&["actions", "cancel", &id, "--reason", "they called us"]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.starts_with(&format!("{id}: remind at 50% by app for inq_")), "{}", said.out);
        assert!(said.out.ends_with(" is cancelled\n"), "{}", said.out);
        let cancelled = rekindle.json(&["actions", "show", &id]).await;
        assert_eq!(cancelled["reason"], "they called us");
        assert_eq!((&cancelled["state"], &cancelled["cancelled_by"]), (&"cancelled".into(), &"operator".into()));
        let wrong = rekindle.refused(&["actions", "cancel", &id, "--reason", "by hand"]).await;
        assert_eq!(
            wrong,
            format!("rekindle: action {id} is cancelled; only a planned or running one can be cancelled\n")
        );

        // News of the inquiry makes a new plan, which leaves alone what an operator called off.
        let ada = outside.persona.inquiries()[0].id.clone();
        outside.persona.start(&ada).unwrap();
        eventually("the start is heard", || async {
            (rekindle.json(&["inquiries", "show", "ada"]).await["status"] == "pending").then_some(())
        })
        .await;
        assert_eq!(rekindle.json(&["actions", "show", &id]).await["state"], "cancelled");

        // The process that serves notices what another one made due.
        let retried = rekindle.json(&["actions", "retry", &id, "--reason", "once more"]).await;
        assert_eq!((&retried["state"], &retried["reason"]), (&"planned".into(), &"retried by cli:somebody".into()));
        let done = until(&rekindle, &id, "done").await;
        assert_eq!((&done["reason"], &done["cancelled_by"]), (&Value::Null, &Value::Null), "{done:#}");
        assert_eq!(outside.application.only_notice().id, id);
        for (verb, allowed, asked) in
            [("retry", "a failed or cancelled one", "retried"), ("cancel", "a planned or running one", "cancelled")]
        {
            let wrong = rekindle.refused(&["actions", verb, &id, "--reason", "why not"]).await;
            assert_eq!(wrong, format!("rekindle: action {id} is done; only {allowed} can be {asked}\n"));
        }
    }

    async fn a_dead_letter_is_tried_again(scratch: &Scratch) {
        let (outside, rekindle, id) = one_reminder(scratch).await;
        outside.application.answer_next(&[410]);
        rekindle.run(&["actions", "cancel", &id, "--reason", "by hand"]).await;
        rekindle.run(&["actions", "retry", &id, "--reason", "once more"]).await;
        let failed = until(&rekindle, &id, "failed").await;
        assert_eq!(failed["reason"], "127.0.0.1 answered 410", "{failed:#}");
        assert_eq!(failed["history"][0]["outcome"], "gave_up", "{failed:#}");
        assert_eq!(rekindle.list(&["actions", "list", "--state", "failed"]).await.len(), 1);
        let (_, metrics) = rekindle.get("/metrics").await;
        let dead = r#"rekindle_actions{environment="sandbox",kind="remind",state="failed"} 1"#;
        assert!(metrics.contains(dead), "{metrics}");

        let said = rekindle.run(&["actions", "retry", &id, "--reason", "once more"]).await;
        assert!(said.out.ends_with(" is due now\n"), "{said:?}");
        let done = until(&rekindle, &id, "done").await;
        let outcomes: Vec<&Value> = done["history"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
        assert_eq!(outcomes, ["gave_up", "done"], "{done:#}");
        let deliveries = outside.application.deliveries();
        assert_eq!(deliveries.len(), 2);
        assert_eq!((&deliveries[0].id, &deliveries[0].link), (&deliveries[1].id, &deliveries[1].link));
        assert_eq!(outside.calls("generate-one-time-link"), 1, "the second try asked under the same key");
    }

    /// Called off while it is under way: what its worker says afterwards comes too late.
    async fn a_reminder_under_way_is_called_off(scratch: &Scratch) {
        let (outside, rekindle, id) = one_reminder(scratch).await;
        rekindle.run(&["actions", "cancel", &id, "--reason", "by hand"]).await;
        outside.application.hold();
        rekindle.run(&["actions", "retry", &id, "--reason", "once more"]).await;
        eventually("a notice is under way", || async { outside.application.deliveries().pop() }).await;
        assert_eq!(rekindle.json(&["actions", "show", &id]).await["state"], "running");
        rekindle.run(&["actions", "cancel", &id, "--reason", "wrong person"]).await;
        outside.application.release();
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let cancelled = rekindle.json(&["actions", "show", &id]).await;
        assert_eq!((&cancelled["state"], &cancelled["reason"]), (&"cancelled".into(), &"wrong person".into()));
        assert_eq!(outside.application.deliveries().len(), 1);
    }

    /// The plan is asked before anyone is troubled, whoever made the action due.
    async fn a_retry_troubles_nobody_who_is_done(scratch: &Scratch) {
        let (outside, rekindle, id) = one_reminder(scratch).await;
        rekindle.run(&["actions", "cancel", &id, "--reason", "by hand"]).await;
        let ada = outside.persona.inquiries()[0].id.clone();
        outside.persona.start(&ada).unwrap();
        outside.persona.complete(&ada).unwrap();
        eventually("the person is known to be done", || async {
            (rekindle.json(&["inquiries", "show", "ada"]).await["status"] == "completed").then_some(())
        })
        .await;
        rekindle.run(&["actions", "retry", &id, "--reason", "once more"]).await;
        let cancelled = until(&rekindle, &id, "cancelled").await;
        assert_eq!((&cancelled["reason"], &cancelled["cancelled_by"]), (&"it is completed".into(), &"plan".into()));
        assert_eq!(outside.application.deliveries(), []);
    }
}
