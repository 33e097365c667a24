//! What each page says: what is found behind a link, in words, with what happens next.

use axum::http::StatusCode;
use jiff::SignedDuration;

use crate::app::links::{Dead, Doorway, Over};
use crate::app::suppressions::Subscription;
use crate::config::Text;

/// A page, before it has a language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) heading: Text,
    /// A text and the number in it.
    pub(super) body: (Text, Option<u64>),
    /// What the one button says, and what it does.
    pub(super) button: Option<(Text, Press)>,
    pub(super) notes: Vec<(Text, Option<u64>)>,
    /// In seconds.
    pub(super) retry_after: Option<u64>,
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    /// It opens the link, by a POST to where the page is.
    Open,
    /// It asks for a new link.
    Renew,
}

impl Page {
    /// The page for what is behind a link. Who gets inside sees none.
    pub(super) fn of(doorway: &Doorway) -> Self {
        match doorway {
            Doorway::Ready { left } => Self {
                button: Some((Text::AskButton, Press::Open)),
                notes: vec![(Text::AskNext, None), until(*left)],
                ..Self::new(StatusCode::OK, Text::AskHeading, Text::AskBody)
            },
            Doorway::Over(over) => {
                let (heading, body) = words(*over);
                Self::new(StatusCode::OK, heading, body)
            }
            Doorway::Dead(dead) => {
                let heading = match dead {
                    Dead::Expired => Text::ExpiredHeading,
                    Dead::UsedUp => Text::UsedUpHeading,
                    Dead::Revoked => Text::RevokedHeading,
                };
                let button = Some((Text::DeadButton, Press::Renew));
                Self { button, ..Self::new(StatusCode::GONE, heading, Text::DeadBody) }
            }
            Doorway::Busy { retry_after } => {
                let seconds = u64::try_from(retry_after.as_secs()).unwrap_or(0).max(1);
                Self {
                    body: (Text::BusyBody, Some(seconds)),
                    button: Some((Text::BusyButton, Press::Open)),
                    retry_after: Some(seconds),
                    ..Self::new(StatusCode::SERVICE_UNAVAILABLE, Text::BusyHeading, Text::BusyBody)
                }
            }
            Doorway::Unknown | Doorway::Inside { .. } => {
                Self::new(StatusCode::NOT_FOUND, Text::UnknownHeading, Text::UnknownBody)
            }
        }
    }

    /// The page for what a way to unsubscribe would end, or has ended.
    pub(super) fn of_subscription(subscription: Subscription) -> Self {
        match subscription {
            Subscription::Open => Self {
                button: Some((Text::StopButton, Press::Open)),
                ..Self::new(StatusCode::OK, Text::StopHeading, Text::StopBody)
            },
            Subscription::Ended => Self::new(StatusCode::OK, Text::StoppedHeading, Text::StoppedBody),
            Subscription::Unknown => Self::new(StatusCode::NOT_FOUND, Text::UnknownHeading, Text::UnknownBody),
        }
    }

    /// Not now.
    pub(super) fn busy(wait: SignedDuration) -> Self {
        Self::of(&Doorway::Busy { retry_after: wait })
    }

    /// A new link was asked for.
    pub(super) fn sent() -> Self {
        Self::new(StatusCode::OK, Text::SentHeading, Text::SentBody)
    }

    /// Too many requests; so many seconds are to be waited.
    pub(super) fn slow(wait: u32) -> Self {
        let seconds = u64::from(wait.max(1));
        Self {
            body: (Text::SlowBody, Some(seconds)),
            retry_after: Some(seconds),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, Text::SlowHeading, Text::SlowBody)
        }
    }

    const fn new(status: StatusCode, heading: Text, body: Text) -> Self {
        Self { status, heading, body: (body, None), button: None, notes: Vec::new(), retry_after: None }
    }
}

/// What is behind a link in one word, for counting.
pub(super) const fn outcome(doorway: &Doorway) -> &'static str {
    match doorway {
        Doorway::Unknown => "unknown",
        Doorway::Dead(Dead::Expired) => "expired",
        Doorway::Dead(Dead::UsedUp) => "used_up",
        Doorway::Dead(Dead::Revoked) => "revoked",
        Doorway::Ready { .. } => "ready",
        Doorway::Inside { .. } => "inside",
        Doorway::Over(_) => "over",
        Doorway::Busy { .. } => "busy",
    }
}

const fn words(over: Over) -> (Text, Text) {
    match over {
        Over::Finished => (Text::DoneHeading, Text::DoneBody),
        Over::InReview => (Text::ReviewHeading, Text::ReviewBody),
        Over::Decided => (Text::DecidedHeading, Text::DecidedBody),
        Over::Failed => (Text::FailedHeading, Text::FailedBody),
        Over::NotNeeded => (Text::ClosedHeading, Text::ClosedBody),
        Over::GivenUp => (Text::StuckHeading, Text::StuckBody),
    }
}

/// Until when a link opens, as a distance: that is right in every time zone. Rounded down, and never one of anything.
fn until(left: SignedDuration) -> (Text, Option<u64>) {
    match u64::try_from(left.as_hours()).unwrap_or(0) {
        0 | 1 => (Text::UntilSoon, None),
        hours @ 2..48 => (Text::UntilHours, Some(hours)),
        hours => (Text::UntilDays, Some(hours / 24)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_told_in_whole_numbers_from_two_on() {
        let told = |hours| until(SignedDuration::from_hours(hours));
        assert_eq!(told(0), (Text::UntilSoon, None));
        assert_eq!((told(1), told(2)), ((Text::UntilSoon, None), (Text::UntilHours, Some(2))));
        assert_eq!((told(47), told(48)), ((Text::UntilHours, Some(47)), (Text::UntilDays, Some(2))));
        assert_eq!(told(72), (Text::UntilDays, Some(3)));
    }
}
