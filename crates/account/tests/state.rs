//! Random operations on an account: its state is what a naive model says, and what log and checkpoint give back.

#![allow(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod model;

use std::collections::BTreeSet;
use std::sync::Arc;

use account::account_difference;
use account::codec::{self, Format};
use account::plan::{self, Condition, NewMessage};
use account::{
    Change, Chunk, Commit, EmailId, Flags, Foreign, MailboxId, Messages, ObjectIds, Origin, Parts, Permit, Rights,
    State, SystemFlags,
};
use imap::{InternalDate, Keyword, MailboxName, ModSeq, SpecialUse, StoreMode, UidSet};
use model::looking::{compare_differences, find_emails, naive_account_difference, recount};
use model::{Account, Message, seen_by_model, uid_set};
use proptest::prelude::*;

const NAMES: [&str; 8] = ["INBOX", "a", "a/b", "a/b/c", "a/d", "e", "e/b/c", "INBOX/x"];
const KEYWORDS: [&str; 5] = ["$Forwarded", "$Junk", "work", "Zoë-is-no-atom", "NonJunk"];

/// A random operation. Places in lists are taken modulo their lengths.
#[derive(Clone, Debug)]
enum Step {
    Create(usize),
    Delete(usize),
    Rename(usize, usize),
    Subscribe(usize),
    Unsubscribe(usize),
    Append {
        to: usize,
        count: usize,
        flags: u16,
        date: i64,
        zone: i16,
    },
    Store {
        folder: usize,
        choice: Choice,
        mode: StoreMode,
        flags: u16,
        since: Option<u8>,
    },
    Copy {
        from: usize,
        to: usize,
        choice: Choice,
        moved: Moved,
    },
    Expunge {
        folder: usize,
        only: Option<Choice>,
    },
    Replace {
        folder: usize,
        place: usize,
        to: usize,
    },
    /// UIDVALIDITY 0 is the one that the mailbox has.
    TakeNumbers {
        folder: usize,
        uid_validity: u32,
        uid_next: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moved {
    Yes,
    No,
}

/// Which messages: UIDs from `from` on, `len` of them, of these the ones that `every` divides.
#[derive(Clone, Copy, Debug)]
struct Choice {
    from: u32,
    len: u32,
    every: u32,
}

impl Choice {
    fn has(self, uid: u32) -> bool {
        (self.from..self.from + self.len).contains(&uid) && uid.is_multiple_of(self.every)
    }

    fn uids(self) -> UidSet {
        uid_set((self.from..self.from + self.len).filter(|uid| uid % self.every == 0))
    }
}

fn choice() -> impl Strategy<Value = Choice> {
    let some = (1u32..40, 1u32..30, 1u32..4);
    let many = (1u32..3000, 1u32..4000, 1u32..5);
    prop_oneof![3 => some, 1 => many].prop_map(|(from, len, every)| Choice { from, len, every })
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0usize..NAMES.len();
    let mode = prop_oneof![Just(StoreMode::Replace), Just(StoreMode::Add), Just(StoreMode::Remove)];
    let count = prop_oneof![6 => 0usize..5, 3 => 5usize..50, 1 => 900usize..2500];
    let moved = prop_oneof![Just(Moved::Yes), Just(Moved::No)];
    prop_oneof![
        1 => at.clone().prop_map(Step::Create),
        1 => at.clone().prop_map(Step::Delete),
        1 => (at.clone(), at.clone()).prop_map(|(a, b)| Step::Rename(a, b)),
        1 => at.clone().prop_map(Step::Subscribe),
        1 => at.clone().prop_map(Step::Unsubscribe),
        6 => (at.clone(), count, any::<u16>(), -2_000_000_000i64..4_000_000_000, -900i16..900)
            .prop_map(|(to, count, flags, date, zone)| Step::Append { to, count, flags, date, zone }),
        6 => (at.clone(), choice(), mode, any::<u16>(), proptest::option::of(0u8..60))
            .prop_map(|(folder, choice, mode, flags, since)| Step::Store { folder, choice, mode, flags, since }),
        3 => (at.clone(), at.clone(), choice(), moved)
            .prop_map(|(from, to, choice, moved)| Step::Copy { from, to, choice, moved }),
        3 => (at.clone(), proptest::option::of(choice())).prop_map(|(folder, only)| Step::Expunge { folder, only }),
        1 => (at.clone(), 0usize..100, at.clone())
            .prop_map(|(folder, place, to)| Step::Replace { folder, place, to }),
        1 => (at, prop_oneof![Just(0), 1u32..u32::MAX], 1u32..5000)
            .prop_map(|(folder, uid_validity, uid_next)| Step::TakeNumbers { folder, uid_validity, uid_next }),
    ]
}

/// The flags that the bits of a number stand for, as the account and as the model have them.
fn flags(bits: u16) -> (Flags, BTreeSet<String>) {
    let names = ["\\answered", "\\flagged", "\\deleted", "\\seen", "\\draft"];
    let on = |bit: usize| bits >> bit & 1 == 1;
    let system = SystemFlags::from_bits(u8::try_from(bits & 31).unwrap());
    let keywords: Vec<Keyword> = KEYWORDS
        .iter()
        .enumerate()
        .filter(|(i, _)| on(5 + i))
        .filter_map(|(_, k)| {
            // Spelt in another way now and then: it is the same keyword.
            if on(15) { Keyword::new(&k.to_ascii_uppercase()) } else { Keyword::new(k) }
        })
        .collect();
    let texts = names.iter().enumerate().filter(|(i, _)| on(*i)).map(|(_, n)| (*n).to_owned());
    let texts = texts.chain(keywords.iter().map(|k| k.as_str().to_ascii_lowercase())).collect();
    (Flags::new(system, keywords), texts)
}

/// The account, the model of it, and the log between them.
struct Run {
    state: State,
    model: Account,
    log: Vec<Commit>,
    now: i64,
}

impl Run {
    fn new() -> Self {
        let mut run = Self { state: State::default(), model: Account::new(), log: Vec::new(), now: 1_700_000_000 };
        let begun = plan::new_account(&run.state, Origin::MIN, run.now).unwrap();
        for name in ["INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive"] {
            run.model.create(name, run.now);
            run.model.subscriptions.insert(name.to_owned());
        }
        let roles = [
            ("Drafts", SpecialUse::Drafts),
            ("Sent", SpecialUse::Sent),
            ("Junk", SpecialUse::Junk),
            ("Trash", SpecialUse::Trash),
            ("Archive", SpecialUse::Archive),
        ];
        for (name, role) in roles {
            run.model.folders.get_mut(name).unwrap().roles.push(role);
        }
        run.commit(&begun.changes);
        run
    }

    fn id(&self, place: usize) -> Option<MailboxId> {
        self.state.named(&name(place)).map(|m| m.id)
    }

    /// Commits, by way of the bytes of the log, and compares with the model.
    fn commit(&mut self, changes: &[Change]) {
        if changes.is_empty() {
            return self.compare();
        }
        let read = codec::read_changes(&codec::write_commit(Format::NEWEST, changes)).unwrap();
        assert_eq!(read, changes);
        let commit =
            Commit { modseq: self.state.next_modseq(), at: self.now, actor: "a test".to_owned(), changes: read };
        let before = self.state.clone();
        self.state.apply(&commit).unwrap();
        self.log.push(commit);
        self.model.modseq += 1;
        self.model.next_email = self.model.next_email.max(self.state.next_email().get());
        self.compare();
        compare_differences(&before, &self.state);
    }

    fn compare(&self) {
        assert_eq!(self.state.totals(), recount(&self.state));
        assert_eq!(seen_by_model(&self.state), self.model);
    }

    fn step(&mut self, step: &Step) {
        self.now += 7;
        match step {
            Step::Create(at) => {
                let there = self.model.folders.contains_key(NAMES[*at]);
                let planned = plan::create(&self.state, (&name(*at), Rights::ALL), &[], self.now);
                assert_eq!(planned.is_err(), there);
                let Ok(planned) = planned else { return };
                self.model.create(NAMES[*at], self.now);
                self.commit(&planned.changes);
            }
            Step::Delete(at) => {
                let planned = plan::delete(&self.state, (&name(*at), Rights::ALL));
                assert_eq!(planned.is_ok(), NAMES[*at] != "INBOX" && self.model.folders.contains_key(NAMES[*at]));
                let Ok(planned) = planned else { return };
                self.model.folders.remove(NAMES[*at]);
                self.commit(&planned.changes);
            }
            Step::Rename(from, to) => {
                let planned =
                    plan::rename(&self.state, (&name(*from), Rights::ALL), (&name(*to), Rights::ALL), self.now);
                assert_eq!(planned.is_ok(), self.model.rename(NAMES[*from], NAMES[*to], self.now).is_some());
                let Ok(planned) = planned else { return };
                self.commit(&planned.changes);
            }
            Step::Subscribe(at) => {
                self.model.subscriptions.insert(NAMES[*at].to_owned());
                self.commit(&plan::subscribe(&self.state, &name(*at)).unwrap().changes);
            }
            Step::Unsubscribe(at) => {
                self.model.subscriptions.remove(NAMES[*at]);
                self.commit(&plan::unsubscribe(&self.state, &name(*at)).unwrap().changes);
            }
            Step::TakeNumbers { folder, uid_validity, uid_next } => {
                let Some(id) = self.id(*folder) else { return };
                let there = self.model.folders.get_mut(NAMES[*folder]).unwrap();
                let uid_validity = if *uid_validity == 0 { there.uid_validity } else { *uid_validity };
                let (validity, next) = (imap::UidValidity::new(uid_validity), imap::Uid::new(*uid_next));
                let planned = plan::take_numbers(&self.state, id, validity.unwrap(), next.unwrap());
                let same = there.uid_validity == uid_validity;
                assert_eq!(planned.is_ok(), there.uid_next == 1 || same);
                let Ok(planned) = planned else { return };
                // Numbers near the end would leave none for the mailboxes after this one.
                if uid_validity > u32::MAX / 2 {
                    return;
                }
                assert_eq!(planned.changes.is_empty(), same && there.uid_next >= *uid_next);
                if !planned.changes.is_empty() {
                    there.modseq = self.model.modseq + 1;
                }
                (there.uid_validity, there.uid_next) = (uid_validity, there.uid_next.max(*uid_next));
                self.model.last_uid_validity = self.model.last_uid_validity.max(uid_validity);
                self.commit(&planned.changes);
            }
            messages => self.messages(messages),
        }
    }

    /// The steps that are about messages.
    fn messages(&mut self, step: &Step) {
        match *step {
            Step::Append { to, count, flags: bits, date, zone } => self.append(to, (count, bits), (date, zone)),
            Step::Store { folder, choice, mode, flags: bits, since } => {
                self.store(folder, choice, (mode, bits), since);
            }
            Step::Copy { from, to, choice, moved } => self.copy((from, to), choice, moved),
            Step::Expunge { folder, only } => {
                let Some(id) = self.id(folder) else { return };
                let planned = plan::expunge(&self.state, Permit::owner(id), only.map(Choice::uids).as_ref()).unwrap();
                let deleted = |m: &Message| m.flags.contains("\\deleted") && only.is_none_or(|only| only.has(m.uid));
                let gone = self.model.expunge(NAMES[folder], &deleted);
                assert_eq!(planned.outcome, uid_set(gone.iter().map(|m| m.uid)));
                self.commit(&planned.changes);
            }
            Step::Replace { folder, place, to } => {
                let (Some(id), Some(target)) = (self.id(folder), self.id(to)) else { return };
                let there = &self.model.folders[NAMES[folder]].messages;
                let Some(old) = there.get(place % there.len().max(1)).map(|m| m.uid) else { return };
                let new = new_message(5, 0, (0, 0));
                let old_uid = imap::Uid::new(old).unwrap();
                let planned = plan::replace(
                    &self.state,
                    (Permit::owner(id), old_uid),
                    Some(Permit::owner(target)),
                    &new,
                    self.now,
                )
                .unwrap();
                self.model.append(NAMES[to], vec![self.message(&new, 0)]);
                self.model.expunge(NAMES[folder], &|m| m.uid == old);
                self.commit(&planned.changes);
            }
            _ => unreachable!("steps about mailboxes are not here"),
        }
    }

    fn append(&mut self, to: usize, (count, bits): (usize, u16), (date, zone): (i64, i16)) {
        let new: Vec<NewMessage> = (0..count)
            .map(|i| {
                let n = u16::try_from(i).unwrap();
                let (seconds, zone) = (date + i64::from(n) * 61, if n % 40 < 30 { zone } else { 60 });
                let foreign = Foreign { origin: Origin::MIN, email: EmailId::new(u64::from(bits) + 1).unwrap() };
                let foreign = (bits % 7 == 0 && i % 3 == 0).then_some(foreign);
                NewMessage { foreign, ..new_message(u32::from(n) * 37, bits.wrapping_add(n % 3), (seconds, zone)) }
            })
            .collect();
        let planned = plan::append(&self.state, self.id(to).map(Permit::owner), &new, self.now);
        assert_eq!(planned.is_ok(), self.model.folders.contains_key(NAMES[to]));
        let Ok(planned) = planned else { return };
        let next = self.model.folders[NAMES[to]].uid_next;
        assert_eq!(planned.outcome.uids, uid_set(next..next + u32::try_from(count).unwrap()));
        let messages = (0u64..).zip(&new).map(|(i, new)| self.message(new, i)).collect();
        self.model.append(NAMES[to], messages);
        let first = self.state.next_email().get();
        self.commit(&planned.changes);
        for (email, message) in (first..).filter_map(EmailId::new).zip(&new) {
            assert_eq!(
                self.state.ids().taken_along(email),
                message.foreign.or(Some(Foreign { origin: Origin::MIN, email }))
            );
        }
    }

    fn message(&self, new: &NewMessage, n: u64) -> Message {
        let system = (0u16..5).filter(|bit| new.flags.system.bits() >> bit & 1 == 1).fold(0, |all, bit| all | 1 << bit);
        let mut texts = flags(system).1;
        texts.extend(new.flags.keywords().iter().map(|k| k.as_str().to_ascii_lowercase()));
        Message {
            uid: 0,
            email: self.state.next_email().get() + n,
            size: new.size,
            internal_date: (new.internal_date.seconds(), new.internal_date.zone_minutes()),
            save_date: self.now,
            flags: texts,
            modseq: 0,
            created: 0,
        }
    }

    fn store(&mut self, folder: usize, choice: Choice, (mode, bits): (StoreMode, u16), since: Option<u8>) {
        let Some(id) = self.id(folder) else { return };
        let (flags, texts) = flags(bits);
        let condition =
            since.map_or(Condition::Always, |since| Condition::UnchangedSince(imap::ModSeq::new(u64::from(since))));
        let planned = plan::store(&self.state, Permit::owner(id), &choice.uids(), (mode, &flags), condition).unwrap();
        let late = |m: &Message| since.is_some_and(|since| m.modseq > u64::from(since));
        let there = self.model.folders[NAMES[folder]].messages.iter();
        let modified = there.filter(|m| choice.has(m.uid) && late(m)).map(|m| m.uid);
        assert_eq!(planned.outcome.modified, uid_set(modified));
        self.model.store(NAMES[folder], &|m| choice.has(m.uid) && !late(m), (mode, &texts));
        self.commit(&planned.changes);
    }

    fn copy(&mut self, (from, to): (usize, usize), choice: Choice, moved: Moved) {
        let (Some(source), target) = (self.id(from).map(Permit::owner), self.id(to).map(Permit::owner)) else { return };
        // A MOVE within a mailbox is the session's to refuse or to make sense of.
        if moved == Moved::Yes && from == to {
            return;
        }
        let planned = match moved {
            Moved::Yes => plan::move_messages(&self.state, source, &choice.uids(), target, self.now),
            Moved::No => plan::copy(&self.state, source, &choice.uids(), target, self.now),
        };
        assert_eq!(planned.is_ok(), target.is_some());
        let Ok(planned) = planned else { return };
        let there = self.model.folders[NAMES[from]].messages.iter();
        let copies: Vec<Message> = there.filter(|m| choice.has(m.uid)).cloned().collect();
        assert_eq!(planned.outcome.from, uid_set(copies.iter().map(|m| m.uid)));
        assert_eq!(planned.outcome.to.len(), planned.outcome.from.len());
        let copies = copies.into_iter().map(|m| Message { save_date: self.now, ..m }).collect();
        self.model.append(NAMES[to], copies);
        if moved == Moved::Yes {
            self.model.expunge(NAMES[from], &|m| choice.has(m.uid));
        }
        self.commit(&planned.changes);
    }
}

fn name(place: usize) -> MailboxName {
    MailboxName::new(NAMES[place]).unwrap()
}

fn new_message(size: u32, bits: u16, (seconds, zone): (i64, i16)) -> NewMessage {
    NewMessage { size, internal_date: InternalDate::new(seconds, zone), flags: flags(bits).0, uid: None, foreign: None }
}

/// What a checkpoint keeps of a state, read back.
fn through_checkpoint(format: Format, state: &State) -> State {
    let parts = state.to_parts();
    let mut read = codec::read_root(&codec::write_root(format, &parts)).unwrap();
    let mailbox = |mailbox: &Arc<account::Mailbox>| {
        let chunk = |c: &Arc<Chunk>| Chunk::unpack(c.base(), c.pack(format).into()).unwrap();
        let chunks = mailbox.messages.chunks().iter().map(|c| Arc::new(chunk(c))).collect();
        let read = codec::read_mailbox(&codec::write_mailbox(format, mailbox), Messages::from_chunks(chunks)).unwrap();
        assert_eq!(read.messages.totals(), mailbox.messages.totals());
        assert_eq!(read.messages.first_unseen(), mailbox.messages.first_unseen());
        Arc::new(read)
    };
    read.mailboxes = parts.mailboxes.iter().map(mailbox).collect();
    assert_eq!(State::from_parts(read.clone()).totals(), state.totals());
    assert_eq!(read, Parts { mailboxes: read.mailboxes.clone(), ids: read.ids.clone(), ..parts });
    State::from_parts(read)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_state_is_the_fold_of_its_log(steps in proptest::collection::vec(step(), 1..60)) {
        let mut run = Run::new();
        let (half, mut checkpoint, mut half_way) = (steps.len() / 2, None, None);
        for (at, step) in steps.iter().enumerate() {
            if at == half {
                half_way = Some(run.state.clone());
                checkpoint = Some((through_checkpoint(Format::NEWEST, &run.state), run.log.len()));
            }
            run.step(step);
        }
        prop_assert_eq!(&State::replay(&run.log).unwrap(), &run.state);
        prop_assert_eq!(&through_checkpoint(Format::Two, &run.state), &run.state);
        let old = through_checkpoint(Format::One, &run.state);
        let without_ids = State::from_parts(Parts { ids: ObjectIds::default(), ..run.state.to_parts() });
        prop_assert!(old.agrees_with(&without_ids) && without_ids.agrees_with(&old));
        prop_assert!(old.by_name().flat_map(|m| m.messages.iter()).all(|r| r.created == ModSeq::MIN));
        let raised = through_checkpoint(Format::Two, &old);
        prop_assert_eq!(&raised, &old);
        for state in [&run.state, &old, &raised] {
            find_emails(state);
        }
        // What opening an account does: the checkpoint, then the tail of the log.
        if let Some((mut state, from)) = checkpoint {
            // From the beginning, from the middle, and from a state that shares nothing with the newest one.
            let states = [State::default(), State::replay(&run.log[..1]).unwrap(), half_way.unwrap(), state.clone()];
            for old in states {
                prop_assert_eq!(account_difference(&old, &run.state), naive_account_difference(&old, &run.state));
            }
            prop_assert!(account_difference(&through_checkpoint(Format::NEWEST, &run.state), &run.state).is_empty());
            run.log[from..].iter().for_each(|commit| state.apply(commit).unwrap());
            prop_assert_eq!(&state, &run.state);
            prop_assert_eq!(through_checkpoint(Format::NEWEST, &state), state);
        }
    }
}

#[test]
fn what_vanished_is_never_forgotten() {
    let mut run = Run::new();
    let messages: Vec<NewMessage> = (0..5000).map(|_| new_message(1, 4, (0, 0))).collect();
    let inbox = run.id(0);
    let changes = plan::append(&run.state, inbox.map(Permit::owner), &messages, 0).unwrap().changes;
    let commit = |state: &mut State, changes| {
        let commit = Commit { modseq: state.next_modseq(), at: 0, actor: String::new(), changes };
        state.apply(&commit).unwrap();
    };
    commit(&mut run.state, changes);
    let mut gone = Vec::new();
    for uid in (1..=4999).step_by(2) {
        let planned = plan::expunge(&run.state, Permit::owner(inbox.unwrap()), Some(&uid_set([uid]))).unwrap();
        commit(&mut run.state, planned.changes);
        gone.push((run.state.modseq().unwrap(), uid));
    }
    let vanished = &run.state.named(&MailboxName::Inbox).unwrap().vanished;
    assert!(vanished.entries().len() <= 1024);
    assert_eq!(vanished.since(None), uid_set(gone.iter().map(|g| g.1)));
    assert_eq!(vanished.last(), Some(gone[gone.len() - 1].0));
    for (at, (modseq, _)) in gone.iter().enumerate().step_by(97) {
        let exact = uid_set(gone[at + 1..].iter().map(|g| g.1));
        let told = vanished.since(Some(*modseq));
        assert_eq!(told.intersection(&exact), exact, "since {modseq}");
        // The younger half is kept to the commit.
        if at >= gone.len() - 512 {
            assert_eq!(told, exact, "since {modseq}");
        }
    }
    assert_eq!(through_checkpoint(Format::NEWEST, &run.state), run.state);
}

#[test]
fn a_commit_that_does_not_follow_is_refused() {
    let run = Run::new();
    let inbox = run.id(0).unwrap();
    let next = run.state.next_modseq();
    let commit = |modseq, change| Commit { modseq, at: 0, actor: String::new(), changes: vec![change] };
    let refused = |commit: Commit| run.state.clone().apply(&commit).is_err();
    let validity = run.state.last_uid_validity();
    let created = |id: MailboxId, name: &str, uid_validity| Change::MailboxCreated {
        id,
        name: MailboxName::new(name).unwrap(),
        uid_validity: imap::UidValidity::new(uid_validity).unwrap(),
        special_use: Vec::new(),
    };
    let new = run.state.next_mailbox();
    assert!(!refused(commit(next, created(new, "new", validity + 1))));
    assert!(refused(commit(next.next(), created(new, "new", validity + 1))));
    assert!(refused(commit(next, created(inbox, "new", validity + 1))));
    assert!(refused(commit(next, created(new, "Sent", validity + 1))));
    assert!(refused(commit(next, created(new, "new", validity))));
    assert!(refused(commit(next, Change::MailboxDeleted { id: new, emails: Vec::new() })));
    assert!(refused(commit(next, Change::MailboxRenamed { id: inbox, name: MailboxName::new("Sent").unwrap() })));
    let uids = uid_set([1]);
    let emails = vec![account::EmailId::FIRST];
    assert!(refused(commit(next, Change::Expunged { mailbox: inbox, uids: uids.clone(), emails })));
    let (mode, flags) = (StoreMode::Add, flags(8).0);
    assert!(refused(commit(next, Change::FlagsChanged { mailbox: inbox, uids, mode, flags })));
}

#[test]
fn a_difference_tells_names_uses_subscriptions_and_counts() {
    let mut run = Run::new();
    let before = run.state.clone();
    let inbox = run.id(0);
    let id = |state: &State, name: &str| state.named(&MailboxName::new(name).unwrap()).unwrap().id;
    let junk = id(&run.state, "Junk");
    let mut changes = vec![Change::SpecialUseSet { id: junk, special_use: Vec::new() }];
    changes
        .extend(plan::append(&run.state, inbox.map(Permit::owner), &[new_message(70, 0, (0, 0))], 0).unwrap().changes);
    changes.extend(
        plan::rename(&run.state, (&MailboxName::new("Sent").unwrap(), Rights::ALL), (&name(1), Rights::ALL), run.now)
            .unwrap()
            .changes,
    );
    changes.extend(plan::delete(&run.state, (&MailboxName::new("Trash").unwrap(), Rights::ALL)).unwrap().changes);
    changes.extend(plan::create(&run.state, (&name(5), Rights::ALL), &[], run.now).unwrap().changes);
    changes.extend(plan::subscribe(&run.state, &name(5)).unwrap().changes);
    changes.extend(plan::unsubscribe(&run.state, &MailboxName::new("Trash").unwrap()).unwrap().changes);
    run.state.apply(&Commit { modseq: run.state.next_modseq(), at: 0, actor: String::new(), changes }).unwrap();
    let found = account_difference(&before, &run.state);
    let names = |list: &[Arc<account::Mailbox>]| list.iter().map(|m| m.name.to_string()).collect::<Vec<_>>();
    assert_eq!((names(&found.created), names(&found.deleted)), (vec!["e".to_owned()], vec!["Trash".to_owned()]));
    assert_eq!((found.subscribed, found.unsubscribed), (vec![name(5)], vec![MailboxName::new("Trash").unwrap()]));
    let [one, sent, uses] = &found.changed[..] else { panic!("{:?}", found.changed) };
    let counts = one.counts.as_ref().unwrap();
    assert_eq!((counts.before.messages, counts.after.messages, counts.after.unseen), (0, 1, 1));
    assert_eq!((counts.after.size, counts.after.uid_next.get()), (70, 2));
    assert_eq!((Some(one.id), &one.name), (inbox, &None));
    let renamed = sent.name.as_ref().unwrap();
    assert_eq!((renamed.before.as_str(), renamed.after.as_str(), &sent.counts), ("Sent", "a", &None));
    let uses_before_after = uses.special_use.as_ref().unwrap();
    assert_eq!(
        (uses.id, &uses_before_after.before[..], &uses_before_after.after[..]),
        (junk, &[SpecialUse::Junk][..], &[][..])
    );
}
