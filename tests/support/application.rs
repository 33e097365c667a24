//! The operator's application, as far as Rekindle sees it: it takes signed notices, and has good and bad days.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A notice as the application received it, its signature checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub id: String,
    pub inquiry: String,
    pub reference_id: Option<String>,
    pub step: String,
    pub link: String,
    pub answered: u16,
}

#[derive(Clone, Default)]
pub struct Application(Arc<Inner>);

#[derive(Default)]
struct Inner {
    day: Mutex<Day>,
    /// Whether answers are held back.
    held: watch::Sender<bool>,
}

/// News of a replacement, its signature checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    pub id: String,
    pub old: String,
    pub new: String,
    pub cause: String,
    pub answered: u16,
}

/// News of an alert, its signature checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerted {
    pub id: String,
    /// `alert.firing` or `alert.resolved`.
    pub kind: String,
    pub alert: String,
    pub subject: String,
    pub text: String,
    pub answered: u16,
}

/// Something the application subscribed to, its signature checked, as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub id: String,
    pub kind: String,
    pub body: Value,
    pub answered: u16,
}

#[derive(Default)]
struct Day {
    alerted: Vec<Alerted>,
    told: Vec<Told>,
    received: Vec<Received>,
    replaced: Vec<Replaced>,
    /// How many deliveries of one notice wait for their answer.
    under_way: BTreeMap<String, usize>,
    /// The most there ever were of one notice.
    most_at_once: usize,
    /// What the next deliveries are answered with; 204 afterwards.
    answers: Vec<u16>,
}

impl Application {
    /// Takes notices on a port of its own; the address to configure.
    pub async fn listen(&self) -> (String, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/rekindle", listener.local_addr().unwrap());
        let router = Router::new().route("/rekindle", post(take)).with_state(self.clone());
        let limits = rekindle::http::server::ServerLimits {
            header_bytes: 32_768,
            header_timeout: std::time::Duration::from_secs(30),
            connections: 64,
            grace: std::time::Duration::ZERO,
        };
        let task = tokio::spawn(rekindle::http::server::serve(listener, router, limits, std::future::pending()));
        (url, task)
    }

    /// Answers the next notices so, one after the other.
    pub fn answer_next(&self, statuses: &[u16]) {
        self.0.day.lock().unwrap().answers = statuses.iter().rev().copied().collect();
    }

    /// Takes notices from now on and answers none, until [`Application::release`].
    pub fn hold(&self) {
        self.0.held.send_replace(true);
    }

    /// Answers what was held back, and from now on at once.
    pub fn release(&self) {
        self.0.held.send_replace(false);
    }

    /// The most deliveries of one notice that there ever were at the same time.
    pub fn most_at_once(&self) -> usize {
        self.0.day.lock().unwrap().most_at_once
    }

    /// The notices that were answered with 2xx.
    pub fn notices(&self) -> Vec<Received> {
        self.deliveries().into_iter().filter(|received| received.answered < 300).collect()
    }

    /// Every notice that came, whatever it was answered with.
    pub fn deliveries(&self) -> Vec<Received> {
        self.0.day.lock().unwrap().received.clone()
    }

    /// The replacements it heard of and answered with 2xx, each once.
    pub fn replacements(&self) -> Vec<Replaced> {
        let mut heard = self.0.day.lock().unwrap().replaced.clone();
        heard.retain(|news| news.answered < 300);
        heard.dedup_by(|one, other| one.id == other.id);
        heard
    }

    /// The alerts it heard of, whatever it answered.
    pub fn alerts(&self) -> Vec<Alerted> {
        self.0.day.lock().unwrap().alerted.clone()
    }

    /// Everything that came, whatever it was answered with, in its order.
    pub fn told(&self) -> Vec<Told> {
        self.0.day.lock().unwrap().told.clone()
    }

    /// The one notice there is.
    pub fn only_notice(&self) -> Received {
        let notices = self.notices();
        assert_eq!(notices.len(), 1, "{notices:?}");
        notices[0].clone()
    }
}

async fn take(State(application): State<Application>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let status = application.0.day.lock().unwrap().take(&headers, &body);
    let _under_way = UnderWay::begin(&application, headers["webhook-id"].to_str().unwrap());
    let mut held = application.0.held.subscribe();
    held.wait_for(|held| !held).await.unwrap();
    StatusCode::from_u16(status).unwrap()
}

/// A delivery that waits for its answer, or is given up by its sender.
struct UnderWay {
    application: Application,
    id: String,
}

impl UnderWay {
    fn begin(application: &Application, id: &str) -> Self {
        let mut day = application.0.day.lock().unwrap();
        let count = day.under_way.entry(id.to_owned()).or_default();
        *count += 1;
        let count = *count;
        day.most_at_once = day.most_at_once.max(count);
        Self { application: application.clone(), id: id.to_owned() }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Ok(mut day) = self.application.0.day.lock() {
            *day.under_way.get_mut(&self.id).unwrap() -= 1;
        }
    }
}

impl Day {
    fn take(&mut self, headers: &HeaderMap, body: &[u8]) -> u16 {
        let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
        let expected = standardwebhooks::Webhook::new(SECRET).unwrap().sign(&id, time.parse().unwrap(), body).unwrap();
        assert_eq!(header("webhook-signature"), expected, "a notice is signed");

        let answered = self.answers.pop().unwrap_or(204);
        let notice: Value = serde_json::from_slice(body).unwrap();
        let kind = notice["type"].as_str().unwrap().to_owned();
        self.told.push(Told { id: id.clone(), kind: kind.clone(), body: notice.clone(), answered });
        if notice["data"].get("link").is_none() && kind != "inquiry.replaced" && !kind.starts_with("alert.") {
            return answered;
        }
        let text = |key: &str| notice["data"][key].as_str().map(str::to_owned);
        if notice["type"] == "inquiry.replaced" {
            let (old, new) = (text("replaced_inquiry_id").unwrap(), text("inquiry_id").unwrap());
            self.replaced.push(Replaced { id, old, new, cause: text("cause").unwrap(), answered });
            return answered;
        }
        if let Some(alert) = text("alert") {
            let kind = notice["type"].as_str().unwrap().to_owned();
            let (subject, text) = (text("subject").unwrap(), text("text").unwrap());
            self.alerted.push(Alerted { id, kind, alert, subject, text, answered });
            return answered;
        }
        self.received.push(Received {
            id,
            inquiry: text("inquiry_id").unwrap(),
            reference_id: text("reference_id"),
            // A link that was asked for belongs to no step of a rule.
            step: text("step").unwrap_or_else(|| notice["type"].as_str().unwrap().to_owned()),
            link: text("link").unwrap(),
            answered,
        });
        answered
    }
}
