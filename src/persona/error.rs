//! Why a call to Persona failed, and what is to happen next.
//!
//! The rules are Persona's own (<https://docs.withpersona.com/errors>): an answer of 4xx or 5xx is kept under its
//! idempotency key and given again, but 401 and 429 are decided before that, and a call without an answer may or may
//! not have taken effect.

use std::fmt;

use jiff::SignedDuration;

/// What the caller is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Call again with the same idempotency key: the first call may have taken effect, or was never looked at.
    RetrySameKey,
    /// Call again with a new key: under the old one the same answer would come back.
    RetryNewKey,
    /// The inquiry is not in the state the call needs: read it again, then decide.
    Reread,
    /// Calling again can't help.
    GiveUp,
}

/// Why a call failed. Free of secrets, links and people's data, in `Display` and in `Debug`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonaError {
    /// No answer in time; the call may have taken effect.
    #[error("Persona did not answer in time")]
    Timeout,
    /// No connection, or it broke; the call may have taken effect.
    #[error("Persona could not be reached: {0}")]
    Unreachable(&'static str),
    /// An answer that refuses.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// An answer of success that lacks what was asked for.
    #[error("Persona answered {status} but {lacks}{}", Request(request_id.as_deref()))]
    Malformed {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it, to follow "but".
        lacks: &'static str,
        /// Persona's `Request-Id`.
        request_id: Option<String>,
    },
    /// The call was not made: what may be asked of Persona is spent, or kept for what is more urgent.
    #[error("what may be asked of Persona is spent for now; again in {}s", wait.as_secs())]
    Busy {
        /// When it is worth calling again.
        wait: SignedDuration,
    },
    /// The call was not made because it can't be put into a request.
    #[error("the call can't be made: {0}")]
    Unaskable(&'static str),
}

/// An answer that refuses.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("Persona answered {status}{}{}", Title(title.as_deref()), Request(request_id.as_deref()))]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The first error's title, without anything that looks like a value.
    pub title: Option<String>,
    /// The first error's details, without anything that looks like a value. They can echo what was sent, so they
    /// are for an operator's eyes only: neither `Display` nor `Debug` shows them.
    pub details: Option<String>,
    /// Persona's `Request-Id`, for its support.
    pub request_id: Option<String>,
    /// How long Persona asks us to wait, as it says.
    pub asked_wait: Option<SignedDuration>,
}

/// How long to wait after a refusal that only a person at the operator's can mend, such as a key that is no good.
pub const SLOW_RETRY: SignedDuration = SignedDuration::from_mins(10);

const SHORTEST_WAIT: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// Longest text of Persona's that an error carries, in characters.
const MAX_TEXT: usize = 200;

impl PersonaError {
    /// What is to happen next.
    #[must_use]
    pub fn next(&self) -> Next {
        match self {
            Self::Timeout | Self::Unreachable(_) | Self::Busy { .. } => Next::RetrySameKey,
            Self::Refused(refusal) => after_status(refusal.status),
            Self::Malformed { .. } => Next::RetryNewKey,
            Self::Unaskable(_) => Next::GiveUp,
        }
    }

    /// How long to wait at least before calling again; `None` leaves it to the caller's backoff.
    #[must_use]
    pub fn retry_after(&self) -> Option<SignedDuration> {
        let refusal = match self {
            Self::Refused(refusal) => refusal,
            Self::Busy { wait } => return Some((*wait).clamp(SHORTEST_WAIT, LONGEST_WAIT)),
            _ => return None,
        };
        match refusal.status {
            300..=399 | 401 | 403 => Some(SLOW_RETRY),
            429 | 503 => refusal.asked_wait.map(|wait| wait.clamp(SHORTEST_WAIT, LONGEST_WAIT)),
            _ => None,
        }
    }

    /// Whether it was the rate limit that stood in the way, ours or Persona's: then the call was not looked at, and
    /// nobody's attempt has failed.
    #[must_use]
    pub fn is_about_budget(&self) -> bool {
        matches!(self, Self::Busy { .. }) || self.status() == Some(429)
    }

    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            Self::Malformed { status, .. } => Some(*status),
            Self::Timeout | Self::Unreachable(_) | Self::Busy { .. } | Self::Unaskable(_) => None,
        }
    }

    /// Persona's `Request-Id`, where there was one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.request_id.as_deref(),
            Self::Malformed { request_id, .. } => request_id.as_deref(),
            Self::Timeout | Self::Unreachable(_) | Self::Busy { .. } | Self::Unaskable(_) => None,
        }
    }
}

/// A redirect means a wrong address in the configuration: nothing was looked at, and an operator can mend it.
const fn after_status(status: u16) -> Next {
    match status {
        300..=399 | 401 | 425 | 429 => Next::RetrySameKey,
        403 | 408 | 500..=599 => Next::RetryNewKey,
        409 => Next::Reread,
        _ => Next::GiveUp,
    }
}

/// A text of Persona's, short and without what looks like a value: its words are kept, while quoted stretches,
/// numbers, addresses, ids and names (capitalised words after the first) become one `…`.
pub(super) fn without_values(text: &str) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    let mut within = false;
    for (position, word) in text.split_whitespace().take(60).enumerate() {
        let core = word.trim_start_matches('(').trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        let opens = core.starts_with(QUOTES);
        let closes = core.len() > 1 && core.ends_with(QUOTES);
        let plain = !within && !opens && !closes && is_plain(core, position == 0);
        within = (within || opens) && !closes;
        if plain {
            words.push(word);
        } else if words.last() != Some(&"…") {
            words.push("…");
        }
    }
    let short: String = words.join(" ").chars().take(MAX_TEXT).collect();
    (!short.is_empty()).then_some(short)
}

