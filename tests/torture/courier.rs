//! Brings Persona's events to whichever process answers, again and again until one says 2xx, as Persona does; holds
//! some back, sends some twice, and adds what Persona would never send.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use jiff::SignedDuration;
use rekindle::clock::Clock;
use rekindle::domain::signature::sign;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::ENVIRONMENT;
use super::ledger::{Expected, Ledger};
use super::random::Random;
use super::receiver::serve;
use crate::cli::process::webhook_secret;

/// Persona's patience (<https://docs.withpersona.com/webhooks>).
const PATIENCE: Duration = Duration::from_secs(5);

/// Requests under way at one time.
const AT_ONCE: usize = 32;

/// A signature so old that nobody trusts it.
const LONG_AGO: SignedDuration = SignedDuration::from_hours(100);

#[derive(Clone)]
pub struct Courier(Arc<Inner>);

struct Inner {
    seed: u64,
    ledger: Ledger,
    targets: Vec<SocketAddr>,
    client: reqwest::Client,
    places: Semaphore,
    /// Letters that nobody has taken yet.
    carried: AtomicU64,
}

/// One thing to deliver until it is taken.
struct Letter {
    id: String,
    body: Bytes,
    /// How long ago it was signed.
    age: SignedDuration,
}

impl Courier {
    pub fn new(seed: u64, ledger: Ledger, targets: Vec<SocketAddr>) -> Self {
        rekindle::tls::install();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let (places, carried) = (Semaphore::new(AT_ONCE), AtomicU64::new(0));
        Self(Arc::new(Inner { seed, ledger, targets, client, places, carried }))
    }

    /// Takes events from the simulated Persona, at the address that this answers.
    pub async fn listen(&self) -> (String, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        (url, serve(listener, Router::new().route("/events", post(take)).with_state(self.clone())))
    }

    /// How many letters nobody has taken yet.
    pub fn carried(&self) -> u64 {
        self.0.carried.load(Ordering::SeqCst)
    }

    fn carry(&self, body: Bytes) {
        let event: Value = serde_json::from_slice(&body).unwrap();
        let id = event["data"]["id"].as_str().unwrap().to_owned();
        self.0.carried.fetch_add(1, Ordering::SeqCst);
        let courier = self.clone();
        tokio::spawn(async move {
            courier.deliver(id, body, event).await;
            courier.0.carried.fetch_sub(1, Ordering::SeqCst);
        });
    }

    async fn deliver(&self, id: String, body: Bytes, event: Value) {
        let mut random = Random::of(self.0.seed, &id);
        if random.percent(15) {
            tokio::time::sleep(random.millis(0..1_500)).await;
        }
        self.deliver_oddities(&mut random, &id, event).await;
        self.0.ledger.open(&id, &body, Expected::Understood);
        if random.percent(3) {
            // A late copy first: what was kept aside is taken when a fresh one comes.
            self.until_taken(&mut random, &Letter { id: id.clone(), body: body.clone(), age: LONG_AGO }).await;
        }
        let letter = Letter { id, body, age: SignedDuration::ZERO };
        if random.percent(6) {
            let mut other = Random::of(self.0.seed, &format!("{} again", letter.id));
            tokio::join!(self.until_taken(&mut random, &letter), self.until_taken(&mut other, &letter));
        } else {
            self.until_taken(&mut random, &letter).await;
        }
    }

    /// What comes beside an event, rarely.
    async fn deliver_oddities(&self, random: &mut Random, id: &str, mut event: Value) {
        if random.percent(1) {
            let body = Bytes::from(format!("{{\"nothing known\": \"{id}\"}}"));
            let id = format!("sha256:{}", hex::encode(Sha256::digest(&body)));
            self.0.ledger.open(&id, &body, Expected::Unreadable);
            self.until_taken(random, &Letter { id, body, age: SignedDuration::ZERO }).await;
        }
        if random.percent(1) {
            let id = format!("{id}Old");
            event["data"]["id"] = id.as_str().into();
            let body = Bytes::from(event.to_string());
            self.0.ledger.open(&id, &body, Expected::Quarantined);
            self.until_taken(random, &Letter { id, body, age: LONG_AGO }).await;
        }
        if random.percent(1) {
            let id = format!("{id}Forged");
            event["data"]["id"] = id.as_str().into();
            self.0.ledger.forge(&id);
            let body = Bytes::from(event.to_string());
            let signature = sign(&body, b"wbhsec_not_the_secret", Clock::System.now());
            self.attempt(random, &id, body, signature).await;
        }
    }

    async fn until_taken(&self, random: &mut Random, letter: &Letter) {
        loop {
            let secret = webhook_secret(ENVIRONMENT);
            let signature = sign(&letter.body, secret.as_bytes(), Clock::System.now().minus(letter.age));
            if self.attempt(random, &letter.id, letter.body.clone(), signature).await {
                return;
            }
            tokio::time::sleep(random.millis(50..400)).await;
        }
    }

    /// One request to one process; whether it was taken.
    async fn attempt(&self, random: &mut Random, id: &str, body: Bytes, signature: String) -> bool {
        let inner = &self.0;
        let target = inner.targets[random.index(inner.targets.len())];
        let url = format!("http://{target}/webhooks/persona/{ENVIRONMENT}");
        let _place = inner.places.acquire().await.unwrap();
        inner.ledger.requested();
        let answer = inner.client.post(url).header("Persona-Signature", signature).body(body).send().await;
        let taken = answer.is_ok_and(|answer| answer.status().is_success());
        if taken {
            inner.ledger.answered(id);
        }
        taken
    }
}

/// Persona is told at once: from here on the letter is the courier's.
async fn take(State(courier): State<Courier>, body: Bytes) -> StatusCode {
    courier.carry(body);
    StatusCode::OK
}
