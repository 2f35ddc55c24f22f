//! How a session goes: what time it is, what happens next, how it ends, what is seen of it from outside.

use std::sync::Arc;
use std::time::Instant;

/// What time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For deadlines.
    pub monotonic: Instant,
    /// For dates: seconds since 1970-01-01 UTC.
    pub unix: i64,
}

/// What a session's owner does after sending what its `transmit` gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Wait for the client to speak, for its deadline and for a wake.
    Read,
    /// Wait for its deadline and for a wake. What the client says stays unread: it is owed an answer first, and could make
    /// us keep any amount meanwhile.
    Hold,
    /// Send, then call `transmit` again: there is more.
    Write,
    /// Send, throw away all that was read, do the TLS handshake, then call `secured`.
    StartTls,
    /// Send, then close the connection.
    Close,
}

/// Why a server ends a session that did nothing wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The server shuts down (RFC 9051 §7.1.5).
    Shutdown,
    /// The account was disabled or removed, or its password changed.
    Revoked,
    /// The session has a bug: it is ended, and only it.
    Broken,
}

/// Why a connection is closed without its session having a say. Each protocol has its own words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dismissal {
    /// There are as many connections as there may be; it got no session.
    Full,
    /// Too many connections wait to log in, and this is the oldest of them.
    MakeRoom,
    /// The session has a bug: it is ended, and only it.
    Broken,
}

/// What `posthorn who` shows of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The account's name, once logged in.
    pub user: Option<String>,
    /// The selected mailbox's name.
    pub mailbox: Option<String>,
    /// The client as its ID command named it (RFC 2971), or empty.
    pub client: String,
    /// The command that runs or ran last: "IDLE", "UID FETCH".
    pub command: &'static str,
}

/// Called, from any thread and without waiting, when the session's `wake` has something to do.
pub type Waker = Arc<dyn Fn() + Send + Sync>;
