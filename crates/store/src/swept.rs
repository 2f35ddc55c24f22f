//! What a sweep did and found: facts, for the server to log.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Account, AccountId, Error, Problem};

/// What [`Store::sweep`](crate::Store::sweep) did.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// Accounts whose checkpoint was written.
    pub checkpoints: usize,
    /// Rows of logs that were older than the retention.
    pub commits: u64,
    /// Emails that nothing names any more.
    pub emails: u64,
    /// Structures that older rules had made and that were derived anew.
    pub derived: u64,
    /// Accounts that were closed.
    pub closed: usize,
    /// Accounts that another process has removed.
    pub removed: usize,
    /// By how many seconds the clock has jumped since the sweep before. Nothing became older by that.
    pub jump: Option<i64>,
    /// Octets that were read to find damage.
    pub inspected: usize,
    /// Damage that was found. Each is told once in a round through all accounts.
    pub damaged: Vec<(AccountId, Problem)>,
    /// What failed. The next sweep tries again.
    pub failed: Vec<Failure>,
}

/// A duty that was not done.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Towards which account; `None`: towards the store as a whole.
    pub account: Option<AccountId>,
    /// Which duty.
    pub duty: Duty,
    /// Why.
    pub error: Error,
}

/// What there is to do in a sweep. Each is done whether or not the others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Writing down how much time has passed.
    Time,
    /// Following what other processes did to the directory.
    Directory,
    /// Removing the files of an account that was removed.
    Removal,
    /// Writing a checkpoint.
    Checkpoint,
    /// Removing what is too old.
    Retention,
    /// Reading what is stored, to find damage.
    Inspection,
    /// Deriving structures of older rules anew.
    Derivation,
    /// Removing the notes of MOVEs between accounts that are over.
    Transfers,
    /// Giving back what is free in the file of an account.
    Shrinking,
    /// Closing an account that nobody uses, or that there is no memory for.
    Closing,
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Time => "time",
            Self::Directory => "directory",
            Self::Removal => "removal",
            Self::Checkpoint => "checkpoint",
            Self::Retention => "retention",
            Self::Inspection => "inspection",
            Self::Derivation => "derivation",
            Self::Transfers => "transfers",
            Self::Shrinking => "shrinking",
            Self::Closing => "closing",
        })
    }
}

impl Swept {
    /// What both did.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.checkpoints += other.checkpoints;
        self.commits += other.commits;
        self.emails += other.emails;
        self.derived += other.derived;
        self.closed += other.closed;
        self.removed += other.removed;
        self.jump = self.jump.or(other.jump);
        self.inspected += other.inspected;
        self.damaged.extend(other.damaged);
        self.failed.extend(other.failed);
        self
    }

    /// Does a duty towards an account. One that was removed meanwhile has no need of it.
    pub(crate) fn of(account: &Account, duty: Duty, act: impl FnOnce() -> Result<Self, Error>) -> Self {
        Self::by(account.id(), duty, || match act().map_err(|error| account.explain(error)) {
            Err(Error::NoSuchAccount) => Ok(Self::default()),
            done => done,
        })
    }

    /// Does a duty. That it fails, or panics, is a fact like any other: neither the other duties nor the other accounts
    /// go without because of it.
    pub(crate) fn by(
        account: impl Into<Option<AccountId>>,
        duty: Duty,
        act: impl FnOnce() -> Result<Self, Error>,
    ) -> Self {
        // What is half done when it panics is what a crash would leave in the files, and in memory nothing: locks are let
        // go, and the state is exchanged as a whole.
        let done = catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| Err(Error::Panicked(words(&*panic))));
        let account = account.into();
        done.unwrap_or_else(|error| Self { failed: vec![Failure { account, duty, error }], ..Self::default() })
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it did not say why").to_owned()
}
