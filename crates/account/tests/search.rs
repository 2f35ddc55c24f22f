//! Searches against a naive evaluator that looks at every message with everything that is known of it.

#![allow(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod mails;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::LazyLock;

use account::search::{Context, Found, KEYS, Reached, SLICE, Search, TEXTS, Unsearchable};
use account::{EmailId, FlagSetId, FlagTable, Flags, Foreign, Messages, ObjectIds, Origin, Record, SystemFlags};
use imap::command::{Numbers, Search as Command, SearchKey, SearchReturn};
use imap::{Date, Flag, InternalDate, Keyword, ModSeq, SeqNum, SetArg, SetNumber, StoreMode, Uid, UidSet, WireSet};
use mails::{Mails, mail};
use proptest::prelude::*;

/// A mailbox and a session's view of it.
struct Mailbox {
    records: Vec<Record>,
    messages: Messages,
    table: FlagTable,
    saved: UidSet,
    recent: UidSet,
    now: i64,
    /// Emails up to 100 are the account's own, the others came from two others.
    ids: ObjectIds,
}

fn ids() -> ObjectIds {
    let foreign =
        |n: u64| Foreign { origin: Origin::new(8 + n % 2).unwrap(), email: EmailId::new(1 + n % 90).unwrap() };
    ObjectIds::new(Origin::new(7), (101..=600).map(|n| (EmailId::new(n).unwrap(), foreign(n))))
}

const KEYWORDS: [&str; 3] = ["$Forwarded", "Work", "$junk"];

