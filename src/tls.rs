//! TLS for outgoing calls: one crypto provider, and which addresses may do without it.

use std::sync::Once;

use url::{Host, Url};

/// Installs ring as the process's crypto provider; later calls do nothing.
///
/// Everything that builds an HTTP client calls it, so no composition root can forget to.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Only refused when the process has one already, and then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Whether what is sent to this address stays unread on the way: `https`, or `http` that never leaves the machine.
#[must_use]
pub fn is_private(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => is_loopback(url),
        _ => false,
    }
}

/// Whether an address is plain `http`: then no proxy of the environment may stand between, or it would read along.
#[must_use]
pub fn is_plain(url: &Url) -> bool {
    url.scheme() == "http"
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (url, private) in [
            ("https://example.com/hook", true),
            ("http://localhost:8080/hook", true),
            ("http://127.0.0.1/", true),
            ("http://127.8.9.10:1/", true),
            ("http://[::1]:9/", true),
            ("http://example.com/hook", false),
            ("http://localhost.example.com/", false),
            ("http://10.0.0.1/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("ftp://localhost/", false),
            ("mailto:ada@example.com", false),
        ] {
            assert_eq!(is_private(&Url::parse(url).unwrap()), private, "{url}");
        }
    }
}
