//! FETCH (RFC 9051 §6.4.5): what a client asks of messages, made a little at a time.
//!
//! What a FETCH wants decides where it is answered from: records in memory, the structures that were made when the
//! messages came in, or the messages' octets. It never parses a message.

mod decoded;
mod message;
mod octets;
mod render;

use std::collections::VecDeque;
use std::ops::{ControlFlow, RangeInclusive};

use account::{Flags, Planned, Record, Rights, State, SystemFlags, plan};
use imap::command::{Fetch as Command, FetchItem, Seen};
use imap::response::Gone;
use imap::{Framer, ModSeq, Section, SeqNum, SetArg, StoreMode, Target, Uid, UidSet};
use store::Account;

use crate::context::Context;
use crate::limits;
use crate::news::FlagTexts;
use crate::outbox::{Filled, Outbox};
use crate::reply::{Answer, Done, Wrong};
use crate::state::Selected;
use crate::view::{Adopt, Expunges, View, seq_at};
use crate::work::{Begun, End, Task, Then};

use message::{Message, Stop};
use render::{FlagsDue, Line};

/// How many messages are looked up in the store at once: a little more than are written at once.
const BATCH: usize = 128;

/// Where a FETCH is answered from: each needs what those before it need.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Depth {
    Records,
    Structures,
    Octets,
    /// Octets, but just whole messages: those are read one after the other as they lie in the store.
    Whole,
}

/// A FETCH under way.
struct Fetch {
    items: Vec<FetchItem>,
    depth: Depth,
    /// The messages still to come.
    rest: VecDeque<RangeInclusive<Uid>>,
    /// The first of them, looked up.
    ahead: VecDeque<(SeqNum, Record)>,
    /// The one before them, whose response is not whole yet.
    current: Option<Message>,
    /// The messages that this FETCH set `\Seen` on: their flags are told as well.
    seen: UidSet,
    texts: FlagTexts,
    answer: Answer,
}

/// Begins a FETCH: sets `\Seen` where it does, tells what has gone if that was asked for.
pub(crate) fn start(context: &mut Context, selected: &mut Selected<'_>, command: Command) -> Result<Begun, Answer> {
    // `UID FETCH n:*` gives what has come by now, as SEARCH does. Sequence numbers mean what the client knows.
    if matches!(command.target, Target::Uid(_)) {
        context.tell(selected, Expunges::Deferred);
    }
    let mut uids = selected.view.resolve(&command.target)?;
    let mut items = command.items;
    if command.vanished && !context.enabled.qresync {
        return Err(Wrong::NoVanished.into());
    }
    if let Some(since) = command.changed_since {
        uids = changed_since(selected.view, &uids, since);
        if !items.contains(&FetchItem::ModSeq) {
            items.push(FetchItem::ModSeq); // RFC 7162 §3.1.4.1
        }
    }
    if items.contains(&FetchItem::ModSeq) {
        context.want_condstore(Some(selected.view));
    }
    if let (true, Some(since), Target::Uid(set)) = (command.vanished, command.changed_since, &command.target) {
        tell_vanished(context, selected, set, since)?;
    }
    if matches!(command.target, Target::Uid(_)) && !items.contains(&FetchItem::Uid) {
        items.insert(0, FetchItem::Uid); // RFC 9051 §6.4.9
    }
    let (seen, done) = match items.iter().any(sets_seen) {
        true => set_seen(context, selected, &uids)?,
        false => (UidSet::new(), Done::Fetched),
    };
    if context.enabled.condstore && !seen.is_empty() {
        // A FETCH that sets `\Seen` tells both to who knows CONDSTORE (RFC 7162 §3.2.4).
        let missing = [FetchItem::Uid, FetchItem::ModSeq].into_iter().filter(|item| !items.contains(item));
        items.extend(missing.collect::<Vec<_>>());
    }
    let depth = depth_of(&items);
    let (rest, ahead, current) = (uids.ranges().collect(), VecDeque::new(), None);
    let (texts, answer) = (FlagTexts::default(), done.into());
    Ok(Begun::selected(Fetch { items, depth, rest, ahead, current, seen, texts, answer }))
}

