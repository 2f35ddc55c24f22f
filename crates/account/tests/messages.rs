//! A mailbox's messages against a plain list of records, across the edges of chunks.

#![allow(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

use std::sync::Arc;

use account::codec::Format;
use account::{
    CHUNK, Chunk, Difference, EmailId, FlagSetId, FlagTable, Flags, Messages, Record, SystemFlags, Totals, difference,
};
use imap::{InternalDate, ModSeq, StoreMode, Uid, UidSet};
use proptest::prelude::*;

/// A random operation; `part` says which messages: those whose place lies within these thousandths of the list.
#[derive(Clone, Debug)]
enum Step {
    Append { count: usize, gap: u32, flags: usize },
    Update { part: (usize, usize), every: u32, flags: usize },
    Remove { part: (usize, usize), every: u32 },
    Insert { part: (usize, usize), every: u32 },
    Repack,
}

fn step() -> impl Strategy<Value = Step> {
    let part = || (0usize..1000, 0usize..1000).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let count = prop_oneof![Just(0usize), 1usize..5, Just(CHUNK - 1), Just(CHUNK), Just(CHUNK + 1), 500usize..4000];
    let every = || prop_oneof![Just(1u32), 2u32..5, 50u32..600];
    prop_oneof![
        3 => (count, 1u32..4, 0usize..8).prop_map(|(count, gap, flags)| Step::Append { count, gap, flags }),
        3 => (part(), every(), 0usize..8).prop_map(|(part, every, flags)| Step::Update { part, every, flags }),
        3 => (part(), every()).prop_map(|(part, every)| Step::Remove { part, every }),
        1 => (part(), every()).prop_map(|(part, every)| Step::Insert { part, every }),
        1 => Just(Step::Repack),
    ]
}

/// Some combinations of flags and the table that has them.
fn table() -> (FlagTable, Vec<FlagSetId>) {
    let mut table = FlagTable::default();
    let sets = (0u8..8).map(|n| {
        // Bits of \Deleted and \Seen in turn.
        let flags = Flags::new(SystemFlags::from_bits(n << 2), Vec::new());
        table.store(FlagSetId::default(), StoreMode::Replace, &flags)
    });
    let sets = sets.collect();
    (table, sets)
}

fn record(uid: Uid, modseq: u64, flags: FlagSetId) -> Record {
    let n = u64::from(uid.get());
    Record {
        created: ModSeq::MIN,
        modseq: ModSeq::new(modseq).unwrap(),
        email: EmailId::new(n * 3).unwrap(),
        internal_date: InternalDate::new(i64::from(uid.get()) * 1000, 60),
        save_date: 1_700_000_000,
        uid,
        size: uid.get() * 7 % 5000,
        flags,
    }
}

/// UIDs of the messages in a part of the list, every nth, and a few around that are not there.
fn chosen(list: &[Record], part: (usize, usize), every: u32) -> UidSet {
    let place = |thousandth: usize| thousandth * list.len() / 1000;
    let run = &list[place(part.0)..place(part.1)];
    let (Some(low), Some(high)) = (run.first(), run.last()) else { return UidSet::new() };
    (low.uid.get()..=high.uid.get()).filter(|uid| uid % every == 0).filter_map(Uid::new).collect()
}

