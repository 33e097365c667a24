//! Notices as signed webhooks, by the Standard Webhooks specification (<https://www.standardwebhooks.com>).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, redirect};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::clock::Clock;
use crate::domain::ids::ActionId;
use crate::domain::time::Timestamp;
use crate::notify::Delivered;
use crate::notify::error::NotifyError;
use crate::notify::guarded::{self, OpenInternet};
use crate::notify::letter::Letters;
use crate::notify::news::{self, News};
use crate::notify::notice::{Alert, Invitation, Notice, Replaced};
use crate::notify::wire;
use crate::tls;

/// Where and how notices are sent.
#[derive(Clone)]
pub struct WebhookSettings {
    /// The receiver's address. Can hold secrets, so `Debug` shows its host only.
    pub url: Url,
    /// `whsec_…`, at least one. Each signs, so that a receiver can change from one to the next without a gap.
    pub secrets: Vec<SecretString>,
    /// How long a delivery may take, connecting included.
    pub timeout: Duration,
    /// Whether the receiver may be inside a network: on this machine, at a private or link-local address.
    pub allow_private: bool,
    /// What puts notices into words, for the body's `message`.
    pub letters: Letters,
}

/// Why a webhook notifier can't be made; worded for an operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhook {
    /// Links would be sent in the clear.
    #[error("url must be an https address; plain http is for this machine only (localhost, 127.0.0.1, [::1])")]
    Url,
    /// It is inside a network.
    #[error(
        "url leads to this machine or to an address inside a network, which a webhook could be led to by mistake; if it is \
         meant, set allow_private = true for this notifier"
    )]
    Inside,
    /// Nothing to sign with.
    #[error("secrets is empty; add one, made with: echo \"whsec_$(openssl rand -base64 32)\"")]
    NoSecret,
    /// Something that is no secret; counted from 1, since it must not be shown.
    #[error(
        "secret {0} is no Standard Webhooks secret (whsec_ and 24 to 64 bytes in Base64); make one with: \
         echo \"whsec_$(openssl rand -base64 32)\""
    )]
    Secret(usize),
    /// No TLS on this machine.
    #[error("TLS can't be set up on this machine; install its CA certificates (package ca-certificates): {0}")]
    Tls(String),
}

/// Sends notices to the operator's application.
#[derive(Clone)]
pub struct Webhook {
    http: Client,
    url: Url,
    signers: Arc<[standardwebhooks::Webhook]>,
    letters: Letters,
    clock: Clock,
}

impl WebhookSettings {
    /// One secret, ten seconds, and a receiver on the open internet.
    #[must_use]
    pub fn new(url: Url, secret: SecretString) -> Self {
        let (timeout, letters) = (Duration::from_secs(10), Letters::standard());
        Self { url, secrets: vec![secret], timeout, allow_private: false, letters }
    }
}

impl Webhook {
    /// A notifier for one receiver. Opens no connection yet.
    ///
    /// # Errors
    /// [`InvalidWebhook`] names what is wrong and what to do.
    pub fn new(settings: &WebhookSettings, clock: Clock) -> Result<Self, InvalidWebhook> {
        if !tls::is_private(&settings.url) {
            return Err(InvalidWebhook::Url);
        }
        if !settings.allow_private && guarded::is_inside(&settings.url) {
            return Err(InvalidWebhook::Inside);
        }
        if settings.secrets.is_empty() {
            return Err(InvalidWebhook::NoSecret);
        }
        let signer = |(position, secret)| signer(secret).ok_or(InvalidWebhook::Secret(position + 1));
        let signers = settings.secrets.iter().enumerate().map(signer).collect::<Result<_, _>>()?;
        tls::install();
        let http = Client::builder()
            .user_agent(concat!("rekindle/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(settings.timeout)
            .timeout(settings.timeout);
        let http = if tls::is_plain(&settings.url) { http.no_proxy() } else { http };
        let http = if settings.allow_private { http } else { http.dns_resolver(Arc::new(OpenInternet)) };
        let http = http.build().map_err(|error| InvalidWebhook::Tls(error.to_string()))?;
        Ok(Self { http, url: settings.url.clone(), signers, letters: settings.letters.clone(), clock })
    }

    /// Sends one notice, once.
    #[tracing::instrument(name = "notify.webhook.deliver", skip_all,
        fields(host = %self.host(), action = %notice.id, status = tracing::field::Empty))]
    pub(super) async fn deliver(&self, notice: &Notice) -> Result<Delivered, NotifyError> {
        self.send(&notice.id, wire::body(notice, &self.letters.of_notice(notice)?)?).await
    }

