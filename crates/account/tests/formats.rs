//! The bytes of each format, octet for octet. Those of a format that was released never change: stores have them.

#![allow(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

use std::sync::Arc;

use account::codec::{
    Format, read_changes, read_mailbox, read_records, read_root, read_summary, write_chunk, write_commit,
    write_mailbox, write_root,
};
use account::{
    Added, Change, EmailId, FlagSetId, FlagTable, Flags, Foreign, Mailbox, MailboxId, Messages, ObjectIds, Origin,
    Parts, Record, Summary, SystemFlags, Vanished,
};
use imap::{InternalDate, Keyword, MailboxName, ModSeq, SpecialUse, StoreMode, Uid, UidValidity};

/// Writes and reads changes in one format.
fn commit(format: Format, changes: &[Change], wanted: &[u8]) {
    assert_eq!(write_commit(format, changes), wanted);
    assert_eq!(read_changes(wanted).unwrap(), changes);
}

fn emails(numbers: &[u64]) -> Vec<EmailId> {
    numbers.iter().copied().filter_map(EmailId::new).collect()
}

#[test]
fn a_commit() {
    // The example of docs/design/formats.md, as a STORE +FLAGS (\Seen) in mailbox 1.
    let uids = [2, 3, 4, 5, 9].into_iter().filter_map(Uid::new).collect();
    let flags = Flags::new(SystemFlags::SEEN, Vec::new());
    let mailbox = MailboxId::FIRST;
    let changes = [Change::FlagsChanged { mailbox, uids, mode: StoreMode::Add, flags }];
    commit(Format::One, &changes, &[1, 1, 8, 1, 2, 1, 3, 3, 0, 1, 8, 0]);
    commit(Format::Two, &changes, &[2, 1, 8, 1, 2, 1, 3, 3, 0, 1, 8, 0]);
}

#[test]
fn a_mailbox_that_is_deleted_has_its_emails_from_format_2_on() {
    let deleted = |emails| Change::MailboxDeleted { id: MailboxId::FIRST, emails };
    commit(Format::One, &[deleted(Vec::new())], &[1, 1, 3, 1]);
    assert_eq!(write_commit(Format::One, &[deleted(emails(&[7, 8]))]), [1, 1, 3, 1]);
    // Two emails, narrow, two octets of data: 7, and one more than it.
    commit(Format::Two, &[deleted(emails(&[7, 8]))], &[2, 1, 3, 1, 2, 1, 2, 0, 14, 2]);
    commit(Format::Two, &[deleted(Vec::new())], &[2, 1, 3, 1, 0, 1, 0]);
}

