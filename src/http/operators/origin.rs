//! Whether a request comes from a page of ours.

use axum::http::{HeaderMap, header};
use url::Url;

use super::Gate;

/// Whether a browser says so. Every browser of today says one of the two with a request that changes something; who
/// says nothing is none, and has tokens to come with.
pub(super) fn is_ours(headers: &HeaderMap, gate: &Gate) -> bool {
    says_ours(headers, gate.app().sign_in().url.as_ref())
}

fn says_ours(headers: &HeaderMap, url: Option<&Url>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) else { return false };
    let Ok(origin) = origin.parse::<Url>() else { return false };
    if let Some(url) = url {
        return origin.origin() == url.origin();
    }
    // Without an address of ours, what it was asked under must do.
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let asked = host.and_then(|host| format!("{}://{host}", origin.scheme()).parse::<Url>().ok());
    asked.is_some_and(|asked| asked.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(pairs: &[(&'static str, &str)], url: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        says_ours(&headers, url.map(|url| url.parse().unwrap()).as_ref())
    }

    #[test]
    fn only_what_a_page_of_ours_sends_is_ours() {
        let url = Some("https://rekindle.example.com");
        assert!(ours(&[("sec-fetch-site", "same-origin")], url));
        for site in ["cross-site", "same-site", "none"] {
            let origin = ("origin", "https://rekindle.example.com");
            assert!(!ours(&[("sec-fetch-site", site), origin], url), "{site}");
        }
        assert!(ours(&[("origin", "https://rekindle.example.com")], url));
        for origin in
            ["https://evil.example.net", "http://rekindle.example.com", "null", "https://rekindle.example.com:1"]
        {
            assert!(!ours(&[("origin", origin)], url), "{origin}");
        }
        assert!(!ours(&[], url), "who says nothing is no browser");
    }

    #[test]
    fn without_an_address_the_host_that_was_asked_must_do() {
        assert!(ours(&[("origin", "http://127.0.0.1:8701"), ("host", "127.0.0.1:8701")], None));
        assert!(ours(&[("origin", "https://ops.example.com"), ("host", "ops.example.com")], None));
        assert!(!ours(&[("origin", "http://127.0.0.1:9999"), ("host", "127.0.0.1:8701")], None));
        assert!(!ours(&[("origin", "http://127.0.0.1:8701")], None));
    }
}
