//! The same commands read by imap-codec and here: what it covers has to mean the same.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

use std::num::{NonZeroU32, NonZeroU64};

use imap::command::{Access, Echo, EntryScope, Fetch, FetchItem, Numbers, Select, Status, Store};
use imap::{
    Command, Date, Fields, Flag, Keyword, MailboxName, NameForm, Partial, SearchKey, Section, SectionText, SetArg,
    SetNumber, StatusItem, StoreMode, Target, WireSet, parse,
};
use imap_codec::CommandCodec;
use imap_codec::decode::Decoder;
use imap_codec::imap_types as theirs;
use proptest::prelude::*;
use theirs::command::{CommandBody, FetchModifier, SelectParameter, StoreModifier};
use theirs::fetch::{MacroOrMessageDataItemNames, MessageDataItemName};
use theirs::sequence::{SeqOrUid, Sequence, SequenceSet};

/// Their command as ours; what ours cannot tell apart is brought to one form in both.
fn translate(body: CommandBody<'_>) -> Command {
    match body {
        CommandBody::Noop => Command::Noop,
        CommandBody::Login { username, password } => Command::Login(imap::command::Login {
            user: username.as_ref().to_vec(),
            password: imap::command::Secret::new(password.declassify().as_ref().to_vec()),
        }),
        CommandBody::Select { mailbox, parameters } => select(&mailbox, Access::ReadWrite, &parameters),
        CommandBody::Examine { mailbox, parameters } => select(&mailbox, Access::ReadOnly, &parameters),
        CommandBody::Delete { mailbox } => Command::Delete(name(&mailbox)),
        CommandBody::Rename { from, to } => Command::Rename { from: name(&from), to: name(&to) },
        CommandBody::Status { mailbox, item_names } => {
            let mut items = Vec::new();
            for item in item_names.iter().map(status_item) {
                if !items.contains(&item) {
                    items.push(item);
                }
            }
            Command::Status(Status { mailbox: name(&mailbox), items })
        }
        CommandBody::Search { charset, criteria, uid, .. } => Command::Search(imap::command::Search {
            numbers: numbers(uid),
            returns: None,
            charset: charset.map(|c| c.as_ref().to_ascii_uppercase()),
            key: canonical(SearchKey::And(criteria.into_inner().into_iter().map(key).collect())),
        }),
        CommandBody::Fetch { sequence_set, macro_or_item_names, uid, modifiers } => {
            fetch(target(&sequence_set, numbers(uid)), &macro_or_item_names, &modifiers)
        }
        CommandBody::Store { sequence_set, kind, response, flags, uid, modifiers } => {
            let mut unchanged_since = modifiers.iter().map(|StoreModifier::UnchangedSince(n)| *n);
            Command::Store(Store {
                target: target(&sequence_set, numbers(uid)),
                mode: match kind {
                    theirs::flag::StoreType::Replace => StoreMode::Replace,
                    theirs::flag::StoreType::Add => StoreMode::Add,
                    theirs::flag::StoreType::Remove => StoreMode::Remove,
                },
                flags: once_each(flags.iter().map(flag)),
                echo: match response {
                    theirs::flag::StoreResponse::Answer => Echo::Flags,
                    theirs::flag::StoreResponse::Silent => Echo::Silent,
                },
                unchanged_since: unchanged_since.next_back(),
            })
        }
        CommandBody::Copy { sequence_set, mailbox, uid } => {
            Command::Copy { target: target(&sequence_set, numbers(uid)), mailbox: name(&mailbox) }
        }
        CommandBody::Move { sequence_set, mailbox, uid } => {
            Command::Move { target: target(&sequence_set, numbers(uid)), mailbox: name(&mailbox) }
        }
        CommandBody::ExpungeUid { sequence_set } => Command::Expunge(Some(SetArg::Set(set(&sequence_set)))),
        other => panic!("{other:?}"),
    }
}

