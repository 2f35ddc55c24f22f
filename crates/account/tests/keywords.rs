//! Combinations of keywords: how many there may be, and that those which nobody has any more make room.

#![allow(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

use std::collections::BTreeMap;
use std::time::Duration;

use account::codec::{self, Format};
use account::plan::{self, Condition, NewMessage, Planned};
use account::{Chunk, Commit, Flags, Mailbox, Messages, Origin, Permit, Refusal, Rights, State, SystemFlags, limits};
use cpu_time::ThreadTime;
use imap::{InternalDate, Keyword, MailboxName, StoreMode, Uid, UidSet};

/// An account of one mailbox.
struct Account {
    state: State,
    inbox: Permit,
}

impl Account {
    fn new(origin: Option<u64>) -> Self {
        let mut account = Self { state: State::default(), inbox: Permit::owner(account::MailboxId::FIRST) };
        if let Some(origin) = origin {
            let given = plan::give_origin(&account.state, Origin::new(origin).unwrap());
            account.apply(given);
        }
        let made = plan::create(&account.state, (&MailboxName::new("Box").unwrap(), Rights::ALL), &[], 1).unwrap();
        account.apply(made);
        account
    }

    fn apply<T>(&mut self, planned: Planned<T>) -> T {
        let modseq = self.state.next_modseq();
        let commit = Commit { modseq, at: 0, actor: "test".to_owned(), changes: planned.changes };
        self.state.apply(&commit).unwrap();
        planned.outcome
    }

    fn with_messages(mut self, flags: impl Iterator<Item = Flags>) -> Self {
        let new: Vec<_> = flags.map(message).collect();
        let added = plan::append(&self.state, Some(self.inbox), &new, 0).unwrap();
        self.apply(added);
        self
    }

    fn mailbox(&self) -> &Mailbox {
        self.state.mailbox(self.inbox.mailbox).unwrap()
    }

    fn flags(&self, n: usize) -> Flags {
        let record = self.mailbox().messages.by_uid(uid(n)).unwrap();
        self.mailbox().flags.flags(record.flags)
    }

    fn plan(&self, n: usize, mode: StoreMode, flags: &Flags) -> Result<Planned<plan::FlagsStored>, Refusal> {
        plan::store(&self.state, self.inbox, &UidSet::from(uid(n)), (mode, flags), Condition::Always)
    }

    fn store(&mut self, n: usize, mode: StoreMode, flags: &Flags) -> Result<(), Refusal> {
        let planned = self.plan(n, mode, flags)?;
        self.apply(planned);
        Ok(())
    }
}

fn message(flags: Flags) -> NewMessage {
    NewMessage { uid: None, size: 1, internal_date: InternalDate::new(0, 0), flags, foreign: None }
}

fn uid(n: usize) -> Uid {
    Uid::new(u32::try_from(n).unwrap()).unwrap()
}

fn keyword(n: usize) -> Keyword {
    Keyword::new(&format!("k{n}")).unwrap()
}

/// Another combination for each number: that of its bits.
fn combination(n: usize) -> Flags {
    let bits = (0..usize::BITS as usize).filter(|bit| n & (1 << bit) != 0);
    Flags::new(SystemFlags::default(), bits.map(keyword).collect())
}

const SEEN: SystemFlags = SystemFlags::SEEN;

/// As many messages as there may be combinations, each with its own, and two more without any.
fn full() -> Account {
    let each = (1..=limits::KEYWORD_LISTS).map(combination);
    Account::new(Some(7)).with_messages(each.chain([Flags::default(), Flags::default()]))
}

