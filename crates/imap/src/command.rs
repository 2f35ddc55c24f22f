//! Commands: whole ones, from bytes to values. One file each: its type and its grammar.

mod append;
mod authenticate;
mod copy;
mod enable;
mod error;
mod expunge;
mod fetch;
mod flags;
mod id;
mod list;
mod login;
mod mailboxes;
mod rename;
mod replace;
mod search;
mod search_key;
mod secret;
mod section;
mod select;
mod set;
mod status;
mod store;

pub(crate) use append::announces_message;
pub use append::{Append, AppendMessage, AppendNext, MessageForm};
pub use authenticate::Authenticate;
pub use error::{Fault, ParseError};
pub use fetch::{Fetch, FetchItem, Preview, Seen};
pub use list::{List, ListReturn, ListSelect, ListSyntax};
pub use login::Login;
pub use replace::Replace;
pub use search::{EntryScope, ModSeqEntry, Numbers, Search, SearchKey, SearchReturn};
pub use secret::Secret;
pub use select::{Access, Qresync, Select};
pub use status::{Status, StatusItem};
pub use store::{Echo, Store};

use crate::cursor::{Cursor, Found, is_atom_char};
use crate::{MailboxName, NameForm, SetArg, SpecialUse, Target};

/// A command's tag (RFC 9051 §2.2.1).
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct Tag(Box<str>);

/// The longest tag; clients' have under 20 octets.
const LONGEST_TAG: usize = 100;

impl Tag {
    /// `None` for what is no tag, or longer than 100 octets.
    pub fn new(text: &str) -> Option<Self> {
        let valid = !text.is_empty() && text.len() <= LONGEST_TAG && text.bytes().all(is_tag_char);
        valid.then(|| Self(text.into()))
    }

    /// As it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag that a command begins with, whatever follows.
    pub(crate) fn first_of(command: &[u8]) -> Option<Self> {
        tag(&mut Cursor::new(command)).ok()
    }
}

/// `tag`: `ASTRING-CHAR` but `+`.
const fn is_tag_char(b: u8) -> bool {
    (is_atom_char(b) || b == b']') && b != b'+'
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

/// How a command's arguments are read.
enum Grammar {
    /// By itself.
    Plain(fn(&mut Cursor<'_>) -> Found<Command>),
    /// By itself and after `UID`.
    Numbered(fn(&mut Cursor<'_>, Numbers) -> Found<Command>),
}

use Grammar::{Numbered, Plain};

/// Every command's word and grammar. A new command is one row, and one file.
const TABLE: &[(&str, Grammar)] = &[
    ("APPEND", Plain(append::append)),
    ("AUTHENTICATE", Plain(authenticate::authenticate)),
    ("CAPABILITY", Plain(|_| Ok(Command::Capability))),
    ("CHECK", Plain(|_| Ok(Command::Check))),
    ("CLOSE", Plain(|_| Ok(Command::Close))),
    ("COPY", Numbered(copy::copy)),
    ("CREATE", Plain(mailboxes::create)),
    ("DELETE", Plain(mailboxes::delete)),
    ("ENABLE", Plain(enable::enable)),
    ("EXAMINE", Plain(select::examine)),
    ("EXPUNGE", Numbered(expunge::expunge)),
    ("FETCH", Numbered(fetch::fetch)),
    ("ID", Plain(id::id)),
    ("IDLE", Plain(|_| Ok(Command::Idle))),
    ("LIST", Plain(list::list)),
    ("LOGIN", Plain(login::login)),
    ("LOGOUT", Plain(|_| Ok(Command::Logout))),
    ("LSUB", Plain(list::lsub)),
    ("MOVE", Numbered(copy::r#move)),
    ("NAMESPACE", Plain(|_| Ok(Command::Namespace))),
    ("NOOP", Plain(|_| Ok(Command::Noop))),
    ("RENAME", Plain(rename::rename)),
    ("REPLACE", Numbered(replace::replace)),
    ("SEARCH", Numbered(search::search)),
    ("SELECT", Plain(select::select)),
    ("STARTTLS", Plain(|_| Ok(Command::StartTls))),
    ("STATUS", Plain(status::status)),
    ("STORE", Numbered(store::store)),
    ("SUBSCRIBE", Plain(mailboxes::subscribe)),
    ("UNSELECT", Plain(|_| Ok(Command::Unselect))),
    ("UNSUBSCRIBE", Plain(mailboxes::unsubscribe)),
    ("XLIST", Plain(list::xlist)),
];

/// Reads a whole command, as [`Framer`](crate::Framer) hands it over, with mailbox names in the connection's form.
///
/// Of APPEND and REPLACE it reads what comes before the first message's octets: their announcement is the end.
pub fn parse(bytes: &[u8], form: NameForm) -> Result<Tagged, ParseError> {
    let mut cursor = Cursor::with_names(bytes, form);
    cursor.skip_spaces();
    let tag = tag(&mut cursor).map_err(|fault| ParseError { tag: None, at: cursor.at(), fault })?;
    let parsed = match memchr::memchr(0, bytes) {
        Some(at) => Err((at, Fault::Nul)),
        None => command(&mut cursor).map_err(|fault| (cursor.at(), fault)),
    };
    match parsed {
        Ok(command) => Ok(Tagged { tag, command }),
        Err((at, fault)) => Err(ParseError { tag: Some(tag), at, fault }),
    }
}

/// `tag`
fn tag(c: &mut Cursor<'_>) -> Found<Tag> {
    let tag = c.take_while(is_tag_char);
    std::str::from_utf8(tag).ok().and_then(Tag::new).ok_or(Fault::Expected("a tag"))
}

fn command(c: &mut Cursor<'_>) -> Found<Command> {
    c.space()?;
    let word = c.atom()?;
    let command = if word.eq_ignore_ascii_case("UID") {
        c.space()?;
        let word = c.atom()?;
        match row(word) {
            Some(Numbered(grammar)) => grammar(c, Numbers::Uid)?,
            _ => return Ok(Command::Unknown(format!("UID {}", word.to_ascii_uppercase()))),
        }
    } else {
        match row(word) {
            Some(Plain(grammar)) => grammar(c)?,
            Some(Numbered(grammar)) => grammar(c, Numbers::Seq)?,
            None => return Ok(Command::Unknown(word.to_ascii_uppercase())),
        }
    };
    c.end()?;
    Ok(command)
}

/// Whether a command is called so. What else stands in its place may be anything, also a password.
pub fn is_name(word: &str) -> bool {
    word.eq_ignore_ascii_case("UID") || row(word).is_some()
}

fn row(word: &str) -> Option<&'static Grammar> {
    TABLE.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, grammar)| grammar)
}
