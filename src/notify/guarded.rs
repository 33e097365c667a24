//! Where webhooks may not go: addresses inside a network, whatever name leads there.
//!
//! Names are looked up by us right before connecting, and only addresses that pass are handed on, so that a name can't
//! lead elsewhere between the look and the call.

use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Looks names up and hands on addresses of the open internet alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenInternet;

/// A name leads to nothing but addresses inside a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to an address inside a network")]
struct Inside;

impl Resolve for OpenInternet {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let any = !found.is_empty();
            let open: Vec<SocketAddr> = found.into_iter().filter(|address| is_open(address.ip())).collect();
            if open.is_empty() && any {
                return Err(Inside.into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

/// Whether a call failed because its name leads inside.
pub(super) fn led_inside(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<Inside>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Whether an address in the place of a name is inside a network: such a one is never looked up.
pub(super) fn is_inside(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => !is_open(address.into()),
        Some(Host::Ipv6(address)) => !is_open(address.into()),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => true,
    }
}

/// Whether an address is one of the open internet (<https://www.iana.org/assignments/iana-ipv4-special-registry> and
/// its sister for IPv6). Clouds keep their metadata at link-local addresses.
fn is_open(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_open_v4(address),
        IpAddr::V6(address) => is_open_v6(address),
    }
}

fn is_open_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = (a, b, c) == (192, 0, 0);
    let benchmark = a == 198 && (b == 18 || b == 19);
    let closed = a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a >= 240;
    !(closed || shared || protocols || benchmark)
}

fn is_open_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, fourth, fifth, sixth, seventh, eighth] = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_open_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (first, second) {
        // An IPv4 address in other clothes: mapped or compatible, translated (64:ff9b::/96), 6to4.
        (0, 0) if [third, fourth] == [0, 0] && (fifth, sixth) == (0, 0xffff) => v4(seventh, eighth),
        (0x64, 0xff9b) if [third, fourth, fifth, sixth] == [0; 4] => v4(seventh, eighth),
        (0x2002, high) => v4(high, third),
        // Tunnels and documentation lie among the global addresses, 2000::/3.
        (0x2001, 0 | 0xdb8) => false,
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_a_network_is_told_from_the_open_internet() {
        for (address, open) in [
            ("93.184.215.14", true),
            ("172.32.0.1", true),
            ("100.128.0.1", true),
            ("10.0.0.1", false),
            ("172.16.5.4", false),
            ("192.168.1.1", false),
            ("127.0.0.1", false),
            ("0.0.0.0", false),
            ("169.254.169.254", false),
            ("100.100.100.200", false),
            ("192.0.0.192", false),
            ("198.18.0.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", true),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fd00:ec2::254", false),
            ("ff02::1", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:93.184.215.14", true),
            ("64:ff9b::a9fe:a9fe", false),
            ("2002:7f00:1::", false),
            ("2001:db8::1", false),
            ("::7f00:1", false),
        ] {
            assert_eq!(is_open(address.parse().unwrap()), open, "{address}");
        }
    }

    #[test]
    fn an_address_in_the_place_of_a_name_is_judged_as_it_stands() {
        for (url, inside) in [
            ("https://app.example.com/hook", false),
            ("https://localhost/hook", true),
            ("https://a.localhost/hook", true),
            ("https://169.254.169.254/", true),
            ("https://0x7f.1/", true),
            ("https://[::ffff:7f00:1]/", true),
            ("https://93.184.215.14/hook", false),
        ] {
            assert_eq!(is_inside(&Url::parse(url).unwrap()), inside, "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_handed_on() {
        let refused = OpenInternet.resolve("localhost".parse().unwrap()).await.map(drop).unwrap_err();
        assert!(refused.downcast_ref::<Inside>().is_some(), "{refused}");
    }
}
