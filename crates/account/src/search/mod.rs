//! Which messages a SEARCH finds (RFC 9051 §6.4.4).
//!
//! A search is compiled once into a [`Program`](program::Program): sets become places, flags become a truth table of
//! the mailbox's combinations, texts are decoded and folded. Then messages are decided in three stages, the cheapest
//! first: from their records in memory, from the structures that were made when they came in, and only then by reading
//! octets. What decides the whole ends the work on a message, so `OR SEEN BODY x` reads no body of a seen message.
//!
//! In reading order: `program` (keys to tests), `record`, `header` and `body` (the three stages), `run` (a search that
//! goes on a slice at a time).

mod body;
mod charset;
mod header;
mod program;
mod record;
mod run;

use std::ops::ControlFlow;

use imap::UidSet;
use imap::command::SearchReturn;

use crate::{EmailId, FlagTable, Messages, ObjectIds};

pub use charset::CHARSETS;
pub use run::{Found, Reached, SLICE, Search};

/// What a search is about: a session's view of its mailbox, and its clock.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The messages as the session's client knows them: sequence numbers are their places, from 1 up.
    pub messages: &'a Messages,
    /// The flags that they name.
    pub flags: &'a FlagTable,
    /// What clients call emails (RFC 8474 §6).
    pub ids: &'a ObjectIds,
    /// What `$` stands for (RFC 5182).
    pub saved: &'a UidSet,
    /// What is `\Recent` in this session (RFC 3501 §2.3.2).
    pub recent: &'a UidSet,
    /// Unix seconds, for OLDER and YOUNGER (RFC 5032).
    pub now: i64,
}

/// The most keys of a search. Clients that look for many messages by their Message-IDs stay below it.
pub const KEYS: usize = 2000;

/// The most texts of BODY and TEXT in a search: each is looked for in each message.
pub const TEXTS: usize = 100;

/// Why a search cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsearchable {
    /// The charset is none of [`CHARSETS`]: NO `[BADCHARSET]` (RFC 9051 §6.4.4).
    #[error("the charset is not one of those that are understood")]
    Charset,
    /// There are more than [`KEYS`] keys or more than [`TEXTS`] texts: NO `[LIMIT]` (RFC 5530 §3).
    #[error("too much is looked for at once")]
    TooMuch,
}

/// Which of the matching messages are asked for. What is not asked for is not looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// All of them.
    All,
    /// The one with the lowest number.
    First,
    /// The one with the highest number.
    Last,
    /// These two.
    Ends,
}

impl Want {
    /// What a command's result options ask for. What is found then is also what SAVE remembers (RFC 9051 §6.4.4.1,
    /// table 4), and its highest modseq is the one to return (RFC 4731 §3.2).
    pub fn of(returns: Option<&[SearchReturn]>) -> Self {
        let asks = |option| returns.is_some_and(|returns| returns.contains(&option));
        if asks(SearchReturn::All) || asks(SearchReturn::Count) {
            return Self::All;
        }
        match (asks(SearchReturn::Min), asks(SearchReturn::Max)) {
            (true, true) => Self::Ends,
            (true, false) => Self::First,
            (false, true) => Self::Last,
            (false, false) => Self::All,
        }
    }
}

/// Where a search reads what is not in memory. Both doors are those of the store.
pub trait Source {
    /// Why something cannot be read. It ends the search.
    type Error;

    /// Shows the structures of emails, as [`mime::Stored::parse`] reads them, all and in the order asked for, until
    /// `visit` breaks.
    fn structures(
        &mut self,
        emails: &mut dyn Iterator<Item = EmailId>,
        visit: &mut dyn FnMut(EmailId, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), Self::Error>;

    /// Shows the octets of an email from `from` on, 0 being the first, in pieces of at most 256 KiB, until `visit` breaks.
    fn body(
        &mut self,
        email: EmailId,
        from: u64,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Self::Error>;
}
