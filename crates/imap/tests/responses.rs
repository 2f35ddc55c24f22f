//! What every response looks like on the wire, and that a client's parser reads it (imap-codec, where it knows it).

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

use std::num::NonZeroU32;

use imap::command::Numbers;
use imap::response::*;
use imap::{
    Fields, Flag, InternalDate, Keyword, MailboxName, ModSeq, NameForm, Section, SectionText, SeqNum, SeqSet,
    SpecialUse, Tag, Uid, UidSet, UidValidity,
};
use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder;

/// Whether a client that knows no extensions of LIST, ESEARCH and the like can read the line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Codec,
    None,
}
use Reader::{Codec, None as NoReader};

#[track_caller]
fn check(expected: &str, reader: Reader, write: impl Fn(&mut Vec<u8>)) {
    let mut out = Vec::new();
    write(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), expected);
    if reader == Codec {
        let decoded = ResponseCodec::default().decode(expected.as_bytes());
        assert!(matches!(decoded, Ok((b"", _))), "a client cannot read {expected:?}: {decoded:?}");
    }
}

fn uids(ranges: &[(u32, u32)]) -> UidSet {
    UidSet::from_ranges(ranges.iter().map(|(a, b)| Uid::new(*a).unwrap()..=Uid::new(*b).unwrap()))
}

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}

#[test]
fn status_lines() {
    let tag = Tag::new("a1").unwrap();
    check("a1 OK done\r\n", Codec, |out| tagged(out, &tag, Condition::Ok, None, "done"));
    check("a1 NO [NONEXISTENT] no such mailbox\r\n", Codec, |out| {
        tagged(out, &tag, Condition::No, Some(&Code::NonExistent), "no such mailbox");
    });
    check("a1 BAD * OK  injected\r\n", Codec, |out| tagged(out, &tag, Condition::Bad, None, "* OK\r\ninjected"));
    check("a1 OK .[ALERT] x\r\n", Codec, |out| tagged(out, &tag, Condition::Ok, None, "[ALERT] x"));
    check("* BYE .\r\n", Codec, |out| untagged(out, Condition::Bye, None, ""));
    check("* PREAUTH hi\r\n", NoReader, |out| untagged(out, Condition::PreAuth, None, "hi"));
    check("+ idling\r\n", Codec, |out| continuation(out, "idling"));
    check("+ \r\n", NoReader, |out| continuation(out, ""));
}

#[test]
fn codes() {
    let validity = UidValidity::new(38505).unwrap();
    let strings = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    for (code, expected) in [
        (Code::Alert, "[ALERT]"),
        (Code::ReadOnly, "[READ-ONLY]"),
        (Code::UnknownCte, "[UNKNOWN-CTE]"),
        (Code::AppendUid(validity, uids(&[(3955, 3955)])), "[APPENDUID 38505 3955]"),
        (
            Code::CopyUid { uid_validity: validity, from: uids(&[(304, 304), (319, 320)]), to: uids(&[(3956, 3958)]) },
            "[COPYUID 38505 304,319:320 3956:3958]",
        ),
        (Code::BadCharset(vec![]), "[BADCHARSET]"),
        (Code::BadCharset(strings(&["UTF-8", "US-ASCII"])), "[BADCHARSET (UTF-8 US-ASCII)]"),
        (Code::Capability(strings(&["IMAP4rev1", "IDLE"])), "[CAPABILITY IMAP4rev1 IDLE]"),
        (Code::HighestModSeq(ModSeq::MAX), "[HIGHESTMODSEQ 9223372036854775807]"),
        (Code::MailboxId("M7".to_owned()), "[MAILBOXID (M7)]"),
        (Code::ModifiedUids(uids(&[(7, 7), (9, 9)])), "[MODIFIED 7,9]"),
        (Code::ModifiedSeqs(SeqSet::from(SeqNum::MIN)), "[MODIFIED 1]"),
        (
            Code::PermanentFlags {
                flags: vec![Flag::Seen, Flag::Keyword(Keyword::new("$Junk").unwrap())],
                new_keywords: NewKeywords::Allowed,
            },
            "[PERMANENTFLAGS (\\Seen $Junk \\*)]",
        ),
        (Code::PermanentFlags { flags: vec![], new_keywords: NewKeywords::Refused }, "[PERMANENTFLAGS ()]"),
        (Code::UidNext(Uid::MAX), "[UIDNEXT 4294967295]"),
        (Code::UidValidity(validity), "[UIDVALIDITY 38505]"),
        (Code::Unseen(SeqNum::MIN), "[UNSEEN 1]"),
        (Code::TooBig, "[TOOBIG]"),
    ] {
        check(&format!("* OK {expected} x\r\n"), Codec, |out| untagged(out, Condition::Ok, Some(&code), "x"));
    }
}

