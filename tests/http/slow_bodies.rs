//! Bodies without an end, bodies that hardly come, and crowds of them: refused early, at the price of what came.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::door::{BODY_BYTES, Door, event};
use crate::support::{open_files, sqlite};

/// Longer than anything here takes; only a defect lets it pass.
const BOUND: Duration = Duration::from_mins(1);

const GIGABYTE: usize = 1 << 30;

/// What can be on its way in the buffers of both ends: the greatest that Linux gives a socket by default is 6 MB to be
/// read and 4 MB to be written.
const ON_ITS_WAY: usize = 32 << 20;

/// The head of a delivery with a signature header of the right form: without one no body is read at all.
fn head(more: &str) -> String {
    let digest = "0".repeat(64);
    format!(
        "POST /webhooks/persona/sandbox HTTP/1.1\r\nHost: x\r\nPersona-Signature: t=1764686826,v1={digest}\r\n{more}\r\n\r\n"
    )
}

fn chunk(bytes: usize) -> Vec<u8> {
    format!("{bytes:x}\r\n{}\r\n", "x".repeat(bytes)).into_bytes()
}

/// What came of a body that was sent piece by piece until it was whole, or the server had enough.
struct Sent {
    bytes: usize,
    answer: String,
}

/// Sends up to a gigabyte in such pieces, and listens meanwhile.
async fn send(door: &Door, head: &str, piece: &[u8], pause: Option<Duration>) -> Sent {
    let (mut read, mut write) = TcpStream::connect(door.public).await.unwrap().into_split();
    let send = async {
        let mut bytes = 0;
        if write.write_all(head.as_bytes()).await.is_ok() {
            while bytes < GIGABYTE && write.write_all(piece).await.is_ok() {
                bytes += piece.len();
                if let Some(pause) = pause {
                    sleep(pause).await;
                }
            }
        }
        bytes
    };
    let listen = async {
        let mut answer = Vec::new();
        // A reset counts as an end.
        let _ = read.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let both = async { tokio::join!(send, listen) };
    let (bytes, answer) = timeout(BOUND, both).await.expect("the server has enough at some time");
    Sent { bytes, answer }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gigabyte_is_refused_early_however_it_comes() {
    let scratch = sqlite().await;
    let door = Door::over(&scratch.url).await;
    // It says how long it is: refused before any of it came.
    let announced = format!("Content-Length: {GIGABYTE}");
    let answer = door.raw(head(&announced).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let sent = send(&door, &head(&announced), &vec![b'x'; 65_536], None).await;
    assert!(sent.bytes < ON_ITS_WAY, "{} bytes were taken", sent.bytes);

    // It does not say: refused as soon as it is too long.
    let chunked = head("Transfer-Encoding: chunked");
    let sent = send(&door, &chunked, &chunk(65_536), None).await;
    assert!(sent.bytes < ON_ITS_WAY, "{} bytes were taken", sent.bytes);
    // Where the server closes on what nobody reads any more, its answer can be lost.
    assert!(sent.answer.is_empty() || sent.answer.starts_with("HTTP/1.1 413 "), "{}", sent.answer);

    // It drips: in a second not a tenth of what would be too long can have come.
    let pause = Some(Duration::from_millis(10));
    let sent = send(&door, &chunked, &chunk(16), pause).await;
    assert!(sent.bytes < BODY_BYTES, "{} bytes were waited for", sent.bytes);
    assert!(sent.answer.is_empty() || sent.answer.starts_with("HTTP/1.1 408 "), "{}", sent.answer);

    assert_eq!(door.events("sandbox").await, [], "nothing of it is kept");
    let body = event("evt_1", "inq_1", "inquiry.created", "created");
    assert_eq!(door.deliver("sandbox", &body).await, (200, json!({ "outcome": "applied" })));
}

/// Six hundred announce a body of the greatest length each, which together is more than there is room for, and send one
/// byte of it. There is room for who does send something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_announces_much_and_sends_little_keeps_nobody_out() {
    const CROWD: usize = 600;
    // Both ends of each connection are in this process.
    assert!(open_files::allow(2 * CROWD + 500), "so many files may not be open here");
    let scratch = sqlite().await;
    let door = Door::over(&scratch.url).await;
    let mut crowd = JoinSet::new();
    for number in 0..CROWD {
        let announced = if number % 2 == 0 {
            format!("{}x", head(&format!("Content-Length: {BODY_BYTES}")))
        } else {
            format!("{}1\r\nx\r\n", head("Transfer-Encoding: chunked"))
        };
        let address = door.public;
        crowd.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(announced.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let _ = timeout(BOUND, stream.read_to_end(&mut answer)).await.expect("the server closes");
            String::from_utf8_lossy(&answer).into_owned()
        });
    }
    let mut answered = 0;
    while answered < 20 || !crowd.is_empty() {
        let id = format!("evt_{answered}");
        let body = event(&id, "inq_1", "inquiry.created", "created");
        assert_eq!(door.deliver("sandbox", &body).await.0, 200, "after {answered} others");
        answered += 1;
        while let Some(ended) = crowd.try_join_next() {
            let answer = ended.unwrap();
            assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        }
    }
}