#[test]
fn a_mailbox_has_so_many_combinations_and_no_more() {
    const FULL: Refusal = Refusal::TooManyCombinations;
    let mut account = full();
    let last = limits::KEYWORD_LISTS;
    let (two, other) = (combination(2), combination(last + 1));
    assert_eq!(account.plan(last + 1, StoreMode::Add, &other).unwrap_err(), FULL);
    let appended = plan::append(&account.state, Some(account.inbox), &[message(other.clone())], 0);
    assert_eq!(appended.unwrap_err(), FULL);
    // What is there can be had, and system flags with all of it.
    account.store(last + 1, StoreMode::Replace, &two).unwrap();
    for system in [SEEN, SystemFlags::DELETED, SystemFlags::FLAGGED] {
        for n in 1..=last {
            account.store(n, StoreMode::Add, &Flags::new(system, Vec::new())).unwrap();
        }
    }
    // A combination that its last message loses makes room: for the one that takes its place, and for another one.
    account.store(5, StoreMode::Replace, &other).unwrap();
    assert_eq!(account.flags(5), other);
    assert_eq!(account.plan(last + 2, StoreMode::Add, &combination(last + 2)).unwrap_err(), FULL);
    account.store(6, StoreMode::Replace, &Flags::default()).unwrap();
    account.store(last + 2, StoreMode::Add, &combination(last + 2)).unwrap();
    assert_eq!(account.plan(6, StoreMode::Add, &combination(last + 3)).unwrap_err(), FULL);
    // One that the table still knows costs nothing.
    assert!(account.plan(6, StoreMode::Add, &combination(6)).is_ok());
    // A COPY brings combinations along.
    let made = plan::create(&account.state, (&MailboxName::new("Full").unwrap(), Rights::ALL), &[], 1).unwrap();
    let to = Permit::owner(account.apply(made));
    let others: Vec<_> = (0..limits::KEYWORD_LISTS).map(|n| message(combination(10_000 + n))).collect();
    let filled = plan::append(&account.state, Some(to), &others, 0).unwrap();
    account.apply(filled);
    let copied = plan::copy(&account.state, account.inbox, &UidSet::from(uid(9)), Some(to), 0);
    assert_eq!(copied.unwrap_err(), FULL);
    assert!(plan::copy(&account.state, account.inbox, &UidSet::from(uid(6)), Some(to), 0).is_ok());
}

#[test]
fn long_lists_of_keywords_count_by_their_length() {
    let long = |n: usize| Flags::new(SEEN, (0..8_192).map(|k| keyword(k + n)).collect());
    let most = limits::LISTED_KEYWORDS / 8_192;
    let account = Account::new(Some(7)).with_messages((0..most).map(long).chain([Flags::default()]));
    assert_eq!(account.plan(most + 1, StoreMode::Add, &combination(1)).unwrap_err(), Refusal::TooManyCombinations);
    assert!(account.plan(most + 1, StoreMode::Add, &long(3)).is_ok());
}

#[test]
fn mail_that_comes_in_is_not_refused_for_its_keywords() {
    let mut account = full();
    let new = [combination(3), combination(5_000), Flags::new(SEEN, vec![keyword(77)])].map(message);
    let planned = plan::deliver(&account.state, Some(account.inbox), &new, 0).unwrap();
    let delivered = account.apply(planned);
    let mut left_out = combination(5_000).keywords().to_vec();
    left_out.push(keyword(77));
    assert_eq!(delivered.left_out, Flags::new(SEEN, left_out).keywords());
    let first = limits::KEYWORD_LISTS + 3;
    let told: Vec<_> = (first..first + 3).map(|n| account.flags(n)).collect();
    assert_eq!(told, [combination(3), Flags::default(), Flags::new(SEEN, Vec::new())]);
}

/// A mailbox of many combinations, as it can have come from a time without the limit.
fn beyond_the_limit(origin: Option<u64>) -> Account {
    let account = Account::new(origin);
    let mut parts = account.state.to_parts();
    let mut mailbox = (*parts.mailboxes[0]).clone();
    let mut table = (*mailbox.flags).clone();
    let records = (1..=3_000).map(|n| account::Record {
        modseq: account.state.modseq().unwrap(),
        created: account.state.modseq().unwrap(),
        email: account::EmailId::FIRST,
        internal_date: InternalDate::new(0, 0),
        save_date: 0,
        uid: uid(n),
        size: 1,
        flags: table.store(account::FlagSetId::default(), StoreMode::Replace, &combination(n)),
    });
    let records: Vec<_> = records.collect();
    mailbox.messages = Messages::from_records(records, &table);
    mailbox.uid_next = Some(uid(3_001));
    mailbox.flags = table.into();
    parts.mailboxes = vec![mailbox.into()];
    Account { state: State::from_parts(parts), inbox: account.inbox }
}

