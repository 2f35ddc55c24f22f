//! The doors of the house: what each is called, what is spoken there, when TLS begins, and whether one has to log in.

use crate::config::{Config, Listen};

/// The kind of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// IMAP, with STARTTLS (RFC 9051 §6.2.1).
    Imap,
    /// IMAP over TLS (RFC 8314 §3.2).
    Imaps,
    /// LMTP (RFC 2033), for the mail server beside us.
    Lmtp,
}

/// What is spoken at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    Imap,
    Lmtp,
}

/// When TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// With the first octet.
    AtOnce,
    /// When the client says STARTTLS.
    WhenAsked,
    /// Never: it is a Unix socket, or a line that only we and the mail server beside us use.
    Never,
}

/// Whether one has to say who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// By logging in; until then a connection counts as waiting.
    Login,
    /// Whoever reaches the door is in.
    Free,
}

/// A door's row: all that the rest of the server asks of it.
struct Row {
    name: &'static str,
    tongue: Tongue,
    tls: Security,
    entry: Entry,
    places: fn(&Config) -> Vec<Listen>,
}

impl Door {
    pub(crate) const ALL: [Self; 3] = [Self::Imap, Self::Imaps, Self::Lmtp];

    const fn row(self) -> Row {
        match self {
            Self::Imap => Row {
                name: "imap",
                tongue: Tongue::Imap,
                tls: Security::WhenAsked,
                entry: Entry::Login,
                places: Config::imap,
            },
            Self::Imaps => Row {
                name: "imaps",
                tongue: Tongue::Imap,
                tls: Security::AtOnce,
                entry: Entry::Login,
                places: Config::imaps,
            },
            Self::Lmtp => Row {
                name: "lmtp",
                tongue: Tongue::Lmtp,
                tls: Security::Never,
                entry: Entry::Free,
                places: Config::lmtp,
            },
        }
    }

    /// As the log and `posthorn who` call it.
    pub(crate) fn name(self) -> &'static str {
        self.row().name
    }

    pub(crate) fn tongue(self) -> Tongue {
        self.row().tongue
    }

    pub(crate) fn tls(self) -> Security {
        self.row().tls
    }

    pub(crate) fn entry(self) -> Entry {
        self.row().entry
    }

    /// Where it is to be.
    pub(crate) fn places(self, config: &Config) -> Vec<Listen> {
        (self.row().places)(config)
    }
}
