//! The IMAP session, sans-IO: a value with four doors.
//!
//! Bytes go in by [`Session::receive`], time and the account's changes by [`Session::wake`], and what is to be sent
//! comes out of [`Session::transmit`], a little at a time. A session calls [`store::Account`] directly and waits for it:
//! whoever owns the session lets it work on a thread that may wait. It never touches a socket and never reads a clock.
//!
//! In reading order: `session` (the doors and the loop), `table` (what varies by command), `state`, `view` (what the
//! client has been told), `news` (telling it more), `command` (every command's conduct), `work` (what takes longer),
//! `reply` (all words and codes), `gate` (logging in), `capability`, `limits`.

pub mod base64;
mod bell;
mod capability;
mod command;
mod conduct;
mod context;
mod enabled;
mod gate;
mod limits;
mod news;
mod outbox;
mod reply;
mod session;
mod state;
mod table;
mod view;
mod work;

pub use gate::{Exchange, Gate, Peer, Step, Transport, User, Verdict};
pub use session::Session;

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

/// What the session's owner does after sending what [`Session::transmit`] gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Wait for the client to speak, for [`Session::deadline`] and for a wake.
    Read,
    /// Send, then call `transmit` again: there is more.
    Write,
    /// Send, throw away all that was read, do the TLS handshake, then call [`Session::secured`].
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

/// What all sessions of a server share.
pub struct Settings {
    /// Asked at LOGIN and AUTHENTICATE.
    pub gate: Arc<dyn Gate>,
    /// The largest message that APPEND takes, in octets (RFC 7889).
    pub append_limit: u64,
    /// Where messages on their way in are kept.
    pub store: store::Store,
}

/// Called, from any thread and without waiting, when [`Session::wake`] has something to do.
pub type Waker = Arc<dyn Fn() + Send + Sync>;
