//! What a MOVE has left in both mailboxes that was stopped half-way.

use std::collections::HashMap;
use std::ops::ControlFlow;

use account::Record;
use imap::{MailboxName, Uid, UidSet};

use super::note::{End, Note};
use crate::{AccountId, Error, Store};

/// A message with the hash of its octets.
type Hashed = (Uid, [u8; 32]);

/// How long a MOVE may be between its two commits before it counts as stopped, in seconds: they wait for the disk and
/// for other processes, but for no client.
const UNDER_WAY: i64 = 600;

/// Messages that are in two mailboxes, as a MOVE between two accounts was stopped before it took them away. Nothing of
/// them is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HalfMoved {
    /// Where they came from.
    pub from: Whereabouts,
    /// Where they went to.
    pub to: Whereabouts,
    /// When, unix seconds.
    pub at: i64,
}

/// Where messages are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    /// Whose they are there.
    pub account: AccountId,
    /// The mailbox that has them.
    pub mailbox: MailboxName,
    /// Which ones.
    pub uids: UidSet,
}

impl Store {
    /// What MOVEs between accounts have left in both mailboxes. One that may still be under way is not among them. `now`
    /// is in unix seconds.
    pub fn half_moved(&self, now: i64) -> Result<Vec<HalfMoved>, Error> {
        let stopped = Note::all(self.rows())?.into_iter().filter(|(_, note)| note.is_old(now));
        stopped.filter_map(|(_, note)| self.in_both(&note).transpose()).collect()
    }

    /// Removes the notes that say of nothing any more.
    pub(crate) fn forget_moved(&self, now: i64) -> Result<(), Error> {
        for (key, note) in Note::all(self.rows())?.into_iter().filter(|(_, note)| note.is_old(now)) {
            if self.in_both(&note)?.is_none() {
                key.remove(self.rows())?;
            }
        }
        Ok(())
    }

    /// The messages of a note that are where they came from and where they went to.
    fn in_both(&self, note: &Note) -> Result<Option<HalfMoved>, Error> {
        let Some((left, mut from)) = self.found(note.from, |uid| note.uids.contains(uid))? else { return Ok(None) };
        let Some((came, mut to)) = self.found(note.to, |uid| uid >= note.first)? else { return Ok(None) };
        let mut copies: HashMap<[u8; 32], Vec<Uid>> = HashMap::new();
        // The first copy is the last of its list.
        came.into_iter().rev().for_each(|(uid, hash)| copies.entry(hash).or_default().push(uid));
        for (uid, hash) in left {
            if let Some(copy) = copies.get_mut(&hash).and_then(Vec::pop) {
                from.uids.insert(uid);
                to.uids.insert(copy);
            }
        }
        Ok((!from.uids.is_empty()).then_some(HalfMoved { from, to, at: note.at }))
    }

    /// The messages at one end with their hashes, and the place where they are, with none of them yet; `None` if the
    /// mailbox has gone.
    fn found(&self, end: End, which: impl Fn(Uid) -> bool) -> Result<Option<(Vec<Hashed>, Whereabouts)>, Error> {
        let account = match self.account(end.account) {
            Err(Error::NoSuchAccount) => return Ok(None),
            account => account?,
        };
        let state = account.state()?;
        let _kept = account.pin(&state);
        let Some(mailbox) = state.mailbox(end.mailbox) else { return Ok(None) };
        let records: Vec<&Record> = mailbox.messages.iter().filter(|record| which(record.uid)).collect();
        let mut uids = records.iter().map(|record| record.uid);
        let mut found = Vec::with_capacity(records.len());
        account.hashes(&mut records.iter().map(|record| record.email), &mut |_, hash| {
            found.extend(uids.next().map(|uid| (uid, *hash)));
            ControlFlow::Continue(())
        })?;
        Ok(Some((found, Whereabouts { account: end.account, mailbox: mailbox.name.clone(), uids: UidSet::new() })))
    }
}

impl Note {
    fn is_old(&self, now: i64) -> bool {
        now.saturating_sub(self.at) > UNDER_WAY
    }
}
