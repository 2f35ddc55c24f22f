//! What holds for every message: no panic, no dependence on how it is cut, ranges inside it, records that read back.

#![allow(clippy::unwrap_used)] // A failing test says where.

use mime::text::{Needle, Scope, SearchText};
use mime::{Limits, Match, Scanner, Stored, Structure, Which, filter_header};
use proptest::prelude::*;

/// Small limits, so that random mails reach them.
fn limits() -> Limits {
    Limits { depth: 4, parts: 12, header_block: 300, header_total: 900, boundary: 8, listed: 120, ..Limits::default() }
}

fn scan(mail: &[u8], sizes: &[usize], limits: Limits) -> Structure {
    let mut scanner = Scanner::new(limits);
    let mut rest = mail;
    for &size in sizes {
        let (piece, after) = rest.split_at(size.min(rest.len()));
        scanner.push(piece);
        rest = after;
    }
    scanner.push(rest);
    scanner.finish()
}

/// What random mails are made of.
const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"--",
    b"-",
    b"a",
    b" ",
    b"\t",
    b"\0",
    b"\r\n--a\r\n",
    b"\r\n--a--\r\n",
    b"\n--ab\n",
    b"\r\n--ab--",
    b"\n--abcdefgh1\r\n",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n",
    b"Content-Type: multipart/digest; boundary=\"ab\"\n\n",
    b"Content-Type: multipart/related; boundary=abcdefgh12\r\n\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: text/html; charset=utf-8\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Type: multipart/mixed\r\n",
    b"From: A <a@b>\r\n",
    b"Subject: =?utf-8?q?=C3=BC?=\r\n",
    b"To: G: a@b, \"c\" <d@e>;\r\n",
    b"References: <a@b> <c",
    b"References: none\r\n",
    b"Content-Disposition: attachment; filename*0*=x''y\r\n",
    b"Date: 1 Jan 2020 00:00 +0100\r\n",
    b"aGVsbG8=",
    b"=C3=BC=\r\n",
    b"<p>&amp;<script>",
    "grün".as_bytes(),
    b"\xff\xfe",
];

/// Mails made of what matters: boundaries that begin with each other, headers, line ends of all kinds, octets.
fn mail() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(TOKENS);
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..600)
}

/// Asks everything, for panics.
fn use_all(stored: &Stored<'_>) {
    let mut out = Vec::new();
    let _ = stored.listed_header(&["From", "Subject"], &mut out);
    let _ = (
        stored.envelope(),
        stored.body(),
        stored.bodystructure(),
        stored.preview(),
        stored.base_subject(),
        stored.display_to(),
    );
    let _ = (stored.sent_day(), stored.references().count(), stored.listed_lines(), stored.has_attachment());
    for part in stored.parts() {
        let _ = (part.path(), part.header.end, part.body.end);
    }
    for path in [&[][..], &[1], &[1, 1], &[2, 1, 1], &[1, 2, 1, 1], &[0], &[u32::MAX]] {
        for which in [Which::Body, Which::Header, Which::Text, Which::Mime] {
            if let Some(range) = stored.section(path, which) {
                assert!(range.start <= range.end && range.end <= stored.size());
            }
        }
    }
}