    /// Tells of one replacement, once.
    #[tracing::instrument(name = "notify.webhook.tell", skip_all,
        fields(host = %self.host(), action = %news.id, status = tracing::field::Empty))]
    pub(super) async fn tell(&self, news: &Replaced) -> Result<Delivered, NotifyError> {
        self.send(&news.id, wire::replaced(news)?).await
    }

    /// Tells what an application subscribed to, once.
    #[tracing::instrument(name = "notify.webhook.publish", skip_all,
        fields(host = %self.host(), action = %news.id, status = tracing::field::Empty))]
    pub(super) async fn publish(&self, news: &News) -> Result<Delivered, NotifyError> {
        self.send(&news.id, news::body(news)?).await
    }

    /// Hands a link on that somebody asked for, once.
    #[tracing::instrument(name = "notify.webhook.invite", skip_all,
        fields(host = %self.host(), action = %invitation.id, status = tracing::field::Empty))]
    pub(super) async fn invite(&self, invitation: &Invitation) -> Result<Delivered, NotifyError> {
        let letter = self.letters.of_invitation(invitation)?;
        self.send(&invitation.id, wire::invitation(invitation, &letter)?).await
    }

    /// Asks for something, once: the status, and up to `longest` bytes of the answer. That there is nothing (404) is an
    /// answer.
    #[tracing::instrument(name = "notify.webhook.ask", skip_all,
        fields(host = %self.host(), status = tracing::field::Empty))]
    pub(super) async fn ask(&self, id: &ActionId, body: String, longest: usize) -> Result<(u16, Vec<u8>), NotifyError> {
        let mut answer = self.post(id, body).await?;
        let status = answer.status().as_u16();
        tracing::Span::current().record("status", status);
        if !answer.status().is_success() && status != 404 {
            return Err(NotifyError::Refused { host: self.host(), status, asked_wait: asked_wait(answer.headers()) });
        }
        let mut read = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.unanswered(&error))? {
            if read.len() + chunk.len() > longest {
                return Err(NotifyError::Unsendable("the answer is too long"));
            }
            read.extend_from_slice(&chunk);
        }
        Ok((status, read))
    }

    async fn post(&self, id: &ActionId, body: String) -> Result<reqwest::Response, NotifyError> {
        let headers = self.headers(id, &body, self.clock.now())?;
        let sent = self.http.post(self.url.clone()).headers(headers).body(body).send().await;
        sent.map_err(|error| self.unanswered(&error))
    }

    /// Tells of one alert, once.
    #[tracing::instrument(name = "notify.webhook.alert", skip_all,
        fields(host = %self.host(), alert = %alert.name, status = tracing::field::Empty))]
    pub(super) async fn alert(&self, alert: &Alert) -> Result<Delivered, NotifyError> {
        self.send(&alert.id, wire::alert(alert)?).await
    }

    async fn send(&self, id: &ActionId, body: String) -> Result<Delivered, NotifyError> {
        // Only status and headers matter; dropping the answer unread bounds what a receiver can make us read.
        let answer = self.post(id, body).await?;
        let status = answer.status().as_u16();
        tracing::Span::current().record("status", status);
        if answer.status().is_success() {
            return Ok(Delivered::Accepted { status });
        }
        Err(NotifyError::Refused { host: self.host(), status, asked_wait: asked_wait(answer.headers()) })
    }

    fn headers(&self, id: &ActionId, body: &str, now: Timestamp) -> Result<HeaderMap, NotifyError> {
        let second = now.as_second();
        let id = id.as_str();
        let sign = |signer: &standardwebhooks::Webhook| signer.sign(id, second, body.as_bytes());
        let signatures: Result<Vec<String>, _> = self.signers.iter().map(sign).collect();
        let signatures = signatures.map_err(|_| NotifyError::Unsendable("it can't be signed"))?.join(" ");
        let value = |bytes: &[u8]| {
            HeaderValue::from_bytes(bytes).map_err(|_| NotifyError::Unsendable("its id is no header value"))
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(standardwebhooks::HEADER_WEBHOOK_ID, value(id.as_bytes())?);
        headers.insert(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, HeaderValue::from(second));
        headers.insert(standardwebhooks::HEADER_WEBHOOK_SIGNATURE, value(signatures.as_bytes())?);
        Ok(headers)
    }

    /// reqwest's own text would name the URL.
    fn unanswered(&self, error: &reqwest::Error) -> NotifyError {
        let host = self.host();
        if guarded::led_inside(error) {
            NotifyError::Inside { host }
        } else if error.is_timeout() {
            NotifyError::Timeout { host }
        } else {
            NotifyError::Unreachable { host }
        }
    }

    fn host(&self) -> String {
        self.url.host_str().unwrap_or("the receiver").to_owned()
    }
}

/// The key of a secret. The crate takes any Base64; a key shorter than the specification's 24 bytes, or longer than
/// its 64, is a mistake. Base64 has four letters for three bytes.
fn signer(secret: &SecretString) -> Option<standardwebhooks::Webhook> {
    let encoded = secret.expose_secret().strip_prefix("whsec_")?;
    let bytes = encoded.trim_end_matches('=').len() * 3 / 4;
    (24..=64).contains(&bytes).then(|| standardwebhooks::Webhook::new(encoded).ok()).flatten()
}

/// `Retry-After` in seconds; its other form, a date, is left to the caller's backoff.
fn asked_wait(headers: &HeaderMap) -> Option<SignedDuration> {
    let seconds: u32 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(SignedDuration::from_secs(i64::from(seconds)))
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
