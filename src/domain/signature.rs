//! Persona's webhook signature: header, secrets, raw body and the time in; verified, or the one reason why not, out.
//!
//! The header is `t=<unix seconds>,v1=<hex>`; while a secret rotates there are several such groups, separated by
//! spaces (<https://docs.withpersona.com/webhooks-best-practices>). Every group is checked against every secret with
//! the group's own `t`, because Persona does not say that the groups share it.

use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use sha2::Sha256;

use crate::domain::time::Timestamp;

/// Longest header we look at, in bytes. A group is about 80.
pub const MAX_HEADER_BYTES: usize = 2_048;

/// Most groups we check: each costs an HMAC over the body per secret.
pub const MAX_GROUPS: usize = 8;

/// How far ahead of our clock a signature may be before it is held back.
pub const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// A body whose signature is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// When it was signed, by Persona's clock.
    pub signed_at: Timestamp,
    /// Whether that is near enough to now.
    pub age: Age,
}

/// Whether a right signature is of about now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// Within the tolerance.
    Fresh,
    /// Signed longer ago than the tolerance allows.
    TooOld,
    /// Signed more than [`MAX_AHEAD`] in the future.
    InTheFuture,
}

impl Age {
    /// Why a body of this age is held back; empty when it is not.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Fresh => "",
            Self::TooOld => "the signature is older than the tolerance",
            Self::InTheFuture => "the signature is more than 5 minutes in the future",
        }
    }
}

/// Why a signature is refused. The texts name no content, so they can be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SignatureError {
    /// No `Persona-Signature` header.
    #[error("the Persona-Signature header is missing")]
    Missing,
    /// The header is longer than [`MAX_HEADER_BYTES`], has more than [`MAX_GROUPS`] groups, or is not text.
    #[error("the Persona-Signature header is longer than any Persona sends")]
    TooLong,
    /// No group of the form `t=<seconds>,v1=<64 hex digits>`.
    #[error("the Persona-Signature header has no group of the form t=<seconds>,v1=<hex>")]
    Malformed,
    /// No group matches any secret.
    #[error("no signature matches a configured secret")]
    Mismatch,
}

struct Group<'a> {
    time: &'a str,
    signed_at: Timestamp,
    digests: Vec<Vec<u8>>,
}

/// Checks a body against its signature header. `secrets` are whole, `wbhsec_` included.
///
/// # Errors
/// [`SignatureError`] says why no group holds.
pub fn verify(
    header: Option<&[u8]>,
    body: &[u8],
    secrets: &[&[u8]],
    now: Timestamp,
    tolerance: SignedDuration,
) -> Result<Verified, SignatureError> {
    let groups = groups(header.ok_or(SignatureError::Missing)?)?;
    let mut best: Option<Verified> = None;
    for group in &groups {
        for secret in secrets {
            if matches(group, body, secret) {
                let found = Verified { signed_at: group.signed_at, age: age(group.signed_at, now, tolerance) };
                best = Some(best.map_or(found, |best| if found.age < best.age { found } else { best }));
            }
        }
    }
    best.ok_or(SignatureError::Mismatch)
}

/// Whether a header has the form of Persona's at all: what has not needs no body to be refused.
///
/// # Errors
/// [`SignatureError`] says what is wrong; never a mismatch, which takes the body to find.
pub fn check_form(header: Option<&[u8]>) -> Result<(), SignatureError> {
    groups(header.ok_or(SignatureError::Missing)?).map(drop)
}

fn groups(header: &[u8]) -> Result<Vec<Group<'_>>, SignatureError> {
    if header.len() > MAX_HEADER_BYTES {
        return Err(SignatureError::TooLong);
    }
    let text = std::str::from_utf8(header).map_err(|_| SignatureError::Malformed)?;
    let parts: Vec<&str> = text.split_ascii_whitespace().collect();
    if parts.len() > MAX_GROUPS {
        return Err(SignatureError::TooLong);
    }
    let groups: Vec<Group<'_>> = parts.into_iter().filter_map(group).collect();
    if groups.is_empty() { Err(SignatureError::Malformed) } else { Ok(groups) }
}

