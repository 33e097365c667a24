//! On call with a shell alone: dead letters looked at, tried again, watched to their end; and what else is done by hand.

use serde_json::Value;

use super::outside::{ENVIRONMENT, Outside, living};
use super::process::{Installation, eventually};
use crate::support::{Scratch, on_both};

/// People whose reminders the application refused, and the ids of those.
async fn refused(scratch: &Scratch, names: &[&str]) -> (Outside, Installation, Vec<String>) {
    let outside = Outside::with(living(86_400)).await;
    let mut rekindle = Installation::new(&outside.configuration(&scratch.url, r#"reminders = ["50%"]"#));
    outside.send_webhooks_to(&rekindle);
    rekindle.start().await;
    for name in names {
        outside.person(name);
    }
    let planned = eventually("everybody is to be reminded", || async {
        Some(rekindle.list(&["actions", "list"]).await).filter(|actions| actions.len() == names.len())
    })
    .await;
    let ids: Vec<String> = planned.iter().map(|action| action["id"].as_str().unwrap().to_owned()).collect();
    outside.application.answer_next(&vec![410; names.len()]);
    for id in &ids {
        rekindle.run(&["actions", "cancel", id, "--reason", "to be early"]).await;
        rekindle.run(&["actions", "retry", id, "--reason", "early"]).await;
    }
    eventually("all are dead letters", || async {
        let failed = rekindle.list(&["actions", "list", "--state", "failed"]).await;
        (failed.len() == names.len()).then_some(())
    })
    .await;
    (outside, rekindle, ids)
}

on_both! {
    /// An alert, why, what it would mean, the start, its end, and the audit; nothing happens without --yes or a start.
    async fn what_failed_is_tried_again_by_hand(scratch: &Scratch) {
        let (outside, rekindle, ids) = refused(scratch, &["ada", "grace", "mary"]).await;
        let (_, alert) = rekindle.get("/metrics").await;
        assert!(alert.contains(r#"rekindle_actions{environment="sandbox",kind="remind",state="failed"} 3"#), "{alert}");
        assert_eq!(rekindle.json(&["actions", "show", &ids[0]]).await["reason"], "127.0.0.1 answered 410");

        let choice = ["replay", "actions", "--kind", "remind", "--error-contains", "answered 410"];
        let looked = rekindle.run(&choice).await;
        assert_eq!(looked.code, Some(0), "{looked:?}");
        for line in ["matches      3", "begins       3", "passes over  0", "6 calls to Persona and 3 notices", "Nothing was done."] {
            assert!(looked.out.contains(line), "{line}: {}", looked.out);
        }
        let preview = rekindle.json(&choice).await;
        assert_eq!((&preview["state"], &preview["preview"]["matched"]), (&"previewed".into(), &3.into()));
        assert_eq!(rekindle.list(&["replay", "list"]).await, Vec::<Value>::new(), "nothing was started");
        let id = preview["id"].as_str().unwrap();
        let silent = rekindle.refused(&["replay", "start", id]).await;
        assert_eq!(silent, "rekindle: say why with --reason \"…\": people may feel it, so it is kept in the audit\n");
        let both = rekindle.run(&[&choice[..], &["--yes", "--dry-run"]].concat()).await;
        assert_eq!(both.code, Some(2), "{both:?}");

        let told = rekindle.run(&["replay", "start", id, "--reason", "the application is back"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(told.out.contains("done         3") && told.out.contains("the application is back"), "{}", told.out);
        assert!(told.err.contains("3 of 3"), "it says how far it is: {}", told.err);
        assert_eq!(outside.application.notices().len(), 3);
        let again = rekindle.json(&["replay", "start", id, "--reason", "once more"]).await;
        assert_eq!((&again["state"], &again["reason"]), (&"done".into(), &"the application is back".into()), "started once");
        let shown = rekindle.json(&["replay", "show", id]).await;
        assert_eq!((&shown["done"], &shown["reasons"]), (&3.into(), &serde_json::json!([])));
        assert_eq!(rekindle.list(&["replay", "list"]).await.len(), 1);
        let late = rekindle.refused(&["replay", "cancel", id, "--reason", "too late"]).await;
        assert_eq!(late, format!("rekindle: replay {id} is done; only one that is running or paused can be cancelled\n"));
        let audit = rekindle.list(&["audit", "list", "--act", "replay"]).await;
        assert_eq!((audit.len(), &audit[0]["reason"]), (1, &"the application is back".into()), "{audit:?}");
        assert_eq!(rekindle.run(&["audit", "verify"]).await.code, Some(0));
    }

    /// Looked at and started in one, and not mended: it says so, with a code for scripts. And events, which change nothing.
    async fn what_fails_again_is_told_to_scripts(scratch: &Scratch) {
        let (outside, rekindle, _) = refused(scratch, &["ada", "grace"]).await;
        outside.application.answer_next(&[410, 410]);
        let all = ["replay", "actions", "--environment", ENVIRONMENT];
        let failed = rekindle.run(&[&all[..], &["--yes", "--reason", "a guess", "--json"]].concat()).await;
        let report: Value = serde_json::from_str(&failed.out).unwrap();
        assert_eq!((failed.code, &report["failed"], &report["state"]), (Some(1), &2.into(), &"done".into()), "{failed:?}");
        assert_eq!(report["reasons"][0]["reason"], "127.0.0.1 answered 410");
        let nothing = rekindle.refused(&["replay", "actions", "--kind", "replace", "--yes", "--reason", "none"]).await;
        assert_eq!(nothing, "rekindle: nothing matches, so there is nothing to start\n");
        let events = rekindle.json(&["replay", "events", "--yes", "--reason", "to be sure"]).await;
        assert_eq!((&events["state"], &events["done"], &events["unchanged"]), (&"done".into(), &0.into(), &2.into()), "{events}");
        for (arguments, said) in [
            (&["replay", "show", "rpl_none"][..], "there is no replay rpl_none; `rekindle replay list` shows those there are"),
            (&["replay", "actions", "--state", "done"], "--state done: use failed or cancelled"),
            (&["replay", "events", "--outcome", "lost"], "--outcome lost: use applied, ignored, unreadable or quarantined"),
        ] {
            assert_eq!(rekindle.refused(arguments).await, format!("rekindle: {said}\n"), "{arguments:?}");
        }
        let when = rekindle.refused(&["replay", "actions", "--from", "soon"]).await;
        assert!(when.contains("--from soon: write a time like 2026-11-23T08:00:00Z, or how long ago, like 2d"), "{when}");
    }

    /// For one person: put off, reminded, read again; and revived or replaced only where that is what they need.
    async fn one_person_is_looked_after_by_hand(scratch: &Scratch) {
        let outside = Outside::with(living(86_400)).await;
        let mut rekindle = Installation::new(&outside.configuration(&scratch.url, r#"reminders = ["50%"]"#));
        outside.send_webhooks_to(&rekindle);
        rekindle.start().await;
        let ada = outside.person("ada").to_string();
        let planned = eventually("the reminder is planned", || async { rekindle.list(&["actions", "list"]).await.pop() }).await;
        let id = planned["id"].as_str().unwrap();
        let later = rekindle.json(&["actions", "reschedule", id, "--to", "2020-01-01T00:00:00Z", "--reason", "x"]).await;
        assert_eq!(later["due_at"], "2020-01-01T00:00:00Z", "{later}");
        eventually("they are reminded", || async { outside.application.notices().pop() }).await;
        let late = rekindle.refused(&["actions", "reschedule", id, "--to", "2020-01-01T00:00:00Z", "--reason", "x"]).await;
        assert!(late.contains("only a planned one can be put to another time"), "{late}");

        let of = |act: &'static str| ["inquiries", act, "--environment", ENVIRONMENT, ada.as_str()];
        let read = rekindle.run(&of("reread")).await;
        assert!(read.code == Some(0) && read.out.starts_with(&format!("{ada}: ")), "nobody feels it, so no reason is needed: {read:?}");
        for act in ["remind", "revive", "replace"] {
            let silent = rekindle.refused(&of(act)).await;
            assert!(silent.contains("say why with --reason"), "{act}: {silent}");
        }
        let because = |act: &'static str| [&of(act)[..], &["--reason", "they called"]].concat();
        let open = rekindle.refused(&because("revive")).await;
        assert!(open.starts_with("rekindle: "), "it is open: {open}");
        let reminded = rekindle.run(&because("remind")).await;
        assert!(reminded.code == Some(0) && reminded.out.contains("gets a fresh link"), "none is left: {reminded:?}");
        let nobody = rekindle.refused(&["inquiries", "remind", "--environment", ENVIRONMENT, "inq_none", "--reason", "x"]).await;
        assert!(nobody.contains("there is no inquiry inq_none in environment sandbox"), "{nobody}");

        let totals = rekindle.json(&["totals"]).await;
        assert!(totals["applied"].as_u64() >= Some(1), "{totals}");
        assert_eq!(rekindle.json(&["totals", "--from", "3d", "--before", "2d"]).await["applied"], 0);
    }
}
