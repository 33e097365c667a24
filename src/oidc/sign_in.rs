//! One sign-in at a provider: where the browser is sent, and who comes back.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use super::error::OidcError;

/// What a browser keeps in a cookie while it is at the provider: everything secret about a sign-in follows from it, so
/// that nothing secret has to be stored, and nobody else's browser can end the sign-in.
#[derive(Clone)]
pub struct Browser(SecretString);

/// A sign-in that begins.
#[derive(Debug)]
pub struct Begun {
    /// Where to send the browser.
    pub address: Url,
    /// What comes back with it.
    pub state: String,
}

/// What the browser brings back.
#[derive(Clone)]
pub struct Returned {
    /// The code, to be exchanged once.
    pub code: SecretString,
    /// Who says so, where the provider says who it is.
    pub issuer: Option<String>,
}

/// Who somebody is, by the provider's word.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Their name for the audit.
    pub name: String,
    /// The groups they are in.
    pub groups: Vec<String>,
}

impl Browser {
    /// For a new sign-in.
    ///
    /// # Errors
    /// [`OidcError::NoRandomness`].
    pub fn make() -> Result<Self, OidcError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| OidcError::NoRandomness)?;
        Ok(Self(SecretString::from(hex::encode(bytes))))
    }

    /// What a cookie holds; `None` for what is none of ours by its form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 64 && text.bytes().all(plain)).then(|| Self(SecretString::from(text.to_owned())))
    }

    /// What the cookie is to hold.
    #[must_use]
    pub const fn secret(&self) -> &SecretString {
        &self.0
    }

    /// The hash that is kept of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.derived(b"kept")
    }

    /// What comes back in the address.
    #[must_use]
    pub fn state(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derived(b"state"))
    }

    /// What comes back in the ID token.
    pub(super) fn nonce(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derived(b"nonce"))
    }

    /// What shows that whoever exchanges the code also asked for it.
    pub(super) fn verifier(&self) -> SecretString {
        SecretString::from(URL_SAFE_NO_PAD.encode(self.derived(b"verifier")))
    }

    /// What is told of the verifier beforehand.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier().expose_secret().as_bytes()))
    }

    fn derived(&self, what: &[u8]) -> [u8; 32] {
        let hash = Sha256::new_with_prefix(b"rekindle sign-in 1\0").chain_update(what).chain_update(b"\0");
        hash.chain_update(self.0.expose_secret().as_bytes()).finalize().into()
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Browser")
    }
}

impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Returned")
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    /// Who these claims are of. An address that the provider did not verify names nobody: anybody could have given it.
    pub(super) fn of(claims: &Value, name_claim: &str, groups_claim: &str) -> Self {
        let text = |claim: &str| claims.get(claim).and_then(Value::as_str).filter(|text| !text.is_empty());
        let doubtful = name_claim == "email" && claims.get("email_verified").is_some_and(is_false);
        let name = text(name_claim).filter(|_| !doubtful).or_else(|| text("sub")).unwrap_or_default();
        Self { name: name.to_owned(), groups: groups(claims, groups_claim).unwrap_or_default() }
    }
}

/// The groups of a claim: a list, or one; deeper down by `a.b`. `None` where there is no such claim.
pub(super) fn groups(claims: &Value, claim: &str) -> Option<Vec<String>> {
    let found = claims.get(claim).or_else(|| claim.split('.').try_fold(claims, |inner, part| inner.get(part)))?;
    match found {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(all) => Some(all.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        _ => None,
    }
}

fn is_false(value: &Value) -> bool {
    matches!(value, Value::Bool(false)) || value.as_str() == Some("false")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_follows_from_a_cookie_is_the_same_each_time_and_different_for_each_use() {
        let browser = Browser::make().unwrap();
        let again = Browser::parse(browser.secret().expose_secret()).unwrap();
        assert_eq!((browser.state(), browser.nonce()), (again.state(), again.nonce()));
        assert_ne!(browser.state(), browser.nonce());
        assert_ne!(browser.state(), Browser::make().unwrap().state());
        // RFC 7636 wants 43 to 128 characters.
        assert_eq!((browser.verifier().expose_secret().len(), browser.challenge().len()), (43, 43));
        assert!(Browser::parse("x").is_none() && Browser::parse(&"A".repeat(64)).is_none());
    }

    #[test]
    fn somebody_is_named_by_what_the_provider_verified() {
        let named = |claims: Value| Identity::of(&claims, "email", "groups").name;
        assert_eq!(named(json!({ "sub": "1", "email": "ada@example.com" })), "ada@example.com");
        let claims = json!({ "sub": "1", "email": "ada@example.com", "email_verified": true });
        assert_eq!(named(claims), "ada@example.com");
        for doubt in [json!(false), json!("false")] {
            assert_eq!(named(json!({ "sub": "1", "email": "ada@example.com", "email_verified": doubt })), "1");
        }
        assert_eq!(named(json!({ "sub": "1" })), "1");
    }

    #[test]
    fn groups_are_a_list_or_one_and_may_lie_deeper() {
        let claims = json!({ "groups": ["a", 1, "b"], "role": "c", "realm": { "roles": ["d"] }, "x.y": ["e"] });
        assert_eq!(groups(&claims, "groups").unwrap(), ["a", "b"]);
        assert_eq!(groups(&claims, "role").unwrap(), ["c"]);
        assert_eq!(groups(&claims, "realm.roles").unwrap(), ["d"]);
        assert_eq!(groups(&claims, "x.y").unwrap(), ["e"]);
        assert_eq!(groups(&claims, "realm.none"), None);
    }
}
