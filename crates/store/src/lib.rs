//! One change log per account, made durable.
//!
//! A [`Store`] is one data folder (or one process's memory, for tests). [`Store::account`] gives the handle of an
//! account: [`Account::state`] is its newest durable state, [`Account::commit`] makes changes durable,
//! [`Account::watch`] tells when there is a newer state. Messages on their way in go through an [`Upload`]. Nothing is
//! shown or acknowledged before it is on disk. This crate knows no IMAP session, no socket and reads no clock.
//!
//! In reading order: `store`, `account`, `phase` (open or closed), `lock` (in which order), `upload`, `share` and
//! `message` (octets come in), `queue` and `commit` (changes become durable), `transfer` (COPY and MOVE, also between accounts),
//! `open` and `log` (checkpoint and log become a state), `checkpoint`, `history`, `body` (octets go out), `watch`,
//! `recent`, `pin`, `derive` (structures of older rules), `time` and `stand` (how it passes), `sweep`, `swept`,
//! `retention` and `inspect` (what has to be done from time to time), `check`, `upgrade`, `turn` (where a simulation
//! steps in); beneath them the traits [`backend::Backend`] and [`engine::Engine`] with what implements them, and
//! `identity` (whose a file is); beside them the [`Directory`] of accounts. `docs/design/store.md` has the files column
//! by column and the argument why nothing is lost.

mod account;
mod actor;
pub mod backend;
mod body;
mod check;
mod checkpoint;
mod commit;
mod derive;
mod disk;
mod doomed;
pub mod engine;
mod error;
mod history;
mod id;
mod identity;
mod ids;
mod inspect;
mod lock;
mod log;
mod message;
mod open;
mod options;
mod phase;
mod pin;
mod queue;
mod recent;
mod retention;
mod share;
mod shared;
mod stand;
mod store;
mod sweep;
mod swept;
mod tail;
mod time;
mod transfer;
pub mod turn;
mod upgrade;
mod upload;
mod watch;
mod work;

pub use account::Account;
pub use actor::Actor;
pub use backend::{Credentials, Directory, Entry, Scram};
pub use body::{Body, Piece};
pub use check::{Problem, Report};
pub use commit::{CommitError, Committed};
pub use disk::{Measured, Space};
pub use error::Error;
pub use id::AccountId;
pub use identity::{Identity, StoreId};
pub use log::Log;
pub use message::Message;
pub use options::Options;
pub use pin::Pin;
pub use store::Store;
pub use swept::{Duty, Failure, Swept};
pub use time::Moment;
pub use transfer::both::{HalfMoved, Whereabouts};
pub use transfer::{Destination, Moved, Picked};
pub use upgrade::Formats;
pub use upload::{Room, Upload};
pub use watch::Watch;
