//! What is too old goes: rows of the log, and then the emails that nothing names any more.
//!
//! An email is named by mailboxes, by rows of the log that are kept, and by the states that sessions have pinned. A row
//! of the log that goes and that took emails out of mailboxes writes these down (`doomed`), with its modseq; what is
//! written down is looked at again until something names it (it is forgotten then: the row that takes that away writes
//! it down anew) or nothing does (it is removed).

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use account::{Change, EmailId, State};
use imap::ModSeq;

use crate::engine::{Mark, Row, Written};
use crate::log::read_row;
use crate::open::PAGE;
use crate::{Account, Error};

/// How many rows of the log, and how many emails, go in one transaction at most.
const BATCH: usize = 1000;

/// How often an account's log is looked through, and its newest row marked, at most: in counted seconds.
const SELDOM: i64 = 3600;

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expired {
    pub(crate) commits: u64,
    pub(crate) emails: u64,
}

impl Account {
    /// Whether it is time to look through the log again.
    pub(crate) fn retention_due(&self, now: i64) -> bool {
        now.saturating_sub(self.expired_at.load(Ordering::Relaxed)) >= self.seldom()
    }

    /// Marks the newest row, if there is a newer one than at the last mark: from now on the sweeps see it age.
    pub(crate) fn mark(&self) -> Result<(), Error> {
        let marks = self.engine.marks()?;
        let mut moment = self.shared.time.moment();
        let Some(newest) = self.engine.newest()? else { return Ok(()) };
        if let Some(last) = marks.iter().rfind(|mark| mark.moment.count == moment.count) {
            let soon = moment.since(last.moment).is_none_or(|since| since.cast_signed() < self.seldom());
            if last.modseq >= newest || soon {
                return Ok(());
            }
            // Another process may have counted further: a later row is never marked as an older one.
            moment.seconds = moment.seconds.max(last.moment.seconds);
        }
        let mark = Mark { modseq: newest, moment };
        self.engine.mark(&mark, self.old(&marks).unwrap_or(ModSeq::MIN))
    }

    /// Whether there is something that may be too old. It may be asked of an account that is closed.
    pub(crate) fn has_old(&self) -> Result<bool, Error> {
        let Some(old) = self.old(&self.engine.marks()?) else { return Ok(false) };
        let rows = self.engine.log(None, 2)?;
        let upto = self.dispensable(old)?;
        // The last row stays.
        let row = rows.len() > 1 && rows.first().is_some_and(|row| Some(row.modseq) <= upto);
        Ok(row || self.superfluous(old)?.is_some() || !self.engine.doomed(None, 1)?.is_empty())
    }

    /// Removes what is too old. The account is open. `now` is in counted seconds.
    pub(crate) fn expire(&self, now: i64) -> Result<Expired, Error> {
        let mut expired = Expired::default();
        if let Some(old) = self.old(&self.engine.marks()?) {
            // The generations go first: as long as one is there, so is all that it and the rows after it name.
            if let Some(base) = self.superfluous(old)? {
                self.engine.forget(base)?;
            }
            if let Some(upto) = self.dispensable(old)? {
                while let Some(rows) = self.expire_some(upto)? {
                    expired.commits += rows;
                }
            }
        }
        expired.emails = self.remove_doomed()?;
        self.expired_at.store(now, Ordering::Relaxed);
        Ok(expired)
    }

    /// The generation before which others can go, if there are some.
    fn superfluous(&self, old: ModSeq) -> Result<Option<ModSeq>, Error> {
        let first = self.engine.generations()?.first().map(|first| first.modseq);
        Ok(self.base(old)?.map(|base| base.modseq).filter(|base| Some(*base) > first))
    }

    /// The last row that is older than the retention, as far as the marks say. When rows say that they were written is for
    /// people to read.
    fn old(&self, marks: &[Mark]) -> Option<ModSeq> {
        let moment = self.shared.time.moment();
        let retention = self.shared.options.retention.as_secs();
        let old = marks.iter().rfind(|mark| moment.since(mark.moment).is_some_and(|age| age >= retention));
        old.map(|mark| mark.modseq)
    }

