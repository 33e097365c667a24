//! What the public listener takes, and what it refuses.

use jiff::SignedDuration;
use serde_json::json;

use super::door::{BODY_BYTES, Door, OLD_SECRET, OTHER_SECRET, SECRET, event};
use crate::support::{on_both, sqlite};

const NOW: SignedDuration = SignedDuration::ZERO;

fn created() -> Vec<u8> {
    event("evt_1", "inq_1", "inquiry.created", "created")
}

#[tokio::test]
async fn who_can_t_sign_is_refused_and_nothing_is_kept() {
    let scratch = sqlite().await;
    let door = Door::over(&scratch.url).await;
    let body = created();
    let right = door.signed(&body, SECRET, NOW);
    let (time, digest) = right.split_once(',').unwrap();
    let mismatch = "no signature matches a configured secret";
    let malformed = "the Persona-Signature header has no group of the form t=<seconds>,v1=<hex>";
    let too_long = "the Persona-Signature header is longer than any Persona sends";
    for (signatures, why) in [
        (vec![], "the Persona-Signature header is missing"),
        (vec![String::new()], malformed),
        (vec!["nonsense".to_owned()], malformed),
        (vec![digest.to_owned()], malformed),
        (vec![format!("{time},{}", &digest[..40])], malformed),
        (vec![format!("{time},{}", digest.replace("v1=", "v0="))], malformed),
        (vec![format!("t=1,{digest}")], mismatch),
        (vec![door.signed(&body, OTHER_SECRET, NOW)], mismatch),
        (vec![door.signed(b"another body", SECRET, NOW)], mismatch),
        (vec![door.signed(&body, &SECRET[7..], NOW)], mismatch),
        (vec![[right.as_str(); 9].join(" ")], too_long),
        (vec![right.clone(); 9], too_long),
        (vec![format!("{right} {}", "x".repeat(2_048))], too_long),
    ] {
        let headers: Vec<&[u8]> = signatures.iter().map(String::as_bytes).collect();
        let refused = json!({ "status": 401, "title": "Unauthorized", "detail": why });
        assert_eq!(door.post("sandbox", &body, &headers).await, (401, refused), "{signatures:?}");
    }
    assert_eq!(door.post("sandbox", &body, &[b"t=1,v1=\xff\xfe"]).await.0, 401, "no text");
    assert_eq!(door.events("sandbox").await, []);
}

#[tokio::test]
async fn every_live_secret_and_every_group_counts() {
    let scratch = sqlite().await;
    let door = Door::over(&scratch.url).await;
    let wrong = door.signed(b"another body", SECRET, NOW);
    for number in 0..6 {
        let body = event(&format!("evt_{number}"), "inq_1", "inquiry.created", "created");
        let (new, old) = (door.signed(&body, SECRET, NOW), door.signed(&body, OLD_SECRET, NOW));
        let headers = match number {
            0 => vec![new],
            1 => vec![old],
            2 => vec![format!("{new} {old}")],
            3 => vec![format!("{wrong} {}", door.signed(&body, OLD_SECRET, SignedDuration::from_mins(1)))],
            // Eight groups are the most, and the last of them may be the right one.
            4 => vec![format!("{} {new}", [wrong.as_str(); 7].join(" "))],
            _ => vec![wrong.clone(), new],
        };
        let headers: Vec<&[u8]> = headers.iter().map(String::as_bytes).collect();
        assert_eq!(door.post("sandbox", &body, &headers).await.0, 200, "case {number}");
    }
    assert_eq!(door.events("sandbox").await.len(), 6);
}

