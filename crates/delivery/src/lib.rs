//! The LMTP session, sans-IO, and the way from an address to an account and a mailbox.
//!
//! Mail comes in here from a mail server that has already taken it from the world: by LMTP (RFC 2033), that is SMTP
//! (RFC 5321) with one answer for each recipient. A 250 is given only once the message is on disk. Octets go in by
//! [`Lmtp::receive`], which only keeps them, and what is to be sent comes out of [`Lmtp::transmit`], which does all the
//! work: so whoever owns the session lets `transmit` work on a thread that may wait, unless the session is
//! [`light`](Lmtp::light). It never touches a socket, never reads a clock and never holds a message in memory.
//!
//! In reading order: `lmtp`, `line`, `command`, `path`, `data`, `route`, `known`, `transaction`, `trace`, `reply`, `limits`.

mod command;
mod data;
mod known;
pub mod limits;
mod line;
mod lmtp;
mod path;
mod reply;
mod route;
mod trace;
mod transaction;

pub use lmtp::Lmtp;
pub use path::Address;
pub use reply::farewell;
pub use route::{Route, Routing, Target};

use std::sync::Arc;

use gate::Peer;
use store::{AccountId, CommitError, Store};

/// What all LMTP sessions of a server share.
pub struct Settings {
    /// Where mail goes.
    pub store: Store,
    /// What the server calls itself in its greeting and in Received.
    pub hostname: String,
    /// The largest message, in octets (RFC 1870).
    pub size_limit: u64,
    /// Which account an address belongs to.
    pub routing: Routing,
    /// Told of what becomes of mail.
    pub journal: Journal,
}

/// Called with each [`Event`], for the log. It must not wait.
pub type Journal = Arc<dyn Fn(&Peer, Event<'_>) + Send + Sync>;

/// What became of a message for one account, or of a recipient.
#[derive(Debug)]
pub enum Event<'a> {
    /// The message is on disk.
    Delivered {
        /// Whose mail it is.
        account: AccountId,
        /// Its size in octets, with its trace fields.
        size: u32,
    },
    /// Nobody has that address.
    NobodyThere(&'a Address),
    /// The message was refused for good; the client tells its sender.
    Refused {
        /// Whose mail it was to be.
        account: AccountId,
        /// Why.
        error: &'a CommitError,
    },
    /// The message could not be stored; the client tries again later.
    Failed {
        /// Whose mail it is; `None` if it did not get as far as that.
        account: Option<AccountId>,
        /// Why.
        error: &'a CommitError,
    },
}
