//! One process serves from a SQLite file; PostgreSQL is made for sharing.

use super::process::{Installation, webhook_secret};
use crate::support::postgres;

fn observing(database_url: &str) -> String {
    let secret = webhook_secret("sandbox");
    format!(
        "database_url = \"{database_url}\"\n[environments.sandbox]\nmode = \"observe\"\nwebhook_secrets = [\"{secret}\"]\n"
    )
}

#[tokio::test]
async fn a_second_process_is_refused_on_sqlite_and_short_commands_are_not() {
    let mut rekindle = Installation::new(&observing("sqlite://rekindle.db"));
    assert_eq!(
        rekindle.refused(&["events", "list"]).await,
        "rekindle: the database is not migrated: run `rekindle migrate`\n"
    );
    rekindle.start().await;
    for command in ["serve", "migrate"] {
        let told = rekindle.refused(&[command]).await;
        let why = "rekindle: another process serves from rekindle.db: stop it first, or use PostgreSQL, which several \
                   can share\n";
        assert!(told.ends_with(why), "{command}: {told}");
    }
    assert_eq!(rekindle.run(&["events", "list", "--json"]).await.out, "[]\n");
    assert_eq!(rekindle.get("/readyz").await.0, 200, "the one that serves was not disturbed");

    // However it ends, the next one can begin.
    rekindle.kill().await;
    let said = rekindle.json(&["migrate"]).await;
    assert_eq!(said, serde_json::json!({ "database": "sqlite://rekindle.db", "schema": "up to date" }));
    rekindle.start().await;
    rekindle.ask_to_stop();
    rekindle.stopped().await;
    assert_eq!(rekindle.run(&["migrate"]).await.code, Some(0), "a second time changes nothing");
}

#[tokio::test]
async fn two_processes_share_a_postgres() {
    let Some(scratch) = postgres().await else { return };
    let (mut one, mut other) =
        (Installation::new(&observing(&scratch.url)), Installation::new(&observing(&scratch.url)));
    one.start().await;
    other.start().await;
    assert_eq!(one.run(&["migrate"]).await.code, Some(0));
    let body = br#"{"data":{"type":"event","id":"evt_1","attributes":{"name":"account.created"}}}"#;
    assert_eq!(one.deliver("sandbox", body).await, (200, r#"{"outcome":"ignored"}"#.to_owned()));
    assert_eq!(other.deliver("sandbox", body).await, (200, r#"{"outcome":"duplicate"}"#.to_owned()));
    assert_eq!(one.list(&["events", "list"]).await[0]["deliveries"], 2);
}

#[tokio::test]
async fn an_address_in_use_is_told_by_its_key() {
    let mut rekindle = Installation::new(&observing("sqlite://one.db"));
    rekindle.start().await;
    rekindle.configure(&observing("sqlite://other.db"));
    let said = rekindle.run(&["serve"]).await;
    let told = format!("listen.public = \"{}\": can't listen there; choose a free address", rekindle.public);
    assert!(said.code == Some(1) && said.err.contains(&told), "{said:?}");
}
