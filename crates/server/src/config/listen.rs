//! Where a listener listens.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// A TCP address, or a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listen {
    /// `127.0.0.1:143`, `[::]:143`. Port 0 is any free one.
    Tcp(SocketAddr),
    /// `unix:/run/posthorn/lmtp`.
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() {
                return Err("write a path after `unix:`".to_owned());
            }
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        if text.starts_with('/') {
            return Ok(Self::Unix(PathBuf::from(text)));
        }
        let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        let starred = text.strip_prefix("*:").map(|port| format!("[::]:{port}"));
        let address = named.or(starred).unwrap_or_else(|| text.to_owned());
        address.parse().map(Self::Tcp).map_err(|_| {
            format!("`{text}` is no address to listen at; write 127.0.0.1:143, [::]:143 or unix:/path/to/socket")
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// `imap = "…"` or `imap = ["…", "…"]`.
#[derive(Clone, Debug, Default)]
pub(super) struct OneOrMany(Vec<Listen>);

impl std::ops::Deref for OneOrMany {
    type Target = [Listen];

    fn deref(&self) -> &[Listen] {
        &self.0
    }
}

impl From<Vec<Listen>> for OneOrMany {
    fn from(list: Vec<Listen>) -> Self {
        Self(list)
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address such as \"127.0.0.1:143\", or a list of them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                text.parse().map(|one| OneOrMany(vec![one])).map_err(E::custom)
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut list = Vec::new();
                while let Some(one) = seq.next_element()? {
                    list.push(one);
                }
                Ok(OneOrMany(list))
            }
        }
        from.deserialize_any(Visitor)
    }
}
