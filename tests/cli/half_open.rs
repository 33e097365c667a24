//! Crowds that connect and never finish a request: who does is answered, and the process stays as small as it was.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rekindle::clock::Clock;
use rekindle::domain::signature::sign;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::outside::ENVIRONMENT;
use super::process::{Installation, webhook_secret};
use crate::support::{Scratch, open_files, sqlite};

/// Longer than anything here takes: a connection that finds no place is tried again by the system after 1 s, 3 s, 7 s …
const BOUND: Duration = Duration::from_mins(3);

/// Half a head, and then nothing: the server has to make an end.
const HALF: &[u8] = b"POST /webhooks/persona/sandbox HTTP/1.1\r\nHost: loc";

fn configuration(scratch: &Scratch, more: &str) -> String {
    let secret = webhook_secret(ENVIRONMENT);
    format!(
        "database_url = \"{}\"\n[environments.{ENVIRONMENT}]\nmode = \"observe\"\nwebhook_secrets = [\"{secret}\"]\n\
         [limits]\nheader_timeout = \"2s\"\n{more}\n",
        scratch.url
    )
}

/// Connects, says half of something, and stays until the server ends it; whether it did.
async fn half_open(address: SocketAddr) -> bool {
    let stay = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let _ = stream.write_all(HALF).await;
        let mut answer = Vec::new();
        // Let go by an end or a reset, never by an answer of success.
        let _ = stream.read_to_end(&mut answer).await;
        Some(!answer.starts_with(b"HTTP/1.1 200 "))
    };
    timeout(BOUND, stay).await.ok().flatten().unwrap_or(false)
}

/// Delivers as Persona does: again, when the connection ended without an answer. Gives the answer.
async fn deliver(address: SocketAddr, number: usize) -> String {
    for _ in 0..10 {
        let answer = deliver_once(address, number).await.unwrap_or_default();
        if !answer.is_empty() {
            return answer;
        }
    }
    panic!("it is never answered");
}

async fn deliver_once(address: SocketAddr, number: usize) -> std::io::Result<String> {
    let body = format!(
        r#"{{"data":{{"type":"event","id":"evt_{number}","attributes":{{"name":"account.created","created-at":"2026-03-01T07:00:00.000Z","payload":{{"data":{{"type":"account","id":"act_1","attributes":{{}}}}}}}}}}}}"#
    );
    let signature = sign(body.as_bytes(), webhook_secret(ENVIRONMENT).as_bytes(), Clock::System.now());
    let head = format!(
        "POST /webhooks/persona/{ENVIRONMENT} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Persona-Signature: {signature}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("{head}{body}").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    timeout(BOUND, asked).await.expect("who waits is answered")
}

/// What a process has: open files, and the most memory it ever had, in KiB.
fn size(pid: u32) -> (usize, usize) {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    (files, peak.trim().trim_end_matches(" kB").parse().unwrap())
}

/// Lets a crowd come, so many of it at once, delivers one event after the other until all of them were let go, and gives
/// how many deliveries that were, and the most files that were open.
async fn through_a_crowd(rekindle: &Installation, crowd: usize, at_once: usize) -> (usize, usize) {
    let (address, over) = (rekindle.public, Arc::new(AtomicBool::new(false)));
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(at_once));
    for _ in 0..crowd {
        let places = Arc::clone(&places);
        connections.spawn(async move {
            let _place = places.acquire().await.unwrap();
            half_open(address).await
        });
    }
    let let_go = tokio::spawn({
        let over = Arc::clone(&over);
        async move {
            let ended = connections.join_all().await;
            over.store(true, Ordering::SeqCst);
            ended.into_iter().filter(|ended| *ended).count()
        }
    });
    let (mut delivered, mut files) = (0, 0);
    while !over.load(Ordering::SeqCst) || delivered < 5 {
        let answer = deliver(address, delivered).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        files = files.max(size(rekindle.pid()).0);
        delivered += 1;
        // Some now and then; the machine is needed by the crowd.
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(let_go.await.unwrap(), crowd, "all of them were let go");
    (delivered, files)
}

/// Ten thousand at a cap of four thousand, and always more of them than the cap: five hundred wait with the system. It
/// has room for a thousand; whom it has no room for, it lets try again after 1 s, 3 s, 7 s …, for which nobody can wait here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_half_open_connections() {
    const CAP: usize = 4_000;
    /// A connection costs its buffers and a task: 24 KiB were measured in a debug build.
    const KIB_EACH: usize = 48;
    let mut crowd = 10_000;
    if !open_files::allow(CAP + 1_500) {
        crowd = 500;
        println!("so many files may not be open here: {crowd} connections instead");
    }
    let scratch = sqlite().await;
    let mut rekindle = Installation::new(&configuration(&scratch, &format!("connections = {CAP}")));
    rekindle.start().await;
    deliver(rekindle.public, 100_000).await;
    let (_, before) = size(rekindle.pid());
    let (delivered, files) = through_a_crowd(&rekindle, crowd, CAP + 500).await;
    let (_, peak) = size(rekindle.pid());
    println!("{delivered} deliveries, {files} files open, {} KiB more memory", peak - before);
    assert!(files <= CAP + 300, "{files} open files at a cap of {CAP}");
    assert!(peak - before < CAP * KIB_EACH, "{} KiB for {CAP} connections", peak - before);
    assert_eq!(rekindle.get("/readyz").await.0, 200);
    rekindle.ask_to_stop();
    rekindle.stopped().await;
}

/// The system allows few open files: fewer connections are taken, so that there is always one for the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_leaves_files_for_the_database() {
    let scratch = sqlite().await;
    let mut rekindle = Installation::new(&configuration(&scratch, ""));
    rekindle.allow_open_files(600);
    rekindle.start().await;
    let log = rekindle.log();
    assert!(log.contains("each listener bears 164 connections instead of limits.connections = 1024"), "{log}");
    let (_, files) = through_a_crowd(&rekindle, 620, 620).await;
    assert!(files < 600, "{files}");
    assert!(!rekindle.log().contains("no connection could be taken"), "{}", rekindle.log());
    assert_eq!(rekindle.get("/readyz").await.0, 200);
}