impl Mailbox {
    fn new(count: u32) -> Self {
        let mut table = FlagTable::default();
        let keyword = |n: u32| KEYWORDS.iter().enumerate().filter(move |(i, _)| n >> (5 + i) & 1 == 1);
        let set = |table: &mut FlagTable, n: u32| {
            let system = SystemFlags::from_bits(n.to_le_bytes()[0] & 31);
            let keywords = keyword(n).map(|(_, k)| Keyword::new(k).unwrap()).collect();
            table.store(FlagSetId::default(), StoreMode::Replace, &Flags::new(system, keywords))
        };
        let mut noise = 7u32;
        let mut random = |below: u32| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise / 7919 % below
        };
        let now = 1_577_900_000; // 1 January 2020, 17:33:20 UTC
        let mut uid = 0;
        let mut record = |i: u32| {
            uid += 1 + random(3);
            // Whole chunks whose messages are all seen, all deleted or all unseen.
            let flags = match i / 1024 {
                1 => 8,
                2 => 4 | random(8) << 5,
                3 => random(256) & 0b0010_0101,
                // A large mailbox has few combinations of flags, so that summaries of chunks are asked first.
                _ if count > 1024 => random(256) & 0b0010_1101,
                _ => random(256),
            };
            let zone = [0, 60, -480, 765][random(4) as usize];
            Record {
                created: ModSeq::MIN,
                modseq: ModSeq::new(1 + u64::from(random(50) + i / 1024 * 50)).unwrap(),
                email: EmailId::new(u64::from(1 + random(600))).unwrap(),
                internal_date: InternalDate::new(now - i64::from(random(300_000)), zone),
                save_date: now - i64::from(random(300_000)),
                uid: Uid::new(uid).unwrap(),
                size: random(5000),
                flags: set(&mut table, flags),
            }
        };
        let records: Vec<Record> = (0..count).map(&mut record).collect();
        let some = |n: usize| records.iter().step_by(n).map(|r| r.uid).collect::<UidSet>();
        let (saved, recent) = (some(3), some(5));
        let messages = Messages::from_records(records.iter().copied(), &table);
        Self { records, messages, table, saved, recent, now, ids: ids() }
    }

    fn context(&self) -> Context<'_> {
        Context {
            messages: &self.messages,
            flags: &self.table,
            ids: &self.ids,
            saved: &self.saved,
            recent: &self.recent,
            now: self.now,
        }
    }

    /// Whether a message matches, in the words of RFC 9051 §6.4.4.
    fn naive(&self, key: &SearchKey, place: usize) -> bool {
        let record = &self.records[place];
        let mail = mail(record.email);
        let text = |text: &[u8]| String::from_utf8(text.to_vec()).unwrap().to_lowercase();
        let has = |line: &str, wanted: &[u8]| line.to_lowercase().contains(&text(wanted));
        let field = |name: &[u8], wanted: &[u8]| {
            let named = |field: &str| field.as_bytes().eq_ignore_ascii_case(name);
            mail.header.iter().any(|(field, value)| named(field) && has(value, wanted))
        };
        let received = record.internal_date.local_date();
        let saved = InternalDate::new(record.save_date, 0).local_date();
        let age = self.now - record.internal_date.seconds();
        match key {
            SearchKey::All | SearchKey::SaveDateSupported => true,
            SearchKey::And(keys) => keys.iter().all(|key| self.naive(key, place)),
            SearchKey::Or(a, b) => self.naive(a, place) || self.naive(b, place),
            SearchKey::Not(key) => !self.naive(key, place),
            SearchKey::Flag(flag) => self.table.flags(record.flags).to_wire().contains(flag),
            SearchKey::Recent => self.recent.contains(record.uid),
            SearchKey::Bcc(text) => field(b"bcc", text),
            SearchKey::Cc(text) => field(b"cc", text),
            SearchKey::From(text) => field(b"from", text),
            SearchKey::To(text) => field(b"to", text),
            SearchKey::Subject(text) => field(b"subject", text),
            SearchKey::Header { name, text } => field(name, text),
            SearchKey::Body(text) => text.is_empty() || mail.body.iter().any(|line| has(line, text)),
            SearchKey::Text(text) => {
                let mut header = mail.header.iter().map(|(name, value)| format!("{name}: {value}"));
                text.is_empty()
                    || header.any(|line| has(&line, text))
                    || mail.inner.iter().chain(&mail.body).any(|line| has(line, text))
            }
            SearchKey::Before(date) => received < *date,
            SearchKey::On(date) => received == *date,
            SearchKey::Since(date) => received >= *date,
            SearchKey::SentBefore(date) => mail.sent.is_some_and(|sent| sent < *date),
            SearchKey::SentOn(date) => mail.sent.is_some_and(|sent| sent == *date),
            SearchKey::SentSince(date) => mail.sent.is_some_and(|sent| sent >= *date),
            SearchKey::SavedBefore(date) => saved < *date,
            SearchKey::SavedOn(date) => saved == *date,
            SearchKey::SavedSince(date) => saved >= *date,
            SearchKey::Older(interval) => age >= i64::from(interval.get()),
            SearchKey::Younger(interval) => age <= i64::from(interval.get()),
            SearchKey::Larger(size) => u64::from(record.size) > *size,
            SearchKey::Smaller(size) => u64::from(record.size) < *size,
            SearchKey::Uid(set) => {
                self.is_in(set, record.uid.get(), self.records.last().map(|r| r.uid.get()), record.uid)
            }
            SearchKey::Seq(set) => {
                let number = |n: usize| u32::try_from(n).unwrap();
                self.is_in(set, number(place + 1), Some(number(self.records.len())), record.uid)
            }
            SearchKey::ModSeq { at_least, .. } => record.modseq.get() >= *at_least,
            SearchKey::EmailId(id) => self.ids.email(record.email).to_string() == *id,
            SearchKey::ThreadId(_) => false,
        }
    }

    fn is_in(&self, set: &SetArg, number: u32, largest: Option<u32>, uid: Uid) -> bool {
        let SetArg::Set(set) = set else { return self.saved.contains(uid) };
        set.ranges().iter().any(|(a, b)| {
            let end = |n: &SetNumber| match n {
                SetNumber::Number(n) => n.get(),
                SetNumber::Largest => largest.unwrap(),
            };
            let (a, b) = (end(a), end(b));
            (a.min(b)..=a.max(b)).contains(&number)
        })
    }

    /// What the naive evaluator finds.
    fn naively(&self, command: &Command) -> Found {
        let all: Vec<usize> = (0..self.records.len()).filter(|place| self.naive(&command.key, *place)).collect();
        let asked = |option| command.returns.iter().flatten().any(|o| *o == option);
        let whole = asked(SearchReturn::All) || asked(SearchReturn::Count);
        let places: BTreeSet<usize> = match (whole, asked(SearchReturn::Min), asked(SearchReturn::Max)) {
            (false, true, true) => all.first().into_iter().chain(all.last()).copied().collect(),
            (false, true, false) => all.first().into_iter().copied().collect(),
            (false, false, true) => all.last().into_iter().copied().collect(),
            _ => all.into_iter().collect(),
        };
        let records = || places.iter().map(|place| &self.records[*place]);
        let seq = |place: &usize| SeqNum::new(u32::try_from(place + 1).unwrap()).unwrap();
        Found {
            uids: records().map(|r| r.uid).collect(),
            seqs: places.iter().map(seq).collect(),
            modseq: records().map(|r| r.modseq).max().filter(|_| names_modseq(&command.key)),
        }
    }
}

