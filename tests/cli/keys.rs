//! The master keys in an operator's hands: made, rotated while everything runs, destroyed, lost.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::process::{Installation, webhook_secret};
use crate::support::vault::MASTER_KEY;
use crate::support::{Scratch, on_both, postgres, sqlite};

/// An installation without a key, on a database.
fn installation(scratch: &Scratch, more: &str) -> Installation {
    let secret = webhook_secret("sandbox");
    let environment = format!("[environments.sandbox]\nmode = \"observe\"\nwebhook_secrets = [\"{secret}\"]\n");
    let mut rekindle = Installation::new(&format!("database_url = \"{}\"\n{more}\n{environment}", scratch.url));
    // An empty variable is as none.
    rekindle.set("REKINDLE_MASTER_KEY", "");
    rekindle
}

async fn deliver(rekindle: &Installation, number: usize) {
    let body = serde_json::json!({ "data": { "type": "event", "id": format!("evt_{number}"), "attributes": {
        "name": "inquiry.created", "created-at": "2026-03-01T08:00:00.000Z", "payload": { "data": {
            "type": "inquiry", "id": format!("inq_{number}"), "attributes": { "status": "created", "note": "Ada", "reference-id": "ada@mail.example" } } } } } });
    assert_eq!(rekindle.deliver("sandbox", body.to_string().as_bytes()).await.0, 200);
}

async fn note(rekindle: &Installation, number: usize) -> Value {
    let shown = rekindle.json(&["events", "show", &format!("evt_{number}"), "--payload"]).await;
    shown["payload"]["data"]["attributes"]["payload"]["data"]["attributes"]["note"].clone()
}

/// Each master key's part and how many subjects it has, in order.
async fn listed(rekindle: &Installation) -> Vec<(String, String, u64)> {
    let keys = rekindle.list(&["keys", "list"]).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    keys.iter().map(|key| (text(&key["id"]), text(&key["part"]), key["subjects"].as_u64().unwrap())).collect()
}

fn parts(listed: &[(String, String, u64)]) -> Vec<(&str, u64)> {
    listed.iter().map(|(_, part, subjects)| (&**part, *subjects)).collect()
}

