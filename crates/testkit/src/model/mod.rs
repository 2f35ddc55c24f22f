//! A client that believes every untagged response and nothing else, and an account so simple that it must be right.
//!
//! A [`Client`] talks to a session and keeps its [`Picture`] of the mailbox by obeying what it hears; what a server may
//! not say (a number out of range, EXPUNGE during FETCH, a MODSEQ that goes back) is an error. [`Naive`] is the account
//! as anybody would write it in an hour. At each NOOP the two have to agree.

mod client;
mod naive;
mod picture;
mod response;

pub use client::{Cache, Client, Completed, Features};
pub use naive::{Entry, Key, Mode, Naive};
pub use picture::{Known, Phase, Picture};
pub use response::{Response, Status, read, set};

/// Flags as the model sees them: in lower case, without `\Recent`, which differs from session to session.
pub type FlagSet = std::collections::BTreeSet<String>;