#[test]
fn a_mailbox_that_has_more_already_works() {
    for origin in [None, Some(7)] {
        let mut account = beyond_the_limit(origin);
        let appended = plan::append(&account.state, Some(account.inbox), &[message(combination(4_096))], 0);
        assert_eq!(appended.unwrap_err(), Refusal::TooManyCombinations);
        account.store(1, StoreMode::Add, &Flags::new(SEEN, Vec::new())).unwrap();
        account.store(2_999, StoreMode::Replace, &combination(3)).unwrap();
        let changed = account.store(2_998, StoreMode::Replace, &combination(4_097));
        // One combination less, one more: where the table cannot be made anew, it only grows.
        assert_eq!(changed.is_ok(), origin.is_some());
        assert_eq!(account.flags(2_999), combination(3));
        assert_eq!(account.flags(3_000), combination(3_000));
    }
}

/// What a checkpoint keeps of a mailbox, read again.
fn read_back(mailbox: &Mailbox) -> Mailbox {
    let chunks = mailbox.messages.chunks().iter();
    let chunks = chunks.map(|c| Chunk::unpack(c.base(), c.pack(Format::Two).into()).unwrap().into()).collect();
    codec::read_mailbox(&codec::write_mailbox(Format::Two, mailbox), Messages::from_chunks(chunks)).unwrap()
}

#[test]
fn a_table_is_made_anew_and_no_number_is_given_twice() {
    const MESSAGES: usize = 1_500;
    let mut account = Account::new(Some(7)).with_messages((0..MESSAGES).map(|_| Flags::default()));
    let mut naive: BTreeMap<usize, Flags> = (1..=MESSAGES).map(|n| (n, Flags::default())).collect();
    let mut meanings = BTreeMap::new();
    let mut tables = std::collections::BTreeSet::new();
    for n in 0..9_000 {
        let (which, flags) = (1 + n * 7 % 700, combination(1 + n));
        account.store(which, StoreMode::Replace, &flags).unwrap();
        naive.insert(which, flags);
        let before = account.mailbox().flags.clone();
        let first = account.mailbox().messages.by_uid(uid(which)).unwrap().flags;
        tables.insert(before.sets().len());
        let meaning = meanings.entry(first).or_insert_with(|| before.flags(first));
        assert_eq!(*meaning, before.flags(first), "number {first:?} has two meanings");
        assert!(before.sets().len() <= 2 * limits::KEYWORD_LISTS + 1, "{} combinations", before.sets().len());
        if n % 1_000 == 999 {
            assert!(naive.iter().all(|(n, flags)| account.flags(*n) == *flags));
            assert_eq!(read_back(account.mailbox()), *account.mailbox());
        }
    }
    assert!(tables.len() < 2_200, "it was made anew: {} lengths", tables.len());
}

#[test]
fn marking_as_read_costs_the_same_beside_a_full_table() {
    let time = |account: &mut Account| {
        let once = |seen: bool| {
            let mode = if seen { StoreMode::Add } else { StoreMode::Remove };
            let before = ThreadTime::now();
            // A state before this one is kept, as sessions do.
            let kept = account.state.clone();
            account.store(1, mode, &Flags::new(SEEN, Vec::new())).unwrap();
            let time = before.elapsed();
            drop(kept);
            time
        };
        (0..40).map(|n| n % 2 == 0).map(once).min().unwrap()
    };
    let mut alone = Account::new(Some(7)).with_messages((0..1_000).map(|_| Flags::default()));
    let mut beside = full();
    let keywords = (0..limits::KEYWORDS - 11).map(|n| keyword(100 + n)).collect();
    beside.store(1, StoreMode::Replace, &Flags::new(SEEN, keywords)).unwrap();
    beside.store(1, StoreMode::Replace, &Flags::default()).unwrap();
    let (alone, beside) = (time(&mut alone), time(&mut beside));
    assert!(beside < alone * 4 + Duration::from_micros(100), "{alone:?} alone, {beside:?} beside a full table");
}
