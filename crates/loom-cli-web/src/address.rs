//! Which addresses of the network a page may come from.
//!
//! The web is what everybody can reach. Other addresses lead to this machine, to the network that it
//! stands in, or to a cloud's service that hands out credentials; a page or a model that names one
//! asks for something that is not the web. Only addresses known to be global are the web, so that a
//! range which is forgotten here is refused.
//!
//! Source: the IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far the tools reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Addresses that everybody can reach.
    #[default]
    Public,
    /// Also those of this machine and of private networks. Link-local addresses stay refused: the
    /// services with the credentials of cloud machines are there, and no page is.
    Private,
}

impl Reach {
    /// Tells whether a page may come from an address.
    pub(crate) fn includes(self, address: IpAddr) -> bool {
        match kind_of(address) {
            Kind::Global => true,
            Kind::Private => self == Self::Private,
            Kind::Special => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Everybody's.
    Global,
    /// This machine's, or a private network's.
    Private,
    /// Link-local, multicast, reserved, for documentation: no page is there.
    Special,
}

fn kind_of(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => kind_of_v4(address),
        IpAddr::V6(address) => kind_of_v6(address),
    }
}

fn kind_of_v4(address: Ipv4Addr) -> Kind {
    match address.octets() {
        [127, ..] | [10, ..] | [192, 168, ..] => Kind::Private,
        [172, second, ..] if second & 0xf0 == 16 => Kind::Private,
        // The networks of providers with too few addresses (RFC 6598), which also VPNs use.
        [100, second, ..] if second & 0xc0 == 64 => Kind::Private,
        // Some systems take it for the machine itself.
        [0, ..] => Kind::Special,
        [169, 254, ..] => Kind::Special,
        // Protocol assignments, documentation, anycast relays, benchmarks.
        [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Kind::Special,
        // Multicast, and what is reserved.
        [first, ..] if first >= 224 => Kind::Special,
        _ => Kind::Global,
    }
}

fn kind_of_v6(address: Ipv6Addr) -> Kind {
    if let Some(inner) = embedded_v4(address) {
        return kind_of_v4(inner);
    }
    if address == Ipv6Addr::LOCALHOST {
        return Kind::Private;
    }
    match address.segments() {
        // Where clouds hand out credentials over IPv6.
        [0xfd00, 0x0ec2, ..] => Kind::Special,
        // Unique local addresses (RFC 4193).
        [first, ..] if first & 0xfe00 == 0xfc00 => Kind::Private,
        // Protocol assignments (Teredo, ORCHID and others), documentation.
        [0x2001, 0x0000..=0x01ff, ..] | [0x2001, 0x0db8, ..] => Kind::Special,
        [0x3fff, 0x0000..=0x0fff, ..] => Kind::Special,
        // Global unicast (RFC 4291).
        [first, ..] if first & 0xe000 == 0x2000 => Kind::Global,
        _ => Kind::Special,
    }
}

/// Returns the IPv4 address that an IPv6 address stands for: mapped (`::ffff:0:0/96`), translated
/// (`64:ff9b::/96`, RFC 6052) or 6to4 (`2002::/16`, RFC 3056).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(of(high, low)),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(reach: Reach, addresses: &[&'static str]) -> Vec<&'static str> {
        let included = |text: &&&str| reach.includes(text.parse().unwrap());
        addresses.iter().filter(included).copied().collect()
    }

    #[test]
    fn the_web_is_what_everybody_can_reach() {
        let global = [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:200::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ];
        assert_eq!(reached(Reach::Public, &global), global);
        assert_eq!(reached(Reach::Private, &global), global);
    }

    #[test]
    fn private_addresses_are_reached_only_when_allowed() {
        let private = [
            "127.0.0.1",
            "127.255.255.255",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "::1",
            "fc00::1",
            "fdff::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:c0a8:101::1",
        ];
        assert_eq!(reached(Reach::Public, &private), [""; 0]);
        assert_eq!(reached(Reach::Private, &private), private);
    }

    #[test]
    fn addresses_without_pages_are_never_reached() {
        let special = [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "192.0.0.192",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::8.8.8.8",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "64:ff9b:1::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ];
        assert_eq!(reached(Reach::Public, &special), [""; 0]);
        assert_eq!(reached(Reach::Private, &special), [""; 0]);
    }
}
