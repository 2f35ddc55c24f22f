//! Every plan with every set of rights refuses exactly what RFC 4314 §4 says, and leaves out the flags that it says.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use account::plan::{self, Condition, NewMessage};
use account::{Change, Commit, Flags, MailboxId, Origin, Permit, Planned, Refusal, Rights, State};
use imap::{Flag, InternalDate, Keyword, MailboxName, StoreMode, Uid, UidSet};

const NOW: i64 = 1_790_000_000;

/// The letters in the order of RFC 4314 §4's table; `l`, `p` and `a` stand for what no plan asks for.
const LETTERS: [(char, Rights); 11] = [
    ('l', Rights::LOOKUP),
    ('r', Rights::READ),
    ('s', Rights::SEEN),
    ('w', Rights::WRITE),
    ('i', Rights::INSERT),
    ('p', Rights::POST),
    ('k', Rights::CREATE),
    ('x', Rights::DELETE_MAILBOX),
    ('t', Rights::DELETE_MESSAGES),
    ('e', Rights::EXPUNGE),
    ('a', Rights::ADMINISTER),
];

/// Every set of rights, with its letters.
fn every_set() -> impl Iterator<Item = (String, Rights)> {
    (0u16..1 << LETTERS.len()).map(|bits| {
        let chosen = LETTERS.iter().enumerate().filter(move |(at, _)| bits >> at & 1 == 1).map(|(_, letter)| letter);
        let rights = chosen.clone().fold(Rights::NONE, |all, (_, right)| all | *right);
        (chosen.map(|(letter, _)| letter).collect(), rights)
    })
}

fn name(name: &str) -> MailboxName {
    MailboxName::new(name).unwrap()
}

fn uids(list: &[u32]) -> UidSet {
    list.iter().filter_map(|uid| Uid::new(*uid)).collect()
}

/// Each combination of these four flags: one for each right that a flag can need, and a keyword.
fn flags(bits: usize) -> Flags {
    let each = [Flag::Seen, Flag::Deleted, Flag::Answered, Flag::Keyword(Keyword::new("$Forwarded").unwrap())];
    let chosen: Vec<Flag> =
        each.into_iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, flag)| flag).collect();
    Flags::from_wire(&chosen)
}

const COMBINATIONS: usize = 16;

/// The bits of [`flags`] that a set of rights may change.
fn changeable(letters: &str) -> usize {
    let bit = |letter: char, bits: usize| if letters.contains(letter) { bits } else { 0 };
    bit('s', 0b0001) | bit('t', 0b0010) | bit('w', 0b1100)
}

fn new_message(bits: usize) -> NewMessage {
    NewMessage { size: 5, internal_date: InternalDate::new(NOW, 0), flags: flags(bits), uid: None, foreign: None }
}

/// INBOX has a message with each combination of flags: UID 1 has none, UID 16 all.
struct Account {
    state: State,
    inbox: MailboxId,
    archive: MailboxId,
}

impl Account {
    fn new() -> Self {
        let mut account = Self { state: State::default(), inbox: MailboxId::FIRST, archive: MailboxId::FIRST };
        let begun = plan::new_account(&account.state, Origin::MIN, NOW).unwrap();
        account.apply(begun.changes);
        account.inbox = account.state.named(&name("INBOX")).unwrap().id;
        account.archive = account.state.named(&name("Archive")).unwrap().id;
        let new: Vec<_> = (0..COMBINATIONS).map(new_message).collect();
        let added = plan::append(&account.state, Some(Permit::owner(account.inbox)), &new, NOW).unwrap();
        account.apply(added.changes);
        account
    }

    fn apply(&mut self, changes: Vec<Change>) {
        let commit = Commit { modseq: self.state.next_modseq(), at: NOW, actor: String::new(), changes };
        self.state.apply(&commit).unwrap();
    }

    fn inbox(&self, rights: Rights) -> Permit {
        Permit { rights, ..Permit::owner(self.inbox) }
    }

    fn archive(&self, rights: Rights) -> Permit {
        Permit { rights, ..Permit::owner(self.archive) }
    }

    /// The flags of a mailbox's messages after a plan is carried out.
    fn flags_after(&self, changes: Vec<Change>, mailbox: MailboxId) -> Vec<Flags> {
        let mut state = self.state.clone();
        let commit = Commit { modseq: state.next_modseq(), at: NOW, actor: String::new(), changes };
        state.apply(&commit).unwrap();
        let mailbox = state.mailbox(mailbox).unwrap();
        mailbox.messages.iter().map(|record| mailbox.flags.flags(record.flags)).collect()
    }
}

/// Whether a plan is refused exactly where a right that it needs is missing.
fn asks_for<T>(what: &str, needed: &str, plan: impl Fn(Rights) -> Result<Planned<T>, Refusal>) {
    for (letters, rights) in every_set() {
        let refused = match plan(rights) {
            Ok(_) => false,
            Err(Refusal::NotAllowed) => true,
            Err(other) => panic!("{what} with {letters:?}: {other}"),
        };
        assert_eq!(refused, needed.chars().any(|letter| !letters.contains(letter)), "{what} with {letters:?}");
    }
}