#[test]
fn mailboxes() {
    let line = |name, attributes| ListLine { word: ListWord::List, attributes, name, child_info: &[], old_name: None };
    let sent = name("Sent Mail");
    let attributes = [Attribute::HasNoChildren, Attribute::Use(SpecialUse::Sent)];
    check("* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent Mail\"\r\n", Codec, |out| {
        list(out, &line(&sent, &attributes), NameForm::Utf7);
    });
    check("* LSUB () \"/\" INBOX\r\n", Codec, |out| {
        list(out, &ListLine { word: ListWord::Lsub, ..line(&MailboxName::Inbox, &[]) }, NameForm::Utf7);
    });
    let umlaut = name("Entwürfe");
    check("* LIST () \"/\" Entw&APw-rfe\r\n", Codec, |out| list(out, &line(&umlaut, &[]), NameForm::Utf7));
    check("* LIST () \"/\" \"Entwürfe\"\r\n", NoReader, |out| list(out, &line(&umlaut, &[]), NameForm::Utf8));
    let with_children = ListLine { child_info: &["SUBSCRIBED"], ..line(&sent, &[]) };
    check("* LIST () \"/\" \"Sent Mail\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n", NoReader, |out| {
        list(out, &with_children, NameForm::Utf8);
    });
    check("* LIST () \"/\" \"Sent Mail\" (\"OLDNAME\" (\"Entwürfe\"))\r\n", NoReader, |out| {
        list(out, &ListLine { old_name: Some(&umlaut), ..line(&sent, &[]) }, NameForm::Utf8);
    });
    check("* LIST () \"/\" \"Sent Mail\" (\"CHILDINFO\" (\"SUBSCRIBED\") \"OLDNAME\" (INBOX))\r\n", NoReader, |out| {
        list(out, &ListLine { old_name: Some(&MailboxName::Inbox), ..with_children }, NameForm::Utf8);
    });
    check("* LIST (\\Noselect) \"/\" \"\"\r\n", Codec, |out| list_separator(out, ListWord::List));
    let values = [
        StatusValue::Messages(231),
        StatusValue::UidNext(Uid::new(44292).unwrap()),
        StatusValue::HighestModSeq(ModSeq::MIN),
    ];
    check("* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292 HIGHESTMODSEQ 1)\r\n", Codec, |out| {
        status(out, &name("blurdybloop"), NameForm::Utf7, &values);
    });
    let values = [
        StatusValue::Recent(0),
        StatusValue::UidValidity(UidValidity::MIN),
        StatusValue::Unseen(2),
        StatusValue::Deleted(3),
        StatusValue::Size(u64::MAX),
        StatusValue::MailboxId("M7"),
        StatusValue::AppendLimit(None),
        StatusValue::AppendLimit(Some(5)),
    ];
    let expected = "* STATUS INBOX (RECENT 0 UIDVALIDITY 1 UNSEEN 2 DELETED 3 SIZE 18446744073709551615 \
                    MAILBOXID (M7) APPENDLIMIT NIL APPENDLIMIT 5)\r\n";
    check(expected, NoReader, |out| status(out, &MailboxName::Inbox, NameForm::Utf7, &values));
    check("* FLAGS (\\Answered \\Draft)\r\n", Codec, |out| flags(out, &[Flag::Answered, Flag::Draft]));
    check("* 23 EXISTS\r\n", Codec, |out| exists(out, 23));
    check("* 0 RECENT\r\n", Codec, |out| recent(out, 0));
    check("* 1 EXPUNGE\r\n", Codec, |out| expunge(out, SeqNum::MIN));
    let told = |set: UidSet, gone| {
        move |out: &mut Vec<u8>| {
            vanished(out, gone);
            set.write_to(out);
            line_end(out);
        }
    };
    check("* VANISHED 1:3,5\r\n", Codec, told(uids(&[(1, 3), (5, 5)]), Gone::Now));
    check("* VANISHED (EARLIER) 5\r\n", Codec, told(uids(&[(5, 5)]), Gone::Earlier));
}

