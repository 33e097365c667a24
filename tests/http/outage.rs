//! While the database is gone Persona is asked to come again, in time; afterwards all is well.

use std::time::Duration;

use jiff::SignedDuration;
use rekindle::storage::Database;
use serde_json::json;
use tokio::time::timeout;

use super::door::{Door, SECRET, event};
use crate::support::lock::WriteLock;
use crate::support::proxy::Proxy;
use crate::support::{on_both, postgres};

/// Persona waits no longer (<https://docs.withpersona.com/webhooks>).
const PERSONA_WAITS: Duration = Duration::from_secs(5);

/// Delivers while nothing can be stored: Persona is told in time to send it again.
async fn is_asked_to_come_again(door: &Door, body: &[u8]) {
    let signature = door.signed(body, SECRET, SignedDuration::ZERO);
    let answer = timeout(PERSONA_WAITS, door.answer("sandbox", body, &[signature.as_bytes()])).await;
    let (status, retry_after, answer) = answer.expect("Persona is answered before it gives up");
    assert_eq!((status, retry_after.as_deref()), (503, Some("5")), "{answer}");
    let told = "it can't be stored right now; please send it again";
    assert_eq!(answer, json!({ "status": 503, "title": "Service Unavailable", "detail": told }));
}

/// Delivers again: it is there once, whether it was stored now or after we had stopped waiting for it.
async fn is_taken_once(door: &Door, body: &[u8]) {
    let (status, answer) = door.deliver("sandbox", body).await;
    assert!(
        status == 200 && (answer == json!({ "outcome": "applied" }) || answer == json!({ "outcome": "duplicate" })),
        "{status} {answer}"
    );
    assert!(door.only_event().await.2 >= 1);
    assert_eq!(door.status("sandbox", "inq_1").await.as_deref(), Some("created"));
}

on_both! {
    async fn while_someone_else_holds_the_database(scratch: &Scratch) {
        let door = Door::over(&scratch.url).await;
        let body = event("evt_1", "inq_1", "inquiry.created", "created");
        let lock = WriteLock::on(&scratch.url).await;
        // Twice: the first one's connection must not be lost to the second.
        is_asked_to_come_again(&door, &body).await;
        is_asked_to_come_again(&door, &body).await;
        lock.release().await;
        is_taken_once(&door, &body).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_gone() {
    let Some(scratch) = postgres().await else { return };
    let way = Proxy::to(&scratch.url).await;
    let door = Door::over(&way.url).await;
    let body = event("evt_1", "inq_1", "inquiry.created", "created");
    let first = event("evt_0", "inq_0", "inquiry.created", "created");
    assert_eq!(door.deliver("production", &first).await.0, 200);
    assert_eq!(door.get("/readyz").await, (200, r#"{"status":"ready","database":"ok"}"#.to_owned()));

    way.cut();
    is_asked_to_come_again(&door, &body).await;
    assert_eq!(door.get("/healthz").await, (200, "ok\n".to_owned()), "the process itself is well");
    let (status, answer) = door.get("/readyz").await;
    assert_eq!(status, 503, "{answer}");
    assert!(answer.contains("the database can't be used"), "{answer}");

    way.mend();
    is_taken_once(&door, &body).await;
    assert_eq!(door.get("/readyz").await.0, 200);
}

/// A database without a schema is not one to send traffic to.
#[tokio::test]
async fn a_database_without_a_schema_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("new.db").display());
    let door = Door::over(&url).await;
    assert_eq!(door.get("/healthz").await.0, 200);
    assert_eq!(door.get("/readyz").await.0, 503);
    Database::open(&url).await.unwrap().migrate().await.unwrap();
    assert_eq!(door.get("/readyz").await.0, 200);
}