fn select(mailbox: &theirs::mailbox::Mailbox<'_>, access: Access, parameters: &[SelectParameter]) -> Command {
    let condstore = parameters.iter().any(|p| matches!(p, SelectParameter::CondStore));
    Command::Select(Select { mailbox: name(mailbox), access, condstore, qresync: None })
}

fn name(mailbox: &theirs::mailbox::Mailbox<'_>) -> MailboxName {
    match mailbox {
        theirs::mailbox::Mailbox::Inbox => MailboxName::Inbox,
        theirs::mailbox::Mailbox::Other(other) => MailboxName::from_wire(other.as_ref(), NameForm::Utf7).unwrap(),
    }
}

fn status_item(item: &theirs::status::StatusDataItemName) -> StatusItem {
    use theirs::status::StatusDataItemName as Theirs;
    match item {
        Theirs::Messages => StatusItem::Messages,
        Theirs::Recent => StatusItem::Recent,
        Theirs::UidNext => StatusItem::UidNext,
        Theirs::UidValidity => StatusItem::UidValidity,
        Theirs::Unseen => StatusItem::Unseen,
        Theirs::Deleted => StatusItem::Deleted,
        Theirs::HighestModSeq => StatusItem::HighestModSeq,
        Theirs::DeletedStorage => panic!("not generated"),
    }
}

#[allow(clippy::fn_params_excessive_bools, reason = "their field is one")]
fn numbers(uid: bool) -> Numbers {
    if uid { Numbers::Uid } else { Numbers::Seq }
}

fn target(sequence_set: &SequenceSet, numbers: Numbers) -> Target {
    let arg = SetArg::Set(set(sequence_set));
    if numbers == Numbers::Uid { Target::Uid(arg) } else { Target::Seq(arg) }
}

fn set(sequence_set: &SequenceSet) -> WireSet {
    let end = |n: SeqOrUid| match n {
        SeqOrUid::Value(n) => SetNumber::Number(n),
        SeqOrUid::Asterisk => SetNumber::Largest,
    };
    let range = |sequence: &Sequence| match *sequence {
        Sequence::Single(n) => (end(n), end(n)),
        Sequence::Range(a, b) => (end(a), end(b)),
    };
    WireSet::new(sequence_set.0.as_ref().iter().map(range).collect())
}

fn flag(flag: &theirs::flag::Flag<'_>) -> Flag {
    match flag {
        theirs::flag::Flag::Answered => Flag::Answered,
        theirs::flag::Flag::Deleted => Flag::Deleted,
        theirs::flag::Flag::Draft => Flag::Draft,
        theirs::flag::Flag::Flagged => Flag::Flagged,
        theirs::flag::Flag::Seen => Flag::Seen,
        theirs::flag::Flag::Keyword(atom) => keyword(atom.as_ref()),
        theirs::flag::Flag::Extension(other) => panic!("{other:?}"),
    }
}

fn keyword(atom: &str) -> Flag {
    Flag::Keyword(Keyword::new(atom).unwrap())
}

fn once_each(flags: impl Iterator<Item = Flag>) -> Vec<Flag> {
    let mut once = Vec::new();
    for flag in flags {
        if !once.contains(&flag) {
            once.push(flag);
        }
    }
    once
}

fn fetch(target: Target, items: &MacroOrMessageDataItemNames<'_>, modifiers: &[FetchModifier]) -> Command {
    let mut fetch = Fetch { target, items: vec![], changed_since: None, vanished: false };
    for modifier in modifiers {
        match modifier {
            FetchModifier::ChangedSince(n) => fetch.changed_since = Some(n.get()),
            FetchModifier::Vanished => fetch.vanished = true,
        }
    }
    let names = match items {
        MacroOrMessageDataItemNames::Macro(m) => m.expand(),
        MacroOrMessageDataItemNames::MessageDataItemNames(names) => names.clone(),
    };
    for item in names.into_iter().map(fetch_item) {
        if !fetch.items.contains(&item) {
            fetch.items.push(item);
        }
    }
    Command::Fetch(fetch)
}

