//! What is known of a message beside its structure: sort keys, threads, lists, attachments, limits.

#![allow(clippy::unwrap_used)] // A failing test says where.

use mime::{Limits, Match, NotListed, Scanner, Structure, Which, filter_header, is_listed};

fn scan(mail: &str) -> Structure {
    scan_within(mail, Limits::default())
}

fn scan_within(mail: &str, limits: Limits) -> Structure {
    let mut scanner = Scanner::new(limits);
    scanner.push(mail.as_bytes());
    scanner.finish()
}

const MAIL: &str = "Received: from a by b\r\nFrom: =?utf-8?q?Gr=C3=BCn?= <anna@example.org>\r\nTo: Ben\r\n <ben@example.net>, c@d\r\nCc: dora@example.net\r\n\
    Subject: Re: [list]  =?utf-8?q?Caf=C3=A9?=\r\n am Markt (fwd)\r\nDate: 31 Dec 2000 16:01:33 -0800\r\nMessage-ID: <\"m\"@example.org>\r\n\
    References: <1@x>\r\n\t<2@x>\r\nIn-Reply-To: <2@x>\r\nX-Mozilla-Draft-Info: internal/draft\r\n\r\n  Hello,\r\n\r\n\tBen \r\n";

#[test]
fn keys_of_sort_and_thread() {
    let structure = scan(MAIL);
    let view = structure.view();
    assert_eq!(view.size(), MAIL.len() as u64);
    assert_eq!(view.subject(), "Re: [list] Café am Markt (fwd)");
    assert_eq!(view.base_subject(), "Café am Markt");
    assert!(view.is_reply());
    assert_eq!(view.sent(), Some(978_307_293));
    assert_eq!(view.sent_zone_minutes(), -480);
    assert_eq!(view.sent_day(), Some(mime::date::days_from_civil(2000, 12, 31)));
    assert_eq!((view.first_from(), view.first_to(), view.first_cc()), (&b"anna"[..], &b"ben"[..], &b"dora"[..]));
    assert_eq!((view.display_from(), view.display_to()), ("Grün", "Ben"));
    assert_eq!(view.message_id(), Some(&b"m@example.org"[..]));
    assert_eq!(view.in_reply_to(), Some(&b"2@x"[..]));
    assert_eq!(view.references().collect::<Vec<_>>(), [b"1@x", b"2@x"]);
    assert_eq!(view.preview(), "Hello, Ben");
    assert!(!view.has_attachment());
}

#[test]
fn listed_fields_are_as_in_the_message() {
    let structure = scan(MAIL);
    let view = structure.view();
    let header = &MAIL.as_bytes()[..usize::try_from(view.section(&[], Which::Header).unwrap().end).unwrap()];
    for names in [&["to", "SUBJECT", "x-mozilla-draft-info"][..], &["References"], &["Bcc"], &[]] {
        let (mut listed, mut filtered) = (Vec::new(), Vec::new());
        view.listed_header(names, &mut listed).unwrap();
        filter_header(header, names, Match::Only, &mut filtered);
        assert_eq!(listed, filtered, "{names:?}");
    }
    assert_eq!(view.listed_header(&["From", "Received"], &mut Vec::new()), Err(NotListed));
    assert!(view.listed_lines().unwrap().ends_with(b"internal/draft\r\n"));
    assert!(is_listed(b"FROM") && is_listed(b"X-MOZILLA-STATUS") && !is_listed(b"Received"));
}

#[test]
fn fields_that_were_cut_are_not_listed() {
    let long = format!("From: a@b\r\nTo: {}\r\nSubject: s\r\n\r\nx\r\n", "x@y, ".repeat(1000));
    let limits = Limits { header_block: 100, ..Limits::default() };
    for limits in
        [limits, Limits { listed: 100, ..Limits::default() }, Limits { header_total: 100, ..Limits::default() }]
    {
        let structure = scan_within(&long, limits);
        assert_eq!(structure.view().listed_header(&["Subject"], &mut Vec::new()), Err(NotListed));
        assert_eq!(structure.view().listed_lines(), None);
        assert_eq!(structure.view().section(&[1], Which::Body), Some(long.len() as u64 - 3..long.len() as u64));
    }
}

#[test]
fn attachments_are_what_a_person_would_call_so() {
    let part = |kind: &str, header: &str| {
        scan(&format!(
            "Content-Type: multipart/{kind}; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n{header}\r\n\r\nx\r\n--b--\r\n"
        ))
        .view()
        .has_attachment()
    };
    assert!(part("mixed", "Content-Type: application/pdf"));
    assert!(part("mixed", "Content-Type: text/plain\r\nContent-Disposition: attachment"));
    assert!(part("mixed", "Content-Type: text/x-diff; name=a.patch"));
    assert!(part("mixed", "Content-Type: message/rfc822"));
    assert!(!part("mixed", "Content-Type: text/html"));
    assert!(!part("mixed", "Content-Type: image/png\r\nContent-Disposition: inline"));
    assert!(!part("related", "Content-Type: image/png\r\nContent-ID: <x>"));
    assert!(!part("signed", "Content-Type: application/pgp-signature"));
    assert!(!part("alternative", "Content-Type: text/html"));
}

