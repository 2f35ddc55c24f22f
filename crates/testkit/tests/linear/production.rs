//! What is read of strangers' octets, each with the words that its grammar knows.

use std::hint::black_box;

use imap::{Event, Framer, Limits, NameForm};
use mime::text::search::{Needle, Scope, SearchText};
use mime::transfer::{Decoder, Encoding};
use mime::{Match, Scanner, Stored};
use testkit::seeds::{COMMAND_WORDS, MAIL_WORDS};

/// Something that is read.
pub(crate) struct Production {
    pub(crate) name: &'static str,
    /// What the text begins with.
    pub(crate) start: &'static [u8],
    pub(crate) words: &'static [&'static [u8]],
    pub(crate) read: fn(&[u8]),
}

const ADDRESS: &[&[u8]] = &[
    b"<",
    b">",
    b"@",
    b"@x",
    b",",
    b":",
    b";",
    b"(",
    b")",
    b"\"",
    b"\\",
    b"[",
    b"]",
    b"a",
    b" ",
    b"\r\n ",
    b".",
    b"a@b",
    b"=?utf-8?q?a?=",
];
const WORDS: &[&[u8]] = &[
    b"=?",
    b"?=",
    b"?",
    b"utf-8",
    b"iso-2022-jp",
    b"*en",
    b"q",
    b"b",
    b"a",
    b" ",
    b"_",
    b"=",
    b"=3D",
    b"4oKs",
    b"\xff",
];
const SUBJECT: &[&[u8]] = &[b"[", b"]", b"re", b"fwd", b"fw", b":", b"[fwd:", b"(fwd)", b"a", b" ", b"\t", b"("];
const PARAMS: &[&[u8]] = &[
    b";",
    b"=",
    b"\"",
    b"\\",
    b"(",
    b")",
    b" ",
    b"\r\n ",
    b"a",
    b"ab",
    b"*",
    b"*0",
    b"*1*",
    b"'",
    b"%41",
    b"charset=utf-8",
    b"boundary=b",
    b"/",
    b"text",
];
const IDS: &[&[u8]] = &[b"<", b">", b"@", b"a", b"\"", b"(", b")", b" ", b"\r\n ", b"\\", b"<a@b>", b","];
const DATE: &[&[u8]] =
    &[b"Mon", b",", b" ", b"1", b"Jan", b"2024", b":", b"+0000", b"-", b"/", b"(", b")", b"\\", b"T", b"GMT", b"\r\n "];
const HTML: &[&[u8]] = &[
    b"<",
    b">",
    b"</",
    b"<!--",
    b"-->",
    b"<script>",
    b"</script>",
    b"<style",
    b"&",
    b"&amp;",
    b"&#x41;",
    b"&#",
    b";",
    b"a",
    b" ",
    b"\"",
    b"'",
    b"=",
    b"<p>",
    b"\r\n",
    b"\xff",
];
const FIELDS: &[&[u8]] = &[
    b"Subject",
    b"Subject: ",
    b":",
    b" ",
    b"\t",
    b"\r\n",
    b"\n",
    b"\r",
    b"a",
    b"X-A: ",
    b"=?utf-8?q?a?=",
    b"\0",
    b"From: ",
];
const ENCODED: &[&[u8]] = &[
    b"=",
    b"=3D",
    b"=\r\n",
    b"\r\n",
    b" ",
    b"a",
    b"QUJD",
    b"====",
    b"\xff",
    b"\r",
    b"\n",
    b"begin 644 a\r\n",
    b"end\r\n",
    b"M",
];

