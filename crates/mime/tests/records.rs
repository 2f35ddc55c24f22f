//! Records as 0.1 wrote them, octet by octet (`records/x.rec`, from `records/x.eml`), and what a later program makes of them.

#![allow(clippy::unwrap_used)] // A failing test says where.
#![allow(clippy::cast_possible_truncation, clippy::format_push_string, reason = "the numbers of tests are small")]

mod reader_1;

use mime::{Damaged, Derivation, LAYOUT, Limits, PartKind, Scanner, Stored, Structure, Which, rederive};
use std::fs;
use std::path::Path;

const NAMES: [&str; 4] = ["whole", "sealed", "empty", "eight_bit"];

/// A message and its record of 0.1.
fn record(name: &str) -> (Vec<u8>, Vec<u8>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/records");
    let read = |suffix| fs::read(folder.join(format!("{name}.{suffix}"))).unwrap();
    (read("eml"), read("rec"))
}

fn scan(mail: &[u8], limits: Limits) -> Structure {
    let mut scanner = Scanner::new(limits);
    scanner.push(mail);
    scanner.finish().derived_by(Derivation::FIRST.next())
}

/// Rules under which about everything is found otherwise.
fn other_rules() -> Limits {
    Limits { addresses: 1, params: 0, preview: 5, references: 1, parts: 2, ..Limits::default() }
}

#[test]
fn a_record_of_0_1_stays_readable() {
    let (mail, record) = record("whole");
    let stored = Stored::parse(&record).unwrap();
    assert_eq!(stored.derivation(), Derivation::FIRST);
    assert_eq!(stored.size(), mail.len() as u64);
    assert_eq!((stored.sent(), stored.sent_zone_minutes()), (Some(1_795_627_800), 90));
    assert!(
        stored
            .envelope()
            .starts_with(b"(\"Wed, 25 Nov 2026 19:00:00 +0130\" \"Re: =?utf-8?b?w5xiZXI=?= all\" ((\"=?utf-8")
    );
    assert!(stored.body().starts_with(
        b"((\"text\" \"html\" (\"charset\" \"iso-8859-1\") NIL NIL \"quoted-printable\" 21 0)(\"message\""
    ));
    assert!(
        stored.bodystructure().ends_with(
            b"(\"attachment\" (\"filename\" \"a.pdf\")) NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"
        )
    );
    assert_eq!((stored.subject(), stored.base_subject(), stored.is_reply()), ("Re: Über all", "Über all", true));
    assert_eq!((stored.preview(), stored.has_attachment()), ("Hello, wörld", true));
    assert_eq!((stored.first_from(), stored.first_to(), stored.first_cc()), (&b"green"[..], &b"b"[..], &b"d"[..]));
    assert_eq!((stored.display_from(), stored.display_to()), ("Grün", "B, b"));
    assert_eq!((stored.message_id(), stored.in_reply_to()), (Some(&b"3@example.org"[..]), Some(&b"2@example.org"[..])));
    assert_eq!(stored.references().collect::<Vec<_>>(), [b"1@example.org", b"2@example.org"]);
    let mut listed = Vec::new();
    stored.listed_header(&["Cc"], &mut listed).unwrap();
    assert_eq!(listed, b"Cc: d@example.org\r\n\r\n");
    let octets = |path: &[u32], which| {
        let range = stored.section(path, which).unwrap();
        mail[range.start as usize..range.end as usize].to_vec()
    };
    assert_eq!(octets(&[1], Which::Body), b"<p>Hello, w=F6rld</p>");
    assert_eq!(octets(&[2, 1], Which::Body), b"text");
    assert_eq!(octets(&[3], Which::Body), b"AAAA");
    let kinds: Vec<_> = stored.parts().map(|part| (part.kind, part.path())).collect();
    let kinds: Vec<_> = kinds.iter().map(|(kind, path)| (*kind, path.as_str())).collect();
    let all = [
        (PartKind::Multipart, "TEXT"),
        (PartKind::Text, "1"),
        (PartKind::Message, "2"),
        (PartKind::Text, "2.1"),
        (PartKind::Other, "3"),
    ];
    assert_eq!(kinds, all);
}

#[test]
fn what_is_written_is_what_0_1_wrote_but_for_the_derivation() {
    for name in NAMES {
        let (mail, record) = record(name);
        let mut scanner = Scanner::new(Limits::default());
        scanner.push(&mail);
        // When the rules change, this compares no more than the reading of both: `Derivation::CURRENT` is above `FIRST` then.
        let written = scanner.finish().derived_by(Derivation::FIRST).into_bytes();
        if Derivation::CURRENT == Derivation::FIRST {
            assert_eq!(written, record, "{name}");
        }
        let next = scan(&mail, Limits::default()).into_bytes();
        assert_eq!(Stored::parse(&next).unwrap().derivation(), Derivation::FIRST.next());
        assert!(reader_1::describe(&next).is_some() && reader_1::describe(&record).is_some());
        assert_eq!(
            next.iter().zip(&written).filter(|(new, old)| new != old).count(),
            1,
            "{name}: one octet says by which rules"
        );
    }
}