fn names_modseq(key: &SearchKey) -> bool {
    match key {
        SearchKey::ModSeq { .. } => true,
        SearchKey::And(keys) => keys.iter().any(names_modseq),
        SearchKey::Or(a, b) => names_modseq(a) || names_modseq(b),
        SearchKey::Not(key) => names_modseq(key),
        _ => false,
    }
}

fn command(key: SearchKey, returns: &[SearchReturn]) -> Command {
    Command { numbers: Numbers::Uid, returns: Some(returns.to_vec()), charset: None, key }
}

/// Runs a search to its end in slices, and says how many there were.
fn run(command: &Command, mailbox: &Mailbox, source: &mut Mails, budget: u64) -> (Found, usize) {
    let mut search = Search::new(command, &mailbox.context()).unwrap();
    let mut slices = 1;
    while search.step(source, budget).unwrap() == Reached::More {
        slices += 1;
    }
    (search.into_found(), slices)
}

static SMALL: LazyLock<Mailbox> = LazyLock::new(|| Mailbox::new(150));
static LARGE: LazyLock<Mailbox> = LazyLock::new(|| Mailbox::new(4000));

fn day() -> impl Strategy<Value = Date> {
    prop_oneof![Just((2019, 12, 29)), Just((2019, 12, 31)), Just((2020, 1, 1)), Just((2020, 1, 2))]
        .prop_map(|(y, m, d)| Date::new(y, m, d).unwrap())
}

fn set(numbers: u32) -> impl Strategy<Value = SetArg> {
    let end = move || {
        prop_oneof![
            9 => (1..numbers).prop_map(|n| SetNumber::Number(NonZeroU32::new(n).unwrap())),
            1 => Just(SetNumber::Largest),
        ]
    };
    let ranges = proptest::collection::vec((end(), end()), 1..4);
    prop_oneof![5 => ranges.prop_map(|ranges| SetArg::Set(WireSet::new(ranges))), 1 => Just(SetArg::Saved)]
}

