//! What a transcript runs over: sessions in memory, TCP, TLS.

use std::time::Duration;

/// What came from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Octets.
    Octets(Vec<u8>),
    /// Nothing, and nothing will come until somebody does something.
    Nothing,
    /// It closed the connection.
    End,
}

/// Connections to one server, by name.
pub trait Network {
    /// Makes a connection.
    fn connect(&mut self, name: &str) -> Result<(), String>;
    /// Sends octets.
    fn send(&mut self, name: &str, octets: &[u8]) -> Result<(), String>;
    /// What has come, or `Nothing` after `patience` where that is a matter of time.
    fn receive(&mut self, name: &str, patience: Patience) -> Result<Received, String>;
    /// The client's side of the TLS handshake after STARTTLS.
    fn start_tls(&mut self, name: &str) -> Result<(), String>;
    /// Closes a connection.
    fn hang_up(&mut self, name: &str);
    /// Lets time pass.
    fn pass(&mut self, time: Duration) -> Result<(), String>;
    /// Lets the server see what another door has committed.
    fn ring(&mut self) {}
}

/// How long to wait for octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// They are due.
    Due,
    /// None are due.
    NoneDue,
}