fn group(text: &str) -> Option<Group<'_>> {
    let fields = || text.split(',').filter_map(|field| field.split_once('='));
    let (_, time) = fields().find(|(key, _)| *key == "t")?;
    let digits = !time.is_empty() && time.len() <= 15 && time.bytes().all(|byte| byte.is_ascii_digit());
    let signed_at = time.parse().ok().filter(|_| digits).map(Timestamp::from_second)?;
    let digests: Vec<Vec<u8>> = fields()
        .filter(|(key, value)| *key == "v1" && value.len() == 64)
        .filter_map(|(_, v)| hex::decode(v).ok())
        .take(2)
        .collect();
    (!digests.is_empty()).then_some(Group { time, signed_at, digests })
}

/// Constant time in the digest: the comparison is the MAC's own.
fn matches(group: &Group<'_>, body: &[u8], secret: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    mac.update(group.time.as_bytes());
    mac.update(b".");
    mac.update(body);
    group.digests.iter().fold(false, |any, digest| any | mac.clone().verify_slice(digest).is_ok())
}

fn age(signed_at: Timestamp, now: Timestamp, tolerance: SignedDuration) -> Age {
    let age = now.since(signed_at);
    if age > tolerance {
        Age::TooOld
    } else if age < -MAX_AHEAD {
        Age::InTheFuture
    } else {
        Age::Fresh
    }
}

/// The header Persona would send for a body: for the simulator, the demo and tests.
#[must_use]
pub fn sign(body: &[u8], secret: &[u8], at: Timestamp) -> String {
    let time = at.as_second().to_string();
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret).unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"wbhsec_00000000-1111-2222-3333-444444444444";
    const BODY: &[u8] = br#"{"data":{"type":"event","id":"evt_test","attributes":{"name":"inquiry.expired"}}}"#;
    const DIGEST: &str = "df4351def04ddf19b6a55eda41f6717da2f513f7ef91412d1a19531418580c6e";

    fn check(header: &str, secrets: &[&[u8]]) -> Result<Verified, SignatureError> {
        let now = Timestamp::from_second(1_764_686_830);
        verify(Some(header.as_bytes()), BODY, secrets, now, SignedDuration::from_hours(72))
    }

    fn good() -> String {
        format!("t=1764686826,v1={DIGEST}")
    }

    #[test]
    fn the_known_vector_verifies_and_is_what_we_sign() {
        let verified = check(&good(), &[SECRET]).unwrap();
        assert_eq!(verified, Verified { signed_at: Timestamp::from_second(1_764_686_826), age: Age::Fresh });
        assert_eq!(sign(BODY, SECRET, Timestamp::from_second(1_764_686_826)), good());
    }

    #[test]
    fn any_group_may_match_any_secret_while_secrets_rotate() {
        let other = sign(BODY, b"wbhsec_other", Timestamp::from_second(1_764_686_820));
        for header in [format!("{other} {}", good()), format!("{} {other}", good()), format!("junk {}", good())] {
            assert!(check(&header, &[b"wbhsec_new", SECRET]).is_ok(), "{header}");
        }
        assert!(check(&other, &[SECRET, b"wbhsec_other"]).is_ok(), "a group has its own time");
    }

    #[test]
    fn a_fresh_group_is_preferred_to_an_old_one() {
        let old = sign(BODY, SECRET, Timestamp::from_second(1_000_000_000));
        assert_eq!(check(&old, &[SECRET]).unwrap().age, Age::TooOld);
        assert_eq!(check(&format!("{old} {}", good()), &[SECRET]).unwrap().age, Age::Fresh);
        let ahead = sign(BODY, SECRET, Timestamp::from_second(1_764_686_830 + 301));
        assert_eq!(check(&ahead, &[SECRET]).unwrap().age, Age::InTheFuture);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let long = good().repeat(40);
        let groups = vec![good(); 9].join(" ");
        for (header, reason) in [
            ("", SignatureError::Malformed),
            ("t=1764686826", SignatureError::Malformed),
            ("v1=00", SignatureError::Malformed),
            (&*format!("t=-5,v1={DIGEST}"), SignatureError::Malformed),
            (&*format!("t=1764686827,v1={DIGEST}"), SignatureError::Mismatch),
            (&*format!("t=1764686826,v1={}", "0".repeat(64)), SignatureError::Mismatch),
            (&*long, SignatureError::TooLong),
            (&*groups, SignatureError::TooLong),
        ] {
            assert_eq!(check(header, &[SECRET]), Err(reason), "{header}");
        }
        assert_eq!(check(&good(), &[]), Err(SignatureError::Mismatch), "no secret, no way in");
        let verdict = verify(None, BODY, &[SECRET], Timestamp::from_second(0), SignedDuration::from_hours(1));
        assert_eq!(verdict, Err(SignatureError::Missing));
    }
}
