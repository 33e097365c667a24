//! What a client needs to know of one Persona environment.

use std::time::Duration;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::tls;

/// Persona's API (<https://docs.withpersona.com/api-reference>).
pub const DEFAULT_API_URL: &str = "https://api.withpersona.com/api/v1";

/// The API version whose shapes this client was written for (<https://docs.withpersona.com/versioning>).
pub const DEFAULT_VERSION: &str = "2025-12-08";

/// How one Persona environment is asked.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Where the API is, with its `/api/v1`.
    pub api_url: Url,
    /// The environment's key.
    pub api_key: SecretString,
    /// Sent as `Persona-Version`, so that the key's own setting doesn't matter.
    pub version: String,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
    /// How long a call may take as a whole.
    pub timeout: Duration,
}

/// Why a client can't be made; worded for an operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSettings {
    /// The API's address would send the key in the clear, or is no address of a server.
    #[error("api_url must be an https address; plain http is for this machine only (localhost, 127.0.0.1, [::1])")]
    ApiUrl,
    /// The address carries what has its own place, or would be lost.
    #[error("api_url must end with its path; leave out user, password, query and fragment")]
    ApiUrlDecorated,
    /// The key can't be sent in a header.
    #[error("the API key is empty or holds characters that no key has; copy it again from Persona's dashboard")]
    ApiKey,
    /// The version can't be sent in a header.
    #[error("the API version is no version; write it like \"{DEFAULT_VERSION}\"")]
    Version,
    /// No TLS on this machine.
    #[error("TLS can't be set up on this machine; install its CA certificates (package ca-certificates): {0}")]
    Tls(String),
}

impl ClientSettings {
    /// The pinned version, 5 seconds to connect and 10 for a call.
    #[must_use]
    pub fn new(api_url: Url, api_key: SecretString) -> Self {
        Self {
            api_url,
            api_key,
            version: DEFAULT_VERSION.to_owned(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
        }
    }

    /// The address, once it is known to be one a key may be sent to.
    pub(super) fn checked_url(&self) -> Result<Url, InvalidSettings> {
        let url = &self.api_url;
        if !tls::is_private(url) {
            return Err(InvalidSettings::ApiUrl);
        }
        let decorated =
            !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some();
        if decorated { Err(InvalidSettings::ApiUrlDecorated) } else { Ok(url.clone()) }
    }

    /// The `Authorization` header, marked so that no HTTP library prints it.
    pub(super) fn authorization(&self) -> Result<HeaderValue, InvalidSettings> {
        let key = self.api_key.expose_secret();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidSettings::ApiKey);
        }
        let mut value = HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| InvalidSettings::ApiKey)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The `Persona-Version` header.
    pub(super) fn version_header(&self) -> Result<HeaderValue, InvalidSettings> {
        let version = &self.version;
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidSettings::Version);
        }
        HeaderValue::try_from(version.as_str()).map_err(|_| InvalidSettings::Version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, key: &str) -> ClientSettings {
        ClientSettings::new(Url::parse(url).unwrap(), key.into())
    }

    #[test]
    fn a_key_goes_only_where_nobody_reads_along() {
        for (url, expected) in [
            (DEFAULT_API_URL, None),
            ("http://127.0.0.1:9000/api/v1", None),
            ("http://persona.example.com/api/v1", Some(InvalidSettings::ApiUrl)),
            ("https://ada:secret@example.com/", Some(InvalidSettings::ApiUrlDecorated)),
            ("https://example.com/?key=1", Some(InvalidSettings::ApiUrlDecorated)),
            ("https://example.com/#here", Some(InvalidSettings::ApiUrlDecorated)),
        ] {
            assert_eq!(settings(url, "k").checked_url().err(), expected, "{url}");
        }
    }

    #[test]
    fn a_key_that_was_copied_badly_is_refused_and_never_shown() {
        for key in ["", "two words", "line\n", "schl\u{fc}ssel"] {
            assert_eq!(settings(DEFAULT_API_URL, key).authorization(), Err(InvalidSettings::ApiKey), "{key:?}");
        }
        let settings = settings(DEFAULT_API_URL, "persona_sandbox_xyzzy");
        assert!(!format!("{settings:?}").contains("xyzzy"));
        assert!(!format!("{:?}", settings.authorization()).contains("xyzzy"));
    }

    #[test]
    fn a_version_is_one_word() {
        let mut settings = settings(DEFAULT_API_URL, "k");
        assert_eq!(settings.version_header().unwrap(), "2025-12-08");
        settings.version = "2025 12 08".to_owned();
        assert_eq!(settings.version_header(), Err(InvalidSettings::Version));
    }
}