/// Parentheses are balanced outside strings and literals, and the whole is one list.
fn is_one_list(wire: &[u8]) -> bool {
    let (mut depth, mut at) = (0_i32, 0);
    while at < wire.len() {
        match wire[at] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'"' => {
                at += 1;
                while wire.get(at).is_some_and(|octet| *octet != b'"') {
                    if matches!(wire[at], b'\r' | b'\n' | 0 | 0x80..) {
                        return false;
                    }
                    at += if wire[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' => {
                let end = at + wire[at..].iter().position(|octet| *octet == b'}').unwrap_or(0);
                let Ok(len) = std::str::from_utf8(&wire[at + 1..end]).unwrap_or_default().parse::<usize>() else {
                    return false;
                };
                if wire.get(end + 1..end + 3) != Some(b"\r\n")
                    || wire.get(end + 3..end + 3 + len).is_none_or(|text| text.contains(&0))
                {
                    return false;
                }
                at = end + 2 + len;
            }
            b'\r' | b'\n' | 0 | 0x80.. => return false,
            _ => {}
        }
        at += 1;
        if depth <= 0 && at < wire.len() {
            return false;
        }
    }
    depth == 0 && wire.starts_with(b"(")
}

fn check(mail: &[u8], sizes: &[usize], limits: Limits) {
    let whole = scan(mail, &[], limits);
    assert_eq!(scan(mail, sizes, limits), whole);
    let record = whole.encode();
    let stored = Stored::parse(&record).unwrap();
    assert_eq!(stored.size(), mail.len() as u64);
    use_all(&stored);
    for wire in [stored.envelope(), stored.body(), stored.bodystructure()] {
        assert!(is_one_list(wire), "{}", wire.escape_ascii());
    }
    let slice =
        |range: std::ops::Range<u64>| &mail[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
    let (header, text) =
        (slice(stored.section(&[], Which::Header).unwrap()), slice(stored.section(&[], Which::Text).unwrap()));
    assert_eq!([header, text].concat(), mail);
    for part in stored.parts() {
        assert_eq!(part.header.end, part.body.start);
        let lines = slice(part.body.clone()).split(|octet| *octet == b'\n').count() - 1;
        assert_eq!(part.lines, lines as u64);
        if let Some(parent) = part.parent() {
            assert!(parent.body.start <= part.header.start && part.body.end <= parent.body.end);
        }
    }
    let (mut listed, mut filtered) = (Vec::new(), Vec::new());
    if stored.listed_header(&["From", "subject", "Content-Type"], &mut listed).is_ok() {
        filter_header(header, &["From", "subject", "Content-Type"], Match::Only, &mut filtered);
        assert_eq!(listed, filtered);
    }
    let needles = [Needle::new(Scope::Body, "hello"), Needle::new(Scope::Text, "ü")];
    let answer = |sizes: &[usize]| {
        let mut search = SearchText::new(stored, &needles);
        let mut rest = mail;
        for &size in sizes {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            search.push(piece);
            rest = after;
        }
        search.push(rest);
        search.finish()
    };
    assert_eq!(answer(&[]), answer(sizes));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn made_up_mails(mail in mail(), sizes in prop::collection::vec(0_usize..40, 0..40)) {
        check(&mail, &sizes, limits());
        check(&mail, &sizes, Limits::default());
    }

    #[test]
    fn random_octets(mail in octets(), sizes in prop::collection::vec(0_usize..40, 0..40)) {
        check(&mail, &sizes, limits());
    }

    #[test]
    fn damaged_records(mail in mail(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let record = scan(&mail, &[], limits()).into_bytes();
        let mut damaged = record.clone();
        for (at, octet) in flips {
            let at = at.index(damaged.len());
            damaged[at] = octet;
        }
        for record in [&damaged[..], &record[..cut.index(record.len())]] {
            if let Ok(stored) = Stored::parse(record) {
                use_all(&stored);
                let mut search = SearchText::new(stored, &[]);
                search.push(&mail);
                search.finish();
            }
        }
    }

    #[test]
    fn mutated_mails(which in any::<prop::sample::Index>(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), size in 1_usize..64) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mails");
        let mut mails: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        mails.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
        mails.sort();
        let mut mail = std::fs::read(&mails[which.index(mails.len())]).unwrap();
        for (at, octet) in flips {
            if !mail.is_empty() {
                let at = at.index(mail.len());
                mail[at] = octet;
            }
        }
        check(&mail, &vec![size; mail.len() / size], limits());
    }

    #[test]
    fn single_readers(octets in octets()) {
        let _ = mime::address::parse(&octets, 10);
        let _ = mime::date::parse(&octets);
        let _ = mime::encoded_word::decode(&octets);
        let _ = mime::encoded_word::decode_extended(&octets);
        let _ = mime::decoded_header(&octets, b"a");
        let text = String::from_utf8_lossy(&octets);
        prop_assert!(text.contains(mime::base_subject(&text)));
        for label in ["utf-8", "utf-7", "iso-2022-jp", "gb18030", "x"] {
            let _ = mime::text::charset::decode(label.as_bytes(), &octets);
        }
    }
}
