//! Where requests may go: public addresses, and what the operator allows besides.
//!
//! Functions and API callers choose URLs, and customers choose host names, so without this a request could read the machine's own
//! services or a cloud's metadata service. Names are checked by the addresses that they resolve to, at the moment of connecting
//! (see [`super::resolver`]), so a name that changes its address between check and use gains nothing.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};
use url::{Host, Url};

/// What may be reached.
#[derive(Clone, Debug, Default)]
pub struct OutboundPolicy {
    allow: Vec<AllowRule>,
}

/// A place that may be reached although it is not public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowRule {
    target: Target,
    /// `None` = every port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// A host name, lower case.
    Host(String),
    Net(IpNet),
}

/// An entry is no host, `host:port`, address, `address:port` or CIDR.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no host, host:port, address, address:port or CIDR")]
pub struct BadRule(pub String);

impl FromStr for AllowRule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Self, BadRule> {
        let bad = || BadRule(text.to_owned());
        if let Ok(net) = text.parse::<IpNet>() {
            return Ok(Self { target: Target::Net(net.trunc()), port: None });
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self { target: Target::Net(address.into()), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => {
                (host, Some(port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(bad)?))
            }
            None => (text, None),
        };
        // The URL parser's own rules make `LOCALHOST`, `0x7f.1` and `[::1]` comparable with what it makes of URLs.
        let target = match Host::parse(host).map_err(|_| bad())? {
            Host::Domain(name) if name.is_empty() => return Err(bad()),
            Host::Domain(name) => Target::Host(name.trim_end_matches('.').to_owned()),
            Host::Ipv4(address) => Target::Net(IpAddr::V4(address).into()),
            Host::Ipv6(address) => Target::Net(IpAddr::V6(address).into()),
        };
        Ok(Self { target, port })
    }
}

impl AllowRule {
    fn covers_port(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
    }
}

impl OutboundPolicy {
    /// Public addresses only.
    pub fn public_only() -> Self {
        Self::default()
    }

    /// Public addresses and these.
    pub fn allowing(allow: Vec<AllowRule>) -> Self {
        Self { allow }
    }

    /// Reads a list of rules, separated by commas or white space, as `BESPOKE_OUTBOUND_ALLOW` has it.
    pub fn parse(list: &str) -> Result<Self, BadRule> {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        Ok(Self { allow: entries.map(str::parse).collect::<Result<_, _>>()? })
    }

    /// Whether this host name may be reached on this port whatever it resolves to.
    pub fn allows_name(&self, name: &str, port: u16) -> bool {
        let name = name.trim_end_matches('.');
        self.allow.iter().any(|rule| {
            rule.covers_port(port)
                && matches!(&rule.target, Target::Host(host) if host.eq_ignore_ascii_case(name))
        })
    }

    /// Whether this address may be reached on this port.
    pub fn allows_address(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        is_public(address)
            || self.allow.iter().any(|rule| {
                rule.covers_port(port) && matches!(&rule.target, Target::Net(net) if net.contains(&address))
            })
    }

    /// Whether a URL may be asked as far as that shows without resolving its name.
    pub(super) fn allows_url(&self, url: &Url) -> bool {
        let port = url.port_or_known_default().unwrap_or_default();
        match url.host() {
            Some(Host::Ipv4(address)) => self.allows_address(address.into(), port),
            Some(Host::Ipv6(address)) => self.allows_address(address.into(), port),
            Some(Host::Domain(_)) => true,
            None => false,
        }
    }

    /// Whether a rule names this port. The rules treat all other ports alike.
    pub(super) fn names_port(&self, port: u16) -> bool {
        self.allow.iter().any(|rule| rule.port == Some(port))
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// IANA's special-purpose registry for IPv4, and one address that it does not have.
const SPECIAL_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),        // this network
    v4(10, 0, 0, 0, 8),       // private
    v4(100, 64, 0, 0, 10),    // carrier-grade NAT; Alibaba's metadata service
    v4(127, 0, 0, 0, 8),      // loopback
    v4(168, 63, 129, 16, 32), // Azure's platform service, which looks public
    v4(169, 254, 0, 0, 16),   // link-local; metadata services of most clouds
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // protocol assignments; Oracle's metadata service
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 88, 99, 0, 24),   // former 6to4 relay
    v4(192, 168, 0, 0, 16),   // private
    v4(198, 18, 0, 0, 15),    // benchmarks
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved, broadcast
];