fn fetch_item(item: MessageDataItemName<'_>) -> FetchItem {
    let seen = |peek| if peek { imap::command::Seen::Peek } else { imap::command::Seen::Set };
    let partial = |partial: Option<(u32, NonZeroU32)>| {
        partial.map(|(offset, len)| Partial { offset: offset.into(), len: NonZeroU64::from(len) })
    };
    match item {
        MessageDataItemName::Body => FetchItem::Body,
        MessageDataItemName::BodyExt { section: inner, partial: range, peek } => {
            FetchItem::BodySection { section: section(inner), partial: partial(range), seen: seen(peek) }
        }
        MessageDataItemName::BodyStructure => FetchItem::BodyStructure,
        MessageDataItemName::Envelope => FetchItem::Envelope,
        MessageDataItemName::Flags => FetchItem::Flags,
        MessageDataItemName::InternalDate => FetchItem::InternalDate,
        MessageDataItemName::Rfc822 => FetchItem::Rfc822,
        MessageDataItemName::Rfc822Header => FetchItem::Rfc822Header,
        MessageDataItemName::Rfc822Size => FetchItem::Rfc822Size,
        MessageDataItemName::Rfc822Text => FetchItem::Rfc822Text,
        MessageDataItemName::Uid => FetchItem::Uid,
        MessageDataItemName::ModSeq => FetchItem::ModSeq,
        MessageDataItemName::Binary { section, partial: range, peek } => {
            FetchItem::Binary { part: section, partial: partial(range), seen: seen(peek) }
        }
        MessageDataItemName::BinarySize { section } => FetchItem::BinarySize { part: section },
    }
}

fn section(section: Option<theirs::fetch::Section<'_>>) -> Section {
    use theirs::fetch::Section as Theirs;
    let numbers_of = |part: Option<theirs::fetch::Part>| part.map_or(vec![], |p| p.0.into_inner());
    let texts = |names: theirs::core::Vec1<theirs::core::AString<'_>>| {
        names.into_inner().iter().map(|n| n.as_ref().to_vec()).collect()
    };
    let (part, what) = match section {
        None => (vec![], SectionText::All),
        Some(Theirs::Part(part)) => (numbers_of(Some(part)), SectionText::All),
        Some(Theirs::Header(part)) => (numbers_of(part), SectionText::Header),
        Some(Theirs::Text(part)) => (numbers_of(part), SectionText::Text),
        Some(Theirs::Mime(part)) => (numbers_of(Some(part)), SectionText::Mime),
        Some(Theirs::HeaderFields(part, names)) => {
            (numbers_of(part), SectionText::HeaderFields { names: texts(names), fields: Fields::Only })
        }
        Some(Theirs::HeaderFieldsNot(part, names)) => {
            (numbers_of(part), SectionText::HeaderFields { names: texts(names), fields: Fields::Not })
        }
    };
    Section { part, what }
}

