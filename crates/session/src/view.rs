//! The view: the mailbox as this session's client has been told of it. Message sequence numbers mean places in here.
//!
//! A view is a snapshot that the session moves on when the protocol allows it. While EXPUNGE may not be sent, messages
//! that have gone stay in the view and stay readable (RFC 2180 §4.1.2): `ghosts`.

use std::sync::Arc;

use account::{FlagTable, Flags, Mailbox, MailboxId, Messages, ObjectIds, Permit, Rights, State, difference};
use imap::command::Access;
use imap::{ModSeq, SeqNum, SeqSet, SetArg, StoreMode, Target, Uid, UidSet};
use store::{Account, Pin};

use crate::place::Place;

/// How many chunks may differ between a view and a state that is near: each has a thousand messages.
const NEAR: usize = 2;

/// Whether a command may be told of messages that have gone (RFC 9051 §7.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expunges {
    /// The client's sequence numbers may shift now.
    Allowed,
    /// They may not: the messages stay in the view.
    Deferred,
}

/// Which messages a view takes over after this session's own STORE.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Adopt<'a> {
    /// All: the client is told their flags now.
    Newest,
    /// Those whose flags are just what the client expects, having stored these: it is not told.
    Expected(StoreMode, &'a Flags),
}

/// What the client has to be told, in this order.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Messages that went, from the highest sequence number down, so that each number is right when it is sent.
    pub(crate) gone: Vec<(SeqNum, Uid)>,
    /// How many messages there are, if some came.
    pub(crate) exists: Option<usize>,
    /// Whether the mailbox knows keywords that the client has not been told of.
    pub(crate) keywords: bool,
    /// Messages whose flags changed.
    pub(crate) changed: UidSet,
}

impl News {
    pub(crate) fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.exists.is_none() && !self.keywords && self.changed.is_empty()
    }
}

/// A selected mailbox as its client knows it.
pub(crate) struct View {
    /// Whose mailbox it is.
    pub(crate) account: Arc<Account>,
    pub(crate) id: MailboxId,
    /// What the client may do with the mailbox through this view. EXAMINE takes away what changes anything
    /// (RFC 9051 §6.3.3).
    pub(crate) rights: Rights,
    /// The mailbox's name when it was selected.
    pub(crate) name: String,
    messages: Messages,
    table: Arc<FlagTable>,
    ids: ObjectIds,
    keywords_told: usize,
    /// In `messages`, but not in the mailbox any more.
    ghosts: UidSet,
    /// The client was told of a modseq below that of the ghosts' going.
    delayed: bool,
    /// The messages that are `\Recent` in this session (RFC 3501 §2.3.2).
    recent: UidSet,
    /// The saved result `$` (RFC 5182).
    pub(crate) saved: UidSet,
    /// What QRESYNC and CONDSTORE clients have been told of.
    modseq: ModSeq,
    /// Keeps what the view shows from being removed.
    pin: Pin,
}

impl View {
    pub(crate) fn new(
        place: &Place,
        state: &Arc<State>,
        (mailbox, rights): (&Mailbox, Rights),
        recent: UidSet,
    ) -> Self {
        Self {
            account: place.account.clone(),
            id: mailbox.id,
            rights,
            name: place.said.to_string(),
            messages: mailbox.messages.clone(),
            table: mailbox.flags.clone(),
            ids: state.ids().clone(),
            keywords_told: mailbox.flags.keywords().len(),
            ghosts: UidSet::new(),
            delayed: false,
            recent,
            saved: UidSet::new(),
            modseq: mailbox.modseq,
            pin: place.account.pin_view(state, mailbox.id),
        }
    }

    /// Whether anything can be changed through this view.
    pub(crate) fn access(&self) -> Access {
        if self.rights.has_any(Rights::CHANGING) { Access::ReadWrite } else { Access::ReadOnly }
    }

    /// The mailbox, for a plan to do something in it.
    pub(crate) fn permit(&self) -> Permit {
        Permit { mailbox: self.id, rights: self.rights, limits: self.account.limits() }
    }

    pub(crate) fn messages(&self) -> &Messages {
        &self.messages
    }

    pub(crate) fn table(&self) -> &Arc<FlagTable> {
        &self.table
    }

