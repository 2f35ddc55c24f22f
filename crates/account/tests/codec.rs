//! The bytes of log and checkpoints: every value comes back as it went, and no damage does more than be refused.

#![allow(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

use std::sync::Arc;

use account::codec::{
    Format, read_changes, read_mailbox, read_records, read_root, read_summary, write_chunk, write_commit,
    write_mailbox, write_root,
};
use account::{
    Added, CHUNK, Change, EmailId, FlagSetId, FlagTable, Flags, Foreign, Mailbox, MailboxId, Messages, ObjectIds,
    Origin, Parts, Record, Summary, SystemFlags, Vanished,
};
use imap::{InternalDate, Keyword, MailboxName, ModSeq, SpecialUse, StoreMode, Uid, UidSet, UidValidity};
use proptest::collection::vec;
use proptest::prelude::*;

fn uid() -> impl Strategy<Value = Uid> {
    prop_oneof![1u32..2000, 1u32..=u32::MAX].prop_map(|n| Uid::new(n).unwrap())
}

fn modseq() -> impl Strategy<Value = ModSeq> {
    prop_oneof![1u64..5000, 1u64..=ModSeq::MAX.get()].prop_map(|n| ModSeq::new(n).unwrap())
}

fn email() -> impl Strategy<Value = EmailId> {
    prop_oneof![1u64..5000, 1u64..=u64::MAX].prop_map(|n| EmailId::new(n).unwrap())
}

fn mailbox_id() -> impl Strategy<Value = MailboxId> {
    (1u64..=u64::MAX).prop_map(|n| MailboxId::new(n).unwrap())
}

fn uid_validity() -> impl Strategy<Value = UidValidity> {
    (1u32..=u32::MAX).prop_map(|n| UidValidity::new(n).unwrap())
}

fn uids() -> impl Strategy<Value = UidSet> {
    vec((uid(), 0u32..50), 0..20).prop_map(|ranges| {
        UidSet::from_ranges(ranges.into_iter().map(|(a, n)| a..=Uid::new(a.get().saturating_add(n)).unwrap()))
    })
}

fn date() -> impl Strategy<Value = InternalDate> {
    let seconds = prop_oneof![1_600_000_000i64..1_600_100_000, any::<i64>()];
    let zone = prop_oneof![Just(60i16), Just(0), -6000i16..6000];
    (seconds, zone).prop_map(|(seconds, zone)| InternalDate::new(seconds, zone))
}

fn keyword() -> impl Strategy<Value = Keyword> {
    "[$A-Za-z][A-Za-z0-9_-]{0,12}".prop_map(|text| Keyword::new(&text).unwrap())
}

fn flags() -> impl Strategy<Value = Flags> {
    (0u8..32, vec(keyword(), 0..4)).prop_map(|(bits, keywords)| Flags::new(SystemFlags::from_bits(bits), keywords))
}

fn name() -> impl Strategy<Value = MailboxName> {
    let names = prop_oneof![Just("INBOX".to_owned()), "[a-zä日]{1,8}(/[A-Z &~]{1,8}){0,3}"];
    names.prop_map(|text| MailboxName::new(&text).unwrap())
}

fn roles() -> impl Strategy<Value = Vec<SpecialUse>> {
    proptest::sample::subsequence(SpecialUse::ALL.to_vec(), 0..=8)
}

fn added() -> impl Strategy<Value = Vec<Added>> {
    let one = (uid(), email(), any::<u32>(), date(), any::<i64>(), 0usize..4);
    let foreign = vec(proptest::option::weighted(0.2, foreign()), 40);
    (vec(one, 0..40), vec(flags(), 4), foreign, any::<u16>()).prop_map(|(messages, table, foreign, regular)| {
        let table: Vec<Arc<Flags>> = table.into_iter().map(Arc::new).collect();
        // Columns that are all the same or ascend by one, as real ones are, each now and then.
        let on = |bit: usize| regular >> bit & 1 == 1;
        let first = messages.first().copied();
        let message =
            |(i, (uid, email, size, date, saved, set)): (u32, (Uid, EmailId, u32, InternalDate, i64, usize))| Added {
                uid: if on(0) { Uid::new(100 + i).unwrap() } else { uid },
                email: if on(1) { EmailId::new(100 + u64::from(i)).unwrap() } else { email },
                size: if on(2) { 4711 } else { size },
                internal_date: if on(3) { first.unwrap().3 } else { date },
                save_date: if on(4) { 1_700_000_000 } else { saved },
                flags: if on(5) { table[0].clone() } else { table[set].clone() },
                foreign: foreign[i as usize].filter(|_| on(6)),
            };
        (0..).zip(messages).map(message).collect()
    })
}

