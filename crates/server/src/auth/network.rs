//! Where somebody calls from, as far as it counts.

use std::net::IpAddr;

/// Where somebody calls from: an IPv4 address, or the /64 that an IPv6 customer has for their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Network {
    /// A Unix socket.
    Local,
    /// An IPv4 address, also where it is written as an IPv6 one.
    V4([u8; 4]),
    /// The first half of an IPv6 address.
    V6([u8; 8]),
}

impl From<Option<IpAddr>> for Network {
    fn from(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Local,
            Some(IpAddr::V4(v4)) => Self::V4(v4.octets()),
            Some(IpAddr::V6(v6)) => {
                let o = v6.octets();
                Self::V6([o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7]])
            }
        }
    }
}

impl Network {
    /// Whether this is the machine itself: web mail, proxies and tests.
    pub(crate) fn is_loopback(self) -> bool {
        match self {
            Self::Local => true,
            Self::V4(octets) => octets[0] == 127,
            // ::1 is the only address of its /64 that anybody has.
            Self::V6(octets) => octets == [0; 8],
        }
    }

    /// As it is kept: a byte for the kind, and the octets.
    pub(super) fn write(self, into: &mut Vec<u8>) {
        match self {
            Self::Local => into.push(0),
            Self::V4(octets) => {
                into.push(4);
                into.extend(octets);
            }
            Self::V6(octets) => {
                into.push(6);
                into.extend(octets);
            }
        }
    }

    /// What [`write`](Self::write) wrote; `None` if these octets are no network.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        match octets.split_first()? {
            (0, []) => Some(Self::Local),
            (4, octets) => octets.try_into().ok().map(Self::V4),
            (6, octets) => octets.try_into().ok().map(Self::V6),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_customer_is_one_address_and_mapped_ipv4_is_ipv4() {
        let source = |text: &str| Network::from(Some(text.parse::<IpAddr>().unwrap()));
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert!(
            source("::1").is_loopback()
                && source("127.0.0.9").is_loopback()
                && source("::ffff:127.0.0.1").is_loopback()
        );
        assert!(!source("2001:db8::1").is_loopback() && !source("192.0.2.1").is_loopback());
    }

    #[test]
    fn what_is_kept_is_read() {
        for network in [Network::Local, Network::V4([192, 0, 2, 1]), Network::V6([32, 1, 13, 184, 0, 0, 0, 1])] {
            let mut octets = Vec::new();
            network.write(&mut octets);
            assert_eq!(Network::read(&octets), Some(network));
            octets.push(0);
            assert_eq!(Network::read(&octets), None);
        }
        assert_eq!((Network::read(&[]), Network::read(&[4, 1]), Network::read(&[9])), (None, None, None));
    }
}
