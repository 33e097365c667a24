//! Who asks: the address a request comes from, and whether it is a program that looks at every link.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, header};
use ipnet::IpNet;

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

/// The address a request is counted under: that of the connection, or what proxies of ours say it was before. An IPv6
/// address stands for its network of 64 bits, which is one customer's. `None` where there is no connection.
pub(super) fn of(headers: &HeaderMap, extensions: &Extensions, proxies: &[IpNet]) -> Option<String> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let ours = |address: &IpAddr| proxies.iter().any(|network| network.contains(address));
    let mut address = peer.ip().to_canonical();
    let said: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|v| v.split(','))
        .collect();
    for before in said.iter().rev() {
        if !ours(&address) {
            break;
        }
        // What can't be read was not said by a proxy of ours.
        let Some(said) = parse(before.trim()) else { break };
        address = said;
    }
    Some(match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    })
}

fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// Whether a request is by a program that looks at links before people do, by what it says of itself.
pub(super) fn is_scanner(headers: &HeaderMap) -> bool {
    let prefetch = ["sec-purpose", "purpose", "x-moz"].iter().any(|name| headers.contains_key(*name));
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).map(str::to_ascii_lowercase);
    prefetch || agent.is_none_or(|agent| SCANNERS.iter().any(|scanner| agent.contains(scanner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4711)));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        of(&headers, &extensions, &["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]).unwrap()
    }

    #[test]
    fn an_address_is_what_trusted_proxies_say_and_nobody_else() {
        assert_eq!(seen("192.0.2.1", &["198.51.100.7"]), "192.0.2.1", "anybody can say anything");
        assert_eq!(seen("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            seen("10.0.0.1", &["6.6.6.6, 198.51.100.7, 10.9.9.9"]),
            "198.51.100.7",
            "the first that is not ours"
        );
        assert_eq!(seen("10.0.0.1", &["6.6.6.6", "198.51.100.7"]), "198.51.100.7", "several headers are one");
        assert_eq!(seen("10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["[2001:db8:1:2:3::4]:443"]), "2001:db8:1:2::");
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.7:80"]), "198.51.100.7");
    }

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