fn origin() -> impl Strategy<Value = Origin> {
    (1u64..=u64::MAX).prop_map(|n| Origin::new(n).unwrap())
}

fn foreign() -> impl Strategy<Value = Foreign> {
    (origin(), email()).prop_map(|(origin, email)| Foreign { origin, email })
}

fn change() -> impl Strategy<Value = Change> {
    let mode = prop_oneof![Just(StoreMode::Replace), Just(StoreMode::Add), Just(StoreMode::Remove)];
    prop_oneof![
        (mailbox_id(), name(), uid_validity(), roles()).prop_map(|(id, name, uid_validity, special_use)| {
            Change::MailboxCreated { id, name, uid_validity, special_use }
        }),
        (mailbox_id(), name()).prop_map(|(id, name)| Change::MailboxRenamed { id, name }),
        (mailbox_id(), vec(email(), 0..40)).prop_map(|(id, emails)| Change::MailboxDeleted { id, emails }),
        (mailbox_id(), roles()).prop_map(|(id, special_use)| Change::SpecialUseSet { id, special_use }),
        name().prop_map(|name| Change::Subscribed { name }),
        name().prop_map(|name| Change::Unsubscribed { name }),
        (mailbox_id(), added()).prop_map(|(mailbox, messages)| Change::MessagesAdded { mailbox, messages }),
        (mailbox_id(), uids(), mode, flags()).prop_map(|(mailbox, uids, mode, flags)| Change::FlagsChanged {
            mailbox,
            uids,
            mode,
            flags
        }),
        (mailbox_id(), vec((uid(), email()), 0..40)).prop_map(|(mailbox, gone)| {
            let gone: std::collections::BTreeMap<Uid, EmailId> = gone.into_iter().collect();
            let (uids, emails) = (gone.keys().copied().collect(), gone.into_values().collect());
            Change::Expunged { mailbox, uids, emails }
        }),
        origin().prop_map(|origin| Change::OriginGiven { origin }),
        (mailbox_id(), uid_validity(), uid()).prop_map(|(mailbox, uid_validity, uid_next)| Change::NumbersTaken {
            mailbox,
            uid_validity,
            uid_next
        }),
    ]
}

/// Records, their flags numbers of combinations that [`table`] has.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let few = vec((1u32..40, email(), modseq(), date(), any::<i64>(), any::<u32>(), 0usize..9), 1..60);
    let full = vec((1u32..40, email(), modseq(), date(), any::<i64>(), any::<u32>(), 0usize..9), CHUNK);
    let (_, sets) = table();
    prop_oneof![12 => few, 1 => full].prop_map(move |rows| {
        let mut last = 0;
        let record = |(gap, email, modseq, internal_date, save_date, size, set): (u32, _, ModSeq, _, _, _, usize)| {
            last += gap;
            let uid = Uid::new(last).unwrap();
            let created = ModSeq::new(modseq.get() / 2).unwrap_or(modseq);
            Record { modseq, created, email, internal_date, save_date, uid, size, flags: sets[set] }
        };
        rows.into_iter().map(record).collect()
    })
}

fn table() -> (FlagTable, Vec<FlagSetId>) {
    let mut table = FlagTable::default();
    let keywords = ["$Junk", "Work", "x"].map(|text| Keyword::new(text).unwrap());
    let sets = (0u8..9).map(|n| {
        let flags = Flags::new(SystemFlags::from_bits(n * 3), keywords[..usize::from(n % 4)].to_vec());
        table.store(FlagSetId::default(), StoreMode::Replace, &flags)
    });
    let sets = sets.collect();
    (table, sets)
}

