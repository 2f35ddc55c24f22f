//! What every door of the house shares: who is at it, who may come in, what time it is, what happens next.
//!
//! IMAP and LMTP are sessions with four doors, and so are the protocols that come after them. What they ask of the
//! server, and what it hears of them, is said here once, in no protocol's words: a door needs no other door to take a
//! login. It decides nothing: the server answers [`Gate`], a session tells [`Next`].
//!
//! In reading order: `peer` (the other end), `login` (who may come in), `course` (time, and how a session goes on and
//! ends), `http` (who is no client of ours), `base64` (which SASL is written in).

pub mod base64;
mod course;
mod http;
mod login;
mod peer;

pub use course::{Dismissal, Ending, Facts, Next, Now, Waker};
pub use http::begins_as_http;
pub use login::{Exchange, Gate, Step, User, Verdict};
pub use peer::{Peer, Transport};
