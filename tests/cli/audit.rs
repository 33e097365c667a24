//! Operators from the command line: their tokens, a way into a browser, and what is written down of them.

use super::outside::{Outside, living};
use super::process::{Installation, eventually};
use crate::storage::raw;
use crate::support::on_both;

on_both! {
    async fn what_operators_do_is_written_down_and_found_when_changed(scratch: &Scratch) {
        let outside = Outside::with(living(86_400)).await;
        let mut rekindle = Installation::new(&outside.configuration(&scratch.url, r#"reminders = ["50%"]"#));
        outside.send_webhooks_to(&rekindle);
        rekindle.set("USER", "ada");
        rekindle.start().await;
        outside.person("ada");
        let id = eventually("the reminder is planned", || async {
            rekindle.list(&["actions", "list"]).await.pop().map(|action| action["id"].as_str().unwrap().to_owned())
        })
        .await;
        let said = rekindle.run(&["actions", "cancel", &id, "--reason", " "]).await;
        assert_eq!((said.code, &*said.err), (Some(1), "rekindle: say why with --reason \"…\": people may feel it, so it is kept in the audit\n"));
        assert_eq!(rekindle.run(&["actions", "cancel", &id, "--reason", "they called us"]).await.code, Some(0));

        let made = rekindle.json(&["tokens", "create", "on call", "--role", "viewer"]).await;
        assert_eq!((&made["role"], &made["scopes"]), (&"viewer".into(), &serde_json::json!([])));
        let token = made["token"].as_str().unwrap();
        assert!(token.starts_with("rekindle_operator_"));
        let listed = rekindle.list(&["tokens", "list"]).await;
        assert_eq!((&listed[0]["state"], listed[0].get("token")), (&"good".into(), None));
        let which = made["id"].as_str().unwrap();
        assert_eq!(rekindle.run(&["tokens", "revoke", which]).await.out, format!("{which} is revoked\n"));
        for (arguments, trouble) in [
            (vec!["tokens", "create", "x", "--role", "root"], "use viewer, operator, admin"),
            (vec!["tokens", "create", "x", "--role", "admin", "--environment", "none"], "add [environments.none]"),
            (vec!["audit", "list", "--act", "everything"], "there is no such act"),
            (vec!["audit", "verify", "--noted", "x"], "`rekindle audit verify` prints one"),
            (vec!["sign-in", "--role", "root"], "use viewer, operator, admin"),
        ] {
            let refused = rekindle.refused(&arguments).await;
            assert!(refused.contains(trouble), "{refused}");
        }
        let both = rekindle.run(&["tokens", "create", "x", "--role", "viewer", "--scope", "access"]).await;
        assert_ne!(both.code, Some(0), "one token is for one door");

        let way = rekindle.json(&["sign-in", "--role", "viewer"]).await;
        let url = way["url"].as_str().unwrap();
        let path = url.strip_prefix(&format!("http://{}", rekindle.internal)).unwrap();
        assert_eq!(rekindle.get(path).await.0, 200);
        let log = rekindle.log();
        assert!(!log.contains("/sign-in/once/"), "what is no terminal is told no way in: {log}");
        assert!(!log.contains(&path[path.len() - 64..]) && !log.contains(&token[30..]), "{log}");

        let deeds = rekindle.list(&["audit", "list"]).await;
        let acts: Vec<&str> = deeds.iter().rev().map(|deed| deed["act"].as_str().unwrap()).collect();
        assert_eq!(acts, ["cancel", "create_token", "revoke_token", "invite_operator"]);
        let cancel = &rekindle.list(&["audit", "list", "--about", &id]).await[0];
        assert_eq!((&cancel["who"], &cancel["reason"]), (&"cli:ada".into(), &"they called us".into()));
        assert_eq!((&cancel["environment"], &cancel["role"]), (&"sandbox".into(), &"admin".into()));
        let exported = rekindle.run(&["audit", "export"]).await.out;
        let lines: Vec<serde_json::Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), &lines[1]["previous"]), (4, &lines[0]["hash"]));

        let verified = rekindle.json(&["audit", "verify"]).await;
        assert_eq!(verified["records"], 4);
        let head = verified["head"].as_str().unwrap();
        assert_eq!(rekindle.run(&["audit", "verify", "--noted", head]).await.code, Some(0));
        raw::execute(scratch, "UPDATE audit SET reason = 'nobody called' WHERE number = 1").await;
        let broken = rekindle.refused(&["audit", "verify"]).await;
        assert_eq!(broken, "rekindle: the audit is broken: record 1 was changed\n");
        let shown = rekindle.run(&["audit", "list"]).await.out;
        assert!(shown.contains("nobody called") && shown.contains("cli:ada"), "{shown}");
    }
}