fn compare(messages: &Messages, list: &[Record], table: &FlagTable) {
    assert_eq!(messages.len(), list.len());
    assert!(messages.iter().eq(list));
    let chunks = messages.chunks();
    assert!(chunks.iter().all(|c| (1..=CHUNK).contains(&c.records().len())));
    assert!(chunks.iter().all(|c| c.summary().len as usize == c.records().len()));
    assert!(chunks.windows(2).all(|pair| pair[0].summary().last < pair[1].summary().first));
    assert!(chunks.windows(2).all(|pair| pair[0].base() < pair[1].base()), "two chunks under one name");
    let has = |record: &Record, flag| table.set(record.flags).system.contains(flag);
    let unseen = |record: &&Record| !has(record, SystemFlags::SEEN);
    let deleted = |record: &&Record| has(record, SystemFlags::DELETED);
    let size = |record: &Record| u64::from(record.size);
    let totals = Totals {
        messages: list.len() as u64,
        unseen: list.iter().filter(unseen).count() as u64,
        deleted: list.iter().filter(deleted).count() as u64,
        size: list.iter().map(size).sum(),
        deleted_size: list.iter().filter(deleted).map(size).sum(),
    };
    assert_eq!(messages.totals(), totals);
    let bounded = |c: &Arc<Chunk>| c.records().iter().all(|r| c.summary().may_hold(r.email));
    assert!(messages.chunks().iter().all(bounded));
    assert_eq!(messages.first_unseen(), list.iter().position(|r| unseen(&r)));
    assert_eq!(messages.last(), list.last());
    assert_eq!(messages.uids(), list.iter().map(|r| r.uid).collect());
    let edges = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, list.len() / 2, list.len().saturating_sub(1), list.len()];
    for place in edges {
        assert_eq!(messages.get(place), list.get(place));
        assert!(messages.iter_from(place).eq(list.iter().skip(place)));
    }
    let end = list.last().map_or(0, |r| r.uid.get()) + 3;
    for uid in (1..end).step_by(1 + end as usize / 50).filter_map(Uid::new) {
        let place = list.binary_search_by_key(&uid, |r| r.uid);
        assert_eq!(messages.place(uid), place.ok());
        assert_eq!(messages.places_below(uid), place.unwrap_or_else(|at| at));
        assert_eq!(messages.by_uid(uid), place.ok().map(|at| &list[at]));
    }
}

fn naive_difference(old: &[Record], new: &[Record]) -> Difference {
    let find = |list: &[Record], uid| list.iter().find(|r| r.uid == uid).copied();
    let mut found = Difference::default();
    // Both ascend by UID, so looking from the end of the other list on would do; this looks at everything.
    let by_uid = |list: &[Record]| list.iter().map(|r| (r.uid, r.modseq)).collect::<std::collections::BTreeMap<_, _>>();
    let (a, b) = (by_uid(old), by_uid(new));
    found.gone = a.keys().filter(|uid| !b.contains_key(uid)).copied().collect();
    found.added = b.keys().filter(|uid| !a.contains_key(uid)).copied().collect();
    found.changed = b.iter().filter(|(uid, m)| a.get(uid).is_some_and(|old| old != *m)).map(|(uid, _)| *uid).collect();
    assert_eq!(found.is_empty(), a == b);
    assert!(found.added.first().is_none_or(|uid| find(old, uid).is_none()));
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn messages_are_a_list_of_records(steps in proptest::collection::vec(step(), 1..24)) {
        let (table, sets) = table();
        let (mut messages, mut list) = (Messages::default(), Vec::<Record>::new());
        let mut removed: Vec<Record> = Vec::new();
        let mut next = 1;
        let mut snapshots = vec![(messages.clone(), list.clone())];
        for (modseq, step) in (1..).zip(&steps) {
            match *step {
                Step::Append { count, gap, flags } => {
                    let uids = (0..u32::try_from(count).unwrap()).map(|i| Uid::new(next + i * gap).unwrap());
                    let new: Vec<Record> = uids.map(|uid| record(uid, modseq, sets[flags])).collect();
                    next = new.last().map_or(next, |r| r.uid.get() + gap);
                    list.extend(&new);
                    messages.append(new, &table);
                }
                Step::Update { part, every, flags } => {
                    let uids = chosen(&list, part, every);
                    let change = |r: &mut Record| {
                        r.flags = sets[flags];
                        r.modseq = ModSeq::new(modseq).unwrap();
                    };
                    list.iter_mut().filter(|r| uids.contains(r.uid)).for_each(change);
                    messages.update(&uids, &table, change);
                    prop_assert!(messages.select(&uids).eq((0..).zip(&list).filter(|(_, r)| uids.contains(r.uid))));
                }
                Step::Remove { part, every } => {
                    let uids = chosen(&list, part, every);
                    removed.extend(list.iter().filter(|r| uids.contains(r.uid)));
                    list.retain(|r| !uids.contains(r.uid));
                    messages.remove(&uids, &table);
                }
                Step::Insert { part, every } => {
                    // What a view does that keeps expunged messages: names of chunks mean nothing there.
                    removed.sort_by_key(|r| r.uid);
                    let uids = chosen(&removed, part, every);
                    let back: Vec<Record> = removed.iter().filter(|r| uids.contains(r.uid)).copied().collect();
                    let mut view = messages.clone();
                    view.insert(back.clone(), &table);
                    let mut wanted: Vec<Record> = list.iter().copied().chain(back).collect();
                    wanted.sort_by_key(|r| r.uid);
                    prop_assert!(view.iter().eq(&wanted));
                    prop_assert_eq!(view.len(), wanted.len());
                    prop_assert_eq!(difference(&messages, &view), naive_difference(&list, &wanted));
                    // Putting in what is there already changes nothing.
                    view.insert(wanted.iter().step_by(3).copied().collect(), &table);
                    prop_assert!(view.iter().eq(&wanted));
                }
                Step::Repack => {
                    let unpacked = |c: &Arc<Chunk>| Arc::new(Chunk::unpack(c.base(), c.pack(Format::NEWEST).into()).unwrap());
                    messages = Messages::from_chunks(messages.chunks().iter().map(unpacked).collect());
                }
            }
            compare(&messages, &list, &table);
            snapshots.push((messages.clone(), list.clone()));
        }
        for (old_messages, old) in snapshots.iter().step_by(3) {
            prop_assert_eq!(difference(old_messages, &messages), naive_difference(old, &list));
            prop_assert!(old_messages.iter().eq(old), "a snapshot changed");
        }
    }
}