#[test]
fn previews_come_from_the_text_that_is_read_first() {
    let preview = |mail: &str| scan(mail).view().preview().to_owned();
    assert_eq!(preview("Content-Type: text/html\r\n\r\n<style>x</style><p>Hi <b>you</b></p>"), "Hi you");
    let two = |first: &str, second: &str| {
        format!("Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n{first}\r\n--b\r\n{second}\r\n--b--\r\n")
    };
    let html = "Content-Type: text/html\r\n\r\n<p>html";
    assert_eq!(preview(&two("\r\nplain", html)), "plain");
    assert_eq!(preview(&two(html, "\r\nplain")), "plain");
    assert_eq!(preview(&two("\r\n  \r\n", html)), "html");
    assert_eq!(preview(&two("Content-Disposition: attachment\r\n\r\nplain", html)), "html");
    assert_eq!(preview(&two("Content-Type: message/rfc822\r\n\r\n\r\ninside", html)), "html");
    assert_eq!(preview(&format!("\r\n{}", "ä".repeat(300))), "ä".repeat(200));
    assert_eq!(preview("Content-Type: image/png\r\n\r\nx"), "");
}

#[test]
fn what_is_too_deep_is_not_looked_into() {
    let limits = Limits { depth: 2, ..Limits::default() };
    let mail = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
        Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n--a\r\n\r\ny\r\n--a--\r\n";
    let structure = scan_within(mail, limits);
    assert_eq!(
        String::from_utf8_lossy(structure.view().body()),
        "(((\"application\" \"octet-stream\" NIL NIL NIL \"7bit\" 15) \"mixed\")(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) \"mixed\")"
    );
}

#[test]
fn what_is_behind_the_last_part_is_its_content() {
    let limits = Limits { parts: 3, ..Limits::default() };
    let mail = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\none\r\n--a\r\n\r\ntwo\r\n--a\r\n\r\nthree\r\n--a--\r\n";
    let structure = scan_within(mail, limits);
    let view = structure.view();
    assert_eq!(view.part_count(), 3);
    let rest = view.section(&[2], Which::Body).unwrap();
    assert_eq!(&mail[usize::try_from(rest.start).unwrap()..], "\r\ntwo\r\n--a\r\n\r\nthree\r\n--a--\r\n");
    assert_eq!(rest.end, mail.len() as u64);
    assert_eq!(view.section(&[3], Which::Body), None);
}

#[test]
fn references_keep_the_root_and_the_newest() {
    let ids = (0..500).fold(String::new(), |ids, n| format!("{ids} <{n}@x>\r\n"));
    let structure = scan(&format!("References:{ids}\r\n"));
    let found: Vec<_> = structure.view().references().collect();
    assert_eq!((found.len(), found[0], found[1], found[199]), (200, &b"0@x"[..], &b"301@x"[..], &b"499@x"[..]));
    assert_eq!(scan("References: none\r\n\r\n").view().references().count(), 0);
}

#[test]
fn addresses_are_bounded() {
    let structure = scan(&format!("To: {}\r\n\r\n", "a@b, ".repeat(100_000)));
    let addresses = structure.view().envelope().windows(5).filter(|window| window == b"\"a\" \"").count();
    assert_eq!(addresses, 1000);
}

#[test]
fn binary_is_for_leaves() {
    let structure = scan(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=\r\n--b\r\n\
        Content-Type: message/rfc822\r\n\r\n\r\nx\r\n--b--\r\n",
    );
    let view = structure.view();
    assert_eq!(view.binary(&[1]).unwrap().encoding, mime::transfer::Encoding::Base64);
    assert!(view.binary(&[2]).is_none());
    assert!(view.binary(&[2, 1]).is_some());
    assert!(view.binary(&[3]).is_none());
}

#[test]
fn sections_that_are_not_there() {
    let structure = scan(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\r\ninner\r\n--b--\r\n",
    );
    let view = structure.view();
    let there = |path: &[u32], which| view.section(path, which).is_some();
    assert!(
        there(&[], Which::Body) && there(&[], Which::Header) && there(&[], Which::Text) && !there(&[], Which::Mime)
    );
    assert!(there(&[1], Which::Body) && there(&[1], Which::Mime));
    assert!(!there(&[1], Which::Header) && !there(&[1], Which::Text));
    assert!(!there(&[1, 1], Which::Body) && !there(&[0], Which::Body) && !there(&[3], Which::Body));
    assert!(there(&[2], Which::Header) && there(&[2], Which::Text) && there(&[2, 1], Which::Body));
    assert!(!there(&[2, 1, 1], Which::Body) && !there(&[2, 2], Which::Body) && !there(&[2, 1], Which::Header));
    // A message that is no multipart has part 1, and that is no message.
    let plain = scan("Subject: s\r\n\r\nx\r\n");
    assert_eq!(plain.view().section(&[1], Which::Body), Some(14..17));
    assert_eq!(plain.view().section(&[1], Which::Mime), Some(0..14));
    assert_eq!(plain.view().section(&[1], Which::Header), None);
    assert_eq!(plain.view().section(&[1, 1], Which::Body), None);
}