#[test]
fn search_results() {
    let numbers = [2, 5].map(|n| SeqNum::new(n).unwrap());
    let search = |found: &'static [u32], modseq| {
        move |out: &mut Vec<u8>| {
            let line = SearchLine::begin(out);
            for n in found {
                line.found(out, SeqNum::new(*n).unwrap());
            }
            line.end(out, modseq);
        }
    };
    check("* SEARCH 2 5\r\n", Codec, search(&[2, 5], None));
    check("* SEARCH\r\n", Codec, search(&[], None));
    check("* SEARCH 2 5 (MODSEQ 917162500)\r\n", Codec, search(&[2, 5], ModSeq::new(917_162_500)));
    let tag = Tag::new("a567").unwrap();
    let all: SeqSet = numbers.into_iter().collect();
    let none: Esearch<'_, SeqNum> =
        Esearch { tag: &tag, numbers: Numbers::Seq, min: None, max: None, count: None, all: false };
    check("* ESEARCH (TAG \"a567\") UID MIN 7 MAX 3800 COUNT 15 MODSEQ 1\r\n", NoReader, |out| {
        let found = Esearch {
            tag: &tag,
            numbers: Numbers::Uid,
            min: Uid::new(7),
            max: Uid::new(3800),
            count: Some(15),
            all: false,
        };
        esearch(out, &found);
        esearch_end(out, Some(ModSeq::MIN));
    });
    check("* ESEARCH (TAG \"a567\") COUNT 0 ALL 2,5 MODSEQ 7\r\n", NoReader, |out| {
        esearch(out, &Esearch { count: Some(0), all: true, ..none.clone() });
        all.write_to(out);
        esearch_end(out, ModSeq::new(7));
    });
    check("* ESEARCH (TAG \"a567\")\r\n", NoReader, |out| {
        esearch(out, &none);
        esearch_end(out, None);
    });
}

#[test]
fn what_the_server_tells_of_itself() {
    check("* CAPABILITY IMAP4rev2 IMAP4rev1\r\n", Codec, |out| capability(out, ["IMAP4rev2", "IMAP4rev1"]));
    check("* ENABLED CONDSTORE\r\n", Codec, |out| enabled(out, ["CONDSTORE"]));
    check("* ENABLED\r\n", NoReader, |out| enabled(out, []));
    check("* ID NIL\r\n", Codec, |out| id(out, &[]));
    check("* ID (\"name\" \"Posthorn\" \"version\" NIL)\r\n", Codec, |out| {
        id(out, &[("name", Some("Posthorn")), ("version", None)]);
    });
    check("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n", NoReader, |out| namespace(out, &[""], &[], &[]));
    check("* NAMESPACE ((\"\" \"/\")) ((\"~\" \"/\")) ((\"#a/\" \"/\")(\"#b/\" \"/\"))\r\n", NoReader, |out| {
        namespace(out, &[""], &["~"], &["#a/", "#b/"]);
    });
}