fn mailbox() -> impl Strategy<Value = Mailbox> {
    let numbers = (mailbox_id(), uid_validity(), proptest::option::of(uid()), modseq());
    let vanished = vec((modseq(), uids()), 0..10)
        .prop_map(|entries| Vanished::from_entries(entries.into_iter().collect::<std::collections::BTreeMap<_, _>>()));
    (numbers, name(), roles(), vec(flags(), 0..12), vanished).prop_map(
        |(numbers, name, special_use, stored, vanished)| {
            let (id, uid_validity, uid_next, modseq) = numbers;
            let mut table = FlagTable::default();
            let set = FlagSetId::default();
            stored.iter().fold(set, |set, flags| table.store(set, StoreMode::Add, flags));
            Mailbox {
                id,
                name,
                uid_validity,
                uid_next,
                modseq,
                special_use,
                messages: Messages::default(),
                flags: Arc::new(table),
                vanished: Arc::new(vanished),
            }
        },
    )
}

fn root() -> impl Strategy<Value = Parts> {
    let ids = (proptest::option::of(origin()), vec((email(), foreign()), 0..10));
    let ids = ids.prop_map(|(origin, foreign)| ObjectIds::new(origin, foreign));
    (proptest::option::of(modseq()), mailbox_id(), email(), any::<u32>(), vec(name(), 0..10), ids).prop_map(
        |(modseq, next_mailbox, next_email, last_uid_validity, subscriptions, ids)| Parts {
            ids,
            modseq,
            next_mailbox,
            next_email,
            last_uid_validity,
            mailboxes: Vec::new(),
            subscriptions,
        },
    )
}

/// Any format, written.
fn written() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (format(), vec(change(), 0..4)).prop_map(|(format, changes)| write_commit(format, &fit(format, changes))),
        (format(), records()).prop_map(|(format, records)| chunk(format, &records)),
        (format(), mailbox()).prop_map(|(format, mailbox)| write_mailbox(format, &mailbox)),
        (format(), root()).prop_map(|(format, root)| write_root(format, &root)),
    ]
}

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::One), Just(Format::Two)]
}

/// What is left of changes that are written in a format.
fn fit(format: Format, mut changes: Vec<Change>) -> Vec<Change> {
    format.fit(&mut changes);
    for change in &mut changes {
        if let (Change::MailboxDeleted { emails, .. }, Format::One) = (change, format) {
            emails.clear();
        }
    }
    changes
}

/// What is left of records that are written in a format.
fn fit_records(format: Format, records: &[Record]) -> Vec<Record> {
    let known = |r: &Record| if format == Format::One { ModSeq::MIN } else { r.created };
    records.iter().map(|r| Record { created: known(r), ..*r }).collect()
}

fn chunk(format: Format, records: &[Record]) -> Vec<u8> {
    let messages = Messages::from_records(records.iter().copied(), &table().0);
    let summary = *messages.chunks()[0].summary();
    let bytes = write_chunk(format, &summary, records);
    let known = match format {
        Format::One => {
            Summary { least_email: EmailId::FIRST, greatest_email: EmailId::MAX, modseq_sum: None, ..summary }
        }
        Format::Two => summary,
    };
    assert_eq!(read_summary(&bytes), Ok(known));
    bytes
}

/// Reads bytes as everything that there is. What can be read can be written in its format and in the newest, and reads
/// the same again.
fn read_as_everything(bytes: &[u8]) {
    let format = bytes.first().and_then(|first| Format::from_number(*first));
    for format in format.into_iter().chain([Format::NEWEST]) {
        if let Ok(changes) = read_changes(bytes) {
            assert_eq!(read_changes(&write_commit(format, &changes)), Ok(changes));
        }
        if let Ok(records) = read_records(bytes) {
            let summary = read_summary(bytes).unwrap();
            assert_eq!(read_records(&write_chunk(format, &summary, &records)), Ok(records));
        }
        if let Ok(mailbox) = read_mailbox(bytes, Messages::default()) {
            assert_eq!(read_mailbox(&write_mailbox(format, &mailbox), Messages::default()), Ok(mailbox));
        }
        if let Ok(root) = read_root(bytes) {
            assert_eq!(read_root(&write_root(format, &root)), Ok(root));
        }
    }
}

