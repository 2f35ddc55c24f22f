//! Every command's grammar: bytes and the values that they stand for, spellings that mean the same, and what is
//! refused and why.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

use std::num::{NonZeroU32, NonZeroU64};

use imap::command::{
    Access, Append, AppendMessage, Authenticate, Echo, Fetch, FetchItem, List, ListReturn, ListSelect, ListSyntax,
    Login, MessageForm, Preview, Qresync, Replace, Secret, Seen, Select, Status, Store,
};
use imap::{
    Command, Fault, Fields, Flag, InternalDate, Keyword, MailboxName, ModSeq, NameError, NameForm, Partial, Section,
    SectionText, SetArg, SetNumber, SpecialUse, StatusItem, StoreMode, Target, UidValidity, WireSet, parse,
};

fn read(text: &str) -> Result<Command, Fault> {
    let tagged = parse(format!("t1 {text}").as_bytes(), NameForm::Utf7);
    let command = tagged.map_err(|e| {
        assert_eq!(e.tag.as_ref().map(imap::Tag::as_str), Some("t1"), "{text}");
        assert!(e.at <= text.len() + 3, "{text}: {e}");
        e.fault
    })?;
    assert_eq!(command.tag.as_str(), "t1");
    Ok(command.command)
}

#[track_caller]
fn check(table: &[(&str, Command)]) {
    for (text, command) in table {
        assert_eq!(read(text).as_ref(), Ok(command), "{text}");
        // Nothing may follow but spaces.
        assert_eq!(read(&format!("{text}  ")).as_ref(), Ok(command), "{text} and spaces");
        assert!(read(&format!("{text} )")).is_err(), "{text} and more");
    }
}

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).expect(text)
}

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("not 0")
}

fn at(number: u32) -> SetNumber {
    SetNumber::Number(n(number))
}

const STAR: SetNumber = SetNumber::Largest;

fn wire(ranges: &[(SetNumber, SetNumber)]) -> WireSet {
    WireSet::new(ranges.to_vec())
}

fn set(ranges: &[(SetNumber, SetNumber)]) -> SetArg {
    SetArg::Set(wire(ranges))
}

fn seq(number: u32) -> Target {
    Target::Seq(set(&[(at(number), at(number))]))
}

fn keyword(text: &str) -> Flag {
    Flag::Keyword(Keyword::new(text).expect(text))
}

#[test]
fn commands_without_arguments() {
    check(&[
        ("CAPABILITY", Command::Capability),
        ("NOOP", Command::Noop),
        ("noop", Command::Noop),
        ("LOGOUT", Command::Logout),
        ("STARTTLS", Command::StartTls),
        ("NAMESPACE", Command::Namespace),
        ("IDLE", Command::Idle),
        ("CHECK", Command::Check),
        ("CLOSE", Command::Close),
        ("UNSELECT", Command::Unselect),
        ("EXPUNGE", Command::Expunge(None)),
        ("Uid Expunge 3000:3002", Command::Expunge(Some(set(&[(at(3000), at(3002))])))),
        ("UID EXPUNGE $", Command::Expunge(Some(SetArg::Saved))),
    ]);
    assert_eq!(read("XPIG-LATIN (whatever"), Ok(Command::Unknown("XPIG-LATIN".to_owned())));
    assert_eq!(read("uid noop"), Ok(Command::Unknown("UID NOOP".to_owned())));
}