/// IANA's special-purpose registry for IPv6. `2000::/3` is all that is given out; these lie within it or may come to.
const SPECIAL_V6: [Ipv6Net; 3] = [
    v6(0x2001, 0, 0, 23),     // protocol assignments, Teredo, ORCHID
    v6(0x2001, 0xdb8, 0, 32), // documentation
    v6(0x3fff, 0, 0, 20),     // documentation
];

/// Translation prefixes: the IPv4 address inside decides.
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 96);
const SIX_TO_FOUR: Ipv6Net = v6(0x2002, 0, 0, 16);
/// What is given out to the public.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => {
            let [_, a, b, .., c, d] = address.segments();
            let embedded = |high: u16, low: u16| {
                IpAddr::V4(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)))
            };
            if NAT64.contains(&address) {
                return is_public(embedded(c, d));
            }
            if SIX_TO_FOUR.contains(&address) {
                return is_public(embedded(a, b));
            }
            GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|net| net.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        let check = |text: &str, expected: bool| {
            assert_eq!(
                OutboundPolicy::public_only().allows_address(text.parse().unwrap(), 443),
                expected,
                "{text}"
            );
        };
        for public in
            ["1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "223.255.255.255"]
        {
            check(public, true);
            check(&format!("::ffff:{public}"), true);
            check(&format!("64:ff9b::{public}"), true);
        }
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            check(private, false);
            check(&format!("::ffff:{private}"), false);
            check(&format!("64:ff9b::{private}"), false);
            check(&format!("::{private}"), false);
        }
        check("2606:4700::1111", true);
        for private in [
            "::",
            "::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "64:ff9b:1::1",
            "5f00::1",
        ] {
            check(private, false);
        }
        check("2002:101:101::1", true);
    }

    #[test]
    fn rules_open_hosts_addresses_networks_and_ports() {
        let policy =
            OutboundPolicy::parse("localhost, CRM.internal:8080 127.0.0.1:9000\n10.0.0.0/8,[::1]:7000")
                .unwrap();
        let name = |name: &str, port: u16, expected: bool| {
            assert_eq!(policy.allows_name(name, port), expected, "{name}:{port}");
        };
        name("localhost", 1, true);
        name("LOCALHOST.", 1, true);
        name("crm.internal", 8080, true);
        name("crm.internal", 80, false);
        name("evil-crm.internal", 8080, false);
        let address = |text: &str, port: u16, expected: bool| {
            assert_eq!(policy.allows_address(text.parse().unwrap(), port), expected, "{text} {port}");
        };
        address("127.0.0.1", 9000, true);
        address("::ffff:127.0.0.1", 9000, true);
        address("127.0.0.1", 9001, false);
        address("10.255.0.1", 1, true);
        address("11.0.0.1", 1, true);
        address("192.168.0.1", 1, false);
        address("::1", 7000, true);
        address("::1", 7001, false);
        let url = |text: &str, expected: bool| {
            assert_eq!(policy.allows_url(&text.parse().unwrap()), expected, "{text}");
        };
        url("http://0x7f.1:9000/", true);
        url("http://2130706433/", false);
        url("http://[::ffff:7f00:1]/", false);
        url("https://example.com/", true);
        assert!(policy.names_port(8080) && !policy.names_port(80));
    }

    #[test]
    fn a_bad_rule_is_named() {
        for wrong in ["host:0", "host:99999", "a b:c", "host:", "http://x", "10.0.0.0/40", ":80"] {
            assert_eq!(wrong.parse::<AllowRule>(), Err(BadRule(wrong.to_owned())), "{wrong}");
        }
    }
}
