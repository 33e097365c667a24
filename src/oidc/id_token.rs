//! Whether an ID token is good: signed by the provider, for us, for this sign-in, and now.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::error::OidcError;
use super::keys::KeySet;
use crate::domain::time::Timestamp;

/// How far the provider's clock may be off, in seconds.
const LEEWAY: i64 = 60;

/// The longest ID token that is read, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// An ID token taken apart; nothing in it is believed yet.
pub(super) struct IdToken<'t> {
    header: Header,
    message: &'t str,
    signature: Vec<u8>,
    claims: Value,
}

/// What must hold for an ID token.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Names of extensions that whoever does not know them must refuse; we know none.
    crit: Option<Value>,
}

impl<'t> IdToken<'t> {
    /// Takes a token apart.
    pub(super) fn parse(text: &'t str) -> Result<Self, OidcError> {
        const TROUBLE: OidcError = OidcError::Token("it has not the form of one");
        if text.len() > MOST_BYTES {
            return Err(TROUBLE);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(TROUBLE)?;
        let (header, claims) = message.split_once('.').ok_or(TROUBLE)?;
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TROUBLE);
        let header: Header = serde_json::from_slice(&bytes(header)?).map_err(|_| TROUBLE)?;
        if header.crit.is_some() {
            return Err(OidcError::Token("it has extensions that are not known here"));
        }
        let claims: Value = serde_json::from_slice(&bytes(claims)?).map_err(|_| TROUBLE)?;
        Ok(Self { header, message, signature: bytes(signature)?, claims })
    }

    /// The name of the key that it says signed it.
    pub(super) fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Its claims, if all is as expected.
    pub(super) fn checked(self, keys: &KeySet, expected: &Expected<'_>) -> Result<Value, OidcError> {
        if !keys.made(&self.header.alg, self.kid(), self.message.as_bytes(), &self.signature) {
            return Err(OidcError::Token("none of the provider's keys signed it"));
        }
        let text = |claim: &str| self.claims.get(claim).and_then(Value::as_str);
        if text("iss") != Some(expected.issuer) {
            return Err(OidcError::Token("another issuer made it"));
        }
        let audience: Vec<&str> = match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let party = text("azp");
        if !audience.contains(&expected.client_id)
            || party.is_some_and(|party| party != expected.client_id)
            || (audience.len() > 1 && party.is_none())
        {
            return Err(OidcError::Token("it is for somebody else"));
        }
        let nonce = text("nonce").unwrap_or_default();
        if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
            return Err(OidcError::Token("it is of another sign-in"));
        }
        if text("sub").is_none_or(str::is_empty) {
            return Err(OidcError::Token("it names nobody"));
        }
        self.is_of_now(expected.now.as_second())?;
        Ok(self.claims)
    }

    fn is_of_now(&self, now: i64) -> Result<(), OidcError> {
        // Whole seconds, or with parts of one: both are allowed.
        let second = |claim: &str| match self.claims.get(claim) {
            None => Ok(None),
            Some(value) => value
                .as_i64()
                .or_else(|| value.as_f64().filter(|second| second.abs() < 1e15).map(truncated))
                .map(Some)
                .ok_or(OidcError::Token("a time in it is none")),
        };
        let end = second("exp")?.ok_or(OidcError::Token("it does not say when it ends"))?;
        if end.saturating_add(LEEWAY) <= now {
            return Err(OidcError::Token("it has expired; is this machine's clock right?"));
        }
        for begin in ["nbf", "iat"] {
            if second(begin)?.is_some_and(|begin| begin.saturating_sub(LEEWAY) > now) {
                return Err(OidcError::Token("it is of the future; is this machine's clock right?"));
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be far inside the range, and parts of a second don't matter"
)]
fn truncated(second: f64) -> i64 {
    second as i64
}
