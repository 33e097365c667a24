//! Deliveries of events: when each is due, and what its outcome leads to (<https://docs.withpersona.com/webhooks>).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::SignedDuration;

use super::events::Event;
use super::world::EnvironmentHandle;
use crate::domain::ids::EventId;
use crate::domain::time::Timestamp;

/// The waits before the retries, in seconds; about 51 hours in all.
pub(super) const RETRY_WAITS: [i64; 7] = [3, 64, 729, 4_096, 15_625, 46_656, 117_649];

/// How many times a delivery is attempted.
pub(super) const ATTEMPTS: usize = RETRY_WAITS.len() + 1;

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// The next attempt is due at this time.
    Due(Timestamp),
    /// An attempt is under way.
    UnderWay,
    /// The receiver has it, or Persona believes so.
    Delivered,
    /// All attempts failed, or the webhook was disabled; only a resend helps.
    Failed,
}

pub(super) struct Delivery {
    pub(super) number: u64,
    pub(super) event: EventId,
    pub(super) event_name: &'static str,
    pub(super) environment: EnvironmentHandle,
    /// The id of the webhook it goes to.
    pub(super) webhook: String,
    pub(super) body: Bytes,
    pub(super) state: DeliveryState,
    pub(super) attempts_made: usize,
    pub(super) first_attempted_at: Option<Timestamp>,
    /// The signature of the first attempt.
    pub(super) first_signature: Option<String>,
    pub(super) last_status: Option<u16>,
}

/// All deliveries, in the order in which they were scheduled.
#[derive(Default)]
pub(super) struct Deliveries {
    all: BTreeMap<u64, Delivery>,
    due: BTreeSet<(Timestamp, u64)>,
}

impl Deliveries {
    pub(super) fn schedule(&mut self, event: &Event, webhook: String, body: Bytes, at: Timestamp) {
        let number = self.all.last_key_value().map_or(1, |(last, _)| last + 1);
        self.due.insert((at, number));
        self.all.insert(
            number,
            Delivery {
                number,
                event: event.id.clone(),
                event_name: event.name,
                environment: event.environment,
                webhook,
                body,
                state: DeliveryState::Due(at),
                attempts_made: 0,
                first_attempted_at: None,
                first_signature: None,
                last_status: None,
            },
        );
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Delivery> {
        self.all.values()
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes all that is due for an attempt.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<u64> {
        let mut taken = Vec::new();
        while let Some((at, number)) = self.due.first().copied() {
            if at > now {
                break;
            }
            self.due.pop_first();
            if let Some(delivery) = self.all.get_mut(&number) {
                delivery.state = DeliveryState::UnderWay;
                taken.push(number);
            }
        }
        taken
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Delivery> {
        self.all.get_mut(&number)
    }

    /// Puts back what was taken and not attempted.
    pub(super) fn put_back(&mut self, number: u64, at: Timestamp) {
        if let Some(delivery) = self.all.get_mut(&number).filter(|delivery| delivery.state == DeliveryState::UnderWay) {
            delivery.state = DeliveryState::Due(at);
            self.due.insert((at, number));
        }
    }

    /// Writes down how an attempt ended.
    pub(super) fn settle(&mut self, number: u64, success: bool, retry_scale: f64, now: Timestamp) {
        let Some(delivery) = self.all.get_mut(&number) else { return };
        if delivery.state != DeliveryState::UnderWay {
            return;
        }
        delivery.state = match RETRY_WAITS.get(delivery.attempts_made.saturating_sub(1)) {
            _ if success => DeliveryState::Delivered,
            Some(wait) => {
                let at = now.plus(scaled(*wait, retry_scale));
                self.due.insert((at, number));
                DeliveryState::Due(at)
            }
            None => DeliveryState::Failed,
        };
        if !matches!(delivery.state, DeliveryState::Due(_)) {
            // A resend makes its own.
            delivery.body = Bytes::new();
        }
    }

    /// Gives up what is pending for a webhook, as disabling it does.
    pub(super) fn give_up(&mut self, environment: EnvironmentHandle, webhook: &str) {
        let theirs = |delivery: &&mut Delivery| delivery.environment == environment && delivery.webhook == webhook;
        for delivery in self.all.values_mut().filter(theirs) {
            match delivery.state {
                DeliveryState::Due(at) => {
                    self.due.remove(&(at, delivery.number));
                    delivery.state = DeliveryState::Failed;
                }
                DeliveryState::UnderWay => delivery.state = DeliveryState::Failed,
                DeliveryState::Delivered | DeliveryState::Failed => {}
            }
        }
    }
}

fn scaled(seconds: i64, scale: f64) -> SignedDuration {
    SignedDuration::from_secs(seconds).mul_f64(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_retries_end_after_51_hours() {
        assert_eq!(ATTEMPTS, 8);
        let hours = SignedDuration::from_secs(RETRY_WAITS.iter().sum()).as_hours();
        assert_eq!(hours, 51);
        assert_eq!(scaled(3, 0.001), SignedDuration::from_millis(3));
    }
}
