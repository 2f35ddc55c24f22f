//! How much a connection may ask for. Each limit has its answer: BAD, NO `[LIMIT]`, NO `[TOOBIG]` or BYE.

use std::time::Duration;

/// Octets that a session collects before its owner sends them: what a slow reader may keep waiting, and as much again
/// for the response under way.
pub(crate) const TRANSMIT: usize = 64 * 1024;

/// The largest piece of a body that is read at once.
pub(crate) const PIECE: u64 = 256 * 1024;

/// How long a client may take to log in: BYE after it.
pub(crate) const LOGIN: Duration = Duration::from_secs(30);

/// How long a client may be silent outside of IDLE: at least 30 minutes (RFC 9051 §5.4).
pub(crate) const SILENT: Duration = Duration::from_mins(31);

/// How long an IDLE may last without a word from the client. RFC 2177 lets a server treat it as silent after 30
/// minutes; phones are late.
pub(crate) const IDLE: Duration = Duration::from_hours(1);

/// How often an idle client hears from us, so that no NAT on the way forgets the connection.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(110);

/// How many commands that are none a client may send: BYE after it. Nobody's client is that broken, but an HTTP client
/// that was led here is.
pub(crate) const BAD_COMMANDS: u32 = 50;

/// How many of them before login.
pub(crate) const BAD_COMMANDS_BEFORE_LOGIN: u32 = 10;

/// How many times a session may fail to log in: BYE after it.
pub(crate) const FAILED_LOGINS: u32 = 10;

/// How many messages a MULTIAPPEND may have: NO `[LIMIT]`.
pub(crate) const APPEND_MESSAGES: usize = 10_000;