    /// What the client calls mailboxes and emails.
    pub(crate) fn ids(&self) -> &ObjectIds {
        &self.ids
    }

    pub(crate) fn recent(&self) -> &UidSet {
        &self.recent
    }

    /// The HIGHESTMODSEQ that the client may keep (RFC 7162 §3.1.2.1).
    pub(crate) fn modseq(&self) -> ModSeq {
        self.modseq
    }

    /// Moves on to the newest state as far as `expunges` allows, and says what the client has to be told. A mailbox
    /// that has been deleted is an empty one to those who have it selected.
    pub(crate) fn sync(&mut self, state: &Arc<State>, pin: impl FnOnce() -> Pin, expunges: Expunges) -> News {
        let mut news = News::default();
        self.ids = state.ids().clone();
        let deleted;
        let mailbox = if let Some(mailbox) = state.mailbox(self.id) {
            mailbox
        } else {
            deleted = self.emptied();
            &deleted
        };
        let nothing_can_have_changed = mailbox.modseq == self.modseq && self.ghosts.is_empty();
        if nothing_can_have_changed && mailbox.flags.knows_what_it_knew(&self.table) {
            if !Arc::ptr_eq(&mailbox.flags, &self.table) {
                // The account was closed meanwhile. What is the same need not be kept in memory twice.
                (self.messages, self.table) = (mailbox.messages.clone(), mailbox.flags.clone());
            }
            return news;
        }
        let found = difference(&self.messages, &mailbox.messages);
        if !found.added.is_empty() {
            news.exists = Some(mailbox.messages.len());
        }
        news.changed = found.changed;
        let old = std::mem::replace(&mut self.messages, mailbox.messages.clone());
        let table = std::mem::replace(&mut self.table, mailbox.flags.clone());
        news.keywords = self.tell_keywords();
        match expunges {
            Expunges::Allowed => {
                self.saved = self.saved.difference(&found.gone);
                self.recent = self.recent.difference(&found.gone);
                news.gone = places(&old, &found.gone);
                news.gone.reverse();
                self.ghosts = UidSet::new();
                self.modseq = mailbox.modseq;
                self.pin = pin();
            }
            Expunges::Deferred => {
                if found.gone.is_empty() {
                    self.modseq = mailbox.modseq;
                } else {
                    let kept = old.select(&found.gone).map(|(_, r)| mailbox.flags.translate(&table, *r)).collect();
                    self.messages.insert(kept, &self.table);
                    news.exists = news.exists.map(|_| self.messages.len());
                }
                self.ghosts = found.gone;
            }
        }
        news
    }

    /// Whether comparing with this state and telling what has changed takes but a moment: all but a few chunks are shared.
    pub(crate) fn is_near(&self, state: &State) -> bool {
        let newer = state.mailbox(self.id).map(|mailbox| mailbox.messages.chunks());
        let (old, new) = (self.messages.chunks(), newer.unwrap_or_default());
        let alike = |(a, b): &(&Arc<_>, &Arc<_>)| Arc::ptr_eq(a, b);
        if old.len() == new.len() {
            return old.iter().zip(new).filter(|pair| !alike(pair)).count() <= NEAR;
        }
        let first = old.iter().zip(new).take_while(alike).count();
        let rest = old[first..].iter().rev().zip(new[first..].iter().rev()).take_while(alike).count();
        old.len().max(new.len()) - first - rest <= NEAR
    }

    /// Messages that came while the mailbox is open for writing are `\Recent` in the session that is first told of them
    /// (RFC 3501 §2.3.2). `claim` takes UIDNEXT and gives the first UID that no other session has.
    pub(crate) fn claim_recent(&mut self, state: &State, claim: impl FnOnce(Uid) -> Uid) {
        let Some(mailbox) = state.mailbox(self.id).filter(|_| self.access() == Access::ReadWrite) else { return };
        let first = claim(mailbox.uid_next_shown());
        let fresh = self.messages.iter_from(self.messages.places_below(first)).map(|r| r.uid);
        self.recent.extend(fresh);
    }