#[tokio::test]
async fn only_a_configured_environment_and_only_post_are_answered() {
    let scratch = sqlite().await;
    let door = Door::over(&scratch.url).await;
    let unknown = json!({ "status": 404, "title": "Not Found", "detail": "no environment of that name is configured" });
    assert_eq!(door.deliver("elsewhere", &created()).await, (404, unknown.clone()));
    assert_eq!(door.deliver("%ff%00", &created()).await, (404, unknown), "a name that is no text");
    assert_eq!(door.deliver("sandbox/more", &created()).await.0, 404);
    let answer = door.raw(b"GET /webhooks/persona/sandbox HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.to_lowercase().contains("allow: post"), "{answer}");
    let odd = b"POST /webhooks/persona/sandbox HTTP/1.1\r\nHost: x\r\nX-Odd: \xff\xfe\r\nConnection: close\r\n\r\n";
    assert!(door.raw(odd).await.starts_with("HTTP/1.1 401 "), "a header that is no text harms nobody");
}

/// A header of the right form: without one no body is read at all.
fn signed_somehow() -> String {
    format!("Persona-Signature: t=1764686826,v1={}\r\n", "0".repeat(64))
}

/// A body that says how long it is is refused before it came; one that does not, as soon as it is too long.
#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let scratch = sqlite().await;
    let door = Door::over(&scratch.url).await;
    let head = format!("POST /webhooks/persona/sandbox HTTP/1.1\r\nHost: x\r\n{}", signed_somehow());
    let declared = format!("{head}Content-Length: {}\r\n\r\n", BODY_BYTES + 1);
    let answer = door.raw(declared.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");

    let chunk = format!("{:x}\r\n{}\r\n", 8_192, "x".repeat(8_192));
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(17));
    let answer = door.raw(chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("the body is longer than 131072 bytes"), "{answer}");

    let longest = vec![b'x'; BODY_BYTES];
    assert_eq!(door.deliver("sandbox", &longest).await, (200, json!({ "outcome": "unreadable" })));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let scratch = sqlite().await;
    let door = Door::over(&scratch.url).await;
    let head =
        format!("POST /webhooks/persona/sandbox HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}", signed_somehow());
    let answer = door.raw(format!("{head}Content-Length: 100\r\n\r\nhalf").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("the body did not come in time"), "{answer}");
    assert_eq!(door.events("sandbox").await, []);
}

#[tokio::test]
async fn what_can_t_be_read_is_kept_once_and_answered() {
    let scratch = sqlite().await;
    let door = Door::over(&scratch.url).await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_object = format!("{}1{}", "{\"data\":".repeat(10_000), "}".repeat(10_000));
    let deep_event = String::from_utf8(created()).unwrap().replace("\"customer-17\"", &deep);
    for body in [
        &b""[..],
        b"not JSON",
        b"\xff\xfe\x00",
        b"null",
        b"{\"data\":[]}",
        br#"{"data":{"type":"inquiry","id":"inq_1"}}"#,
        br#"{"data":{"type":"event","id":"evt_1","attributes":{}}}"#,
        deep.as_bytes(),
        deep_object.as_bytes(),
        deep_event.as_bytes(),
    ] {
        let before = door.events("sandbox").await.len();
        for _ in 0..2 {
            assert_eq!(
                door.deliver("sandbox", body).await,
                (200, json!({ "outcome": "unreadable" })),
                "{:?}",
                &body[..body.len().min(40)]
            );
        }
        let events = door.events("sandbox").await;
        assert_eq!(events.len(), before + 1, "the same content is one entry");
        let newest = events.iter().find(|event| event.deliveries == 2 && event.name.is_none());
        assert!(newest.is_some_and(|event| event.reason.is_some()), "{events:?}");
    }
}

