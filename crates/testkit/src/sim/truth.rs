//! What is true: read from beneath the stores, row by row, as it becomes durable. Accounts come and go; all of them have
//! the one name.

use std::collections::BTreeMap;
use std::sync::Arc;

use account::{Change, Commit, MailboxId, State};
use imap::{MailboxName, ModSeq, UidValidity};
use store::AccountId;
use store::backend::Backend;
use testkit_vfs::Disk;

use super::ledger::{Fate, Ledger, named, session_of};
use super::wish::Wish;

/// Whether something was broken, so that commands may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failures {
    /// Nothing was: every command succeeds.
    NoneDue,
    /// Something was.
    Expected,
}

/// A moment: what is said of a time that begins with it is held against all that was so since.
#[derive(Clone, Debug, Default)]
pub(super) struct Moment {
    /// How many commits each account had.
    commits: BTreeMap<AccountId, usize>,
    /// The account that somebody who knocks would find.
    there: Option<AccountId>,
    /// The accounts that somebody was told to be gone.
    gone: Vec<AccountId>,
}

impl Moment {
    /// How many commits an account had.
    pub(super) fn of(&self, account: AccountId) -> usize {
        self.commits.get(&account).copied().unwrap_or(0)
    }

    /// Whether somebody had been told that an account is gone.
    pub(super) fn has_lost(&self, account: AccountId) -> bool {
        self.gone.contains(&account)
    }
}

/// How far each account has come.
pub(super) type Newest = BTreeMap<AccountId, Option<ModSeq>>;

/// A mailbox of an account.
type Owner = (AccountId, MailboxId);

/// All that is durable.
pub(super) struct Truth {
    pub(super) failures: Failures,
    /// Whether the account's files are away: nothing becomes durable until they are back.
    pub(super) away: bool,
    beneath: Arc<dyn Backend>,
    /// The disk that all of it is on: nothing happens to it while we look.
    disk: Option<Disk>,
    /// All accounts that ever were.
    ledgers: BTreeMap<AccountId, Ledger>,
    /// What each session last asked for.
    asked: BTreeMap<u64, Wish>,
    /// Who had a name with a UIDVALIDITY.
    names: BTreeMap<(MailboxName, UidValidity), Owner>,
    /// Who had a MAILBOXID.
    ids: BTreeMap<String, Owner>,
}

impl Truth {
    /// Of what a backend keeps.
    pub(super) fn new(beneath: Arc<dyn Backend>, disk: Option<Disk>) -> Self {
        Self {
            failures: Failures::NoneDue,
            away: false,
            beneath,
            disk,
            ledgers: BTreeMap::new(),
            asked: BTreeMap::new(),
            names: BTreeMap::new(),
            ids: BTreeMap::new(),
        }
    }

    /// From now on it is read there.
    pub(super) fn read_from(&mut self, beneath: Arc<dyn Backend>) {
        self.ledgers.iter_mut().for_each(|(id, ledger)| ledger.engine = beneath.engine(*id));
        self.beneath = beneath;
    }

    /// The account that is there, with its name.
    pub(super) fn there(&self) -> Option<AccountId> {
        self.ledgers.iter().find(|(_, ledger)| ledger.fate == Fate::Kept).map(|(id, _)| *id)
    }

    /// An account, whatever has become of it.
    pub(super) fn ledger(&self, id: AccountId) -> Result<&Ledger, String> {
        self.ledgers.get(&id).ok_or_else(|| format!("account {id} was never made"))
    }

    /// Now.
    pub(super) fn moment(&self) -> Moment {
        let commits = self.ledgers.iter().map(|(id, ledger)| (*id, ledger.now())).collect();
        let gone = self.ledgers.iter().filter(|(_, ledger)| ledger.fate == Fate::Removed).map(|(id, _)| *id).collect();
        Moment { commits, there: self.there(), gone }
    }

