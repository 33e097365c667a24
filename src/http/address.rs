//! Whom a request is counted under: the address it comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The address a request is counted under: that of the connection, or what proxies of ours say it was before. An IPv6
/// address stands for its network of 64 bits, which is one customer's. `None` where there is no connection.
pub(super) fn of(headers: &HeaderMap, extensions: &Extensions, proxies: &[IpNet]) -> Option<IpAddr> {
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
    Some(network(address))
}

/// Who has one IPv6 address has 2^64 of them.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
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
        of(&headers, &extensions, &["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]).unwrap().to_string()
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
    fn neighbours_of_one_network_are_one() {
        assert_eq!(seen("2001:db8::1", &[]), seen("2001:db8::ffff", &[]));
        assert_ne!(seen("2001:db8::1", &[]), seen("2001:db8:0:1::1", &[]));
    }
}
