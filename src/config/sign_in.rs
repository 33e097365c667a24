//! How operators sign in on the internal listener.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use secrecy::SecretString;
use url::Url;

use super::reader::Section;
use super::{address, secret};
use crate::domain::act::Role;
use crate::tls;

/// How operators sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Where operators reach the internal listener; needed for a provider, and for cookies that travel by TLS only.
    pub url: Option<Url>,
    /// How long a session lasts at most.
    pub lifetime: SignedDuration,
    /// How long a session lasts that is not used.
    pub idle: SignedDuration,
    /// How often a minute somebody may try from one address; counted by each process for itself.
    pub attempts_per_minute: u32,
    /// The OpenID provider.
    pub oidc: Option<Oidc>,
}

/// An OpenID provider, and what its word is worth here.
#[derive(Debug, Clone)]
pub struct Oidc {
    /// Who it is, exactly as it says itself.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// By what it knows us; none for a public client, for which PKCE stands alone.
    pub client_secret: Option<SecretString>,
    /// What is asked for; `openid` always is.
    pub scopes: Vec<String>,
    /// The claim that names somebody in the audit.
    pub name_claim: String,
    /// The claim with the groups somebody is in.
    pub groups_claim: String,
    /// The role that each group gives. Whoever is in none of them may not sign in.
    pub groups: BTreeMap<String, Role>,
}

impl SignIn {
    /// Where the provider sends people back to; `None` without `url`.
    #[must_use]
    pub fn callback(&self) -> Option<String> {
        self.address("/sign-in/callback")
    }

    /// The address of a page on the internal listener; `None` without `url`.
    #[must_use]
    pub fn address(&self, path: &str) -> Option<String> {
        self.url.as_ref().map(|url| format!("{}{path}", url.as_str().trim_end_matches('/')))
    }

    /// Whether browsers come by TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}

pub(super) fn sign_in(mut section: Section<'_>) -> SignIn {
    let reading = section.reading;
    let url = section.text("url").and_then(|entry| {
        let read = origin(&entry.text);
        read.map_err(|trouble| reading.refuse(&entry.place, Some(address::shown(&entry.text)), trouble)).ok()
    });
    let lifetime = section.duration("lifetime", SignedDuration::from_hours(12));
    let idle = section.duration("idle", SignedDuration::from_hours(2));
    if idle > lifetime {
        section.refuse("idle", None, "is longer than lifetime, and so never ends a session; make it shorter");
    }
    let attempts_per_minute = section.number("attempts_per_minute", 10, 1..=1_000);
    let oidc = oidc(section.section("oidc"));
    if oidc.is_some() && url.is_none() {
        let trouble = "is missing: the provider must know where to send people back to; give it like \
                       \"https://rekindle.example.com\"";
        section.refuse("url", None, trouble);
    }
    section.finish();
    SignIn { url, lifetime, idle, attempts_per_minute, oidc }
}

fn oidc(mut section: Section<'_>) -> Option<Oidc> {
    let reading = section.reading;
    let (issuer, client_id) = (section.text("issuer"), section.text("client_id"));
    let client_secret = secret::one(&mut section, "client_secret", "client_secret_file");
    let client_secret = client_secret.and_then(|entry| secret::plain(reading, &entry));
    let scopes = section.texts("scopes").map(|scopes| scopes.into_iter().map(|scope| scope.text).collect());
    let scopes = scopes.unwrap_or_else(|| ["email", "profile"].map(str::to_owned).to_vec());
    let name_claim = section.text("name_claim").map_or_else(|| "email".to_owned(), |claim| claim.text);
    let groups_claim = section.text("groups_claim").map_or_else(|| "groups".to_owned(), |claim| claim.text);
    let mut groups = BTreeMap::new();
    let keys = [("viewer_groups", Role::Viewer), ("operator_groups", Role::Operator), ("admin_groups", Role::Admin)];
    for (key, role) in keys {
        for group in section.texts(key).unwrap_or_default() {
            // From the least role on, so that a group in two lists has the greater one.
            groups.insert(group.text, role);
        }
    }
    let place = |key: &str| section.place(key);
    let (places, given) = ([place("issuer"), place("client_id")], issuer.is_some() || client_id.is_some());
    let missing = |position: usize, trouble: &str| reading.refuse(&places[position], None, trouble);
    section.finish();
    if !given && groups.is_empty() && client_secret.is_none() {
        return None;
    }
    if issuer.is_none() {
        missing(0, "is missing; give the provider's address, as it stands in its discovery document");
    }
    if client_id.is_none() {
        missing(1, "is missing; give the id that the provider knows Rekindle by");
    }
    if groups.is_empty() {
        let trouble = "needs viewer_groups, operator_groups or admin_groups: without them nobody has a role";
        missing(0, trouble);
    }
    let issuer = issuer?.parsed(reading, provider)?;
    Some(Oidc { issuer, client_id: client_id?.text, client_secret, scopes, name_claim, groups_claim, groups })
}

/// An address without a path: sign-in and dashboard are at its root.
fn origin(text: &str) -> Result<Url, &'static str> {
    let url = address::web(text)?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("has a path; the internal listener must be at the root of a name of its own");
    }
    Ok(url)
}

fn provider(text: &str) -> Result<String, &'static str> {
    let url: Url = text.parse().map_err(|_| "is no address; write it like \"https://login.example.com\"")?;
    if !tls::is_private(&url) || url.query().is_some() || url.fragment().is_some() {
        return Err("is no https address of a provider; plain http is for this machine only");
    }
    Ok(text.to_owned())
}
