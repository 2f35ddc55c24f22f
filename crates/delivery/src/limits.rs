//! Every limit of an LMTP session, in one place (RFC 5321 §4.5.3).

use std::time::Duration;

/// The longest command with its CR LF. RFC 5321 §4.5.3.1.4 asks for 512 octets and what extensions add to them; a
/// path may be longer here than any that is in use.
pub const LINE: usize = 4096;

/// The most recipients of one message (RFC 5321 §4.5.3.1.8 asks for 100).
pub const RECIPIENTS: usize = 1000;

/// The most commands in a row that bring no message. Who sends more is no mail server.
pub const COMMANDS_WITHOUT_MESSAGE: u32 = 5000;

/// The most commands in a row that are refused for their form.
pub const ERRORS: u32 = 100;

/// How long the client may be silent (RFC 5321 §4.5.3.2.7).
pub const SILENCE: Duration = Duration::from_mins(5);

/// How much is handed out by one call of `transmit`, roughly.
pub const OUTPUT: usize = 64 * 1024;

/// How much is read on the spot, be it commands or a message: a few reads.
pub const LIGHT: usize = 128 * 1024;

/// How many addresses are remembered with where they lead.
pub const KNOWN: usize = 10_000;

/// The most accounts that one message is committed into at a time.
pub const PARALLEL: usize = 8;
