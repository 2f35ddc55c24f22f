//! How much a connection may ask for. Each limit has its answer: BAD, NO `[LIMIT]`, NO `[TOOBIG]` or BYE.

use std::time::Duration;

/// Octets that a session collects before its owner sends them: what a slow reader may keep waiting, and a piece for the
/// response under way.
pub(crate) const TRANSMIT: usize = 64 * 1024;

/// The largest piece of a body that is read at once.
pub(crate) const PIECE: u64 = 256 * 1024;

/// All that is given to be sent at a time: what is made before the limit is noticed may take a piece more.
pub(crate) const AT_ONCE: usize = TRANSMIT + 256 * 1024;

/// How many times its octets a FETCH may make the server look at a message, to decode parts and to find header fields:
/// NO `[LIMIT]`. What it sends as it is stored does not count.
pub(crate) const LOOKS: u64 = 4;

/// What it may look at of any message.
pub(crate) const LOOKS_FLOOR: u64 = 1024 * 1024;

/// Octets of flags' texts that an answer keeps, to write them again; and one combination's more.
pub(crate) const FLAG_TEXTS: usize = 256 * 1024;

/// How many numbers or ranges of a long set are written at once: some 10 to 20 KiB.
pub(crate) const NUMBERS: usize = 1_000;

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
