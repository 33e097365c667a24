//! Sessions: who may sit in front of an inquiry (<https://docs.withpersona.com/inquiry-sessions>).

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;

use super::expiry::Deadline;
use super::refusal::Refusal;
use super::times::whole_second;
use super::world::{EnvironmentHandle, World};
use crate::domain::ids::{InquiryId, SessionId};
use crate::domain::time::Timestamp;

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// Made, and nobody has come yet.
    New,
    /// A device opened it.
    Active,
    /// Over; its token and links are dead.
    Expired,
}

pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) sequence: u64,
    pub(super) environment: EnvironmentHandle,
    pub(super) inquiry: InquiryId,
    pub(super) status: SessionStatus,
    pub(super) token: SecretString,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) expired_at: Option<Timestamp>,
    /// The inquiry's deadline when the session was made; it stays when the inquiry's moves.
    pub(super) expires_at: Timestamp,
}

impl SessionStatus {
    /// As Persona writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Active => "active",
            Self::Expired => "expired",
        }
    }
}

impl World {
    pub(super) fn session(&self, id: &SessionId) -> Result<&Session, Refusal> {
        self.sessions.get(id).ok_or_else(Refusal::not_found)
    }

    /// Makes a session of an inquiry that is open.
    pub(super) fn new_session(&mut self, inquiry: &InquiryId, now: Timestamp) -> Result<SessionId, Refusal> {
        let id = self.random.mint("iqse", SessionId::parse);
        let sequence = self.next_sequence();
        let of = self.inquiry(inquiry)?;
        let environment = of.environment;
        let Some(expires_at) = of.open_until() else {
            return Err(self.unknowns.link_refusal.because(format!("Inquiry is {}", of.state_in_words())));
        };
        if of.sessions.len() >= self.template(&of.template)?.session_limit {
            let limit = of.sessions.len();
            let details = format!("Inquiry has reached its limit of {limit} sessions");
            return Err(self.unknowns.session_limit_refusal.because(details));
        }
        let token = token(&id, now, expires_at, &self.random.word(16));
        let session = Session {
            id: id.clone(),
            sequence,
            environment,
            inquiry: inquiry.clone(),
            status: SessionStatus::New,
            token,
            created_at: whole_second(now),
            started_at: None,
            expired_at: None,
            expires_at,
        };
        self.deadlines.insert((expires_at, Deadline::Session(id.clone())));
        self.tokens.insert(session.token.expose_secret().to_owned(), id.clone());
        self.sessions.insert(id.clone(), session);
        self.inquiry_mut(inquiry)?.sessions.push(id.clone());
        Ok(id)
    }

    /// Makes a session active when a device opens it for the first time.
    pub(super) fn activate_session(&mut self, id: &SessionId, now: Timestamp) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.status == SessionStatus::New {
            session.status = SessionStatus::Active;
            session.started_at = Some(whole_second(now));
            self.announce_session(id, "inquiry-session.started", now);
        }
    }

    pub(super) fn expire_session(&mut self, id: &SessionId, now: Timestamp) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.status != SessionStatus::Expired {
            session.status = SessionStatus::Expired;
            session.expired_at = Some(whole_second(now));
            self.announce_session(id, "inquiry-session.expired", now);
        }
    }

    /// Ends every session of an inquiry.
    pub(super) fn expire_sessions_of(&mut self, inquiry: &InquiryId, now: Timestamp) {
        let sessions = self.inquiry(inquiry).map(|inquiry| inquiry.sessions.clone()).unwrap_or_default();
        for session in sessions {
            self.expire_session(&session, now);
        }
    }

    /// A session that nobody has used yet and that still lives.
    pub(super) fn unused_session_of(&self, inquiry: &InquiryId) -> Option<&Session> {
        let sessions = &self.inquiry(inquiry).ok()?.sessions;
        sessions.iter().filter_map(|id| self.sessions.get(id)).find(|session| session.status == SessionStatus::New)
    }
}

/// A JSON Web Token in the shape of the one in Persona's documentation; receivers treat it as opaque.
fn token(session: &SessionId, now: Timestamp, expires_at: Timestamp, unique: &str) -> SecretString {
    let claims = json!({
        "sub": session.as_str(), "sid": session.as_str(), "aud": "persona-verify", "iss": "simulator",
        "iat": now.as_second(), "nbf": now.as_second(), "exp": expires_at.as_second(), "jti": unique,
    });
    let head = format!("{}.{}", part(&json!({"alg": "HS256"})), part(&claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(b"the simulator's own key")
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(head.as_bytes());
    format!("{head}.{}", base64url(&mac.finalize().into_bytes())).into()
}

fn part(value: &Value) -> String {
    base64url(value.to_string().as_bytes())
}

/// Base64 for URLs, without padding (RFC 4648 section 5).
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0, |bits, byte| (bits << 8) | usize::from(*byte)) << (8 * (3 - group.len()));
        for digit in 0..=group.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit)) & 63]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, encoded) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")] {
            assert_eq!(base64url(plain.as_bytes()), encoded);
        }
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }
}
