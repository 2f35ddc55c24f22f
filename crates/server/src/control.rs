//! The control socket: how the command line talks to the server that serves the same data folder.
//!
//! `DATA/control.sock`, for its owner only (mode 0600). One JSON object a line in, one out. It is blocking and simple,
//! on a thread of its own: nobody calls but an operator, and programs that have just written to an account.

mod client;
mod serve;

use serde::{Deserialize, Serialize};

pub use client::{Client, ControlError};
pub(crate) use serve::Control;

/// What the command line wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Request {
    /// Who is connected?
    Who,
    /// What does each account cost?
    Accounts,
    /// Another process has written to this account.
    Changed { account: u64 },
    /// Another process has written to the directory.
    DirectoryChanged,
    /// Write down what this account's sessions say, or stop it.
    Transcript { account: u64, on: bool },
    /// Shut down.
    Stop,
}

/// What it gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reply {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sessions: Option<Vec<Connected>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) accounts: Option<Vec<AccountCost>>,
}

/// A connection, as `posthorn who` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// The session's number, as in the log.
    pub session: u64,
    /// `imap`, `imaps` or `lmtp`.
    pub listener: String,
    /// Where it calls from; `local` on a Unix socket.
    pub address: String,
    /// The account's name, once logged in.
    pub account: Option<String>,
    /// The selected mailbox.
    pub mailbox: Option<String>,
    /// What the client says it is.
    pub client: String,
    /// The command that runs or ran last.
    pub command: String,
    /// How long it has been connected.
    pub seconds: u64,
    /// Milliseconds of a processor that its commands have taken.
    #[serde(default)]
    pub cpu_ms: u64,
    /// Milliseconds that its commands have waited for a thread.
    #[serde(default)]
    pub waited_ms: u64,
    /// Octets of memory that its session keeps, beside what it shares with others of its account.
    #[serde(default)]
    pub memory: u64,
}

/// What an account's sessions cost together, as `posthorn who --accounts` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountCost {
    /// Its name.
    pub account: String,
    /// How many sessions are logged in.
    pub sessions: u64,
    /// Milliseconds of a processor that their commands have taken.
    pub cpu_ms: u64,
    /// Milliseconds that their commands have waited for a thread.
    pub waited_ms: u64,
    /// Octets of memory: what they keep, and what the account itself does.
    pub memory: u64,
}
