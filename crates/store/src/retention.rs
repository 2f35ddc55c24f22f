//! What is too old goes: rows of the log, and then the emails that nothing names any more.
//!
//! An email is named by mailboxes, by rows of the log that are kept, and by the states that sessions have pinned. A row
//! of the log that goes and that took emails out of mailboxes writes these down (`doomed`), with its modseq; what is
//! written down is looked at again until something names it (it is forgotten then: the row that takes that away writes
//! it down anew) or nothing does (it is removed).

use std::sync::atomic::Ordering;

use account::{Change, Commit, EmailId};
use imap::ModSeq;

use crate::doomed::Doomed;
use crate::engine::{Mark, Row, Written};
use crate::log::read_row;
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
        let rows = self.engine.log(None, 1)?;
        let (upto, newest) = (self.dispensable(old)?, self.engine.newest()?);
        // The last row stays.
        let row = rows.first().is_some_and(|row| Some(row.modseq) <= upto && Some(row.modseq) < newest);
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
        while let Some(doomed) = Doomed::read(&*self.engine, after)? {
            after = doomed.last();
            removed += self.remove_unnamed(doomed)?;
        }
        Ok(removed)
    }

    fn remove_unnamed(&self, mut doomed: Doomed) -> Result<u64, Error> {
        // A session may be looking at a state in which they were still there.
        if doomed.are_pinned(self.pins.oldest()) {
            return Ok(0);
        }
        doomed.spare_those_of(&*self.state()?);
        doomed.spare_those_named(&*self.engine)?;
        let mut removed = 0;
        let mut from = 0;
        while let Some((free, spared)) = doomed.some(from, BATCH, self.pins.oldest()) {
            from += BATCH;
            let none = free.is_empty() && spared.is_empty();
            if none || self.engine.remove(doomed.upto(), &free, &spared)? == Written::Durably {
                removed += free.len() as u64;
                continue;
            }
            // Whoever has committed since could have named one of them.
            from -= BATCH;
            doomed.spare_those_named(&*self.engine)?;
        }
        Ok(removed)
    }
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

/// All emails that a commit names.
pub(crate) fn named(commit: &Commit) -> impl Iterator<Item = EmailId> {
    commit.changes.iter().flat_map(|change| {
        let (gone, added) = match change {
            Change::Expunged { emails, .. } | Change::MailboxDeleted { emails, .. } => (&emails[..], &[][..]),
            Change::MessagesAdded { messages, .. } => (&[][..], &messages[..]),
            _ => (&[][..], &[][..]),
        };
        gone.iter().copied().chain(added.iter().map(|message| message.email))
    })
}
