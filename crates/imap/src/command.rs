//! Commands: whole ones, from bytes to values. One file each: its type and its grammar.

mod append;
mod auth;
mod error;
mod fetch;
mod list;
mod replace;
mod search;
mod select;
mod status;
mod store;

pub use append::{Append, AppendMessage, AppendNext, MessageForm};
pub use auth::{Authenticate, Login, Secret};
pub use error::{Fault, ParseError};
pub use fetch::{Fetch, FetchItem, Preview, Seen};
pub use list::{List, ListReturn, ListSelect, ListSyntax};
pub use replace::Replace;
pub use search::{EntryScope, ModSeqEntry, Numbers, Search, SearchKey, SearchReturn};
pub use select::{Access, Qresync, Select};
pub use status::{Status, StatusItem};
pub use store::{Echo, Store};

use crate::{MailboxName, SetArg, SpecialUse, Target};

/// A command's tag (RFC 9051 §2.2.1).
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct Tag(Box<str>);

impl Tag {
    /// As it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A command with its tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tagged {
    /// The tag.
    pub tag: Tag,
    /// The command.
    pub command: Command,
}

/// A command. The UID form of one differs in its [`Target`] (or [`Numbers`]).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// CAPABILITY (RFC 9051 §6.1.1)
    Capability,
    /// NOOP (RFC 9051 §6.1.2)
    Noop,
    /// LOGOUT (RFC 9051 §6.1.3)
    Logout,
    /// ID (RFC 2971 §3.1): what the client says of itself; empty for NIL.
    Id(Vec<(Vec<u8>, Option<Vec<u8>>)>),
    /// STARTTLS (RFC 9051 §6.2.1)
    StartTls,
    /// AUTHENTICATE (RFC 9051 §6.2.2)
    Authenticate(Authenticate),
    /// LOGIN (RFC 9051 §6.2.3)
    Login(Login),
    /// ENABLE (RFC 9051 §6.3.1): the extensions' names, in upper case.
    Enable(Vec<String>),
    /// SELECT or EXAMINE (RFC 9051 §6.3.2, §6.3.3)
    Select(Select),
    /// CREATE (RFC 9051 §6.3.4)
    Create {
        /// The new mailbox.
        mailbox: MailboxName,
        /// `(USE (...))`: what it will be for (RFC 6154 §3).
        special_use: Vec<SpecialUse>,
    },
    /// DELETE (RFC 9051 §6.3.5)
    Delete(MailboxName),
    /// RENAME (RFC 9051 §6.3.6)
    Rename {
        /// What it is called.
        from: MailboxName,
        /// What it will be called.
        to: MailboxName,
    },
    /// SUBSCRIBE (RFC 9051 §6.3.7)
    Subscribe(MailboxName),
    /// UNSUBSCRIBE (RFC 9051 §6.3.8)
    Unsubscribe(MailboxName),
    /// LIST (RFC 9051 §6.3.9)
    List(List),
    /// LSUB (RFC 3501 §6.3.9)
    Lsub(List),
    /// XLIST: Gmail's forerunner of SPECIAL-USE, which old Outlooks use.
    Xlist(List),
    /// NAMESPACE (RFC 9051 §6.3.10)
    Namespace,
    /// STATUS (RFC 9051 §6.3.11)
    Status(Status),
    /// APPEND (RFC 9051 §6.3.12), up to its first message's octets.
    Append(Append),
    /// IDLE (RFC 9051 §6.3.13)
    Idle,
    /// CHECK (RFC 3501 §6.4.1)
    Check,
    /// CLOSE (RFC 9051 §6.4.1)
    Close,
    /// UNSELECT (RFC 9051 §6.4.2)
    Unselect,
    /// EXPUNGE (RFC 9051 §6.4.3), or UID EXPUNGE of these UIDs (RFC 9051 §6.4.9)
    Expunge(Option<SetArg>),
    /// SEARCH and UID SEARCH (RFC 9051 §6.4.4)
    Search(Search),
    /// FETCH and UID FETCH (RFC 9051 §6.4.5)
    Fetch(Fetch),
    /// STORE and UID STORE (RFC 9051 §6.4.6)
    Store(Store),
    /// COPY and UID COPY (RFC 9051 §6.4.7)
    Copy {
        /// Which messages.
        target: Target,
        /// Where to.
        mailbox: MailboxName,
    },
    /// MOVE and UID MOVE (RFC 9051 §6.4.8)
    Move {
        /// Which messages.
        target: Target,
        /// Where to.
        mailbox: MailboxName,
    },
    /// REPLACE and UID REPLACE (RFC 8508), up to its message's octets.
    Replace(Replace),
    /// A word that is no command here, in upper case.
    Unknown(String),
}
