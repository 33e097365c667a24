//! How our clock and Persona's differ, by the `Date` of its answers.

use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;
use reqwest::header::{DATE, HeaderMap};

use crate::domain::time::Timestamp;

/// How far our clock is ahead, by the last answer.
#[derive(Debug, Default)]
pub(super) struct Ahead(Mutex<Option<SignedDuration>>);

impl Ahead {
    pub(super) fn read(&self) -> Option<SignedDuration> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what an answer's headers say.
    pub(super) fn note(&self, headers: &HeaderMap, now: Timestamp) {
        let Some(theirs) = headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(parse) else { return };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now.since(theirs));
    }
}

/// An HTTP date (<https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>), in the form that is sent today.
fn parse(text: &str) -> Option<Timestamp> {
    let at = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp::from_second(at.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_read_from_the_date() {
        let ahead = Ahead::default();
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "soon".parse().unwrap());
        ahead.note(&headers, Timestamp::from_second(0));
        assert_eq!(ahead.read(), None);
        headers.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        ahead.note(&headers, Timestamp::parse("1994-11-06T08:50:37Z").unwrap());
        assert_eq!(ahead.read(), Some(SignedDuration::from_secs(60)));
        ahead.note(&headers, Timestamp::parse("1994-11-06T08:39:37Z").unwrap());
        assert_eq!(ahead.read(), Some(SignedDuration::from_mins(-10)));
    }
}
