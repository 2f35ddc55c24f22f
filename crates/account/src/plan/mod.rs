//! What each operation does to an account: a state in, and what the one who asks may do ([`Rights`](crate::Rights)); changes
//! or a refusal out.
//!
//! A plan is made against the newest state while its writer holds the account, so nothing can change between plan and
//! commit. It is made again if another process was first. A plan without changes is a success that needs no commit.

mod append;
mod copy;
mod expunge;
mod keywords;
mod mailboxes;
mod rename;
mod store;

pub use append::{Appended, NewMessage, append, deliver, replace, take_numbers};
pub use copy::{Copied, copy, move_messages};
pub use expunge::{expunge, take_away};
pub use mailboxes::{create, delete, give_origin, new_account, subscribe, unsubscribe};
pub use rename::rename;
pub use store::{Condition, FlagsStored, store};

use crate::Change;

/// A plan that can be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned<T> {
    /// What would happen, in order; nothing if there is nothing to do.
    pub changes: Vec<Change>,
    /// What to tell the one who asked, once it is durable.
    pub outcome: T,
}

impl<T> Planned<T> {
    fn new(changes: Vec<Change>, outcome: T) -> Self {
        Self { changes, outcome }
    }
}