#[test]
fn a_change_costs_the_chunks_that_it_touches() {
    let (table, sets) = table();
    let uids = (1..=10_000).filter_map(Uid::new);
    let mut messages = Messages::from_records(uids.map(|uid| record(uid, 1, sets[0])), &table);
    let before = messages.clone();
    let one: UidSet = [Uid::new(5000).unwrap()].into_iter().collect();
    messages.update(&one, &table, |r| r.modseq = ModSeq::new(2).unwrap());
    let shared = before.chunks().iter().zip(messages.chunks()).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
    assert_eq!((before.chunks().len(), shared), (10, 9));
    messages.remove(&one, &table);
    assert_eq!(before.chunks().iter().zip(messages.chunks()).filter(|(a, b)| Arc::ptr_eq(a, b)).count(), 9);
}

#[test]
fn a_mailbox_emptied_here_and_there_keeps_few_chunks() {
    let (table, sets) = table();
    let uids = (1..=50 * 1024).filter_map(Uid::new);
    let mut messages = Messages::from_records(uids.map(|uid| record(uid, 1, sets[0])), &table);
    let rest: UidSet = (1..=50 * 1024).filter(|uid| uid % 100 != 0).filter_map(Uid::new).collect();
    messages.remove(&rest, &table);
    assert_eq!(messages.len(), 512);
    assert!(messages.chunks().len() <= 2, "{} chunks", messages.chunks().len());
}

#[test]
fn what_was_read_again_is_compared_without_unpacking_it() {
    let (table, sets) = table();
    let uids = (1..=3000).filter_map(Uid::new);
    let messages = Messages::from_records(uids.map(|uid| record(uid, 1, sets[0])), &table);
    // The end of each chunk is cut: looking into one would panic.
    let unreadable = |c: &Arc<Chunk>| {
        let mut packed = c.pack(Format::Two);
        packed.truncate(packed.len() - 1);
        Arc::new(Chunk::unpack(c.base(), packed.into()).unwrap())
    };
    let again = Messages::from_chunks(messages.chunks().iter().map(unreadable).collect());
    assert!(difference(&messages, &again).is_empty());
    assert_eq!((again.len(), again.totals()), (messages.len(), messages.totals()));
}

#[test]
fn an_own_change_in_a_view_does_not_hide_another_one_in_the_same_chunk() {
    let (table, sets) = table();
    let modseq = |n| ModSeq::new(n).unwrap();
    let set = |messages: &mut Messages, uid, n| {
        messages.update(&[Uid::new(uid).unwrap()].into_iter().collect(), &table, |r| r.modseq = modseq(n));
    };
    let mut view = Messages::from_records((1..=10).filter_map(Uid::new).map(|uid| record(uid, 1, sets[0])), &table);
    let mut newest = view.clone();
    set(&mut newest, 3, 4);
    set(&mut newest, 7, 5);
    set(&mut view, 7, 5);
    let changed = difference(&view, &newest).changed;
    assert_eq!(changed, [Uid::new(3).unwrap()].into_iter().collect());
}