/// Keys that memory decides.
fn cheap(mailbox: &'static Mailbox) -> impl Strategy<Value = SearchKey> {
    let numbers = u32::try_from(mailbox.records.len()).unwrap();
    let record = move || proptest::sample::select(&mailbox.records[..]);
    let keyword = |name: &str| Flag::Keyword(Keyword::new(name).unwrap());
    let flag = proptest::sample::select(vec![
        Flag::Answered,
        Flag::Flagged,
        Flag::Deleted,
        Flag::Seen,
        Flag::Draft,
        keyword("$FORWARDED"),
        keyword("work"),
        keyword("unknown"),
    ]);
    // Values that messages have, and those beside them: where a comparison ends matters.
    let near = || prop_oneof![Just(0u64), Just(1), Just(2)];
    let interval = move || {
        (record(), near()).prop_map(move |(record, off)| {
            let age = u64::try_from(mailbox.now - record.internal_date.seconds()).unwrap() + off;
            NonZeroU32::new(u32::try_from(age.saturating_sub(1)).unwrap()).unwrap_or(NonZeroU32::MIN)
        })
    };
    let size = move || (record(), near()).prop_map(|(record, off)| (u64::from(record.size) + off).saturating_sub(1));
    let modseq = (record(), near()).prop_map(|(record, off)| record.modseq.get() + off - 1);
    // The highest of each chunk of the large mailbox.
    let modseq = prop_oneof![modseq, proptest::sample::select(vec![50u64, 51, 100, 101, 150, 151, 200, 201])];
    prop_oneof![
        1 => Just(SearchKey::All),
        6 => flag.prop_map(SearchKey::Flag),
        1 => Just(SearchKey::Recent),
        1 => day().prop_map(SearchKey::Before),
        1 => day().prop_map(SearchKey::On),
        1 => day().prop_map(SearchKey::Since),
        1 => day().prop_map(SearchKey::SavedBefore),
        1 => day().prop_map(SearchKey::SavedOn),
        1 => day().prop_map(SearchKey::SavedSince),
        1 => Just(SearchKey::SaveDateSupported),
        1 => interval().prop_map(SearchKey::Older),
        1 => interval().prop_map(SearchKey::Younger),
        1 => size().prop_map(SearchKey::Larger),
        1 => size().prop_map(SearchKey::Smaller),
        2 => set(numbers * 2).prop_map(SearchKey::Uid),
        2 => set(numbers + 20).prop_map(SearchKey::Seq),
        2 => modseq.prop_map(|at_least| SearchKey::ModSeq { entry: None, at_least }),
        1 => (1u64..600).prop_map(|n| SearchKey::EmailId(ids().email(EmailId::new(n).unwrap()).to_string())),
        1 => (0u64..600).prop_map(|n| SearchKey::EmailId(format!("E{n}"))),
        1 => Just(SearchKey::ThreadId("T1".to_owned())),
    ]
}

/// Keys for which something is read.
fn dear() -> impl Strategy<Value = SearchKey> {
    let text = || {
        proptest::sample::select(vec![
            "LUNCH",
            "grüße",
            "GRÜ",
            "отпуск",
            "ann@",
            "example.org",
            "nowhere",
            "",
            "big news",
            "within",
            "nested",
            "o",
            "text/html",
        ])
        .prop_map(|text| text.as_bytes().to_vec())
    };
    let name = proptest::sample::select(vec!["subject", "X-UNLISTED", "Content-Type", "Received", "To"]);
    prop_oneof![
        text().prop_map(SearchKey::Bcc),
        text().prop_map(SearchKey::Cc),
        text().prop_map(SearchKey::From),
        text().prop_map(SearchKey::To),
        text().prop_map(SearchKey::Subject),
        (name, text()).prop_map(|(name, text)| SearchKey::Header { name: name.as_bytes().to_vec(), text }),
        text().prop_map(SearchKey::Body),
        text().prop_map(SearchKey::Text),
        day().prop_map(SearchKey::SentBefore),
        day().prop_map(SearchKey::SentOn),
        day().prop_map(SearchKey::SentSince),
    ]
}

fn joined(leaf: impl Strategy<Value = SearchKey> + 'static) -> impl Strategy<Value = SearchKey> {
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            2 => proptest::collection::vec(inner.clone(), 1..4).prop_map(SearchKey::And),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| SearchKey::Or(Box::new(a), Box::new(b))),
            1 => inner.prop_map(|key| SearchKey::Not(Box::new(key))),
        ]
    })
}

