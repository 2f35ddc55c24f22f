//! The IMAP session, sans-IO: a value with four doors.
//!
//! Bytes go in by [`Session::receive`], time and the account's changes by [`Session::wake`], and what is to be sent
//! comes out of [`Session::transmit`], a little at a time. A session calls [`store::Account`] directly and waits for it:
//! whoever owns the session lets it work on a thread that may wait. It never touches a socket and never reads a clock.
//!
//! In reading order: `session` (the doors and the loop), `table` (what varies by command), `state`, `view` (what the
//! client has been told), `news` (telling it more), `command` (every command's conduct), `work` (what takes longer),
//! `reply` (all words and codes), `capability`, `limits`. Logging in, and what it shares with other doors, is `gate`.

mod bell;
mod capability;
mod command;
mod conduct;
mod context;
mod enabled;
mod farewell;
mod limits;
mod news;
mod outbox;
mod reply;
mod session;
mod state;
mod table;
mod view;
mod work;

pub use farewell::farewell;
pub use gate::{Ending, Exchange, Facts, Gate, Next, Now, Peer, Step, Transport, User, Verdict, Waker};
pub use session::Session;

use std::sync::Arc;

use gate::base64;

/// What all sessions of a server share.
pub struct Settings {
    /// Asked at LOGIN and AUTHENTICATE.
    pub gate: Arc<dyn Gate>,
    /// The largest message that APPEND takes, in octets (RFC 7889).
    pub append_limit: u64,
    /// Where messages on their way in are kept.
    pub store: store::Store,
}