/// As which formats bytes can be read.
fn readable(bytes: &[u8]) -> [bool; 4] {
    [
        read_changes(bytes).is_ok(),
        read_records(bytes).is_ok(),
        read_mailbox(bytes, Messages::default()).is_ok(),
        read_root(bytes).is_ok(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changes_come_back(format in format(), changes in vec(change(), 0..6)) {
        let changes = fit(format, changes);
        let bytes = write_commit(format, &changes);
        let read = read_changes(&bytes).unwrap();
        // Keywords that differ in case only are equal, but their spelling is part of what is kept.
        prop_assert_eq!(format!("{read:?}"), format!("{changes:?}"));
        prop_assert_eq!(read, changes);
    }

    #[test]
    fn mailboxes_and_roots_come_back(format in format(), mailbox in mailbox(), root in root()) {
        let read = read_mailbox(&write_mailbox(format, &mailbox), Messages::default()).unwrap();
        prop_assert_eq!(read.flags.keywords().iter().map(Keyword::as_str).collect::<Vec<_>>(),
            mailbox.flags.keywords().iter().map(Keyword::as_str).collect::<Vec<_>>());
        prop_assert_eq!(read, mailbox);
        let read = read_root(&write_root(format, &root)).unwrap();
        let ids = if format == Format::One { ObjectIds::default() } else { root.ids.clone() };
        prop_assert_eq!(read, Parts { ids, ..root });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_come_back(format in format(), records in records()) {
        prop_assert_eq!(read_records(&chunk(format, &records)).unwrap(), fit_records(format, &records));
    }

    #[test]
    fn damage_is_refused_or_makes_another_value(
        mut bytes in written(),
        flips in vec((any::<prop::sample::Index>(), 0u8..8), 1..4),
    ) {
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        read_as_everything(&bytes);
    }

    #[test]
    fn what_is_cut_or_goes_on_is_refused(bytes in written(), cut in any::<prop::sample::Index>()) {
        let mut longer = bytes.clone();
        longer.push(0);
        let readable = readable(&bytes);
        prop_assert!(readable.contains(&true));
        for damaged in [&bytes[..cut.index(bytes.len())], &longer] {
            // What is one format, cut, may be another one, whole.
            let both = readable.into_iter().zip(self::readable(damaged)).any(|(before, now)| before && now);
            prop_assert!(!both);
        }
    }

    #[test]
    fn noise_is_refused_or_makes_a_value(mut bytes in vec(any::<u8>(), 0..200), versioned in any::<u8>()) {
        if let Some(first) = bytes.first_mut().filter(|_| versioned > 20) {
            *first = 1 + versioned % 2;
        }
        read_as_everything(&bytes);
    }
}

#[test]
fn counts_that_no_byte_stands_for_set_no_memory_aside() {
    // Version 1, one change, MessagesAdded into mailbox 1, 2^63 messages, all with the same size.
    let mut bytes = vec![1, 1, 7, 1];
    bytes.extend([0xff; 8]);
    bytes.extend([0x7f, 0, 5]);
    assert!(read_changes(&bytes).is_err());
    // Version 1, no commit yet, ids 1 and 1, no UIDVALIDITY, 2^63 subscriptions.
    let mut bytes = vec![1, 0, 1, 1, 0];
    bytes.extend([0xff; 8]);
    bytes.push(0x7f);
    assert!(read_root(&bytes).is_err());
}

#[test]
fn a_message_takes_about_eight_bytes() {
    // As mail comes: one by one, some minutes apart, of all sizes, most of it read.
    let mut noise = 1u32;
    let mut random = |below: u32| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise / 7919 % below
    };
    let mut at = 1_700_000_000i64;
    let (_, sets) = table();
    let records: Vec<Record> = (1..=1024)
        .map(|n| {
            at += i64::from(random(5000));
            Record {
                modseq: ModSeq::new(u64::from(n)).unwrap(),
                created: ModSeq::new(u64::from(n)).unwrap(),
                email: EmailId::new(u64::from(n) + 50).unwrap(),
                internal_date: InternalDate::new(at, 60),
                save_date: at,
                uid: Uid::new(n).unwrap(),
                size: 1000 + random(40_000),
                flags: sets[random(20) as usize % 9],
            }
        })
        .collect();
    let bytes = chunk(Format::NEWEST, &records);
    assert!(bytes.len() <= 8 * 1024, "{} bytes", bytes.len());
    assert_eq!(read_records(&bytes).unwrap(), records);
    assert!(bytes.len() + 2000 < chunk(Format::One, &records).len());
}