    /// Whether the same account has been there since a moment, so that whoever knocked had to find it.
    pub(super) fn was_there(&self, since: &Moment) -> bool {
        since.there.is_some() && since.there == self.there()
    }

    /// Whether any account was removed, or is being.
    pub(super) fn has_removed(&self) -> bool {
        self.ledgers.values().any(|ledger| ledger.fate != Fate::Kept)
    }

    /// How far each account has come.
    pub(super) fn newest(&self) -> Newest {
        self.ledgers.iter().map(|(id, ledger)| (*id, ledger.state().modseq())).collect()
    }

    /// A session asks for something.
    pub(super) fn asks(&mut self, session: u64, wish: &Wish) {
        self.asked.insert(session, wish.clone());
    }

    /// An account is being removed from now on.
    pub(super) fn dooms(&mut self, id: AccountId) {
        if let Some(ledger) = self.ledgers.get_mut(&id) {
            ledger.fate = ledger.fate.max(Fate::Doomed);
            ledger.removers += 1;
        }
    }

    /// Whoever was about to remove it was told that it is gone.
    pub(super) fn removed(&mut self, id: AccountId) -> Result<(), String> {
        self.ledgers.get_mut(&id).into_iter().for_each(|ledger| ledger.fate = Fate::Removed);
        self.spared(id)
    }

    /// Whoever was about to remove it has ended, and knows nothing.
    pub(super) fn spared(&mut self, id: AccountId) -> Result<(), String> {
        self.ledgers.get_mut(&id).into_iter().for_each(|ledger| ledger.removers -= 1);
        self.look()
    }

    /// An error is a failure only if nothing was broken, and not of an account that may be gone.
    pub(super) fn excuse(&self, id: Option<AccountId>, done: Result<(), store::Error>) -> Result<(), String> {
        let doomed = id.and_then(|id| self.ledgers.get(&id)).is_some_and(|ledger| ledger.fate != Fate::Kept);
        match (done, self.failures) {
            (Err(error), Failures::NoneDue) if !doomed => Err(error.to_string()),
            _ => Ok(()),
        }
    }

    /// Somebody was told that a new account is there.
    pub(super) fn made(&mut self, id: AccountId) -> Result<(), String> {
        if self.ledgers.contains_key(&id) {
            return Err(format!("account {id} was given again"));
        }
        self.look()?;
        if self.there() == Some(id) { Ok(()) } else { Err(format!("account {id} was made and is not there")) }
    }

    /// Looks which accounts are there.
    pub(super) fn look(&mut self) -> Result<(), String> {
        if self.disk.as_ref().is_some_and(Disk::is_off) {
            return Ok(());
        }
        let list = || self.beneath.directory().list();
        let list = self.disk.as_ref().map_or_else(list, |disk| disk.calmly(list));
        let list = list.map_err(|error| format!("the directory cannot be read: {error}"))?;
        let listed = |id: &AccountId| list.iter().any(|entry| entry.id == *id);
        for (id, ledger) in &mut self.ledgers {
            ledger.fate = match (ledger.fate, listed(id)) {
                (Fate::Kept, false) => return Err(format!("account {id} is gone, and nobody removed it")),
                (Fate::Removed, true) => return Err(format!("account {id} was removed and is there again")),
                // Who was to remove it has failed.
                (Fate::Doomed, true) if ledger.removers == 0 => Fate::Kept,
                (fate, _) => fate,
            };
        }
        for entry in &list {
            self.ledgers.entry(entry.id).or_insert_with(|| Ledger::new(self.beneath.engine(entry.id)));
        }
        Ok(())
    }

    /// Folds in what has become durable. What was durable before has to be there still.
    pub(super) fn follow(&mut self) -> Result<(), String> {
        match self.disk.clone() {
            _ if self.away => Ok(()),
            None => self.read(),
            // Without power nobody sees anything.
            Some(disk) if disk.is_off() => Ok(()),
            Some(disk) => disk.calmly(|| self.read()),
        }
    }