pub(crate) const PRODUCTIONS: &[Production] = &[
    Production {
        name: "address list",
        start: b"",
        words: ADDRESS,
        read: |text| drop(mime::address::parse(text, 1000)),
    },
    Production { name: "encoded words", start: b"", words: WORDS, read: |text| drop(mime::encoded_word::decode(text)) },
    Production {
        name: "extended parameter",
        start: b"utf-8''",
        words: WORDS,
        read: |text| drop(mime::encoded_word::decode_extended(text)),
    },
    Production {
        name: "base subject",
        start: b"",
        words: SUBJECT,
        read: |text| _ = black_box(mime::base_subject(&String::from_utf8_lossy(text))),
    },
    Production { name: "date", start: b"", words: DATE, read: |text| _ = black_box(mime::date::parse(text)) },
    Production { name: "To of a mail", start: b"To: ", words: ADDRESS, read: mail },
    Production { name: "Subject of a mail", start: b"Subject: ", words: WORDS, read: mail },
    Production { name: "References of a mail", start: b"References: ", words: IDS, read: mail },
    Production { name: "Content-Type of a mail", start: b"Content-Type: text/plain", words: PARAMS, read: mail },
    Production {
        name: "Content-Disposition of a mail",
        start: b"Content-Disposition: attachment",
        words: PARAMS,
        read: mail,
    },
    Production { name: "Content-Language of a mail", start: b"Content-Language: ", words: PARAMS, read: mail },
    Production { name: "header of a mail", start: b"", words: FIELDS, read: mail },
    Production { name: "mail", start: b"", words: MAIL_WORDS, read: mail },
    Production {
        name: "multipart",
        start: b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
        words: MAIL_WORDS,
        read: mail,
    },
    Production { name: "HTML", start: b"Content-Type: text/html\r\n\r\n", words: HTML, read: searched },
    Production {
        name: "HTML of another charset",
        start: b"Content-Type: text/html; charset=utf-7\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
        words: HTML,
        read: searched,
    },
    Production { name: "fields that are chosen", start: b"", words: FIELDS, read: chosen },
    Production {
        name: "fields that are decoded",
        start: b"",
        words: FIELDS,
        read: |text| drop(mime::decoded_header(text, b"Subject")),
    },
    Production {
        name: "quoted-printable",
        start: b"",
        words: ENCODED,
        read: |text| decoded(Encoding::QuotedPrintable, text),
    },
    Production { name: "base64", start: b"", words: ENCODED, read: |text| decoded(Encoding::Base64, text) },
    Production { name: "commands", start: b"", words: COMMAND_WORDS, read: commands },
    Production { name: "SEARCH", start: b"a SEARCH ", words: COMMAND_WORDS, read: commands },
    Production { name: "FETCH", start: b"a FETCH 1 (", words: COMMAND_WORDS, read: commands },
    Production {
        name: "a sequence set",
        start: b"a FETCH 1",
        words: &[b"1", b",", b":", b"*", b"9", b"4294967295", b"$", b" "],
        read: commands,
    },
    Production { name: "STORE", start: b"a STORE 1 +FLAGS (", words: COMMAND_WORDS, read: commands },
    Production { name: "LIST", start: b"a LIST (", words: COMMAND_WORDS, read: commands },
    Production { name: "APPEND", start: b"a APPEND INBOX ", words: COMMAND_WORDS, read: commands },
    Production {
        name: "a mailbox name",
        start: b"a SELECT \"",
        words: &[b"&", b"-", b"&-", b"AOQ", b"/", b"\\", b"\"", b"a", b"\xc3\xa4", b"\xff"],
        read: commands,
    },
];

/// A production, words that come a few times, and words for ever.
pub(crate) const KNOWN: &[(&str, &[u8], &[u8])] = &[
    ("address list", b"<@x,", b"a"),
    ("address list", b"<@x", b"a"),
    ("address list", b"<(", b")<@"),
    ("To of a mail", b"<@x,", b"a"),
    ("References of a mail", b"<a", b"("),
];

fn mail(text: &[u8]) {
    let mut scanner = Scanner::new(mime::Limits::default());
    text.chunks(16 << 10).for_each(|piece| scanner.push(piece));
    drop(scanner.finish());
}

fn searched(text: &[u8]) {
    let mut scanner = Scanner::new(mime::Limits::default());
    scanner.push(text);
    let record = scanner.finish().encode();
    let stored = Stored::parse(&record).expect("a record of our own");
    let needles = [Needle::new(Scope::Text, "what nobody wrote"), Needle::new(Scope::Body, "aaaaaaaab")];
    let mut search = SearchText::new(stored, &needles);
    text.chunks(16 << 10).for_each(|piece| search.push(piece));
    drop(search.finish());
}

fn decoded(encoding: Encoding, text: &[u8]) {
    let mut decoder = Decoder::new(encoding).expect("a known encoding");
    let mut out = Vec::new();
    text.chunks(16 << 10).for_each(|piece| decoder.push(piece, &mut out));
    decoder.finish(&mut out);
}

fn chosen(text: &[u8]) {
    let mut out = Vec::new();
    mime::filter_header(text, &["Subject", "X-A", "From"], Match::Only, &mut out);
    mime::filter_header(text, &["Subject", "X-A", "From"], Match::Not, &mut out);
}

/// Frames and reads what a client sends after it has logged in.
fn commands(text: &[u8]) {
    let mut framer = Framer::new(Limits::AFTER_LOGIN);
    for piece in text.chunks(16 << 10).chain([&b"\r\n"[..]]) {
        framer.push(piece).expect("room");
        while let Some(event) = framer.next() {
            match event {
                Event::Command(bytes) => drop(imap::command::parse(bytes, NameForm::Utf7)),
                Event::Message { .. } => framer.accept(),
                _ => {}
            }
        }
    }
}