#[test]
fn an_origin_and_a_message_from_another_account() {
    let origin = Change::OriginGiven { origin: Origin::new(300).unwrap() };
    commit(Format::Two, std::slice::from_ref(&origin), &[2, 1, 11, 0xac, 2]);
    assert!(read_changes(&[1, 1, 11, 0xac, 2]).is_err());
    let message = Added {
        uid: Uid::MIN,
        email: EmailId::FIRST,
        size: 5,
        internal_date: InternalDate::new(0, 0),
        save_date: 0,
        flags: Arc::default(),
        foreign: Some(Foreign { origin: Origin::new(6).unwrap(), email: EmailId::new(4).unwrap() }),
    };
    let mut changes = vec![origin, Change::MessagesAdded { mailbox: MailboxId::FIRST, messages: vec![message] }];
    let message = [7, 1, 1, 1, 1, 0, 5, 0, 2, 0, 2, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    // One that came: the message at place 0, origin 6, number 4 there.
    let foreign = [1, 1, 1, 0, 0, 0, 6, 0, 8];
    commit(Format::Two, &changes, &[&[2, 2, 11, 0xac, 2][..], &message, &foreign].concat());
    Format::One.fit(&mut changes);
    commit(Format::One, &changes, &[&[1, 1][..], &message].concat());
}

#[test]
fn a_root() {
    let root = Parts {
        modseq: ModSeq::new(300),
        next_mailbox: MailboxId::new(2).unwrap(),
        next_email: EmailId::FIRST,
        last_uid_validity: 7,
        mailboxes: Vec::new(),
        subscriptions: vec![MailboxName::Inbox, MailboxName::new("é").unwrap()],
        ids: ObjectIds::default(),
    };
    let rest = [0xac, 2, 2, 1, 7, 2, 5, b'I', b'N', b'B', b'O', b'X', 2, 0xc3, 0xa9];
    let one = [&[1][..], &rest].concat();
    assert_eq!(write_root(Format::One, &root), one);
    assert_eq!(read_root(&one).unwrap(), root);
    // No origin, no email that came from another account.
    let two = [&[2][..], &rest, &[0, 0]].concat();
    assert_eq!(write_root(Format::Two, &root), two);
    assert_eq!(read_root(&two).unwrap(), root);
    let foreign = Foreign { origin: Origin::new(300).unwrap(), email: EmailId::new(4).unwrap() };
    let ids = ObjectIds::new(Origin::new(6), [(EmailId::new(9).unwrap(), foreign)]);
    let root = Parts { ids, ..root };
    assert_eq!(write_root(Format::One, &root), one);
    // Origin 6, one email: number 9 in a spread column, origin 300, number 4 there.
    let two = [&[2][..], &rest, &[6, 1, 1, 1, 0, 18, 0, 0xac, 2, 0, 8]].concat();
    assert_eq!(write_root(Format::Two, &root), two);
    assert_eq!(read_root(&two).unwrap(), root);
}

#[test]
fn a_mailbox() {
    let mut table = FlagTable::default();
    let work = Flags::new(SystemFlags::SEEN, vec![Keyword::new("Work").unwrap()]);
    table.store(FlagSetId::default(), StoreMode::Replace, &work);
    let mailbox = Mailbox {
        id: MailboxId::FIRST,
        name: MailboxName::Inbox,
        uid_validity: UidValidity::new(200).unwrap(),
        uid_next: Uid::new(10),
        modseq: ModSeq::new(5).unwrap(),
        special_use: vec![SpecialUse::Junk],
        messages: Messages::default(),
        flags: Arc::new(table),
        vanished: Arc::new(Vanished::from_entries(vec![(ModSeq::new(4).unwrap(), [Uid::MIN].into_iter().collect())])),
    };
    let one = [
        &[1, 1, 5][..],
        b"INBOX",
        &[0xc8, 1, 10, 5, 1, 4], // UIDVALIDITY, UIDNEXT, modseq, one role
        &[1, 4],
        b"Work",          // one keyword
        &[1, 8, 1, 0],    // one combination: \\Seen and keyword 0
        &[1, 4, 1, 0, 0], // one entry: modseq 4, UID 1
    ]
    .concat();
    assert_eq!(write_mailbox(Format::One, &mailbox), one);
    assert_eq!(read_mailbox(&one, Messages::default()).unwrap(), mailbox);
    let two = [&[2][..], &one[1..14], &[0], &one[14..]].concat(); // no table came before
    assert_eq!(write_mailbox(Format::Two, &mailbox), two);
    assert_eq!(read_mailbox(&two, Messages::default()).unwrap(), mailbox);
}

fn record(n: u32) -> Record {
    Record {
        modseq: ModSeq::new(u64::from(n) + 3).unwrap(),
        created: ModSeq::new(u64::from(n)).unwrap(),
        email: EmailId::new(u64::from(n)).unwrap(),
        internal_date: InternalDate::new(-1, 60),
        save_date: 1,
        uid: Uid::new(n).unwrap(),
        size: 254 + n,
        flags: FlagSetId::default(),
    }
}

#[test]
fn a_chunk() {
    let records = [record(1), record(2)];
    let messages = Messages::from_records(records, &FlagTable::default());
    let summary = *messages.chunks()[0].summary();
    let one = [
        &[1, 2, 1, 1, 2, 0, 0, 0xff, 3, 0, 5][..], // 2 messages from UID 1, both unseen, 511 octets, modseq 5
        &[0, 2, 0, 2, 1, 2, 0, 8, 2],              // UIDs, emails, modseqs: each one more than the one before
        &[1, 120, 2, 1, 2, 0, 1, 0],               // dates: one run of +0100, then second -1, twice
        &[1, 2, 0, 2, 0],                          // SAVEDATE 1, twice
        &[1, 3, 0b01_00, 0xff, 0, 1],              // sizes of 255 and 256 octets
        &[0, 0],                                   // no flags
    ]
    .concat();
    assert_eq!(write_chunk(Format::One, &summary, &records), one);
    assert_eq!(read_records(&one).unwrap(), records.map(|r| Record { created: ModSeq::MIN, ..r }));
    let wide = Summary { least_email: EmailId::FIRST, greatest_email: EmailId::MAX, modseq_sum: None, ..summary };
    assert_eq!(read_summary(&one).unwrap(), wide);
    let two = [
        &[2, 2, 1, 1, 2, 0, 0, 0xff, 3, 0, 5, 1, 1, 9][..], // the same, emails from 1 to 1 + 1, modseqs 4 and 5
        &[0, 2, 0, 2, 1, 2, 0, 8, 2, 0, 2],                 // when they were created: each one more than the one before
        &one[20..28],                                       // the dates as before
        &[1, 0, 4],                                         // SAVEDATEs: each 2 seconds after its INTERNALDATE
        &one[33..],                                         // the rest as before
    ]
    .concat();
    assert_eq!(write_chunk(Format::Two, &summary, &records), two);
    assert_eq!(read_records(&two).unwrap(), records);
    assert_eq!(read_summary(&two).unwrap(), summary);
}
