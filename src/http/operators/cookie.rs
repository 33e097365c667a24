//! Our cookies: what they are called, and how they are set, read and taken away.

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use super::Gate;

/// What a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// A session.
    Session,
    /// A sign-in that is under way at the provider.
    Pending,
}

impl Cookie {
    /// Its name. With TLS it has the prefix that keeps other hosts of the same domain from setting it.
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-rekindle-session",
            (Self::Session, false) => "rekindle-session",
            (Self::Pending, true) => "__Host-rekindle-sign-in",
            (Self::Pending, false) => "rekindle-sign-in",
        }
    }

    /// What the browser shows. Two of one name are none: which of them would count?
    pub(super) fn read<'h>(self, headers: &'h HeaderMap, gate: &Gate) -> Option<&'h str> {
        let name = self.name(gate.app().sign_in().is_secure());
        let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut found = values
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter_map(|(of, value)| (of == name).then_some(value));
        found.next().filter(|_| found.next().is_none())
    }

    /// The header that sets it.
    pub(super) fn set(self, value: &SecretString, life: SignedDuration, gate: &Gate) -> Option<HeaderValue> {
        self.header(value.expose_secret(), life.as_secs().max(0), gate)
    }

    /// The header that takes it away.
    pub(super) fn unset(self, gate: &Gate) -> Option<HeaderValue> {
        self.header("", 0, gate)
    }

    fn header(self, value: &str, seconds: i64, gate: &Gate) -> Option<HeaderValue> {
        let secure = gate.app().sign_in().is_secure();
        let flag = if secure { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{flag}", self.name(secure));
        let mut header = HeaderValue::from_str(&text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// The session that the browser shows.
pub(super) fn session<'h>(headers: &'h HeaderMap, gate: &Gate) -> Option<&'h str> {
    Cookie::Session.read(headers, gate)
}
