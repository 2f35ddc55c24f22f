//! The wire: bytes to commands, responses to bytes. Stateless and pure.
//!
//! The crate knows the grammar of IMAP4rev2 (RFC 9051), IMAP4rev1 (RFC 3501) and their extensions, and no more: it
//! holds no session, opens no socket and reads no clock. What clients send is hostile until parsed; every parser here
//! is linear in time, bounded in depth and never panics.
//!
//! In reading order: `number`, `set`, `flag`, `mailbox_name`, `list_pattern`, `date`, `section` (values); `frame`
//! (bytes to whole commands); `cursor`, [`command`] (whole commands to [`Command`]); [`response`] (values to bytes).

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

pub mod command;
mod cursor;
mod date;
mod flag;
mod frame;
mod list_pattern;
mod mailbox_name;
mod mutf7;
mod number;
pub mod response;
mod section;
mod set;

pub use command::{Command, Fault, ParseError, SearchKey, StatusItem, Tag, Tagged, parse};
pub use date::{Date, InternalDate};
pub use flag::{Flag, Keyword, SpecialUse, StoreMode};
pub use frame::{Announced, Event, Flood, Framer, Limits, Sync};
pub use list_pattern::{ListPattern, PatternTooComplex};
pub use mailbox_name::{MAX_LEVELS, MAX_OCTETS, MailboxName, NameError, NameForm, SEPARATOR, Utf8Name};
pub use number::{ModSeq, SeqNum, Uid, UidValidity};
pub use section::{Fields, Partial, Section, SectionText};
pub use set::{Number, NumberSet, SeqSet, SetArg, SetNumber, Target, UidSet, WireSet};