#[test]
fn fetch_items() {
    let date = InternalDate::new(837_596_665, -420);
    check(
        "* 12 FETCH (UID 7 FLAGS (\\Seen) MODSEQ (65402) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 44827)\r\n",
        Codec,
        |out| {
            let mut line = FetchLine::begin(out, SeqNum::new(12).unwrap());
            line.uid(out, Uid::new(7).unwrap());
            line.flags(out, b"\\Seen");
            line.modseq(out, ModSeq::new(65_402).unwrap());
            line.internal_date(out, date);
            line.size(out, 44_827);
            line.end(out);
        },
    );
    check("* 1 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL))\r\n", Codec, |out| {
        let mut line = FetchLine::begin(out, SeqNum::MIN);
        line.envelope(out, b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
        line.end(out);
    });
    let structure = "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 4 1)";
    check(&format!("* 1 FETCH (BODY {structure} BODYSTRUCTURE {structure})\r\n"), Codec, |out| {
        let mut line = FetchLine::begin(out, SeqNum::MIN);
        line.body(out, structure.as_bytes());
        line.bodystructure(out, structure.as_bytes());
        line.end(out);
    });
    fetch_ids_and_dates(date);
}

#[test]
fn fetch_octets() {
    let part = |n: u32| vec![NonZeroU32::new(n).unwrap()];
    let octets = |out: &mut Vec<u8>| out.extend_from_slice(b"ab\r\n");
    let fields = SectionText::HeaderFields { names: vec![b"DATE".to_vec(), b"a b".to_vec()], fields: Fields::Not };
    for (section, expected) in [
        (Section { part: vec![], what: SectionText::All }, ""),
        (Section { part: part(2), what: SectionText::All }, "2"),
        (Section { part: part(2), what: SectionText::Mime }, "2.MIME"),
        (Section { part: vec![], what: SectionText::Header }, "HEADER"),
        (Section { part: [part(1), part(3)].concat(), what: SectionText::Text }, "1.3.TEXT"),
        (Section { part: part(1), what: fields }, "1.HEADER.FIELDS.NOT (DATE \"a b\")"),
    ] {
        check(&format!("* 1 FETCH (BODY[{expected}] {{4}}\r\nab\r\n BODY[{expected}]<5> NIL)\r\n"), Codec, |out| {
            let mut line = FetchLine::begin(out, SeqNum::MIN);
            line.section(out, &section, None, NString::Literal(4));
            octets(out);
            line.section(out, &section, Some(5), NString::Nil);
            line.end(out);
        });
    }
    check("* 1 FETCH (BINARY[1.2] ~{4}\r\nab\r\n BINARY.SIZE[1] 7)\r\n", Codec, |out| {
        let mut line = FetchLine::begin(out, SeqNum::MIN);
        line.binary(out, &[part(1), part(2)].concat(), None, NString::Literal8(4));
        octets(out);
        line.binary_size(out, &part(1), 7);
        line.end(out);
    });
    // The text of RFC 9051 §7.5.2 has the offset, its grammar forgot it.
    check("* 1 FETCH (BINARY[]<3> {4}\r\nab\r\n)\r\n", NoReader, |out| {
        let mut line = FetchLine::begin(out, SeqNum::MIN);
        line.binary(out, &[], Some(3), NString::Literal(4));
        octets(out);
        line.end(out);
    });
    check("* 1 FETCH (RFC822 {4}\r\nab\r\n RFC822.HEADER NIL RFC822.TEXT NIL)\r\n", Codec, |out| {
        let mut line = FetchLine::begin(out, SeqNum::MIN);
        line.rfc822(out, Rfc822::All, NString::Literal(4));
        octets(out);
        line.rfc822(out, Rfc822::Header, NString::Nil);
        line.rfc822(out, Rfc822::Text, NString::Nil);
        line.end(out);
    });
}

fn fetch_ids_and_dates(date: InternalDate) {
    let expected = "* 1 FETCH (EMAILID (E7) THREADID NIL THREADID (T1) SAVEDATE NIL \
                    SAVEDATE \"17-Jul-1996 02:44:25 -0700\" PREVIEW NIL PREVIEW \"hi\" PREVIEW {2}\r\nü)\r\n";
    check(expected, NoReader, |out| {
        let mut line = FetchLine::begin(out, SeqNum::MIN);
        line.email_id(out, "E7");
        line.thread_id(out, None);
        line.thread_id(out, Some("T1"));
        line.save_date(out, None);
        line.save_date(out, Some(date));
        line.preview(out, None);
        line.preview(out, Some("hi"));
        line.preview(out, Some("ü"));
        line.end(out);
    });
}