    fn read(&mut self) -> Result<(), String> {
        let ids: Vec<_> = self.ledgers.keys().copied().collect();
        for id in ids {
            let Some(ledger) = self.ledgers.get_mut(&id) else { continue };
            let (fate, first) = (ledger.fate, ledger.now());
            let commits = ledger.follow()?;
            for (at, commit) in commits.iter().enumerate() {
                let judged = self.judge(id, first + at, commit);
                // Who works on in an account that is being removed may have a number that was given again meanwhile.
                judged.or_else(|what| if fate == Fate::Kept { Err(what) } else { Ok(()) })?;
            }
        }
        Ok(())
    }

    /// Whether a commit may be: what goes was asked to go, and no number is given twice.
    fn judge(&mut self, account: AccountId, before: usize, commit: &Commit) -> Result<(), String> {
        let asked = session_of(&commit.actor).and_then(|session| self.asked.get(&session)).cloned();
        let ledger = &self.ledgers[&account];
        let (old, new) = (ledger.at(before).clone(), ledger.at(before + 1).clone());
        for change in &commit.changes {
            match change {
                Change::MailboxCreated { id, .. } | Change::MailboxRenamed { id, .. } => {
                    self.register((account, *id), &new)?;
                }
                Change::MailboxDeleted { id, .. } => match &asked {
                    Some(Wish::Delete(name)) if named(&old, name) == Some(*id) => {}
                    asked => return Err(format!("mailbox {id} was deleted by {} for {asked:?}", commit.actor)),
                },
                Change::Expunged { mailbox, .. } => match &asked {
                    Some(Wish::Expunge | Wish::Move(..) | Wish::Rename("INBOX", _)) => {}
                    asked => {
                        return Err(format!("messages went from {mailbox} by {} for {asked:?}", commit.actor));
                    }
                },
                _ => {}
            }
        }
        Ok(())
    }

    /// A mailbox has a name.
    fn register(&mut self, owner: Owner, state: &State) -> Result<(), String> {
        let Some(mailbox) = state.mailbox(owner.1) else { return Ok(()) };
        let key = (mailbox.name.clone(), mailbox.uid_validity);
        let before = *self.names.entry(key).or_insert(owner);
        if before != owner {
            return Err(format!("{} had UIDVALIDITY {} before", mailbox.name, mailbox.uid_validity));
        }
        let id = state.ids().mailbox(owner.1).to_string();
        let before = *self.ids.entry(id.clone()).or_insert(owner);
        if before == owner { Ok(()) } else { Err(format!("MAILBOXID {id} is {before:?}'s and {owner:?}'s")) }
    }

    /// Whether the message of a number came in for a detail: into the mailbox of that name, or into INBOX where there was
    /// none. An account that was gone before takes nothing.
    pub(super) fn came_in(&self, mark: u64, detail: Option<&str>, since: &Moment) -> Result<(), String> {
        let mut found = self.ledgers.iter().filter_map(|(id, ledger)| Some((*id, ledger.came_in(mark)?)));
        let Some((account, (before, mailbox))) = found.next() else {
            return Err(format!("message {mark} was taken and is not there"));
        };
        if since.has_lost(account) {
            return Err(format!("message {mark} was taken into account {account}, which was removed"));
        }
        let meant = detail.and_then(|name| named(before, name)).or_else(|| named(before, "INBOX"));
        if meant == Some(mailbox) { Ok(()) } else { Err(format!("message {mark} for {detail:?} is in {mailbox}")) }
    }

    /// At the end nothing is left of accounts that were removed.
    pub(super) fn has_let_go(&self) -> Result<(), String> {
        for (id, _) in self.ledgers.iter().filter(|(_, ledger)| ledger.fate != Fate::Kept) {
            match self.beneath.engine(*id).newest() {
                Ok(None) | Err(store::Error::NoSuchAccount) => {}
                found => return Err(format!("account {id} was removed, and there is {found:?}")),
            }
        }
        Ok(())
    }
}
