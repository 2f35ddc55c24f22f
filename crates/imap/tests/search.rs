//! SEARCH's grammar: bytes and the keys that they stand for.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

use std::num::NonZeroU32;

use imap::command::{EntryScope, ModSeqEntry, Numbers, Search, SearchReturn};
use imap::{Command, Date, Fault, Flag, Keyword, NameForm, SearchKey, SetArg, SetNumber, WireSet, parse};

fn read(text: &str) -> Result<Command, Fault> {
    parse(format!("t1 {text}").as_bytes(), NameForm::Utf7).map(|t| t.command).map_err(|e| e.fault)
}

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("not 0")
}

fn at(number: u32) -> SetNumber {
    SetNumber::Number(n(number))
}

const STAR: SetNumber = SetNumber::Largest;

fn set(ranges: &[(SetNumber, SetNumber)]) -> SetArg {
    SetArg::Set(WireSet::new(ranges.to_vec()))
}

fn keyword(text: &str) -> Flag {
    Flag::Keyword(Keyword::new(text).expect(text))
}

fn key(text: &str) -> Result<SearchKey, Fault> {
    match read(&format!("SEARCH {text}"))? {
        Command::Search(search) => Ok(search.key),
        other => panic!("{other:?}"),
    }
}

fn not(key: SearchKey) -> SearchKey {
    SearchKey::Not(Box::new(key))
}

fn or(a: SearchKey, b: SearchKey) -> SearchKey {
    SearchKey::Or(Box::new(a), Box::new(b))
}

#[test]
fn search_keys() {
    let date = Date::new(1994, 2, 1).unwrap();
    let seen = || SearchKey::Flag(Flag::Seen);
    let one = || SearchKey::Seq(set(&[(at(1), at(1))]));
    for (text, expected) in [
        ("ALL", SearchKey::All),
        ("seen", seen()),
        ("UNSEEN", not(seen())),
        ("NEW", SearchKey::And(vec![SearchKey::Recent, not(seen())])),
        ("OLD", not(SearchKey::Recent)),
        ("KEYWORD $Junk", SearchKey::Flag(keyword("$Junk"))),
        ("UNKEYWORD \"$Junk\"", not(SearchKey::Flag(keyword("$Junk")))),
        ("FROM Smith", SearchKey::From(b"Smith".to_vec())),
        ("SUBJECT {2+}\r\n\"x", SearchKey::Subject(b"\"x".to_vec())),
        ("BODY \"\"", SearchKey::Body(vec![])),
        ("HEADER Message-ID <a@b>", SearchKey::Header { name: b"Message-ID".to_vec(), text: b"<a@b>".to_vec() }),
        ("SINCE 1-Feb-1994", SearchKey::Since(date)),
        ("SENTON \"1-Feb-1994\"", SearchKey::SentOn(date)),
        ("SAVEDBEFORE 01-feb-1994", SearchKey::SavedBefore(date)),
        ("SAVEDATESUPPORTED", SearchKey::SaveDateSupported),
        ("OLDER 3600", SearchKey::Older(n(3600))),
        ("YOUNGER 1", SearchKey::Younger(n(1))),
        ("LARGER 9223372036854775807", SearchKey::Larger(i64::MAX.unsigned_abs())),
        ("SMALLER 0", SearchKey::Smaller(0)),
        ("UID $", SearchKey::Uid(SetArg::Saved)),
        ("UID 1:*", SearchKey::Uid(set(&[(at(1), STAR)]))),
        ("$", SearchKey::Seq(SetArg::Saved)),
        ("1", one()),
        ("EMAILID M6d99ac3275bb4e", SearchKey::EmailId("M6d99ac3275bb4e".to_owned())),
        ("THREADID T-_0", SearchKey::ThreadId("T-_0".to_owned())),
        ("MODSEQ 0", SearchKey::ModSeq { entry: None, at_least: 0 }),
        (
            r#"MODSEQ "/flags/\\draft" all 620162338"#,
            SearchKey::ModSeq {
                entry: Some(ModSeqEntry { name: br"/flags/\draft".to_vec(), scope: EntryScope::All }),
                at_least: 620_162_338,
            },
        ),
        ("SEEN 1", SearchKey::And(vec![seen(), one()])),
        ("(SEEN)  (1)", SearchKey::And(vec![seen(), one()])),
        ("( SEEN 1 )", SearchKey::And(vec![seen(), one()])),
        ("NOT NOT SEEN", seen()),
        ("NOT NOT NOT SEEN", not(seen())),
        ("OR SEEN 1", or(seen(), one())),
        ("OR SEEN OR 1 ALL", or(seen(), or(one(), SearchKey::All))),
        ("OR OR SEEN 1 ALL", or(seen(), or(one(), SearchKey::All))),
        ("OR NOT SEEN (1 ALL)", or(not(seen()), SearchKey::And(vec![one(), SearchKey::All]))),
    ] {
        assert_eq!(key(text), Ok(expected), "{text}");
    }
}

#[test]
fn search_options() {
    let search = Search { numbers: Numbers::Seq, returns: None, charset: None, key: SearchKey::All };
    for (text, command) in [
        ("SEARCH ALL", Command::Search(search.clone())),
        ("UID SEARCH ALL", Command::Search(Search { numbers: Numbers::Uid, ..search.clone() })),
        ("SEARCH RETURN () ALL", Command::Search(Search { returns: Some(vec![SearchReturn::All]), ..search.clone() })),
        (
            "SEARCH RETURN (SAVE MIN max COUNT min) CHARSET utf-8 ALL",
            Command::Search(Search {
                returns: Some(vec![SearchReturn::Save, SearchReturn::Min, SearchReturn::Max, SearchReturn::Count]),
                charset: Some("UTF-8".to_owned()),
                ..search.clone()
            }),
        ),
        ("SEARCH CHARSET \"US-ASCII\" ALL", Command::Search(Search { charset: Some("US-ASCII".to_owned()), ..search })),
    ] {
        assert_eq!(read(text), Ok(command), "{text}");
    }
}

#[test]
fn long_chains_and_deep_nesting() {
    // A client that looks for a thousand Message-IDs nests ORs to one side.
    for text in
        [format!("{}ALL", "OR SEEN ".repeat(1000)), format!("{}ALL{}", "OR ".repeat(1000), " SEEN".repeat(1000))]
    {
        let depth = |mut key: &SearchKey| {
            let mut depth = 0;
            while let SearchKey::Or(_, right) = key {
                key = right;
                depth += 1;
            }
            depth
        };
        assert!(depth(&key(&text).unwrap()) <= 10, "the tree is balanced");
    }
    assert_eq!(key(&format!("{}SEEN", "NOT ".repeat(4000))), Ok(SearchKey::Flag(Flag::Seen)));
    let nested = |n: usize| key(&format!("{}ALL{}", "(".repeat(n), ")".repeat(n)));
    assert_eq!(nested(31), Ok(SearchKey::All));
    assert_eq!(nested(32), Err(Fault::TooMuch("nested search keys")));
    assert_eq!(nested(100_000), Err(Fault::TooMuch("nested search keys")));
    assert_eq!(key(&"NOT (".repeat(50)), Err(Fault::TooMuch("nested search keys")));
    assert_eq!(key(&"NOT OR ALL ".repeat(50)), Err(Fault::TooMuch("nested search keys")));
    assert_eq!(key(&"ALL ".repeat(5001)), Err(Fault::TooMuch("search keys")));
    assert_eq!(key(&"OR ".repeat(6000)), Err(Fault::TooMuch("search keys")));
}
