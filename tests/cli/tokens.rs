//! `rekindle tokens`, and what the README shows applications: its commands are run as they stand there.

use std::process::Stdio;

use serde_json::Value;

use super::outside::{ENVIRONMENT, Outside, living};
use super::process::Installation;
use crate::support::on_both;

/// The commands that the README shows, one string each, without the prompt; a line that ends with `\` goes on.
fn commands() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let section = readme.split("\n## For applications\n").nth(1).expect("the README has the section");
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```console\n").skip(1).map(|block| block.split("```").next().unwrap());
    let mut commands = Vec::new();
    for block in blocks {
        for command in block.replace("\\\n", " ").lines().filter_map(|line| line.strip_prefix("$ ")) {
            commands.push(command.to_owned());
        }
    }
    commands
}

on_both! {
    async fn what_the_readme_shows_applications_works(scratch: &Scratch) {
        let outside = Outside::with(living(86_400)).await;
        let mut rekindle = Installation::new(&outside.configuration(&scratch.url, "reminders = []"));
        outside.send_webhooks_to(&rekindle);
        rekindle.start().await;
        let (mut token, mut id, mut shown) = (String::new(), String::new(), 0);
        for command in commands() {
            if let Some(arguments) = command.strip_prefix("rekindle ") {
                let quoted = arguments.replace("\"the checkout\"", "checkout");
                let said = rekindle.run(&quoted.split_whitespace().collect::<Vec<_>>()).await;
                assert_eq!(said.code, Some(0), "{command}: {said:?}");
                if said.out.starts_with("rekindle_") {
                    said.out.trim().clone_into(&mut token);
                    assert!(!said.err.contains(&token[26..]), "the secret is on standard output alone");
                }
                continue;
            }
            let command = command
                .replace("https://rekindle.example.com", &format!("http://{}", rekindle.public))
                .replace("itmpl_EXAMPLE", "itmpl_SimulatedIdentityCheck")
                .replace("inq_EXAMPLE", &id);
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", &format!("{command} --noproxy '*' -sS -w '\\n%{{http_code}}'")]).env("TOKEN", &token);
            shell.stdin(Stdio::null());
            let said = tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap();
            let out = String::from_utf8(said.stdout).unwrap();
            let (body, status) = out.rsplit_once('\n').unwrap();
            assert!(status.starts_with('2'), "{command}: {out} {}", String::from_utf8_lossy(&said.stderr));
            let body: Value = serde_json::from_str(body).unwrap();
            if let Some(made) = body["inquiry"]["id"].as_str() {
                made.clone_into(&mut id);
            }
            shown += 1;
        }
        assert!(shown >= 4, "the section shows how to create, find, and let in");

        let listed = rekindle.list(&["tokens", "list"]).await;
        assert_eq!((&listed[0]["state"], listed[0].get("token")), (&"good".into(), None));
        assert!(listed[0]["last_used_at"].is_string());
        let which = listed[0]["id"].as_str().unwrap();
        assert_eq!(rekindle.run(&["tokens", "revoke", which]).await.out, format!("{which} is revoked\n"));
        assert_eq!(rekindle.run(&["tokens", "revoke", which]).await.out, format!("{which} was revoked already\n"));
        assert_eq!(rekindle.list(&["tokens", "list"]).await[0]["state"], "revoked");
        let refused = rekindle.refused(&["tokens", "revoke", &token]).await;
        assert!(!refused.contains(&token[26..]), "{refused}");
        for (arguments, trouble) in [
            (vec!["tokens", "create", "x", "--scope", "everything"], "use inquiries:read, inquiries:write, access"),
            (vec!["tokens", "create", "x", "--scope", "access", "--customer", "nobody"], "add [customers.nobody]"),
            (vec!["tokens", "create", "x", "--scope", "access", "--environment", "none"], "add [environments.none]"),
            (vec!["tokens", "create", "x", "--scope", "access", "--expires-after", "soon"], "--expires-after"),
        ] {
            let refused = rekindle.refused(&arguments).await;
            assert!(refused.contains(trouble), "{refused}");
        }
        let bound = rekindle.json(&["tokens", "create", "x", "--scope", "access", "--environment", ENVIRONMENT]).await;
        assert_eq!((&bound["environment"], &bound["scopes"]), (&ENVIRONMENT.into(), &serde_json::json!(["access"])));
        assert!(bound["token"].as_str().unwrap().starts_with("rekindle_"));
    }
}
