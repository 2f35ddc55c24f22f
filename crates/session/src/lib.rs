//! The IMAP session, sans-IO: a value with four doors.
//!
//! Bytes go in by [`Session::receive`], time and the account's changes by [`Session::wake`], and what is to be sent
//! comes out of [`Session::transmit`], a little at a time. A session calls [`store::Account`] directly and waits for it:
//! whoever owns the session lets it work on a thread that may wait. It never touches a socket and never reads a clock.
//!
//! In reading order, from the top down, which is also the order in which each uses only those after it: `session` (the
//! doors and the loop), `table` (every command in a row: when it is legal, what it does), `command` (every command's
//! conduct), `conduct` (how one is begun), `work` (how one goes on and ends), `context` (what all work with), `state`
//! and `bell` (where the session stands, and being told of changes), `news` (telling the client more), `outbox` (by
//! which all is told), `reply` (all words and codes), `view` (what the client has been told), `place` (where
//! names lead), `journal` (what the log is told), `capability`, `enabled`, `limits`. Logging in, and what it shares with other doors, is `gate`.

mod bell;
mod capability;
mod command;
mod conduct;
mod context;
mod enabled;
mod journal;
mod limits;
mod news;
mod outbox;
mod place;
mod reply;
mod session;
mod state;
mod table;
mod view;
mod work;

pub use gate::{Ending, Exchange, Facts, Gate, Next, Now, Peer, Step, Transport, User, Verdict, Waker};
pub use journal::{Failed, Journal};
pub use reply::farewell;
pub use session::Session;

use std::sync::Arc;

use gate::base64;

/// What all sessions of a server share.
pub struct Settings {
    /// Asked at LOGIN and AUTHENTICATE.
    pub gate: Arc<dyn Gate>,
    /// The largest message that APPEND takes, in octets (RFC 7889).
    pub append_limit: u64,
    /// The most octets of all messages of one APPEND.
    pub append_octets: u64,
    /// Where messages on their way in are kept.
    pub store: store::Store,
    /// Told of commands that the store failed.
    pub journal: Journal,
}