#[test]
fn plans_ask_for_the_rights_of_the_table() {
    let account = Account::new();
    let (state, all, some) = (&account.state, Rights::ALL, uids(&[3, 4, 99]));
    let (archive, fresh) = (name("Archive"), name("New/Below"));
    let mail = new_message(0);
    let old = Uid::new(3).unwrap();
    let copy = |from, to| plan::copy(state, account.inbox(from), &some, Some(account.archive(to)), NOW);
    let moved = |from, to| plan::move_messages(state, account.inbox(from), &some, Some(account.archive(to)), NOW);
    let replace = |from, to| plan::replace(state, (account.inbox(from), old), Some(account.archive(to)), &mail, NOW);
    let rename = |from, above| plan::rename(state, (&archive, from), (&fresh, above), NOW);
    asks_for("APPEND", "i", |to| plan::append(state, Some(account.archive(to)), std::slice::from_ref(&mail), NOW));
    asks_for("APPEND of nothing", "i", |to| plan::append(state, Some(account.archive(to)), &[], NOW));
    asks_for("COPY from", "r", |from| copy(from, all));
    asks_for("COPY to", "i", |to| copy(all, to));
    asks_for("MOVE from", "rte", |from| moved(from, all));
    asks_for("MOVE to", "i", |to| moved(all, to));
    asks_for("the end of a MOVE", "te", |from| plan::take_away(state, account.inbox(from), &some));
    asks_for("REPLACE of", "te", |from| replace(from, all));
    asks_for("REPLACE to", "i", |to| replace(all, to));
    asks_for("EXPUNGE", "e", |from| plan::expunge(state, account.inbox(from), None));
    asks_for("UID EXPUNGE", "e", |from| plan::expunge(state, account.inbox(from), Some(&some)));
    asks_for("CREATE", "k", |above| plan::create(state, (&fresh, above), &[], NOW));
    asks_for("DELETE", "x", |there| plan::delete(state, (&archive, there)));
    asks_for("RENAME from", "x", |from| rename(from, all));
    asks_for("RENAME to", "k", |above| rename(all, above));
    asks_for("RENAME of INBOX", "x", |from| plan::rename(state, (&name("INBOX"), from), (&fresh, all), NOW));
}

#[test]
fn messages_come_in_without_the_flags_that_there_is_no_right_to_set() {
    let account = Account::new();
    let new: Vec<_> = (0..COMBINATIONS).map(new_message).collect();
    for (letters, rights) in every_set().filter(|(letters, _)| letters.contains('i')) {
        let expected: Vec<Flags> = (0..COMBINATIONS).map(|bits| flags(bits & changeable(&letters))).collect();
        let to = Some(account.archive(rights));
        let appended = plan::append(&account.state, to, &new, NOW).unwrap();
        assert_eq!(account.flags_after(appended.changes, account.archive), expected, "APPEND with {letters:?}");
        let all = UidSet::from(Uid::MIN..=Uid::MAX);
        let copied = plan::copy(&account.state, account.inbox(Rights::ALL), &all, to, NOW).unwrap();
        assert_eq!(account.flags_after(copied.changes, account.archive), expected, "COPY with {letters:?}");
    }
}

#[test]
fn a_store_changes_what_may_be_changed_and_is_refused_if_that_is_nothing() {
    let account = Account::new();
    let all = UidSet::from(Uid::MIN..=Uid::MAX);
    let mut seen = HashMap::new();
    for (letters, rights) in every_set() {
        let may = changeable(&letters);
        for (mode, asked) in [StoreMode::Replace, StoreMode::Add, StoreMode::Remove]
            .into_iter()
            .flat_map(|m| (0..16).map(move |b| (m, b)))
        {
            let into = account.inbox(rights);
            let planned = plan::store(&account.state, into, &all, (mode, &flags(asked)), Condition::Always);
            // What replaces all flags is about each of them.
            let about = if mode == StoreMode::Replace || asked == 0 { usize::MAX } else { asked };
            let case = format!("STORE {mode:?} {asked:04b} with {letters:?}");
            if may & about == 0 {
                assert_eq!(planned, Err(Refusal::NotAllowed), "{case}");
                continue;
            }
            let becomes = |was: usize| match mode {
                StoreMode::Replace => was & !may | asked & may,
                StoreMode::Add => was | asked & may,
                StoreMode::Remove => was & !(asked & may),
            };
            let planned = planned.unwrap();
            // No other right makes a difference.
            match seen.entry((mode as usize, asked, may)) {
                Entry::Occupied(before) => {
                    assert_eq!(planned, *before.get(), "{case}");
                    continue;
                }
                Entry::Vacant(first) => drop(first.insert(planned.clone())),
            }
            let changed: Vec<u32> =
                (0..16u32).filter(|was| becomes(*was as usize) != *was as usize).map(|n| n + 1).collect();
            assert_eq!(planned.outcome.changed, uids(&changed), "{case}");
            let expected: Vec<Flags> = (0..COMBINATIONS).map(|was| flags(becomes(was))).collect();
            assert_eq!(account.flags_after(planned.changes, account.inbox), expected, "{case}");
        }
    }
}
