//! The model of an account: what it is, and what may happen to it.
//!
//! An account is an ordered log of [`Commit`]s. Its [`State`] is the fold of that log; what a session tells its client
//! is the [`difference`] of two states (what a whole account has to tell, their [`account_difference`]); every operation is a plan: a pure function of the newest state that gives
//! [`Change`]s or a [`Refusal`]. This crate does no I/O, reads no clock and knows no protocol bytes.
//!
//! In reading order: `id`, `object_id`, `flags`, `flag_table`, `record`, `chunk`, `totals`, `messages`, `vanished`, `mailbox`, `change`, `state`,
//! `difference`, `account_difference`, `rights`, `plan`, `search`, `codec`.

mod account_difference;
mod change;
mod chunk;
pub mod codec;
mod difference;
mod flag_table;
mod flags;
mod id;
pub mod limits;
mod mailbox;
mod messages;
mod object_id;
pub mod plan;
mod record;
mod refusal;
mod rights;
pub mod search;
mod state;
mod totals;
mod vanished;
mod weight;

pub use account_difference::{AccountDifference, Counts, MailboxDifference, Shift, account_difference};
pub use change::{Added, Change, Commit};
pub use chunk::{CHUNK, Chunk, Summary};
pub use difference::{Difference, difference};
pub use flag_table::{FlagSet, FlagSetId, FlagTable, KeywordId, PerFlags};
pub use flags::{Flags, SystemFlags};
pub use id::{EmailId, MailboxId};
pub use limits::Limits;
pub use mailbox::Mailbox;
pub use messages::Messages;
pub use object_id::{Foreign, ObjectId, ObjectIds, Origin};
pub use plan::Planned;
pub use record::Record;
pub use refusal::Refusal;
pub use rights::{Permit, Rights};
pub use state::{Inconsistent, Parts, State};
pub use totals::Totals;
pub use vanished::Vanished;