fn key(key_: theirs::search::SearchKey<'_>) -> SearchKey {
    use theirs::search::SearchKey as Theirs;
    let not = |key| SearchKey::Not(Box::new(key));
    let has = SearchKey::Flag;
    let text = |text: theirs::core::AString<'_>| text.as_ref().to_vec();
    let date = |date: theirs::datetime::NaiveDate| {
        Date::parse(date.as_ref().format("%d-%b-%Y").to_string().as_bytes()).unwrap()
    };
    match key_ {
        Theirs::And(keys) => SearchKey::And(keys.into_inner().into_iter().map(key).collect()),
        Theirs::Or(a, b) => SearchKey::Or(Box::new(key(*a)), Box::new(key(*b))),
        Theirs::Not(inner) => not(key(*inner)),
        Theirs::SequenceSet(numbers) => SearchKey::Seq(SetArg::Set(set(&numbers))),
        Theirs::Uid(numbers) => SearchKey::Uid(SetArg::Set(set(&numbers))),
        Theirs::All => SearchKey::All,
        Theirs::Answered => has(Flag::Answered),
        Theirs::Unanswered => not(has(Flag::Answered)),
        Theirs::Deleted => has(Flag::Deleted),
        Theirs::Undeleted => not(has(Flag::Deleted)),
        Theirs::Draft => has(Flag::Draft),
        Theirs::Undraft => not(has(Flag::Draft)),
        Theirs::Flagged => has(Flag::Flagged),
        Theirs::Unflagged => not(has(Flag::Flagged)),
        Theirs::Seen => has(Flag::Seen),
        Theirs::Unseen => not(has(Flag::Seen)),
        Theirs::Recent => SearchKey::Recent,
        Theirs::Old => not(SearchKey::Recent),
        Theirs::New => SearchKey::And(vec![SearchKey::Recent, not(has(Flag::Seen))]),
        Theirs::Keyword(atom) => has(keyword(atom.as_ref())),
        Theirs::Unkeyword(atom) => not(has(keyword(atom.as_ref()))),
        Theirs::Bcc(t) => SearchKey::Bcc(text(t)),
        Theirs::Body(t) => SearchKey::Body(text(t)),
        Theirs::Cc(t) => SearchKey::Cc(text(t)),
        Theirs::From(t) => SearchKey::From(text(t)),
        Theirs::Subject(t) => SearchKey::Subject(text(t)),
        Theirs::Text(t) => SearchKey::Text(text(t)),
        Theirs::To(t) => SearchKey::To(text(t)),
        Theirs::Header(name, t) => SearchKey::Header { name: text(name), text: text(t) },
        Theirs::Before(d) => SearchKey::Before(date(d)),
        Theirs::On(d) => SearchKey::On(date(d)),
        Theirs::Since(d) => SearchKey::Since(date(d)),
        Theirs::SentBefore(d) => SearchKey::SentBefore(date(d)),
        Theirs::SentOn(d) => SearchKey::SentOn(date(d)),
        Theirs::SentSince(d) => SearchKey::SentSince(date(d)),
        Theirs::Larger(n) => SearchKey::Larger(n.into()),
        Theirs::Smaller(n) => SearchKey::Smaller(n.into()),
        Theirs::Older(n) => SearchKey::Older(n),
        Theirs::Younger(n) => SearchKey::Younger(n),
        Theirs::ModSequence { entry, modseq } => SearchKey::ModSeq {
            entry: entry.map(|(flag, scope)| imap::command::ModSeqEntry {
                name: format!("/flags/{flag}").replace("\\\\", "\\").into_bytes(),
                scope: match scope {
                    theirs::extensions::condstore_qresync::EntryTypeReq::Private => EntryScope::Private,
                    theirs::extensions::condstore_qresync::EntryTypeReq::Shared => EntryScope::Shared,
                    theirs::extensions::condstore_qresync::EntryTypeReq::All => EntryScope::All,
                },
            }),
            at_least: modseq,
        },
    }
}

/// One form of what means the same: ANDs and ORs flat, no AND of one, no NOT of a NOT.
fn canonical(key: SearchKey) -> SearchKey {
    match key {
        SearchKey::And(keys) => {
            let mut flat = Vec::new();
            for key in keys.into_iter().map(canonical) {
                match key {
                    SearchKey::And(inner) => flat.extend(inner),
                    other => flat.push(other),
                }
            }
            if flat.len() == 1 { flat.remove(0) } else { SearchKey::And(flat) }
        }
        SearchKey::Or(a, b) => {
            let mut any = Vec::new();
            flatten_or(canonical(*a), &mut any);
            flatten_or(canonical(*b), &mut any);
            let last = any.pop().unwrap();
            any.into_iter().rev().fold(last, |right, left| SearchKey::Or(Box::new(left), Box::new(right)))
        }
        SearchKey::Not(inner) => match canonical(*inner) {
            SearchKey::Not(twice) => *twice,
            other => SearchKey::Not(Box::new(other)),
        },
        other => other,
    }
}