fn sets_seen(item: &FetchItem) -> bool {
    match item {
        FetchItem::BodySection { seen, .. } | FetchItem::Binary { seen, .. } => *seen == Seen::Set,
        FetchItem::Rfc822 | FetchItem::Rfc822Text => true,
        _ => false,
    }
}

fn depth_of(items: &[FetchItem]) -> Depth {
    let deeper = items.iter().filter(|item| depth(item) != Depth::Records);
    match deeper.collect::<Vec<_>>()[..] {
        [item] if is_whole(item) => Depth::Whole,
        ref deeper => deeper.iter().map(|item| depth(item)).max().unwrap_or(Depth::Records),
    }
}

/// Whether the item is all octets of the message.
fn is_whole(item: &FetchItem) -> bool {
    match item {
        FetchItem::BodySection { section, partial: None, .. } => *section == Section::default(),
        FetchItem::Rfc822 => true,
        _ => false,
    }
}

fn depth(item: &FetchItem) -> Depth {
    match item {
        FetchItem::Body | FetchItem::BodyStructure | FetchItem::Envelope | FetchItem::Preview(_) => Depth::Structures,
        FetchItem::BodySection { section, .. } if octets::is_listed(section) => Depth::Structures,
        FetchItem::BodySection { .. }
        | FetchItem::Binary { .. }
        | FetchItem::BinarySize { .. }
        | FetchItem::Rfc822
        | FetchItem::Rfc822Header
        | FetchItem::Rfc822Text => Depth::Octets,
        _ => Depth::Records,
    }
}

/// The messages of a set that changed after a modseq; 0 is before all.
fn changed_since(view: &View, uids: &UidSet, since: u64) -> UidSet {
    match ModSeq::new(since) {
        None => uids.clone(),
        Some(since) => view.messages().select(uids).filter(|(_, r)| r.modseq > since).map(|(_, r)| r.uid).collect(),
    }
}

/// `VANISHED (EARLIER)`: which of the UIDs have gone since (RFC 7162 §3.2.6). For that, `*` is the highest UID that was ever
/// given, as in known-uids (§3.2.5.1): messages behind the last one may have gone, too.
fn tell_vanished(context: &mut Context, selected: &Selected<'_>, set: &SetArg, since: u64) -> Result<(), Answer> {
    let view = &*selected.view;
    let state = view.account.state()?;
    if let Some(mailbox) = state.mailbox(view.id) {
        let given = mailbox.uid_next.map_or(Some(Uid::MAX), |next| Uid::new(next.get() - 1));
        let asked = match set {
            SetArg::Set(set) => set.resolve(given),
            SetArg::Saved => view.saved.clone(),
        };
        let gone = mailbox.vanished.since(ModSeq::new(since)).intersection(&asked);
        // What the view still has is told by VANISHED when the command ends.
        let gone = gone.difference(&view.present(&gone));
        context.out.vanished(gone, Gone::Earlier);
    }
    Ok(())
}