fn returns() -> impl Strategy<Value = Vec<SearchReturn>> {
    use SearchReturn::{All, Count, Max, Min, Save};
    proptest::sample::select(vec![
        vec![],
        vec![All],
        vec![Min],
        vec![Max],
        vec![Min, Max],
        vec![Save],
        vec![Save, Min],
        vec![Max, Save],
        vec![Min, Max, Save],
        vec![Min, Count],
        vec![Max, All, Save],
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn searches_in_memory_find_what_matches(key in joined(cheap(&LARGE)), returns in returns(), budget in 1u64..5000) {
        let command = command(key, &returns);
        let mut source = Mails::default();
        prop_assert_eq!(run(&command, &LARGE, &mut source, budget).0, LARGE.naively(&command));
        prop_assert_eq!(source.structures + source.bodies, 0, "something was read");
    }

    #[test]
    fn searches_in_mails_find_what_matches(
        key in joined(prop_oneof![cheap(&SMALL), dear(), dear()]),
        returns in returns(),
        budget in 1u64..20_000,
    ) {
        let command = command(key, &returns);
        let mut source = Mails::default();
        prop_assert_eq!(run(&command, &SMALL, &mut source, budget).0, SMALL.naively(&command));
    }
}

fn text(key: fn(Vec<u8>) -> SearchKey, text: &str) -> SearchKey {
    key(text.as_bytes().to_vec())
}

fn or(a: SearchKey, b: SearchKey) -> SearchKey {
    SearchKey::Or(Box::new(a), Box::new(b))
}

#[test]
fn nothing_is_read_that_need_not_be() {
    let mailbox = &*SMALL;
    let read = |key: SearchKey, returns: &[SearchReturn]| {
        let mut source = Mails::default();
        let command = command(key, returns);
        let (found, _) = run(&command, mailbox, &mut source, SLICE);
        assert_eq!(found, mailbox.naively(&command));
        (source.structures, source.bodies)
    };
    let count = |wanted: &dyn Fn(&Record) -> bool| mailbox.records.iter().filter(|r| wanted(r)).count();
    let seen = |r: &Record| mailbox.table.set(r.flags).system.contains(SystemFlags::SEEN);
    let unseen = count(&|r| !seen(r));
    // Cheap keys first, whichever way round they were sent; the body of a seen message matters to nobody.
    let key = or(text(SearchKey::Body, "lunch"), SearchKey::Flag(Flag::Seen));
    assert_eq!(read(key, &[]), (unseen, unseen));
    let key = SearchKey::And(vec![text(SearchKey::Body, "lunch"), SearchKey::Flag(Flag::Seen)]);
    assert_eq!(read(key, &[]), (count(&seen), count(&seen)));
    // Header fields that clients ask for are in the structure.
    assert_eq!(read(text(SearchKey::Subject, "lunch"), &[]), (150, 0));
    let header = |name: &str, text: &str| SearchKey::Header { name: name.into(), text: text.into() };
    assert_eq!(read(header("message-id", "<x@y>"), &[]), (150, 0));
    assert_eq!(read(header("x-unlisted", ""), &[]), (150, 150));
    // What TEXT finds in the subject it need not find in the body.
    let lunch = count(&|r| mail(r.email).header.iter().any(|(_, value)| value == "Lunch on Friday"));
    assert_eq!(read(text(SearchKey::Text, "lunch ON friday"), &[]), (150, 150 - lunch));
    // The empty string is everywhere.
    assert_eq!(read(text(SearchKey::Body, ""), &[]), (0, 0));
    // One message is wanted: no more are looked for than structures are read at once.
    assert_eq!(read(text(SearchKey::From, "ann"), &[SearchReturn::Min]), (64, 0));
    // Messages that are named restrict a search before anything else.
    let two = SetArg::Set(WireSet::new(vec![(
        SetNumber::Number(NonZeroU32::new(2).unwrap()),
        SetNumber::Number(NonZeroU32::MIN),
    )]));
    let key = SearchKey::And(vec![
        text(SearchKey::Body, "x"),
        SearchKey::Not(Box::new(SearchKey::Not(Box::new(SearchKey::Seq(two))))),
    ]);
    assert_eq!(read(key, &[]), (2, 2));
}

#[test]
fn a_long_search_goes_on_in_slices() {
    let key = text(SearchKey::Body, "no such word");
    let mut source = Mails::default();
    let mut search = Search::new(&command(key, &[]), &SMALL.context()).unwrap();
    let mut slices = 0;
    loop {
        let before = source.bodies;
        let progress = search.step(&mut source, 1000).unwrap();
        assert!(source.bodies <= before + 2, "a slice read {} bodies", source.bodies - before);
        slices += 1;
        if progress == Reached::Done {
            break;
        }
    }
    assert_eq!(source.bodies, 150);
    assert!(slices >= 75);
    assert_eq!(*search.found(), Found::default());
    // A header that is looked at ends the reading of a body.
    let mut source = Mails::default();
    let key = SearchKey::Header { name: b"x-unlisted".to_vec(), text: b"lunch".to_vec() };
    run(&command(key, &[]), &SMALL, &mut source, SLICE);
    let whole: usize = SMALL.records.iter().map(|r| mail(r.email).octets.len()).sum();
    assert!(source.octets < whole, "{} octets of {whole}", source.octets);
}

#[test]
fn strings_come_in_the_charset_that_is_named() {
    let search = |charset: Option<&str>, octets: &[u8]| {
        let key = SearchKey::Subject(octets.to_vec());
        let command = Command { charset: charset.map(str::to_owned), ..command(key, &[]) };
        Search::new(&command, &SMALL.context()).map(|mut search| {
            while search.step(&mut Mails::default(), SLICE).unwrap() == Reached::More {}
            search.into_found().uids.len()
        })
    };
    let wanted = search(None, "отпуск".as_bytes()).unwrap();
    assert!(wanted > 0);
    assert_eq!(search(Some("UTF-8"), "ОТПУСК".as_bytes()), Ok(wanted));
    assert_eq!(search(Some("koi8-r"), b"\xcf\xd4\xd0\xd5\xd3\xcb"), Ok(wanted));
    assert_eq!(search(Some("US-ASCII"), b"nothing"), Ok(0));
    assert_eq!(search(Some("X-NONE"), b"nothing"), Err(Unsearchable::Charset));
}

#[test]
fn an_empty_mailbox_has_nothing_to_find() {
    let empty = Mailbox::new(0);
    let star = SetArg::Set(WireSet::new(vec![(SetNumber::Number(NonZeroU32::MIN), SetNumber::Largest)]));
    for key in [SearchKey::All, SearchKey::Uid(star.clone()), SearchKey::Seq(star), SearchKey::Seq(SetArg::Saved)] {
        for returns in [&[][..], &[SearchReturn::Min], &[SearchReturn::Max], &[SearchReturn::Min, SearchReturn::Max]] {
            let (found, slices) = run(&command(key.clone(), returns), &empty, &mut Mails::default(), SLICE);
            assert_eq!((found, slices), (Found::default(), 1));
        }
    }
}

#[test]
fn too_much_at_once_is_refused() {
    let search = |keys| Search::new(&command(SearchKey::And(keys), &[]), &SMALL.context()).err();
    let header = SearchKey::Header { name: b"Message-ID".to_vec(), text: b"<x@y>".to_vec() };
    assert_eq!(search(vec![header.clone(); KEYS]), None);
    assert_eq!(search(vec![header; KEYS + 1]), Some(Unsearchable::TooMuch));
    assert_eq!(search(vec![text(SearchKey::Body, "x"); TEXTS]), None);
    let texts = SearchKey::And(vec![text(SearchKey::Text, "x"); TEXTS]);
    assert_eq!(search(vec![or(texts, text(SearchKey::Body, ""))]), Some(Unsearchable::TooMuch));
}