fn flatten_or(key: SearchKey, any: &mut Vec<SearchKey>) {
    match key {
        SearchKey::Or(a, b) => {
            flatten_or(*a, any);
            flatten_or(*b, any);
        }
        other => any.push(other),
    }
}

fn words(choices: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(choices).prop_map(str::to_owned)
}

fn joined(item: impl Strategy<Value = String>, most: usize, between: &'static str) -> impl Strategy<Value = String> {
    prop::collection::vec(item, 1..=most).prop_map(move |items| items.join(between))
}

fn sequence_set() -> impl Strategy<Value = String> {
    let number = prop_oneof![words(&["*", "1", "4294967295"]), (1..1000_u32).prop_map(|n| n.to_string())];
    let range =
        (number.clone(), prop::option::of(number)).prop_map(|(a, b)| b.map_or(a.clone(), |b| format!("{a}:{b}")));
    joined(range, 4, ",")
}

fn astring() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9.]{1,8}",
        "[a-z ()%*]{0,8}".prop_map(|t| format!("\"{t}\"")),
        "[a-z]{0,3}".prop_map(|t| format!("\"\\\"{t}\\\\\"")),
        "[a-z\r\n(\"]{0,8}".prop_map(|t| format!("{{{}}}\r\n{t}", t.len())),
    ]
}

fn mailbox() -> impl Strategy<Value = String> {
    prop_oneof![
        words(&["INBOX", "inBox", "\"Inbox\"", "{5}\r\ninbox", "R&-D"]),
        "[a-z]{1,5}(/[a-z]{1,5}){0,2}",
        "\"[a-z]{1,3} [a-z]\""
    ]
}

fn search_key() -> impl Strategy<Value = String> {
    let simple = words(&[
        "ALL",
        "ANSWERED",
        "deleted",
        "DRAFT",
        "FLAGGED",
        "NEW",
        "OLD",
        "RECENT",
        "SEEN",
        "UNANSWERED",
        "UNDELETED",
        "UNDRAFT",
        "UNFLAGGED",
        "UNSEEN",
        "KEYWORD $Junk",
        "UNKEYWORD x",
        "BEFORE 1-Feb-1994",
        "ON \"28-Feb-2000\"",
        "SINCE 31-Dec-1999",
        "SENTBEFORE 1-Feb-1994",
        "SENTON 01-Feb-1994",
        "SENTSINCE 1-Feb-1994",
        "LARGER 0",
        "SMALLER 4294967295",
        "OLDER 1",
        "YOUNGER 86400",
        "MODSEQ 5",
        "MODSEQ \"/flags/\\\\Draft\" all 620162338",
    ]);
    let texts = (words(&["BCC", "BODY", "CC", "FROM", "SUBJECT", "TEXT", "TO", "HEADER X-A"]), astring())
        .prop_map(|(key, text)| format!("{key} {text}"));
    let sets = prop_oneof![sequence_set(), sequence_set().prop_map(|s| format!("UID {s}"))];
    prop_oneof![simple, texts, sets].prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|k| format!("NOT {k}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("OR {a} {b}")),
            joined(inner, 3, " ").prop_map(|k| format!("({k})")),
        ]
    })
}

