//! The operator's application: it takes notices, notes each, and has bad moments.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use rekindle::clock::Clock;
use rekindle::domain::time::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::random::Random;

/// One request with a notice.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Its `webhook-id`: what receivers know a repeat by.
    pub id: String,
    pub inquiry: String,
    pub link: String,
    pub at: Timestamp,
    pub answered: u16,
}

#[derive(Clone)]
pub struct Receiver {
    notices: Arc<Mutex<Vec<Notice>>>,
    random: Arc<Mutex<Random>>,
}

impl Receiver {
    pub fn new(seed: u64) -> Self {
        Self { notices: Arc::default(), random: Arc::new(Mutex::new(Random::of(seed, "receiver"))) }
    }

    pub async fn listen(&self) -> (String, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/notices", listener.local_addr().unwrap());
        let router = Router::new().route("/notices", post(take)).with_state(self.clone());
        (url, serve(listener, router))
    }

    pub fn notices(&self) -> Vec<Notice> {
        self.notices.lock().unwrap().clone()
    }

    /// What the next notice is answered with, and how long that takes: now and then longer than a lease.
    fn mood(&self) -> (u16, Duration) {
        let mut random = self.random.lock().unwrap();
        let answer = if random.percent(12) { 503 } else { 204 };
        let wait = match random.within(0..100) {
            0..2 => random.millis(3_000..4_500),
            2..10 => random.millis(300..1_500),
            _ => random.millis(1..30),
        };
        (answer, wait)
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let at = Clock::System.now();
    let (answered, wait) = receiver.mood();
    let id = headers.get("webhook-id").unwrap().to_str().unwrap().to_owned();
    let notice: Value = serde_json::from_slice(&body).unwrap();
    let text = |key: &str| notice["data"][key].as_str().unwrap().to_owned();
    let notice = Notice { id, inquiry: text("inquiry_id"), link: text("link"), at, answered };
    receiver.notices.lock().unwrap().push(notice);
    tokio::time::sleep(wait).await;
    StatusCode::from_u16(answered).unwrap()
}

/// Serves routes of the test's own on loopback.
pub fn serve(listener: TcpListener, router: Router) -> JoinHandle<()> {
    let limits = rekindle::http::server::ServerLimits {
        header_bytes: 32_768,
        header_timeout: Duration::from_mins(1),
        connections: 1_024,
        grace: Duration::ZERO,
    };
    tokio::spawn(rekindle::http::server::serve(listener, router, limits, std::future::pending()))
}