#[test]
fn a_newer_layout_is_refused_and_a_newer_derivation_taken() {
    let (_, mut record) = record("whole");
    record[3] = 200;
    let subject = Stored::parse(&record).unwrap().subject();
    assert_eq!(subject, "Re: Über all");
    record[0] = LAYOUT + 1;
    assert_eq!(Stored::parse(&record).unwrap_err(), Damaged::Layout(LAYOUT + 1));
    assert!(reader_1::describe(&record).is_none());
}

#[test]
fn newer_rules_leave_what_was_told_and_renew_the_rest() {
    for name in NAMES {
        let (mail, record) = record(name);
        let old = Stored::parse(&record).unwrap();
        let fresh = scan(&mail, other_rules());
        let new = rederive(&old, &fresh);
        let (new, fresh) = (new.view(), fresh.view());
        assert_eq!(new.derivation(), Derivation::FIRST.next());
        assert_eq!(
            (new.envelope(), new.body(), new.bodystructure()),
            (old.envelope(), old.body(), old.bodystructure())
        );
        let places =
            |stored: &Stored<'_>| stored.parts().map(|p| (p.path(), p.header, p.body, p.lines)).collect::<Vec<_>>();
        assert_eq!(places(&new), places(&old));
        assert_eq!(new.preview(), fresh.preview());
        assert_eq!(new.references().collect::<Vec<_>>(), fresh.references().collect::<Vec<_>>());
        assert_eq!(
            (new.sent(), new.is_reply(), new.listed_lines()),
            (fresh.sent(), fresh.is_reply(), fresh.listed_lines())
        );
        assert_eq!((new.has_attachment(), new.display_to()), (fresh.has_attachment(), fresh.display_to()));
    }
    let (mail, record) = record("whole");
    let new = rederive(&Stored::parse(&record).unwrap(), &scan(&mail, other_rules()));
    assert_eq!(
        (new.view().preview(), new.view().references().count()),
        ("", 1),
        "the other rules do find other things"
    );
}

#[test]
fn the_same_rules_give_a_record_that_says_the_same_to_every_reader() {
    for name in NAMES {
        let (mail, record) = record(name);
        let new = rederive(&Stored::parse(&record).unwrap(), &scan(&mail, Limits::default()));
        assert_eq!(reader_1::describe(new.as_bytes()), reader_1::describe(&record), "{name}");
        // It does not grow however often it is done.
        let again = rederive(&new.view(), &scan(&mail, Limits::default()));
        assert_eq!(again, new);
    }
}

#[test]
fn how_a_part_is_decoded_is_found_anew() {
    let mail = |encoding: &str| {
        format!(
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Transfer-Encoding: {encoding}\r\n\r\nAAAA\r\n--x--\r\n"
        )
    };
    // Two mails of the same shape stand for one under two rules.
    let (old, new) = (mail("basexx"), mail("base64"));
    let old = scan(old.as_bytes(), Limits::default());
    let new = rederive(&old.view(), &scan(new.as_bytes(), Limits::default()));
    assert_eq!(new.view().part(1).unwrap().encoding, mime::transfer::Encoding::Base64);
    assert_eq!(new.view().bodystructure(), old.view().bodystructure());
}

#[test]
fn what_nobody_could_parse_is_told_anew() {
    let (mail, mut record) = record("whole");
    let fresh = scan(&mail, other_rules());
    let whole = Stored::parse(&record).unwrap();
    let envelope = whole.envelope().to_vec();
    let at = record.windows(envelope.len()).position(|window| window == envelope).unwrap();
    record[at + envelope.len() - 1] = b' ';
    let old = Stored::parse(&record).unwrap();
    let new = rederive(&old, &fresh);
    assert_eq!(new.view().envelope(), fresh.view().envelope());
    assert_eq!(new.view().bodystructure(), old.bodystructure());
    record[at + envelope.len() - 1] = b')';
    let body = Stored::parse(&record).unwrap().bodystructure().to_vec();
    let at = record.windows(body.len()).position(|window| window == body).unwrap();
    record[at] = b'"';
    let new = rederive(&Stored::parse(&record).unwrap(), &fresh);
    assert_eq!(new.view().envelope(), envelope);
    assert_eq!((new.view().body(), new.view().bodystructure()), (fresh.view().body(), fresh.view().bodystructure()));
    assert_eq!(new.view().part_count(), fresh.view().part_count());
}