async fn stop(rekindle: &mut Installation) {
    rekindle.ask_to_stop();
    rekindle.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_the_first_start_makes_a_key_that_no_later_start_does_without() {
    let scratch = sqlite().await;
    let mut rekindle = installation(&scratch, "");
    let path = scratch.folder.as_ref().unwrap().path().join("rekindle.key");
    rekindle.start().await;
    assert!(rekindle.log().contains("made the key file"), "{}", rekindle.log());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    deliver(&rekindle, 1).await;
    stop(&mut rekindle).await;
    let key = fs::read_to_string(&path).unwrap();
    assert!(!rekindle.log().contains(key.lines().last().unwrap().trim_start_matches("current ")));
    let id = listed(&rekindle).await[0].0.clone();

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let told = rekindle.refused(&["serve"]).await;
    assert!(told.contains(&format!("run `chmod 600 {}`", path.display())), "{told}");
    fs::remove_file(&path).unwrap();
    for command in [&["serve"][..], &["keys", "init"]] {
        let told = rekindle.refused(command).await;
        assert!(told.contains(&id) && told.contains("Bring its key file back"), "{command:?}: {told}");
        assert!(!path.exists(), "and no new key in its place");
    }
    let doctor = rekindle.run(&["doctor"]).await;
    assert!(doctor.code == Some(1) && doctor.out.contains("failed   keys: there is no key file"), "{}", doctor.out);
    assert!(doctor.out.contains("1 of the newest 1 reference ids look like e-mail addresses"), "{}", doctor.out);
    assert!(!doctor.out.contains("ada@"), "it says how many, and not who");
    assert_eq!(rekindle.list(&["inquiries", "list"]).await.len(), 1, "what needs no key works without one");
    let told = rekindle.refused(&["events", "show", "evt_1", "--payload"]).await;
    assert!(told.contains("there is no key file"), "{told}");

    fs::write(&path, &key).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    rekindle.start().await;
    assert_eq!(note(&rekindle, 1).await, "Ada");
    stop(&mut rekindle).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_start_without_a_key_says_what_to_do() {
    let Some(scratch) = postgres().await else { return };
    let mut rekindle = installation(&scratch, "");
    let told = rekindle.refused(&["serve"]).await;
    assert!(told.contains("`rekindle keys init`") && told.contains("REKINDLE_MASTER_KEY"), "{told}");
    let printed = rekindle.run(&["keys", "init"]).await;
    assert_eq!((printed.code, printed.out.trim().len()), (Some(0), 44), "{printed:?}");
    rekindle.set("REKINDLE_MASTER_KEY", "hunter2");
    let told = rekindle.refused(&["serve"]).await;
    assert!(told.contains("is no master key") && !told.contains("hunter2"), "{told}");
    // By hand: the new one first, the old one behind it.
    rekindle.set("REKINDLE_MASTER_KEY", MASTER_KEY);
    rekindle.start().await;
    deliver(&rekindle, 1).await;
    stop(&mut rekindle).await;
    rekindle.set("REKINDLE_MASTER_KEY", printed.out.trim());
    let told = rekindle.refused(&["serve"]).await;
    assert!(told.contains("which is not at hand") && told.contains("--abandon mk_"), "{told}");
    rekindle.set("REKINDLE_MASTER_KEY", format!("{},{MASTER_KEY}", printed.out.trim()));
    assert_eq!(parts(&listed(&rekindle).await), [("current", 0), ("kept", 1)]);
    assert_eq!(rekindle.json(&["keys", "rotate"]).await["resealed"], 1);
    let keys = listed(&rekindle).await;
    assert_eq!(parts(&keys), [("current", 1), ("kept", 0)]);
    let said = rekindle.run(&["keys", "destroy", &keys[1].0, "--yes"]).await;
    assert!(said.out.contains("take it out of master_key"), "{said:?}");
    rekindle.set("REKINDLE_MASTER_KEY", printed.out.trim());
    rekindle.start().await;
    assert_eq!(note(&rekindle, 1).await, "Ada");
    stop(&mut rekindle).await;
}

on_both! {
    async fn a_key_is_rotated_while_everything_runs_and_the_old_one_destroyed(scratch: &Scratch) {
        let mut rekindle = installation(scratch, "master_key_file = \"keys\"");
        let made = rekindle.json(&["keys", "init"]).await;
        assert!(made["file"].as_str().unwrap().ends_with("keys"), "{made}");
        assert!(rekindle.refused(&["keys", "init"]).await.contains("is there already"));
        rekindle.start().await;
        for number in 0..5 {
            deliver(&rekindle, number).await;
        }
        let old = listed(&rekindle).await.remove(0);
        assert_eq!((&*old.1, old.2), ("current", 5));
        let told = rekindle.refused(&["keys", "destroy", &old.0, "--yes"]).await;
        assert!(told.contains("is the current master key; run `rekindle keys rotate` first"), "{told}");

        assert_eq!(rekindle.run(&["keys", "rotate", "--prepare"]).await.code, Some(0));
        assert_eq!(parts(&listed(&rekindle).await), [("current", 5), ("next", 0)]);
        let rotated = rekindle.json(&["keys", "rotate"]).await;
        assert_eq!(rotated["resealed"], 5, "{rotated}");
        let keys = listed(&rekindle).await;
        assert_eq!(parts(&keys), [("current", 5), ("kept", 0)]);
        assert_eq!((&keys[1].0, keys[0].0.as_str()), (&old.0, rotated["current"].as_str().unwrap()));
        // The process that serves has not been told of it: it reads, and goes on writing.
        for number in 3..8 {
            deliver(&rekindle, number).await;
            assert_eq!(note(&rekindle, number).await, "Ada", "{number}");
        }
        assert_eq!(parts(&listed(&rekindle).await), [("current", 8), ("kept", 0)]);

        // Nobody answers, so nothing happens.
        let told = rekindle.run(&["keys", "destroy", &old.0]).await;
        assert!(told.code == Some(1) && told.err.contains("not confirmed"), "{told:?}");
        assert_eq!(rekindle.run(&["keys", "destroy", &old.0, "--yes"]).await.code, Some(0));
        assert_eq!(parts(&listed(&rekindle).await), [("current", 8)]);
        assert_eq!(rekindle.json(&["keys", "rotate"]).await["resealed"], 8, "another time, with a new key");
        stop(&mut rekindle).await;
        rekindle.start().await;
        deliver(&rekindle, 9).await;
        for number in 0..8 {
            assert_eq!(note(&rekindle, number).await, "Ada", "{number}");
        }
        stop(&mut rekindle).await;
    }

    async fn a_lost_key_takes_payloads_with_it_and_no_state(scratch: &Scratch) {
        let mut rekindle = installation(scratch, "master_key_file = \"keys\"");
        rekindle.json(&["keys", "init"]).await;
        rekindle.start().await;
        deliver(&rekindle, 1).await;
        stop(&mut rekindle).await;
        let id = listed(&rekindle).await.remove(0).0;
        let told = rekindle.refused(&["keys", "init", "--abandon", &id, "--yes"]).await;
        assert!(told.contains("is at hand: nothing is lost"), "{told}");
        fs::remove_file(rekindle.file("keys")).unwrap();
        assert!(rekindle.refused(&["serve"]).await.contains(&format!("--abandon {id}")));
        assert_eq!(parts(&listed(&rekindle).await), [("missing", 1)]);
        let said = rekindle.run(&["keys", "init", "--abandon", &id]).await;
        assert!(said.code == Some(1) && said.err.contains("not confirmed"), "{said:?}");
        let said = rekindle.run(&["keys", "init", "--abandon", &id, "--yes"]).await;
        assert!(said.code == Some(0) && said.out.contains("1 subjects' payloads were given up"), "{said:?}");

        rekindle.start().await;
        assert_eq!(rekindle.list(&["inquiries", "list"]).await[0]["status"], "created");
        assert_eq!(note(&rekindle, 1).await, Value::Null);
        let body = serde_json::json!({ "data": { "type": "event", "id": "evt_2", "attributes": {
            "name": "inquiry.started", "created-at": "2026-03-01T09:00:00.000Z", "payload": { "data": {
                "type": "inquiry", "id": "inq_1", "attributes": { "status": "pending", "note": "Ada" } } } } } });
        assert_eq!(rekindle.deliver("sandbox", body.to_string().as_bytes()).await.0, 200);
        assert_eq!(note(&rekindle, 2).await, "Ada", "what comes later has a new key");
        stop(&mut rekindle).await;
    }
}