const QUOTES: [char; 5] = ['"', '\'', '`', '“', '”'];

/// Capitalised words that are no names: HTTP's reason phrases, which Persona uses as titles.
const PHRASES: [&str; 16] = [
    "Bad",
    "Conflict",
    "Entity",
    "Error",
    "Forbidden",
    "Found",
    "Gateway",
    "Internal",
    "Many",
    "Not",
    "Request",
    "Requests",
    "Server",
    "Service",
    "Timeout",
    "Unavailable",
];

fn is_plain(word: &str, first: bool) -> bool {
    let capital = word.starts_with(|letter: char| letter.is_ascii_uppercase());
    let acronym = word.len() <= 3 && word.bytes().all(|letter| letter.is_ascii_uppercase());
    let spelled = word.len() <= 40 && word.chars().all(|letter| letter.is_ascii_alphabetic() || "-'’".contains(letter));
    spelled && (!capital || first || acronym || PHRASES.contains(&word))
}

impl From<Refusal> for PersonaError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("status", &self.status)
            .field("title", &self.title)
            .field("request_id", &self.request_id)
            .field("asked_wait", &self.asked_wait)
            .finish_non_exhaustive()
    }
}

struct Title<'a>(Option<&'a str>);

impl fmt::Display for Title<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |title| write!(f, ": {title}"))
    }
}

struct Request<'a>(Option<&'a str>);

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |id| write!(f, " (request {id})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, wait: Option<i64>) -> PersonaError {
        let asked_wait = wait.map(SignedDuration::from_secs);
        Refusal { status, title: None, details: None, request_id: None, asked_wait }.into()
    }

    #[test]
    fn every_status_says_what_happens_next() {
        let mut table = Vec::new();
        let mut previous = None;
        for status in 300..=599 {
            let next = refused(status, None).next();
            if previous != Some(next) {
                table.push(format!("{status}: {next:?}"));
            }
            previous = Some(next);
        }
        // Each line holds up to the next one.
        insta::assert_snapshot!(table.join("\n"), @r"
        300: RetrySameKey
        400: GiveUp
        401: RetrySameKey
        402: GiveUp
        403: RetryNewKey
        404: GiveUp
        408: RetryNewKey
        409: Reread
        410: GiveUp
        425: RetrySameKey
        426: GiveUp
        429: RetrySameKey
        430: GiveUp
        500: RetryNewKey
        ");
    }

    #[test]
    fn a_call_without_a_good_answer_says_what_happens_next() {
        assert_eq!(PersonaError::Timeout.next(), Next::RetrySameKey);
        assert_eq!(PersonaError::Unreachable("the connection broke").next(), Next::RetrySameKey);
        let malformed = PersonaError::Malformed { status: 200, lacks: "named no inquiry", request_id: None };
        assert_eq!(malformed.next(), Next::RetryNewKey);
        assert_eq!(PersonaError::Unaskable("the id is no path segment").next(), Next::GiveUp);
    }

    #[test]
    fn waits_are_persona_s_own_within_bounds() {
        for (status, told, wait) in [
            (429, Some(42), Some(42)),
            (429, Some(0), Some(1)),
            (429, Some(86_400), Some(600)),
            (429, None, None),
            (503, Some(5), Some(5)),
            (500, Some(5), None),
            (401, Some(5), Some(600)),
            (403, None, Some(600)),
            (302, None, Some(600)),
            (422, Some(5), None),
        ] {
            let told = refused(status, told).retry_after();
            assert_eq!(told.map(|wait| wait.as_secs()), wait, "{status}");
        }
        assert_eq!(PersonaError::Timeout.retry_after(), None);
        let busy = PersonaError::Busy { wait: SignedDuration::from_millis(3) };
        assert_eq!((busy.next(), busy.retry_after()), (Next::RetrySameKey, Some(SHORTEST_WAIT)));
        assert!(
            busy.is_about_budget() && refused(429, None).is_about_budget() && !refused(503, None).is_about_budget()
        );
    }

    #[test]
    fn what_looks_like_a_value_is_taken_out() {
        for (told, kept) in [
            ("Record not found", "Record not found"),
            ("Bad Request", "Bad Request"),
            ("Too Many Requests", "Too Many Requests"),
            ("Must be authenticated to access this endpoint", "Must be authenticated to access this endpoint"),
            ("IP address is not permitted access", "IP address is not permitted access"),
            ("Inquiry inq_9QdWcZ1 is expired", "Inquiry … is expired"),
            ("The e-mail ada@example.com is taken", "The e-mail … is taken"),
            ("Account \"ada lovelace of somewhere\" exists", "Account … exists"),
            ("The name Ada Example is taken.", "The name … is taken."),
            ("It doesn't exist, as 'ada' or (\"ada example\"), for you", "It doesn't exist, as … or … for you"),
            ("see https://withpersona.com/verify?code=abc", "see …"),
            ("born 1990-01-01, phone +1 555", "born … phone …"),
        ] {
            assert_eq!(without_values(told).as_deref(), Some(kept), "{told}");
        }
        assert_eq!(without_values("  "), None);
        assert_eq!(without_values(&"word ".repeat(500)).unwrap().chars().count(), 200);
    }

    #[test]
    fn details_are_for_the_operator_only() {
        let details = Some("field is wrong for somebody".to_owned());
        let title = Some("Bad Request".to_owned());
        let request_id = Some("req_1".to_owned());
        let error: PersonaError = Refusal { status: 400, title, details, request_id, asked_wait: None }.into();
        assert_eq!(error.to_string(), "Persona answered 400: Bad Request (request req_1)");
        assert!(!format!("{error:?}").contains("somebody"));
        assert_eq!(error.request_id(), Some("req_1"));
    }
}