fn fetch_names() -> impl Strategy<Value = String> {
    let item = prop_oneof![
        words(&[
            "BODY",
            "BODYSTRUCTURE",
            "ENVELOPE",
            "FLAGS",
            "INTERNALDATE",
            "RFC822",
            "RFC822.HEADER",
            "RFC822.SIZE",
            "RFC822.TEXT",
            "UID",
            "MODSEQ",
            "BODY[]",
            "BODY.PEEK[HEADER]",
            "BODY[TEXT]<0.5>",
            "BODY[1.2.MIME]",
            "BODY[3]",
            "BINARY[1.2]<5.6>",
            "BINARY.PEEK[]",
            "BINARY.SIZE[4]",
            "body.peek[2.header]",
        ]),
        (joined(astring(), 3, " "), words(&["", ".NOT"]))
            .prop_map(|(f, not)| format!("BODY[HEADER.FIELDS{not} ({f})]")),
    ];
    prop_oneof![words(&["ALL", "fast", "FULL"]), item.clone(), joined(item, 4, " ").prop_map(|i| format!("({i})"))]
}

fn flags() -> impl Strategy<Value = String> {
    joined(words(&["\\Seen", "\\answered", "\\Deleted", "\\Draft", "\\FLAGGED", "$Junk", "$junk", "x"]), 4, " ")
}

fn command() -> impl Strategy<Value = String> {
    let uid = || words(&["", "UID "]);
    prop_oneof![
        (astring(), astring()).prop_map(|(u, p)| format!("LOGIN {u} {p}")),
        (words(&["SELECT", "examine"]), mailbox(), words(&["", " (CONDSTORE)"]))
            .prop_map(|(v, m, p)| format!("{v} {m}{p}")),
        mailbox().prop_map(|m| format!("DELETE {m}")),
        (mailbox(), mailbox()).prop_map(|(a, b)| format!("RENAME {a} {b}")),
        (
            mailbox(),
            joined(
                words(&["MESSAGES", "RECENT", "UIDNEXT", "uidvalidity", "UNSEEN", "DELETED", "HIGHESTMODSEQ"]),
                4,
                " "
            )
        )
            .prop_map(|(m, i)| format!("STATUS {m} ({i})")),
        (uid(), words(&["", "CHARSET UTF-8 "]), joined(search_key(), 3, " "))
            .prop_map(|(u, c, k)| format!("{u}SEARCH {c}{k}")),
        (uid(), sequence_set(), fetch_names(), words(&["", " (CHANGEDSINCE 5)"]))
            .prop_map(|(u, s, i, m)| format!("{u}FETCH {s} {i}{m}")),
        (sequence_set(), fetch_names()).prop_map(|(s, i)| format!("UID FETCH {s} {i} (CHANGEDSINCE 5 VANISHED)")),
        (
            uid(),
            sequence_set(),
            words(&["", "(UNCHANGEDSINCE 5) "]),
            words(&["+FLAGS", "-flags.silent", "FLAGS"]),
            flags()
        )
            .prop_map(|(u, s, m, v, f)| format!("{u}STORE {s} {m}{v} ({f})")),
        (uid(), words(&["COPY", "move"]), sequence_set(), mailbox()).prop_map(|(u, v, s, m)| format!("{u}{v} {s} {m}")),
        sequence_set().prop_map(|s| format!("UID EXPUNGE {s}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_read_the_same(text in command()) {
        let line = format!("a1 {text}");
        let ours = parse(line.as_bytes(), NameForm::Utf7);
        let bytes = format!("{line}\r\n").into_bytes();
        let theirs = match CommandCodec::default().decode(&bytes) {
            Ok((rest, command)) => {
                prop_assert_eq!(rest, b"");
                command
            }
            Err(error) => return Err(TestCaseError::fail(format!("they refuse {line:?}: {error:?}"))),
        };
        let mut ours = ours.map_err(|e| TestCaseError::fail(format!("we refuse {line:?}: {e}")))?.command;
        if let Command::Search(search) = &mut ours {
            let key = std::mem::replace(&mut search.key, SearchKey::All);
            search.key = canonical(key);
        }
        prop_assert_eq!(ours, translate(theirs.body), "{}", line);
    }
}