    /// After this session's own STORE: takes over the newest state of messages that the client is told of now, or
    /// need not be told of, and says which. Where somebody else's change came between, the next sync tells.
    pub(crate) fn adopt(&mut self, mailbox: &Mailbox, uids: &UidSet, which: Adopt<'_>) -> UidSet {
        if !mailbox.flags.has_numbers_of(&self.table) {
            // All messages have other numbers for their flags now: the next sync takes all over, and tells.
            return UidSet::new();
        }
        let mut known = Vec::new();
        for (_, record) in self.messages.select(uids) {
            let Some(new) = mailbox.messages.by_uid(record.uid) else { continue };
            let take = match which {
                Adopt::Newest => true,
                Adopt::Expected(mode, flags) => mailbox.flags.peek(record.flags, mode, flags) == Some(new.flags),
            };
            known.extend(take.then_some(*new));
        }
        self.table = mailbox.flags.clone();
        let uids: UidSet = known.iter().map(|r| r.uid).collect();
        let mut known = known.into_iter();
        self.messages.update(&uids, &self.table, |record| {
            if let Some(new) = known.next() {
                *record = new;
            }
        });
        uids
    }

    /// Whether there are keywords that the client has not been told of; it is being told now.
    pub(crate) fn tell_keywords(&mut self) -> bool {
        let known = self.table.keywords().len();
        std::mem::replace(&mut self.keywords_told, known) < known
    }

    /// The messages that a command means. Sequence numbers beyond the last message are an error for the caller to
    /// report (RFC 9051 §9, `seq-number`); UIDs that name nothing are left out (RFC 9051 §6.4.9).
    pub(crate) fn resolve(&self, target: &Target) -> Result<UidSet, BeyondLast> {
        match target {
            Target::Seq(SetArg::Set(set)) => {
                let largest = u32::try_from(self.messages.len()).ok().and_then(SeqNum::new);
                let places = set.resolve(largest);
                if largest.is_none() || places.last() > largest {
                    return Err(BeyondLast);
                }
                Ok(self.uids_at(&places))
            }
            Target::Uid(SetArg::Set(set)) => {
                let largest = self.messages.last().map(|r| r.uid);
                Ok(self.present(&set.resolve(largest)))
            }
            Target::Seq(SetArg::Saved) | Target::Uid(SetArg::Saved) => Ok(self.saved.clone()),
        }
    }

    /// Those of the UIDs that are in the view.
    pub(crate) fn present(&self, uids: &UidSet) -> UidSet {
        self.messages.select(uids).map(|(_, r)| r.uid).collect()
    }

    /// The UIDs at sequence numbers.
    pub(crate) fn uids_at(&self, places: &SeqSet) -> UidSet {
        let mut uids = UidSet::new();
        for range in places.ranges() {
            let from = range.start().get() as usize - 1;
            let count = (range.end().get() - range.start().get()) as usize + 1;
            uids.extend(self.messages.iter_from(from).take(count).map(|r| r.uid));
        }
        uids
    }

    /// The sequence numbers of UIDs, with the UIDs, ascending.
    pub(crate) fn places(&self, uids: &UidSet) -> Vec<(SeqNum, Uid)> {
        places(&self.messages, uids)
    }

    /// The modseq that a QRESYNC client has to be told at a command's end: while VANISHED is delayed one below it, and
    /// the newest one afterwards (RFC 7162 §3.2, §6).
    pub(crate) fn delayed_modseq(&mut self) -> Option<ModSeq> {
        let delayed = !self.ghosts.is_empty();
        (std::mem::replace(&mut self.delayed, delayed) || delayed).then_some(self.modseq)
    }

    fn emptied(&self) -> Arc<Mailbox> {
        Arc::new(Mailbox {
            id: self.id,
            name: imap::MailboxName::Inbox,
            uid_validity: imap::UidValidity::MIN,
            uid_next: None,
            modseq: self.modseq.next(),
            special_use: Vec::new(),
            messages: Messages::default(),
            flags: self.table.clone(),
            vanished: Arc::default(),
        })
    }
}

/// A sequence number that no message has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BeyondLast;

/// The sequence number at a place; `None` beyond 2^32 messages, which UIDs do not allow.
pub(crate) fn seq_at(place: usize) -> Option<SeqNum> {
    u32::try_from(place + 1).ok().and_then(SeqNum::new)
}

fn places(messages: &Messages, uids: &UidSet) -> Vec<(SeqNum, Uid)> {
    messages.select(uids).filter_map(|(place, r)| Some((seq_at(place)?, r.uid))).collect()
}
