//! From an address to an account and a mailbox.
//!
//! The mail server in front of us has decided that an address is ours; here it finds its account. Tried in this order,
//! the first that is an account's name or an alias of one wins (letters of ASCII in any case):
//!
//! 1. the address as it is, `user+detail@domain`;
//! 2. the address without its detail, `user@domain`;
//! 3. the local part alone, `user+detail`: accounts may have names without a domain;
//! 4. the local part without its detail, `user`.
//!
//! The detail (RFC 5233 §4) names a mailbox of the account. Mail goes there if it exists, else to INBOX: what a stranger
//! writes never makes a mailbox.

use std::sync::Arc;

use account::{MailboxId, State};
use imap::MailboxName;
use store::{AccountId, Directory};

use crate::known::Known;
use crate::path::Address;

/// How addresses are matched.
#[derive(Clone, Debug)]
pub struct Routing {
    /// What stands between user and detail; `None` where addresses have no detail.
    pub separator: Option<char>,
    /// The domains of which the local part alone may be an account's name; empty for all of them.
    pub domains: Vec<String>,
    known: Arc<Known>,
}

/// Details after `+`, in all domains.
impl Default for Routing {
    fn default() -> Self {
        Self::new(Some('+'), Vec::new())
    }
}

/// Where an address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To this account.
    To(Target),
    /// Nobody has it.
    Nowhere,
}

/// An account, and the detail of the address by which it was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Whose mail it is.
    pub account: AccountId,
    /// The name of a mailbox that may exist.
    pub detail: Option<Box<str>>,
}

impl Routing {
    /// Details after the separator, in these domains.
    pub fn new(separator: Option<char>, domains: Vec<String>) -> Self {
        Self { separator, domains, known: Arc::default() }
    }

    /// Where an address leads, if that is known without a look into the directory, which may wait for the disk.
    pub(crate) fn known(&self, directory: &dyn Directory, address: &Address) -> Option<Target> {
        self.known.get(directory, address)
    }

    /// Looks an address up.
    pub fn route(&self, directory: &dyn Directory, address: &Address) -> Result<Route, store::Error> {
        // Asked first: what is found may be newer than this says, and is forgotten too soon rather than too late.
        let version = directory.version();
        let (user, detail) = self.split(&address.local);
        let at = |local: &str| address.domain.as_ref().map(|domain| format!("{local}@{domain}"));
        let alone = |local: &str| self.may_stand_alone(address.domain.as_deref()).then(|| local.to_owned());
        let tries = [
            (at(&address.local), None),
            (detail.and_then(|_| at(user)), detail),
            (alone(&address.local), None),
            (detail.and_then(|_| alone(user)), detail),
        ];
        for (name, detail) in tries {
            let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
            if let Some(entry) = directory.find_by_name(&name)? {
                // Whether it is disabled does not matter: that is about logging in, and mail is not to be lost.
                let target = Target { account: entry.id, detail: detail.map(Into::into) };
                self.known.note(version, address, &target);
                return Ok(Route::To(target));
            }
        }
        Ok(Route::Nowhere)
    }

    /// User and detail. A separator at either end separates nothing.
    fn split<'a>(&self, local: &'a str) -> (&'a str, Option<&'a str>) {
        let parts = self.separator.and_then(|separator| local.split_once(separator));
        match parts {
            Some((user, detail)) if !user.is_empty() => (user, Some(detail)),
            _ => (local, None),
        }
    }

    fn may_stand_alone(&self, domain: Option<&str>) -> bool {
        let Some(domain) = domain else { return true };
        self.domains.is_empty() || self.domains.iter().any(|ours| ours.eq_ignore_ascii_case(domain))
    }
}

/// The mailbox that a detail names: spelt exactly so, else in other case, else INBOX.
pub(crate) fn mailbox(state: &State, detail: Option<&str>) -> Option<MailboxId> {
    let named = detail.and_then(|detail| {
        let exact = MailboxName::new(detail).ok().and_then(|name| state.named(&name));
        exact.or_else(|| {
            let folded = detail.to_lowercase();
            state.by_name().find(|mailbox| mailbox.name.as_str().to_lowercase() == folded)
        })
    });
    named.or_else(|| state.named(&MailboxName::Inbox)).map(|mailbox| mailbox.id)
}