on_both! {
    async fn a_repeated_delivery_is_counted_and_changes_nothing(scratch: &Scratch) {
        let door = Door::over(&scratch.url).await;
        let body = created();
        assert_eq!(door.deliver("sandbox", &body).await, (200, json!({ "outcome": "applied" })));
        let (id, ..) = door.only_event().await;
        for times in 2..4 {
            assert_eq!(door.deliver("sandbox", &body).await, (200, json!({ "outcome": "duplicate" })));
            assert_eq!(door.only_event().await, (id.clone(), "applied".to_owned(), times));
        }
        assert_eq!(door.status("sandbox", "inq_1").await.as_deref(), Some("created"));
    }

    /// All at once: one of them is the first, and every one is answered.
    async fn deliveries_of_one_event_at_the_same_time_are_one_event(scratch: &Scratch) {
        let door = Door::over(&scratch.url).await;
        let body = created();
        let all = futures::future::join_all((0..8).map(|_| door.deliver("sandbox", &body))).await;
        let outcomes = |word: &str| all.iter().filter(|(status, a)| *status == 200 && a["outcome"] == word).count();
        assert_eq!((outcomes("applied"), outcomes("duplicate")), (1, 7), "{all:?}");
        assert_eq!(door.only_event().await.2, 8);
    }

    /// Ids are Persona's and hold within one of its environments.
    async fn the_same_event_in_two_environments_is_two_events(scratch: &Scratch) {
        let door = Door::over(&scratch.url).await;
        let expired = event("evt_1", "inq_1", "inquiry.expired", "expired");
        assert_eq!(door.deliver("sandbox", &created()).await.1, json!({ "outcome": "applied" }));
        assert_eq!(door.deliver("production", &expired).await.1, json!({ "outcome": "applied" }));
        assert_eq!(door.status("sandbox", "inq_1").await.as_deref(), Some("created"));
        assert_eq!(door.status("production", "inq_1").await.as_deref(), Some("expired"));
        for environment in ["sandbox", "production"] {
            assert_eq!(door.events(environment).await.len(), 1, "{environment}");
        }
    }

    /// A signature of long ago may be a replay: it is kept, and applied when a fresh delivery confirms it.
    async fn an_old_signature_is_held_back_until_a_fresh_one_comes(scratch: &Scratch) {
        let door = Door::over(&scratch.url).await;
        let body = created();
        for (times, ago, outcome) in [
            (1, SignedDuration::from_hours(73), "quarantined"),
            (2, SignedDuration::from_mins(-6), "duplicate"),
            (3, SignedDuration::from_hours(80), "duplicate"),
        ] {
            let signature = door.signed(&body, SECRET, ago);
            let answer = door.post("sandbox", &body, &[signature.as_bytes()]).await;
            assert_eq!(answer, (200, json!({ "outcome": outcome })), "{ago}");
            let (_, stored, deliveries) = door.only_event().await;
            assert_eq!((stored.as_str(), deliveries), ("quarantined", times));
            assert_eq!(door.status("sandbox", "inq_1").await, None, "nothing of it is applied");
        }
        let almost = door.signed(&body, SECRET, SignedDuration::from_hours(71));
        assert_eq!(door.post("sandbox", &body, &[almost.as_bytes()]).await.1, json!({ "outcome": "applied" }));
        assert_eq!(door.status("sandbox", "inq_1").await.as_deref(), Some("created"));
        let (_, stored, deliveries) = door.only_event().await;
        assert_eq!((stored.as_str(), deliveries), ("applied", 4));
        assert_eq!(door.deliver("sandbox", &body).await.1, json!({ "outcome": "duplicate" }));
    }
}

/// One event again and again, over HTTP. A client costs ten times what a delivery costs us, so a thousand have to do here;
/// a hundred times as many come to the committer in `tests/ingest`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_event_a_thousand_times_over_http() {
    const AT_ONCE: u32 = 100;
    const EACH: u32 = 10;
    let scratch = sqlite().await;
    let door = Door::over(&scratch.url).await;
    let body = created();
    let one = async || {
        let mut applied = 0;
        for _ in 0..EACH {
            let (status, answer) = door.deliver("sandbox", &body).await;
            assert!(status == 200 && (answer["outcome"] == "applied" || answer["outcome"] == "duplicate"), "{answer}");
            applied += u32::from(answer["outcome"] == "applied");
        }
        applied
    };
    let applied = futures::future::join_all((0..AT_ONCE).map(|_| one())).await;
    assert_eq!(applied.into_iter().sum::<u32>(), 1);
    assert_eq!(door.only_event().await.2, AT_ONCE * EACH);
}