/// Sets `\Seen` on those that lack it, in one commit, before anything is sent. Mail is read whether that goes or not: what
/// was asked for is the mail, and a client that got NO could not show it (RFC 9051 §6.4.5: NO says that the data cannot
/// be fetched). A flag that was not set is not told either.
fn set_seen(context: &Context, selected: &mut Selected<'_>, uids: &UidSet) -> Result<(UidSet, Done), Answer> {
    let into = selected.view.permit();
    // What counts is the mailbox and not the view: another session may have taken `\Seen` away just now.
    let state = selected.view.account.state()?;
    // Without the right to, a FETCH sets nothing (RFC 4314 §4).
    let there = state.mailbox(into.mailbox).filter(|_| into.rights.contains(Rights::SEEN));
    let Some(mailbox) = there else { return Ok((UidSet::new(), Done::Fetched)) };
    let unseen = |r: &Record| !mailbox.flags.set(r.flags).system.contains(SystemFlags::SEEN);
    let unseen: UidSet = mailbox.messages.select(uids).filter(|(_, r)| unseen(r)).map(|(_, r)| r.uid).collect();
    if unseen.is_empty() {
        return Ok((UidSet::new(), Done::Fetched));
    }
    let flags = Flags::new(SystemFlags::SEEN, Vec::new());
    let planned = unseen.clone();
    let plan = move |state: &State| match state.mailbox(into.mailbox) {
        Some(_) => plan::store(state, into, &planned, (StoreMode::Add, &flags), plan::Condition::Always),
        None => Ok(Planned { changes: Vec::new(), outcome: plan::FlagsStored::default() }),
    };
    let Ok(done) = context.commit(selected.user, &selected.view.account, Vec::new(), plan) else {
        return Ok((UidSet::new(), Done::FetchedUnseen));
    };
    let seen = match done.state.mailbox(into.mailbox) {
        Some(mailbox) => selected.view.adopt(mailbox, &unseen, Adopt::Newest),
        None => UidSet::new(),
    };
    Ok((seen, Done::Fetched))
}

impl Task<Selected<'_>> for Fetch {
    fn go(&mut self, context: &mut Context, selected: &mut Selected<'_>, _: &mut Framer) -> Then {
        let (out, view, account) = (&mut context.out, &*selected.view, &*selected.view.account);
        if let Some(message) = self.current.take() {
            return out.write(|out| self.message(view, (message, None), out));
        }
        self.look_ahead(view);
        if self.ahead.is_empty() {
            return self.answer.clone().into();
        }
        match self.depth {
            Depth::Records => self.records(view, out),
            Depth::Structures => self.structures(view, account, out),
            Depth::Octets => return self.octets(view, out),
            Depth::Whole => return self.whole(view, account, out),
        }
        Then::Again
    }
}

impl Fetch {
    /// Answers from memory.
    fn records(&mut self, view: &View, out: &mut Outbox) {
        while let Some((seq, record)) = self.ahead.pop_front() {
            let due = self.flags_due(&record);
            let (around, items) = ((view, &mut self.texts), &self.items);
            out.write(|out| Line::whole_line(around, out, (seq, &record), due, |line| line.records(items)));
            if out.is_full() {
                break;
            }
        }
    }

