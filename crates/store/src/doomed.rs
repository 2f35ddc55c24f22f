//! Emails that were written down to be removed, and whether anything names them after all.
//!
//! Many are looked at in one pass: through the mailboxes once, and once through the log, however many they are.

use account::{EmailId, State};
use imap::ModSeq;

use crate::Error;
use crate::engine::{Engine, Row};
use crate::log::read_row;
use crate::open::PAGE;
use crate::retention::named;

/// The most that one pass looks at, 24 octets each.
const PASS: usize = 1_000_000;

/// How many are read at once.
const READ: usize = 10_000;

/// Some of them.
pub(crate) struct Doomed {
    /// Each with the last row that took it out of a mailbox, ascending.
    emails: Vec<(EmailId, ModSeq)>,
    /// For each, whether something names it.
    spared: Vec<bool>,
    /// The last row of the log that was looked at.
    upto: Option<ModSeq>,
}

impl Doomed {
    /// Those after an email; `None` if there are none.
    pub(crate) fn read(engine: &dyn Engine, mut after: Option<EmailId>) -> Result<Option<Self>, Error> {
        let mut emails = Vec::new();
        while emails.len() < PASS {
            let some = engine.doomed(after, READ)?;
            let Some((last, _)) = some.last() else { break };
            after = Some(*last);
            emails.extend(some);
        }
        let spared = vec![false; emails.len()];
        Ok((!emails.is_empty()).then_some(Self { emails, spared, upto: None }))
    }

    /// The last of them.
    pub(crate) fn last(&self) -> Option<EmailId> {
        self.emails.last().map(|(email, _)| *email)
    }

    /// Whether a session that looks at this commit or later ones may still see all of them.
    pub(crate) fn are_pinned(&self, oldest: Option<u64>) -> bool {
        self.emails.iter().all(|(_, gone)| is_pinned(*gone, oldest))
    }

    /// Spares those that a mailbox has. Looks only into chunks whose summaries say that they may have one.
    pub(crate) fn spare_those_of(&mut self, state: &State) {
        for chunk in state.by_name().flat_map(|mailbox| mailbox.messages.chunks()) {
            let from = self.emails.partition_point(|(email, _)| *email < chunk.summary().least_email);
            if self.emails.get(from).is_some_and(|(email, _)| chunk.summary().may_hold(*email)) {
                chunk.records().iter().for_each(|record| self.spare(record.email));
            }
        }
    }

    /// Spares those that rows of the log name which were not looked at yet.
    pub(crate) fn spare_those_named(&mut self, engine: &dyn Engine) -> Result<(), Error> {
        loop {
            let rows = engine.log(self.upto, PAGE)?;
            let Some(last) = rows.last() else { return Ok(()) };
            self.upto = Some(last.modseq);
            for row in &rows {
                self.spare_those_of_row(row)?;
            }
        }
    }

    fn spare_those_of_row(&mut self, row: &Row) -> Result<(), Error> {
        named(&read_row(row)?).for_each(|email| self.spare(email));
        Ok(())
    }

    fn spare(&mut self, email: EmailId) {
        if let Ok(at) = self.emails.binary_search_by_key(&email, |(email, _)| *email) {
            self.spared[at] = true;
        }
    }

    /// The last row of the log that was looked at.
    pub(crate) fn upto(&self) -> Option<ModSeq> {
        self.upto
    }

    /// At most `count` from a place on: those that nothing names, and those that something does. Those that a session may
    /// still see are in neither. `None` behind the last one.
    pub(crate) fn some(&self, from: usize, count: usize, oldest: Option<u64>) -> Option<(Vec<EmailId>, Vec<EmailId>)> {
        let all = self.emails.iter().zip(&self.spared).skip(from).take(count);
        let free = all.clone().filter(|((_, gone), _)| !is_pinned(*gone, oldest));
        let (spared, free): (Vec<_>, Vec<_>) = free.partition(|(_, spared)| **spared);
        let emails = |some: Vec<(&(EmailId, ModSeq), &bool)>| some.into_iter().map(|((email, _), _)| *email).collect();
        (all.len() > 0).then(|| (emails(free), emails(spared)))
    }
}

/// Whether a session that looks at a state as old as that may see a message which this row took away.
fn is_pinned(gone: ModSeq, oldest: Option<u64>) -> bool {
    oldest.is_some_and(|oldest| gone.get() > oldest)
}
