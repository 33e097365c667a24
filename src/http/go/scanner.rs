//! Programs that look at every link before people do.

use axum::http::{HeaderMap, header};

/// Parts of the names that link scanners and previews give themselves, in small letters.
const SCANNERS: [&str; 24] = [
    "barracuda",
    "bingpreview",
    "bot",
    "crawler",
    "curl",
    "discord",
    "facebookexternalhit",
    "forcepoint",
    "go-http-client",
    "googleimageproxy",
    "headless",
    "mimecast",
    "okhttp",
    "proofpoint",
    "python",
    "safelinks",
    "scan",
    "skypeuripreview",
    "slack-imgproxy",
    "snapchat",
    "spider",
    "trendmicro",
    "wget",
    "whatsapp",
];

/// Whether a request is by a program that looks at links before people do, by what it says of itself.
pub(super) fn is_scanner(headers: &HeaderMap) -> bool {
    let prefetch = ["sec-purpose", "purpose", "x-moz"].iter().any(|name| headers.contains_key(*name));
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).map(str::to_ascii_lowercase);
    prefetch || agent.is_none_or(|agent| SCANNERS.iter().any(|scanner| agent.contains(scanner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scanners_are_told_from_people() {
        let by = |agent: &str| is_scanner(&HeaderMap::from_iter([(header::USER_AGENT, agent.parse().unwrap())]));
        assert!(by("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"));
        assert!(by("WhatsApp/2.23") && by("Barracuda Sentinel (EE)") && by("curl/8.5.0"));
        assert!(!by(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"
        ));
        assert!(!by("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"));
        assert!(is_scanner(&HeaderMap::new()), "browsers say who they are");
    }
}
