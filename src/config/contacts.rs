//! Where it is asked how a person is reached, when nobody told us.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;
use url::Url;

use super::notifier::signing_secrets;
use super::reader::Section;
use super::{address, secret};

/// The application's answer to how a person is reached, asked for by a signed request.
#[derive(Debug, Clone)]
pub struct ContactLookup {
    /// Where to ask.
    pub url: Url,
    /// `whsec_…`, at least one; a request is signed with each.
    pub secrets: Vec<SecretString>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long an answer holds, also that nothing is known.
    pub keep: SignedDuration,
    /// Whether the address may be inside a network.
    pub allow_private: bool,
}

/// Reads `[contacts]`; `None` without a `lookup_url`.
pub(super) fn contacts(mut section: Section<'_>) -> Option<ContactLookup> {
    let reading = section.reading;
    let timeout = section.duration("lookup_timeout", SignedDuration::from_secs(3));
    let keep = section.duration("keep", SignedDuration::from_hours(24));
    if timeout > SignedDuration::from_secs(30) {
        section.refuse("lookup_timeout", None, "is too long: a worker waits for it; use at most \"30s\"");
    }
    let allow_private = section.flag("allow_private", false);
    let url = section.text("lookup_url");
    let settings = url.and_then(|entry| {
        let refuse = |trouble| reading.refuse(&entry.place, Some(address::shown(&entry.text)), trouble);
        let url = address::web(&entry.text).map_err(refuse).ok();
        let entries = signing_secrets(&mut section)?;
        let secrets = entries.iter().filter_map(|entry| secret::signing_secret(reading, entry)).collect();
        let timeout = Duration::try_from(timeout).unwrap_or(Duration::from_secs(3));
        Some(ContactLookup { url: url?, secrets, timeout, keep, allow_private })
    });
    section.finish();
    settings
}
