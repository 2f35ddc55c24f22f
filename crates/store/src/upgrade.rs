//! A store of an older format becomes one of the newest: only when somebody asks for it, as there is no way back.
//!
//! The directory is raised first, so that a version which does not know the new format refuses the store as a whole;
//! then each account, in one transaction. What was stopped half-way goes on where it was.

use account::codec::Format;
use account::{Origin, State, plan};

use crate::checkpoint::{Saved, since};
use crate::commit::{Prepared, prepare};
use crate::engine::Written;
use crate::queue::Request;
use crate::tail::Tail;
use crate::{Account, AccountId, Actor, Error, Store};

/// Which formats a store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formats {
    /// The store's, which what is made new in it gets.
    pub store: Format,
    /// How many accounts it has.
    pub accounts: usize,
    /// Those that are older than [`Format::NEWEST`].
    pub older: Vec<AccountId>,
}

impl Formats {
    /// Whether there is nothing to upgrade.
    pub fn are_newest(&self) -> bool {
        self.store == Format::NEWEST && self.older.is_empty()
    }
}

impl Store {
    /// Looks which formats there are.
    pub fn formats(&self) -> Result<Formats, Error> {
        let list = self.directory().list()?;
        let mut older = Vec::new();
        for entry in &list {
            if self.account(entry.id)?.format()? < Format::NEWEST {
                older.push(entry.id);
            }
        }
        Ok(Formats { store: self.directory().format()?, accounts: list.len(), older })
    }

    /// Raises the store's own format. Versions that do not know it refuse the store from then on, and what they have open
    /// they must not use any longer: no other process may have it open.
    pub fn upgrade(&self) -> Result<(), Error> {
        self.directory().raise_format(Format::NEWEST)
    }
}

impl Account {
    /// The format that the account is kept in.
    pub fn format(&self) -> Result<Format, Error> {
        self.state()?;
        self.engine.format()
    }

    /// Writes the account in the newest format, if it is in an older one; whether it was. It gets its origin in the same
    /// transaction: from then on, no object in it has the id of another account's. `now` is in unix seconds.
    pub fn upgrade(&self, who: &Actor, now: i64) -> Result<bool, Error> {
        /// How often it is tried again because another process has committed something.
        const ATTEMPTS: usize = 100;
        for _ in 0..ATTEMPTS {
            let mut head = self.head.lock();
            let state = self.opened(&mut head)?;
            if self.engine.format()? == Format::NEWEST {
                return Ok(false);
            }
            let origin = Origin::new((self.shared.options.random)()?).unwrap_or(Origin::MIN);
            let plan = move |state: &State| Ok(plan::give_origin(state, origin).changes);
            let mut request = Request::new(who, now, Vec::new(), Box::new(plan));
            let Prepared { batch, newest, .. } = prepare(&state, Format::NEWEST, std::slice::from_mut(&mut request));
            let Some(modseq) = newest.modseq() else { return Ok(false) };
            let written = self.engine.upgrade(Format::NEWEST, &batch, &since(None, &newest, modseq, Format::NEWEST))?;
            let durable = written == Written::Durably;
            if let Some(open) = self.current.open() {
                *open.saved.lock() = Saved::new(durable.then(|| newest.clone()), open.folded);
            }
            if durable {
                self.publish(&mut head, newest, Tail::default());
                return Ok(true);
            }
            self.catch_up(&mut head)?;
        }
        Err(Error::Busy)
    }
}