    /// How often an account is looked at for what is too old.
    fn seldom(&self) -> i64 {
        i64::try_from(self.shared.options.retention.as_secs() / 24).unwrap_or(i64::MAX).min(SELDOM)
    }

    /// Removes some rows, none of them after `upto`; `None` if there are none.
    fn expire_some(&self, upto: ModSeq) -> Result<Option<u64>, Error> {
        let mut rows = self.engine.log(None, BATCH)?;
        // The last row stays: it says what the next one's modseq is.
        let newest = self.engine.newest()?;
        let old = rows.iter().take_while(|row| row.modseq <= upto && Some(row.modseq) < newest).count();
        rows.truncate(old);
        let Some(last) = rows.last().map(|row| row.modseq) else { return Ok(None) };
        if self.covered() < Some(last) {
            self.checkpoint()?;
        }
        let mut doomed = Vec::new();
        for row in &rows {
            doomed.extend(taken(row)?.into_iter().map(|email| (email, row.modseq)));
        }
        match self.engine.expire(last, &doomed)? {
            Written::Durably => Ok(Some(rows.len() as u64)),
            Written::TooLate => Ok(None),
        }
    }

    /// Removes the emails that were written down and that nothing names.
    fn remove_doomed(&self) -> Result<u64, Error> {
        let mut removed = 0;
        let mut after = None;
        loop {
            let doomed = self.engine.doomed(after, BATCH)?;
            let Some((last, _)) = doomed.last() else { return Ok(removed) };
            after = Some(*last);
            removed += self.remove_some(&doomed)?;
        }
    }

    fn remove_some(&self, doomed: &[(EmailId, ModSeq)]) -> Result<u64, Error> {
        // A session may be looking at a state in which it was still there.
        let oldest = self.pins.oldest();
        let free = doomed.iter().filter(|(_, last)| oldest.is_none_or(|oldest| last.get() <= oldest));
        let mut free: HashSet<EmailId> = free.map(|(email, _)| *email).collect();
        if free.is_empty() {
            return Ok(0);
        }
        let state = self.state()?;
        let mut spared = named_by_state(&state, &free);
        let mut from = None;
        loop {
            let rows = self.engine.log(from, PAGE)?;
            let Some(last) = rows.last() else { break };
            from = Some(last.modseq);
            for row in &rows {
                spared.extend(named(row)?.into_iter().filter(|email| free.contains(email)));
            }
        }
        // Whoever has committed since may have copied one of them; then it is the next sweep's.
        free.retain(|email| !spared.contains(email));
        let (free, spared): (Vec<_>, Vec<_>) = (free.into_iter().collect(), spared.into_iter().collect());
        match self.engine.remove(state.modseq(), &free, &spared)? {
            Written::Durably => Ok(free.len() as u64),
            Written::TooLate => Ok(0),
        }
    }
}

/// Those of some emails that a mailbox has.
fn named_by_state(state: &State, emails: &HashSet<EmailId>) -> HashSet<EmailId> {
    let all = state.by_name().flat_map(|mailbox| mailbox.messages.iter().map(|record| record.email));
    all.filter(|email| emails.contains(email)).collect()
}

/// The emails that a row took out of mailboxes.
pub(crate) fn taken(row: &Row) -> Result<Vec<EmailId>, Error> {
    let mut taken = Vec::new();
    for change in read_row(row)?.changes {
        match change {
            Change::Expunged { emails, .. } | Change::MailboxDeleted { emails, .. } => taken.extend(emails),
            _ => {}
        }
    }
    Ok(taken)
}

/// All emails that a row names.
pub(crate) fn named(row: &Row) -> Result<Vec<EmailId>, Error> {
    let mut named = Vec::new();
    for change in read_row(row)?.changes {
        match change {
            Change::Expunged { emails, .. } | Change::MailboxDeleted { emails, .. } => named.extend(emails),
            Change::MessagesAdded { messages, .. } => named.extend(messages.iter().map(|message| message.email)),
            _ => {}
        }
    }
    Ok(named)
}