#[test]
fn login_and_its_neighbours() {
    let login = |user: &str, password: &str| {
        Command::Login(Login { user: user.into(), password: Secret::new(password.into()) })
    };
    let plain = |initial: Option<&str>| {
        let initial = initial.map(|text| Secret::new(text.into()));
        Command::Authenticate(Authenticate { mechanism: "PLAIN".to_owned(), initial })
    };
    check(&[
        ("LOGIN fred blurdybloop", login("fred", "blurdybloop")),
        (r#"LOGIN "fred" "a\"b\\c""#, login("fred", r#"a"b\c"#)),
        ("LOGIN {4}\r\nfred {3+}\r\na b", login("fred", "a b")),
        ("LOGIN  fred  p]w", login("fred", "p]w")),
        ("LOGIN fré pässword", login("fré", "pässword")),
        ("AUTHENTICATE plain", plain(None)),
        ("AUTHENTICATE PLAIN =", plain(Some("="))),
        ("AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=", plain(Some("dGVzdAB0ZXN0AHRlc3Q="))),
        ("ENABLE CONDSTORE utf8=accept", Command::Enable(vec!["CONDSTORE".into(), "UTF8=ACCEPT".into()])),
        ("ID NIL", Command::Id(vec![])),
        ("ID ()", Command::Id(vec![])),
        (
            r#"ID ("name" "sodr" "version" NIL "os" "NIL")"#,
            Command::Id(vec![
                (b"name".to_vec(), Some(b"sodr".to_vec())),
                (b"version".to_vec(), None),
                (b"os".to_vec(), Some(b"NIL".to_vec())),
            ]),
        ),
    ]);
    assert_eq!(
        format!("{:?}", login("fred", "secret")),
        "Login(Login { user: [102, 114, 101, 100], password: Secret(..) })"
    );
}

#[test]
fn select_with_its_parameters() {
    let select =
        |mailbox: &str| Select { mailbox: name(mailbox), access: Access::ReadWrite, condstore: false, qresync: None };
    let uid_validity = UidValidity::new(67_890_007).unwrap();
    let modseq = ModSeq::new(90_060_115_194_045_000).unwrap();
    let qresync = Qresync { uid_validity, modseq, known_uids: None, sequence_match: None };
    check(&[
        ("SELECT INBOX", Command::Select(select("INBOX"))),
        ("SELECT inbox", Command::Select(select("INBOX"))),
        ("EXAMINE Drafts", Command::Select(Select { access: Access::ReadOnly, ..select("Drafts") })),
        ("SELECT Entw&APw-rfe", Command::Select(select("Entwürfe"))),
        ("SELECT \"R&D\"", Command::Select(select("R&D"))),
        ("SELECT x (condstore)", Command::Select(Select { condstore: true, ..select("x") })),
        (
            "SELECT x (QRESYNC (67890007 90060115194045000))",
            Command::Select(Select { qresync: Some(qresync.clone()), ..select("x") }),
        ),
        (
            "SELECT x (QRESYNC (67890007 0))",
            Command::Select(Select {
                qresync: Some(Qresync { modseq: ModSeq::MIN, ..qresync.clone() }),
                ..select("x")
            }),
        ),
        (
            "SELECT x (CONDSTORE QRESYNC (67890007 90060115194045000 41,43:211 (1,2 41,43)))",
            Command::Select(Select {
                condstore: true,
                qresync: Some(Qresync {
                    known_uids: Some(wire(&[(at(41), at(41)), (at(43), at(211))])),
                    sequence_match: Some((
                        wire(&[(at(1), at(1)), (at(2), at(2))]),
                        wire(&[(at(41), at(41)), (at(43), at(43))]),
                    )),
                    ..qresync.clone()
                }),
                ..select("x")
            }),
        ),
    ]);
}

#[test]
fn mailbox_commands() {
    check(&[
        ("CREATE owatagusiam/", Command::Create { mailbox: name("owatagusiam"), special_use: vec![] }),
        (
            "CREATE MySpecial (USE (\\Drafts \\sent))",
            Command::Create { mailbox: name("MySpecial"), special_use: vec![SpecialUse::Drafts, SpecialUse::Sent] },
        ),
        ("DELETE foo/bar", Command::Delete(name("foo/bar"))),
        ("RENAME \"a b\" {1}\r\nc", Command::Rename { from: name("a b"), to: name("c") }),
        ("SUBSCRIBE #news.comp.mail.mime", Command::Subscribe(name("#news.comp.mail.mime"))),
        ("UNSUBSCRIBE ü", Command::Unsubscribe(name("ü"))),
        (
            "STATUS blurdybloop (UIDNEXT MESSAGES messages MAILBOXID AppendLimit)",
            Command::Status(Status {
                mailbox: name("blurdybloop"),
                items: vec![StatusItem::UidNext, StatusItem::Messages, StatusItem::MailboxId, StatusItem::AppendLimit],
            }),
        ),
        (
            "STATUS x (RECENT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ )",
            Command::Status(Status {
                mailbox: name("x"),
                items: vec![
                    StatusItem::Recent,
                    StatusItem::UidValidity,
                    StatusItem::Unseen,
                    StatusItem::Deleted,
                    StatusItem::Size,
                    StatusItem::HighestModSeq,
                ],
            }),
        ),
    ]);
}

#[test]
fn list_in_all_its_forms() {
    let list = |reference: &str, patterns: &[&str]| List {
        reference: reference.to_owned(),
        patterns: patterns.iter().map(|p| (*p).to_owned()).collect(),
        select: vec![],
        returns: vec![],
        syntax: ListSyntax::Basic,
    };
    let extended = |reference, patterns| List { syntax: ListSyntax::Extended, ..list(reference, patterns) };
    check(&[
        (r#"LIST "" """#, Command::List(list("", &[""]))),
        (r#"LIST "" *"#, Command::List(list("", &["*"]))),
        (r"LIST ~/Mail/ %", Command::List(list("~/Mail/", &["%"]))),
        (r#"LIST "" Entw&APw-r%"#, Command::List(list("", &["Entwür%"]))),
        (r##"LSUB "#news." "comp.%""##, Command::Lsub(list("#news.", &["comp.%"]))),
        (r#"XLIST "" "*""#, Command::Xlist(list("", &["*"]))),
        (r#"LIST "" ("INBOX" Drafts "Sent/%")"#, Command::List(extended("", &["INBOX", "Drafts", "Sent/%"]))),
        (r#"LIST () "" "%""#, Command::List(extended("", &["%"]))),
        (
            r#"LIST (SPECIAL-USE) "" "*""#,
            Command::List(List { select: vec![ListSelect::SpecialUse], ..extended("", &["*"]) }),
        ),
        (
            r#"LIST (SUBSCRIBED RECURSIVEMATCH)"" % RETURN (STATUS (MESSAGES))"#,
            Command::List(List {
                select: vec![ListSelect::Subscribed, ListSelect::RecursiveMatch],
                returns: vec![ListReturn::Status(vec![StatusItem::Messages])],
                ..extended("", &["%"])
            }),
        ),
        (
            r#"list (remote) "" "*" return (children special-use subscribed children)"#,
            Command::List(List {
                select: vec![ListSelect::Remote],
                returns: vec![ListReturn::Children, ListReturn::SpecialUse, ListReturn::Subscribed],
                ..extended("", &["*"])
            }),
        ),
        (r#"LIST "" "*" RETURN ()"#, Command::List(extended("", &["*"]))),
    ]);
    let Ok(Command::List(list)) = read(r#"LIST "INBOX/" %"#) else { panic!("no LIST") };
    assert!(list.compile().unwrap()[0].matches("INBOX/x"));
}

#[test]
fn append_and_replace_up_to_the_octets() {
    let message = AppendMessage { flags: vec![], date: None, form: MessageForm::Literal, len: 326 };
    let date = InternalDate::parse(b"17-Jul-1996 02:44:25 -0700");
    let seen = AppendMessage { flags: vec![Flag::Seen], ..message.clone() };
    let append = |mailbox: &str, message: &AppendMessage| Append { mailbox: name(mailbox), message: message.clone() };
    check(&[
        ("APPEND x {326}", Command::Append(append("x", &message))),
        ("APPEND x {326+}", Command::Append(append("x", &message))),
        ("APPEND {1}\r\nx (\\Seen) {326}", Command::Append(append("x", &seen))),
        ("APPEND x (\\Seen \\seen) {326}", Command::Append(append("x", &seen))),
        (
            "APPEND x () \"17-Jul-1996 02:44:25 -0700\" ~{326}",
            Command::Append(append("x", &AppendMessage { date, form: MessageForm::Literal8, ..message.clone() })),
        ),
        (
            "APPEND x UTF8 (~{326+}",
            Command::Append(append("x", &AppendMessage { form: MessageForm::Utf8, ..message.clone() })),
        ),
        ("REPLACE 4 Drafts {326}", Command::Replace(Replace { target: seq(4), append: append("Drafts", &message) })),
        (
            "UID REPLACE * Drafts (\\Seen) {326}",
            Command::Replace(Replace { target: Target::Uid(set(&[(STAR, STAR)])), append: append("Drafts", &seen) }),
        ),
    ]);
}

fn fetch_of_one(items: &[FetchItem]) -> Fetch {
    Fetch { target: seq(1), items: items.to_vec(), changed_since: None, vanished: false }
}

#[test]
fn fetch_in_all_its_forms() {
    let fetch = fetch_of_one;
    let body = |part: &[u32], what: SectionText, seen: Seen| FetchItem::BodySection {
        section: Section { part: part.iter().map(|p| n(*p)).collect(), what },
        partial: None,
        seen,
    };
    let fields = |names: &[&str], fields| SectionText::HeaderFields {
        names: names.iter().map(|n| n.as_bytes().to_vec()).collect(),
        fields,
    };
    let fast = [FetchItem::Flags, FetchItem::InternalDate, FetchItem::Rfc822Size];
    let all = [&fast[..], &[FetchItem::Envelope]].concat();
    let full = [&all[..], &[FetchItem::Body]].concat();
    let partial = |offset, len| Some(Partial { offset, len: NonZeroU64::new(len).unwrap() });
    for (items, expected) in [
        ("FAST", &fast[..]),
        ("all", &all),
        ("FULL", &full),
        ("FLAGS", &[FetchItem::Flags]),
        ("(FLAGS UID FLAGS)", &[FetchItem::Flags, FetchItem::Uid]),
        ("( BODY BODYSTRUCTURE  )", &[FetchItem::Body, FetchItem::BodyStructure]),
        ("(RFC822 RFC822.HEADER RFC822.TEXT)", &[FetchItem::Rfc822, FetchItem::Rfc822Header, FetchItem::Rfc822Text]),
        (
            "(MODSEQ EMAILID THREADID SAVEDATE)",
            &[FetchItem::ModSeq, FetchItem::EmailId, FetchItem::ThreadId, FetchItem::SaveDate],
        ),
        ("PREVIEW", &[FetchItem::Preview(Preview::Eager)]),
        ("(PREVIEW (LAZY) UID)", &[FetchItem::Preview(Preview::Lazy), FetchItem::Uid]),
        ("PREVIEW (lazy)", &[FetchItem::Preview(Preview::Lazy)]),
        ("BODY[]", &[body(&[], SectionText::All, Seen::Set)]),
        ("body.peek[]", &[body(&[], SectionText::All, Seen::Peek)]),
        ("BODY[HEADER]", &[body(&[], SectionText::Header, Seen::Set)]),
        ("BODY[TEXT]", &[body(&[], SectionText::Text, Seen::Set)]),
        ("BODY[1]", &[body(&[1], SectionText::All, Seen::Set)]),
        ("BODY[1.2.3.MIME]", &[body(&[1, 2, 3], SectionText::Mime, Seen::Set)]),
        ("BODY[4.1.HEADER]", &[body(&[4, 1], SectionText::Header, Seen::Set)]),
        ("BODY.PEEK[HEADER.FIELDS (DATE FROM)]", &[body(&[], fields(&["DATE", "FROM"], Fields::Only), Seen::Peek)]),
        ("BODY[1.HEADER.FIELDS.NOT (\"To\" {2}\r\nCc)]", &[body(&[1], fields(&["To", "Cc"], Fields::Not), Seen::Set)]),
        ("BINARY.PEEK[1.2]", &[FetchItem::Binary { part: vec![n(1), n(2)], partial: None, seen: Seen::Peek }]),
        ("BINARY[]<0.5>", &[FetchItem::Binary { part: vec![], partial: partial(0, 5), seen: Seen::Set }]),
        ("BINARY.SIZE[2]", &[FetchItem::BinarySize { part: vec![n(2)] }]),
        (
            "BODY.PEEK[1]<0.393216>",
            &[FetchItem::BodySection {
                section: Section { part: vec![n(1)], what: SectionText::All },
                partial: partial(0, 393_216),
                seen: Seen::Peek,
            }],
        ),
    ] {
        check(&[(&format!("FETCH 1 {items}"), Command::Fetch(fetch(expected)))]);
    }
}

#[test]
fn fetch_with_sets_and_modifiers() {
    let fetch = fetch_of_one;
    let since = |n| Fetch { changed_since: Some(n), ..fetch(&[FetchItem::Flags]) };
    check(&[
        ("FETCH 1 FLAGS (CHANGEDSINCE 12345)", Command::Fetch(since(12345))),
        ("FETCH 1 (FLAGS) (CHANGEDSINCE 0)", Command::Fetch(since(0))),
        (
            "FETCH 1 PREVIEW (CHANGEDSINCE 5)",
            Command::Fetch(Fetch { changed_since: Some(5), ..fetch(&[FetchItem::Preview(Preview::Eager)]) }),
        ),
        (
            "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
            Command::Fetch(Fetch { target: Target::Uid(set(&[(at(1), STAR)])), vanished: true, ..since(12345) }),
        ),
        ("FETCH $ FLAGS", Command::Fetch(Fetch { target: Target::Seq(SetArg::Saved), ..fetch(&[FetchItem::Flags]) })),
        (
            "FETCH *:4,5:7,2 FLAGS",
            Command::Fetch(Fetch {
                target: Target::Seq(set(&[(STAR, at(4)), (at(5), at(7)), (at(2), at(2))])),
                ..fetch(&[FetchItem::Flags])
            }),
        ),
    ]);
}

#[test]
fn store_copy_and_move() {
    let store = Store {
        target: seq(1),
        mode: StoreMode::Add,
        flags: vec![Flag::Deleted],
        echo: Echo::Flags,
        unchanged_since: None,
    };
    check(&[
        ("STORE 1 +FLAGS (\\Deleted)", Command::Store(store.clone())),
        ("STORE 1 +flags \\deleted", Command::Store(store.clone())),
        (
            "STORE 1 -FLAGS.Silent \\Deleted",
            Command::Store(Store { mode: StoreMode::Remove, echo: Echo::Silent, ..store.clone() }),
        ),
        ("STORE 1 FLAGS ()", Command::Store(Store { mode: StoreMode::Replace, flags: vec![], ..store.clone() })),
        (
            "STORE 1 FLAGS (\\Recent)",
            Command::Store(Store { mode: StoreMode::Replace, flags: vec![], ..store.clone() }),
        ),
        (
            "STORE 1 +FLAGS $Junk \\Draft $junk NonJunk",
            Command::Store(Store { flags: vec![keyword("$Junk"), Flag::Draft, keyword("NonJunk")], ..store.clone() }),
        ),
        (
            "STORE 1 (UNCHANGEDSINCE 0) +FLAGS (\\Deleted)",
            Command::Store(Store { unchanged_since: Some(0), ..store.clone() }),
        ),
        (
            "UID STORE 1 (unchangedsince 12121230045) +FLAGS.SILENT (\\Deleted)",
            Command::Store(Store {
                target: Target::Uid(set(&[(at(1), at(1))])),
                echo: Echo::Silent,
                unchanged_since: Some(12_121_230_045),
                ..store.clone()
            }),
        ),
        ("COPY 1 meeting", Command::Copy { target: seq(1), mailbox: name("meeting") }),
        (
            "UID COPY $ \"Other Messages\"",
            Command::Copy { target: Target::Uid(SetArg::Saved), mailbox: name("Other Messages") },
        ),
        ("MOVE 1 inbox", Command::Move { target: seq(1), mailbox: MailboxName::Inbox }),
        ("UID MOVE 42:69 foo", Command::Move { target: Target::Uid(set(&[(at(42), at(69))])), mailbox: name("foo") }),
    ]);
}

#[test]
fn what_is_refused_of_mailboxes_and_why() {
    let expected = |what| Fault::Expected(what);
    for (text, fault) in [
        ("NOOP x", expected("the end of the command")),
        ("LOGIN fred", expected("a space")),
        ("LOGIN fred \"x", expected("a closing quote")),
        ("LOGIN fred {5}\r\nabc", expected("a literal's octets")),
        ("LOGIN (x y", expected("a string")),
        ("SELECT", expected("a space")),
        ("SELECT a//b", Fault::Name(NameError::EmptyLevel)),
        ("SELECT \"a\\*\"", Fault::Name(NameError::Wildcard)),
        ("SELECT x (FOO)", Fault::Unknown("SELECT parameter")),
        ("SELECT x (QRESYNC (0 1))", Fault::Number),
        ("SELECT x (QRESYNC (1 9223372036854775808))", Fault::Number),
        ("SELECT x (QRESYNC (1 1 1:*))", Fault::NotAllowed("* in QRESYNC")),
        ("SELECT x (QRESYNC (1 1 1:2 (1 2))", expected("a closing parenthesis")),
        ("CREATE x (USE (\\Foo))", Fault::SpecialUse),
        ("CREATE x (FOO)", Fault::Unknown("CREATE parameter")),
        ("STATUS x (FOO)", Fault::Unknown("STATUS item")),
        ("STATUS x ()", expected("a STATUS item")),
        ("LIST (FOO) \"\" *", Fault::Unknown("LIST selection option")),
        ("LIST (RECURSIVEMATCH) \"\" *", Fault::NotAllowed("RECURSIVEMATCH without SUBSCRIBED")),
        ("LIST (RECURSIVEMATCH REMOTE) \"\" *", Fault::NotAllowed("RECURSIVEMATCH without SUBSCRIBED")),
        ("LIST \"\" * RETURN (FOO)", Fault::Unknown("LIST return option")),
        ("LIST \"\" * FOO", expected("RETURN")),
        ("LIST \"\" ()", expected("a mailbox pattern")),
    ] {
        assert_eq!(read(text), Err(fault), "{text}");
    }
}

#[test]
fn what_is_refused_of_messages_and_why() {
    let expected = |what| Fault::Expected(what);
    for (text, fault) in [
        ("APPEND x \"17-Jux-1996 02:44:25 -0700\" {5}", expected("a date and time")),
        ("APPEND x (\\Foo) {5}", Fault::Unknown("system flag")),
        ("APPEND x text", expected("a literal")),
        ("APPEND x", expected("a space")),
        ("REPLACE 1:2 x {5}", expected("the number of one message")),
        ("FETCH 0 FLAGS", Fault::Number),
        ("FETCH 4294967296 FLAGS", Fault::Number),
        ("FETCH 1, FLAGS", expected("a message number")),
        ("FETCH 1:: FLAGS", expected("a message number")),
        ("FETCH 1 ()", expected("a FETCH item")),
        ("FETCH 1 FOO", Fault::Unknown("FETCH item")),
        ("FETCH 1 FLAGS[1]", Fault::Unknown("FETCH item")),
        ("FETCH 1 BODY[0]", Fault::Number),
        ("FETCH 1 BODY[1.]", expected("a word")),
        ("FETCH 1 BODY[MIME]", Fault::NotAllowed("MIME without a part")),
        ("FETCH 1 BODY[FOO]", Fault::Unknown("section")),
        ("FETCH 1 BODY[HEADER.FIELDS ()]", expected("a header field")),
        ("FETCH 1 BODY[1", expected("a closing bracket")),
        ("FETCH 1 BODY[1HEADER]", expected("a closing bracket")),
        ("FETCH 1 BODY[", expected("a word")),
        ("FETCH 1 BODY[]<5>", expected("a full stop")),
        ("FETCH 1 BODY[]<0.0>", Fault::Number),
        ("FETCH 1 BODY[]<18446744073709551616.1>", Fault::Number),
        ("FETCH 1 BINARY[1.]", expected("a part's number")),
        ("FETCH 1 FLAGS (FOO)", Fault::Unknown("FETCH modifier")),
        ("FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)", Fault::NotAllowed("VANISHED without UID FETCH and CHANGEDSINCE")),
        ("UID FETCH 1 FLAGS (VANISHED)", Fault::NotAllowed("VANISHED without UID FETCH and CHANGEDSINCE")),
        ("STORE 1 FLAGS", expected("a space")),
        ("STORE 1 +FLAG \\Seen", expected("FLAGS")),
        ("STORE 1 +FLAGS (\\*)", expected("an atom")),
        ("STORE 1 (FOO 1) FLAGS \\Seen", Fault::Unknown("STORE modifier")),
        ("SEARCH", expected("a space")),
        ("SEARCH ()", expected("a search key")),
        ("SEARCH FOO", Fault::Unknown("search key")),
        ("SEARCH NOT NOTE", Fault::Unknown("search key")),
        ("SEARCH OR ORE ALL", Fault::Unknown("search key")),
        ("SEARCH OR SEEN", expected("a space")),
        ("SEARCH RETURN (FOO) ALL", Fault::Unknown("SEARCH return option")),
        ("SEARCH SINCE 30-Feb-1994", expected("a date")),
        ("SEARCH KEYWORD \\Seen", expected("a string")),
        ("SEARCH EMAILID a.b", expected("an object id")),
        ("SEARCH (SEEN", expected("a closing parenthesis")),
        ("SEARCH SEEN)", expected("a space")),
        ("ENABLE", expected("a space")),
        ("ID x", expected("a list or NIL")),
        ("NOOP\0", Fault::Nul),
        ("LOGIN x {1}\r\n\0", Fault::Nul),
        ("", expected("an atom")),
    ] {
        assert_eq!(read(text), Err(fault), "{text}");
    }
}

#[test]
fn without_a_tag_there_is_none_to_answer_with() {
    for no_tag in ["", "+ NOOP", "(a) NOOP", "\"a\" NOOP", "ü NOOP", &"x".repeat(200)] {
        let error = parse(no_tag.as_bytes(), NameForm::Utf7).unwrap_err();
        assert_eq!((error.tag, error.fault), (None, Fault::Expected("a tag")), "{no_tag}");
    }
}

#[test]
fn the_examples_of_the_rfcs_are_understood() {
    let mut count = 0;
    for line in include_str!("rfc_examples.txt").lines().filter(|l| !l.starts_with('#')) {
        let bytes = line.replace("\\r\\n", "\r\n");
        match parse(bytes.as_bytes(), NameForm::Utf7) {
            Ok(tagged) => assert!(!matches!(tagged.command, Command::Unknown(_)), "{line}"),
            // Names like "/archive/x" are understood, but none of ours can be like that.
            Err(error) => assert_eq!(error.fault, Fault::Name(NameError::EmptyLevel), "{line}: {error}"),
        }
        count += 1;
    }
    assert!(count > 200, "only {count} examples");
}