    /// Answers from the structures.
    fn structures(&mut self, view: &View, account: &Account, out: &mut Outbox) {
        let mut done = 0;
        let batch = std::mem::take(&mut self.ahead);
        let mut long = None;
        let mut emails = batch.iter().map(|(_, r)| r.email);
        let read = account.structures(&mut emails, &mut |_, structure| {
            let Some((seq, record)) = batch.get(done) else { return ControlFlow::Break(()) };
            done += 1;
            // Each item may tell all of it.
            if structure.len().saturating_mul(self.items.len()) as u64 > limits::PIECE {
                long = Some((*seq, *record));
                return ControlFlow::Break(());
            }
            match mime::Stored::parse(structure) {
                Ok(stored) => {
                    let due = self.flags_due(record);
                    let (around, items) = ((view, &mut self.texts), &self.items);
                    out.write(|out| {
                        Line::whole_line(around, out, (*seq, record), due, |line| line.structure(items, &stored));
                    });
                }
                Err(_) => self.damaged(record.uid),
            }
            if out.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        self.ahead = batch;
        self.settle(done, read);
        if let Some((seq, record)) = long {
            let due = self.flags_due(&record);
            self.current = Some(out.write(|out| Message::begin(view, out, (seq, record), due)));
        }
    }

    /// Answers with whole messages. A long one is sent in pieces, as any long octets are.
    fn whole(&mut self, view: &View, account: &Account, out: &mut Outbox) -> Then {
        let short = self.ahead.iter().take_while(|(_, r)| u64::from(r.size) <= limits::PIECE).count();
        if short == 0 {
            return self.octets(view, out);
        }
        let mut done = 0;
        let batch = std::mem::take(&mut self.ahead);
        let mut emails = batch.iter().take(short).map(|(_, r)| r.email);
        let read = account.bodies(&mut emails, &mut |piece| {
            let Some((seq, record)) = batch.get(done) else { return ControlFlow::Break(()) };
            done += 1;
            let due = self.flags_due(record);
            let (around, items) = ((view, &mut self.texts), &self.items);
            out.write(|out| {
                Line::whole_line(around, out, (*seq, record), due, |line| line.whole(items, piece.octets));
            });
            if out.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        self.ahead = batch;
        self.settle(done, read);
        Then::Again
    }

    /// After reading many: the first that was not shown is the one that cannot be read; the others can.
    fn settle(&mut self, mut done: usize, read: Result<(), store::Error>) {
        if let Err(error) = read
            && let Some((_, record)) = self.ahead.get(done)
        {
            self.failed(record.uid, error.into());
            done += 1;
        }
        self.ahead.drain(..done.min(self.ahead.len()));
    }

    /// Answers with the next message's octets.
    fn octets(&mut self, view: &View, out: &mut Outbox) -> Then {
        let Some((seq, record)) = self.ahead.pop_front() else { return Then::Again };
        let due = self.flags_due(&record);
        out.write(|out| {
            let start = out.len();
            let message = Message::begin(view, out, (seq, record), due);
            self.message(view, (message, Some(start)), out)
        })
    }

    /// Goes on with a message's response; `start` says where it begins, if nothing of it can have been sent.
    fn message(&mut self, view: &View, (mut message, start): (Message, Option<usize>), out: &mut Vec<u8>) -> Then {
        match message.write(&self.items, (view, &mut self.texts), out) {
            Ok(Filled::More) => self.current = Some(message),
            Ok(Filled::All) => message.end((view, &mut self.texts), out),
            Err(Stop::Item(failure)) => {
                self.failed(message.record.uid, failure);
                match start {
                    Some(start) => out.truncate(start),
                    None => message.end((view, &mut self.texts), out),
                }
            }
            // No answer can mend that.
            Err(Stop::Promise(error)) => return End::Broken(error).into(),
        }
        Then::Again
    }

    /// Whether the message's flags are to be told because this FETCH changed them.
    fn flags_due(&self, record: &Record) -> FlagsDue {
        if self.seen.contains(record.uid) { FlagsDue::Yes } else { FlagsDue::No }
    }

    /// Looks the next messages up, if few are. Each range of numbers is looked at once, however many there are.
    fn look_ahead(&mut self, view: &View) {
        if self.ahead.len() >= BATCH / 2 {
            return;
        }
        while self.ahead.len() < BATCH
            && let Some(range) = self.rest.pop_front()
        {
            self.look_up(view, range);
        }
    }

    fn look_up(&mut self, view: &View, range: RangeInclusive<Uid>) {
        let from = view.messages().places_below(*range.start());
        let mut records = (from..).zip(view.messages().iter_from(from)).take_while(|(_, r)| r.uid <= *range.end());
        for (place, record) in records.by_ref().take(BATCH - self.ahead.len()) {
            self.ahead.extend(seq_at(place).map(|seq| (seq, *record)));
        }
        if let Some((_, record)) = records.next() {
            self.rest.push_front(record.uid..=*range.end());
        }
    }

    fn damaged(&mut self, uid: Uid) {
        self.answer = Wrong::Damaged(uid).into();
    }

    fn failed(&mut self, uid: Uid, error: octets::Failure) {
        self.answer = match error {
            octets::Failure::TooMuch => Wrong::TooMuchOf(uid).into(),
            octets::Failure::UnknownEncoding => Wrong::UnknownEncoding(uid).into(),
            octets::Failure::Store(error @ store::Error::Damaged { .. }) => {
                Answer::from(Wrong::Damaged(uid)).because(error)
            }
            octets::Failure::Store(error) => error.into(),
        };
    }
}
