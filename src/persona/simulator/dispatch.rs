//! Sends what is due: by hand, when a test says so, or from a task in the background.

use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::deliveries::{ATTEMPTS, DeliveryState};
use super::handle::Simulator;
use super::signature::sign;
use super::world::World;
use crate::domain::ids::EventId;
use crate::domain::time::Timestamp;

/// How often the background looks at the clock, which may be moved by hand.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How many deliveries are under way at once in the background.
const AT_ONCE: usize = 16;

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The event.
    pub event: EventId,
    /// Its name, such as `inquiry.created`.
    pub name: &'static str,
    /// Which attempt it was, from 1.
    pub attempt: usize,
    /// What the receiver did.
    pub outcome: DeliveryOutcome,
    /// What follows.
    pub state: DeliveryState,
}

/// What a receiver did with an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// It answered with this status; 2xx is success.
    Answered(u16),
    /// It answered too late.
    TimedOut,
    /// There was no connection to it.
    Unreachable,
    /// A fault lost it on the way; Persona holds it for delivered.
    Lost,
}

/// The background's handle; dropping it ends the background.
#[derive(Debug)]
#[must_use = "dropping it ends the background delivery"]
pub struct BackgroundDelivery(tokio::task::JoinHandle<()>);

/// One request to a receiver.
struct Posting {
    event: EventId,
    name: &'static str,
    url: String,
    body: Bytes,
    signature: String,
    made: usize,
    first_attempted_at: Timestamp,
    lost: bool,
    repeated: bool,
}

/// A delivery that was taken for an attempt; it is put back when the attempt is cancelled.
struct UnderWay<'a> {
    simulator: &'a Simulator,
    number: u64,
    settled: bool,
}

impl DeliveryOutcome {
    const fn is_success(self) -> bool {
        matches!(self, Self::Answered(200..=299) | Self::Lost)
    }
}

impl BackgroundDelivery {
    /// Ends the background; what is under way is put back.
    pub fn stop(self) {}
}

impl Drop for BackgroundDelivery {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<'a> UnderWay<'a> {
    const fn new(simulator: &'a Simulator, number: u64) -> Self {
        Self { simulator, number, settled: false }
    }

    async fn attempt(mut self) -> Option<DeliveryReport> {
        let report = self.simulator.attempt(self.number).await;
        self.settled = true;
        report
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let now = self.simulator.clock().now();
        self.simulator.world().deliveries.put_back(self.number, now);
    }
}

impl Simulator {
    /// Sends every delivery that is due by the clock, one after the other in the order in which they fell due, and waits
    /// for each receiver.
    pub async fn deliver_due(&self) -> Vec<DeliveryReport> {
        let taken = self.take_due();
        let taken: Vec<UnderWay<'_>> = taken.into_iter().map(|number| UnderWay::new(self, number)).collect();
        let mut reports = Vec::new();
        for delivery in taken {
            reports.extend(delivery.attempt().await);
        }
        reports
    }

    /// Starts to send what is due as it falls due, and to let deadlines pass, until the answer is dropped.
    pub fn start_background_delivery(&self) -> BackgroundDelivery {
        let simulator = self.clone();
        BackgroundDelivery(tokio::spawn(async move { simulator.deliver_for_ever().await }))
    }

    async fn deliver_for_ever(&self) {
        let mut under_way = JoinSet::new();
        loop {
            for number in self.take_due() {
                if under_way.len() >= AT_ONCE {
                    under_way.join_next().await;
                }
                let simulator = self.clone();
                under_way.spawn(async move {
                    UnderWay::new(&simulator, number).attempt().await;
                });
            }
            while under_way.try_join_next().is_some() {}
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn take_due(&self) -> Vec<u64> {
        let now = self.clock().now();
        let mut world = self.world();
        world.tick(now);
        let mut taken = world.deliveries.take_due(now);
        if world.faults.deliveries_reordered {
            world.random.shuffle(&mut taken);
        }
        taken
    }

    async fn attempt(&self, number: u64) -> Option<DeliveryReport> {
        let posting = self.world().begin_attempt(number, self.clock().now())?;
        let outcome = if posting.lost { DeliveryOutcome::Lost } else { self.post(&posting).await };
        if posting.repeated {
            self.post(&posting).await;
        }
        let mut world = self.world();
        let scale = world.settings.retry_scale;
        world.deliveries.settle(number, outcome.is_success(), scale, self.clock().now());
        let delivery = world.deliveries.get_mut(number)?;
        if let DeliveryOutcome::Answered(status) = outcome {
            delivery.last_status = Some(status);
        }
        let state = delivery.state;
        Some(DeliveryReport { event: posting.event, name: posting.name, attempt: posting.made, outcome, state })
    }

    async fn post(&self, posting: &Posting) -> DeliveryOutcome {
        let Some(client) = self.receiver_client() else { return DeliveryOutcome::Unreachable };
        let request = client
            .post(&posting.url)
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Persona-Signature", &posting.signature)
            .header("Persona-Webhook-Attempts-Made", posting.made)
            .header("Persona-Webhook-Attempts-Left", ATTEMPTS - posting.made)
            .header("Persona-Webhook-First-Attempted-At", posting.first_attempted_at.as_second())
            .body(posting.body.clone());
        match request.send().await {
            Ok(answer) => DeliveryOutcome::Answered(answer.status().as_u16()),
            Err(error) if error.is_timeout() => DeliveryOutcome::TimedOut,
            Err(_) => DeliveryOutcome::Unreachable,
        }
    }
}

impl World {
    /// Counts an attempt and makes the request for it; nothing when the webhook is gone or was disabled meanwhile.
    fn begin_attempt(&mut self, number: u64, now: Timestamp) -> Option<Posting> {
        let delivery = self.deliveries.get_mut(number)?;
        let (environment, id) = (delivery.environment, delivery.webhook.clone());
        let webhook = self.environment(environment).webhooks.iter().find(|webhook| webhook.id == id);
        let Some(webhook) = webhook.map(|webhook| webhook.settings.clone()).filter(|webhook| webhook.enabled) else {
            self.deliveries.give_up(environment, &id);
            return None;
        };
        let lost = self.random.chance(self.faults.deliveries_lost_share);
        let repeated = !lost && self.random.chance(self.faults.deliveries_repeated_share);
        let signed_anew = self.unknowns.retries_signed_anew;
        let delivery = self.deliveries.get_mut(number)?;
        let fresh = sign(&webhook.secrets, &delivery.body, now);
        let first = delivery.first_signature.get_or_insert_with(|| fresh.clone()).clone();
        delivery.attempts_made += 1;
        Some(Posting {
            event: delivery.event.clone(),
            name: delivery.event_name,
            url: webhook.url,
            body: delivery.body.clone(),
            signature: if signed_anew { fresh } else { first },
            made: delivery.attempts_made,
            first_attempted_at: *delivery.first_attempted_at.get_or_insert(now),
            lost,
            repeated,
        })
    }
}

/// The client that posts to receivers: no redirects, because Persona's documentation knows no success but 2xx.
pub(super) fn receiver_client(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none()).no_proxy().build()
}

/// Gives TLS its one crypto provider, which clients need to be made.
pub(super) fn install_crypto_provider() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Somebody else may have installed one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
