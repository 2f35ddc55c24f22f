//! Where names lead: to whose account, to which mailbox there, and what the client may do with it. No other file looks a
//! name up. All names lead into the user's own account, and the user may do everything there.
//!
//! A place outlives states: which mailbox it leads to is asked of each state anew, by plans of the newest.

use std::sync::Arc;

use account::{Mailbox, Permit, Refusal, Rights, State};
use imap::MailboxName;
use store::{Account, Destination};

use crate::User;

/// Where a name leads.
#[derive(Clone)]
pub(crate) struct Place {
    /// Whose mailbox it is, or would be.
    pub(crate) account: Arc<Account>,
    /// The name as the client says it.
    pub(crate) said: MailboxName,
    /// The name that the mailbox has in its account.
    name: MailboxName,
    /// What the user may do with it.
    rights: Rights,
}

impl Place {
    /// Where a name leads to that this user says.
    pub(crate) fn of(user: &User, name: MailboxName) -> Self {
        Self { account: user.account.clone(), said: name.clone(), name, rights: Rights::ALL }
    }

    /// Whether it is in this account.
    pub(crate) fn is_in(&self, account: &Account) -> bool {
        self.account.id() == account.id()
    }

    /// The mailbox that is there, for a command that reads in it (RFC 4314 §4: SELECT, EXAMINE, STATUS).
    pub(crate) fn read<'a>(&self, state: &'a State) -> Result<(&'a Mailbox, Rights), Refusal> {
        let mailbox = state.named(&self.name).ok_or(Refusal::NoSuchMailbox)?;
        self.rights.allow(Rights::READ)?;
        Ok((mailbox, self.rights))
    }

    /// The mailbox that is there, for a plan to do something in it.
    pub(crate) fn permit(&self, state: &State) -> Option<Permit> {
        let mailbox = state.named(&self.name)?;
        Some(Permit { mailbox: mailbox.id, rights: self.rights, limits: self.account.limits() })
    }

    /// The name, with the rights to what is there, for a plan to do something with it as a whole.
    pub(crate) fn there(&self) -> (&MailboxName, Rights) {
        (&self.name, self.rights)
    }

    /// The name, with the rights to the nearest mailbox above it, for a plan to give it to a mailbox.
    pub(crate) fn free(&self) -> (&MailboxName, Rights) {
        (&self.name, self.rights)
    }
}

/// The mailbox of the user's own account that LIST shows by this name.
pub(crate) fn listed<'a>(state: &'a State, name: &MailboxName) -> Option<&'a Arc<Mailbox>> {
    state.named(name)
}

/// For COPY and MOVE.
impl From<Place> for Destination {
    fn from(place: Place) -> Self {
        Self::new(place.account.clone(), move |state| place.permit(state))
    }
}
