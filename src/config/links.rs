//! Access links: where they lead to, who stands in between, and how long they open.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::SignedDuration;
use url::Url;

use super::address;
use super::brand::{self, Brand};
use super::reader::Section;

/// Everything about access links and their pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// Where people reach the public listener; without it there are no access links. Its path has no slash at the end.
    pub public_url: Option<Url>,
    /// Who may say for whom a request is: reverse proxies in front of the public listener.
    pub trusted_proxies: Vec<IpNet>,
    /// The hosts that Persona's links lead to.
    pub hosts: Vec<LinkHost>,
    /// How long a link opens.
    pub lifetime: SignedDuration,
    /// How often a link opens.
    pub max_opens: u32,
    /// How the pages look.
    pub brand: Brand,
}

/// A host that links may lead to: a name, `*.` and a name, or a host of this machine with a port or `:*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkHost(String);

/// Where Persona's links lead to (<https://docs.withpersona.com/inquiry-one-time-links>).
const HOSTS: [&str; 4] = ["withpersona.com", "*.withpersona.com", "perso.na", "*.perso.na"];

impl Links {
    /// The address of a page of ours; `None` without `public_url`.
    pub fn address(&self, path: &str) -> Option<String> {
        self.public_url.as_ref().map(|url| format!("{}{path}", url.as_str().trim_end_matches('/')))
    }

    /// Whether a browser that was told to trust [`Links::hosts`] follows a link there.
    pub fn lead_to(&self, url: &Url) -> bool {
        self.hosts.iter().any(|host| host.is_of(url))
    }

    /// The hosts as a policy for browsers writes them.
    pub fn sources(&self) -> String {
        self.hosts.iter().map(LinkHost::source).collect::<Vec<_>>().join(" ")
    }
}

impl LinkHost {
    /// Reads a host.
    ///
    /// # Errors
    /// What is wrong with it, worded to follow the key.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
        let bare = name.strip_prefix("*.").unwrap_or(name);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        let port_fine = port.is_none_or(|port| port == "*" || port.parse::<u16>().is_ok());
        if bare.is_empty() || !bare.chars().all(plain) || !bare.contains(['.', 'l']) || !port_fine {
            return Err("is no host; write it like \"withpersona.com\" or \"*.withpersona.com\", in small letters");
        }
        Ok(Self(text.to_owned()))
    }

    fn is_local(&self) -> bool {
        self.0.starts_with("127.0.0.1") || self.0.starts_with("localhost")
    }

    fn source(&self) -> String {
        format!("{}://{}", if self.is_local() { "http" } else { "https" }, self.0)
    }

    fn is_of(&self, url: &Url) -> bool {
        let (name, port) = self.0.split_once(':').map_or((&*self.0, None), |(name, port)| (name, Some(port)));
        let host = url.host_str().unwrap_or_default();
        let named = match name.strip_prefix("*.") {
            Some(parent) => host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.')),
            None => host == name,
        };
        let ported = match port {
            Some("*") => true,
            Some(port) => url.port_or_known_default().is_some_and(|of| of.to_string() == port),
            None => url.port().is_none(),
        };
        named && ported && url.scheme() == if self.is_local() { "http" } else { "https" }
    }
}

impl std::fmt::Display for LinkHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the keys at the top and the sections `[links]` and `[brand]`.
pub(super) fn links(top: &mut Section<'_>) -> Links {
    let reading = top.reading;
    let public_url = top.text("public_url").and_then(|entry| {
        let read = public_url(&entry.text);
        read.map_err(|trouble| reading.refuse(&entry.place, Some(address::shown(&entry.text)), trouble)).ok()
    });
    let proxies = top.texts("trusted_proxies").unwrap_or_default();
    let trusted_proxies = proxies.iter().filter_map(|entry| entry.parsed(reading, network)).collect();
    let hosts = match top.texts("link_hosts") {
        None => HOSTS.iter().filter_map(|host| LinkHost::parse(host).ok()).collect(),
        Some(entries) => entries.iter().filter_map(|entry| entry.parsed(reading, LinkHost::parse)).collect(),
    };
    let mut section = top.section("links");
    let lifetime = section.duration("lifetime", SignedDuration::from_hours(72));
    let max_opens = section.number("max_opens", 20, 1..=1_000);
    section.finish();
    let host = public_url.as_ref().and_then(|url: &Url| url.host_str().map(str::to_owned));
    let brand = brand::brand(top.section("brand"), host.as_deref());
    Links { public_url, trusted_proxies, hosts, lifetime, max_opens, brand }
}

fn public_url(text: &str) -> Result<Url, &'static str> {
    let url = address::web(text)?;
    if url.query().is_some() {
        return Err("holds a ? part; leave it out");
    }
    Ok(url)
}

fn network(text: &str) -> Result<IpNet, &'static str> {
    let alone = text.parse::<IpAddr>().map(IpNet::from);
    let network = alone.or_else(|_| text.parse());
    network.map_err(|_| "is no address; write it like \"10.0.0.7\" or \"10.0.0.0/8\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_those_that_are_named_and_no_others() {
        let leads = |host: &str, url: &str| LinkHost::parse(host).unwrap().is_of(&url.parse().unwrap());
        assert!(leads("withpersona.com", "https://withpersona.com/verify?code=x"));
        assert!(leads("*.withpersona.com", "https://bank.withpersona.com/verify"));
        assert!(leads("127.0.0.1:*", "http://127.0.0.1:4711/verify"));
        for (host, url) in [
            ("withpersona.com", "http://withpersona.com/"),
            ("withpersona.com", "https://withpersona.com.example.net/"),
            ("withpersona.com", "https://withpersona.com:8443/"),
            ("*.withpersona.com", "https://evilwithpersona.com/"),
            ("*.withpersona.com", "https://withpersona.com/"),
        ] {
            assert!(!leads(host, url), "{host} {url}");
        }
        for text in
            ["", "*", "https://withpersona.com", "with persona.com", "withpersona.com; script-src *", "*.", "a.b:x"]
        {
            assert!(LinkHost::parse(text).is_err(), "{text}");
        }
    }
}
