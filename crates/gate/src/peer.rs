//! The other end of a connection, and what protects it.

use std::net::IpAddr;

/// The other end of a connection, as the server knows it.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where it calls from; `None` on a Unix socket.
    pub address: Option<IpAddr>,
    /// The session's own number, for logs and for `posthorn who`.
    pub session: u64,
}

/// What protects the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Nothing, and passwords are refused (RFC 9051 §6.2.3: LOGINDISABLED). STARTTLS is offered.
    Plain,
    /// Nothing, but passwords are allowed: a switch for tests on one machine. STARTTLS is offered.
    PlainTrusted,
    /// TLS is up.
    Tls {
        /// The channel binding `tls-exporter` (RFC 9266 §2), where the connection has one: for SCRAM-SHA-256-PLUS.
        exporter: Option<[u8; 32]>,
    },
}
