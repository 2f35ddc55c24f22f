//! Who may come in: the session asks, the server (which knows passwords, addresses and clocks) answers.

use std::sync::Arc;
use std::time::Duration;

use store::Account;

use crate::{Peer, Transport};

/// A user who has proven who they are.
pub struct User {
    /// The account's name, for logs.
    pub name: String,
    /// Their mail.
    pub account: Arc<Account>,
    /// Dropped with the session: counts it out.
    pub admission: Box<dyn Send + Sync>,
}

/// What became of an attempt to log in.
pub enum Verdict {
    /// Come in.
    Welcome(User),
    /// Wrong name or password, whichever (RFC 5530 AUTHENTICATIONFAILED). The answer waits that long: guessing is slow.
    Wrong(Duration),
    /// The credentials are right, but the account is disabled or may not act as the one asked for
    /// (RFC 5530 AUTHORIZATIONFAILED).
    Forbidden,
    /// The account or the address has too many sessions (RFC 5530 LIMIT).
    TooMany,
    /// It cannot be told now; trying again helps (RFC 5530 UNAVAILABLE).
    Unavailable,
}

/// The server's side of logging in. Its calls may take as long as a password hash or a read from disk: sessions work
/// on the blocking pool.
pub trait Gate: Send + Sync {
    /// The SASL mechanisms to announce, best first (RFC 4422 §3.2).
    fn mechanisms(&self, transport: &Transport) -> Vec<&'static str>;

    /// LOGIN (RFC 9051 §6.2.3).
    fn login(&self, peer: &Peer, transport: &Transport, name: &[u8], password: &[u8]) -> Verdict;

    /// AUTHENTICATE (RFC 9051 §6.2.2): begins an exchange; `None` for a mechanism that is not offered here.
    fn authenticate(&self, peer: &Peer, transport: &Transport, mechanism: &str) -> Option<Box<dyn Exchange>>;
}

/// A SASL exchange under way (RFC 4422 §3): octets in, octets out.
pub trait Exchange: Send {
    /// The client's next response; `None` stands for a client that sent no initial response, so that the server speaks
    /// first (with an empty challenge, where the mechanism wants the client to).
    fn step(&mut self, response: Option<&[u8]>) -> Step;
}

/// The server's turn in a SASL exchange.
pub enum Step {
    /// Send this and wait for the client's response.
    Challenge(Vec<u8>),
    /// It is over.
    Done(Verdict),
}
