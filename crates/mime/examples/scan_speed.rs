//! Measures the scan, the record and its view: `cargo run --release -p posthorn-mime --example scan_speed`.

use mime::text::{Needle, Scope, SearchText};
use mime::{Limits, Scanner, Stored, Structure};
use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

fn scan(mail: &[u8]) -> Structure {
    let mut scanner = Scanner::new(Limits::default());
    for piece in mail.chunks(64 << 10) {
        scanner.push(piece);
    }
    scanner.finish()
}

/// The best of a few runs of `work`.
fn best(mut work: impl FnMut()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let before = SystemTime::now();
        work();
        best = best.min(before.elapsed().unwrap_or_default());
    }
    best
}

fn rate(name: &str, mail: &[u8], out: &mut impl Write) -> io::Result<()> {
    let time = best(|| drop(black_box(scan(black_box(mail)))));
    let megabytes = u32::try_from(mail.len() / 1000).map_or(0.0, f64::from) / 1000.0;
    writeln!(out, "{name}: {megabytes:.1} MB in {time:?}, {:.0} MB/s", megabytes / time.as_secs_f64())
}

fn search_rate(name: &str, mail: &[u8], out: &mut impl Write) -> io::Result<()> {
    let structure = scan(mail);
    let needles = [Needle::new(Scope::Body, "not in this text")];
    let time = best(|| {
        let mut search = SearchText::new(structure.view(), &needles);
        mail.chunks(64 << 10).for_each(|piece| search.push(piece));
        drop(black_box(search.finish()));
    });
    let megabytes = u32::try_from(mail.len() / 1000).map_or(0.0, f64::from) / 1000.0;
    writeln!(out, "search in {name}: {megabytes:.1} MB in {time:?}, {:.0} MB/s", megabytes / time.as_secs_f64())
}

fn typical() -> Vec<u8> {
    let header = "Return-Path: <anna@example.org>\r\nReceived: from mx.example.org (mx.example.org [192.0.2.1])\r\n\tby mail.example.net with ESMTPS\r\n\
        \tfor <ben@example.net>; Tue, 1 Apr 2025 10:00:01 +0000 (UTC)\r\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s1;\r\n\
        \tb=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzR\r\nFrom: Anna Example <anna@example.org>\r\nTo: Ben Example <ben@example.net>,\r\n\
        \tCarla <carla@example.net>\r\nSubject: Re: =?utf-8?q?Pl=C3=A4ne?= for the summer\r\nDate: Tue, 1 Apr 2025 12:00:00 +0200\r\n\
        Message-ID: <20250401120000.12345@example.org>\r\nIn-Reply-To: <20250331080000.999@example.net>\r\n\
        References: <20250330080000.1@example.net> <20250331080000.999@example.net>\r\nMIME-Version: 1.0\r\nUser-Agent: Example Mail 1.0\r\n\
        Content-Type: multipart/alternative; boundary=\"----=_Part_12345\"\r\n\r\n";
    let plain = "The quick brown fox jumps over the lazy dog, and then it goes on.\r\n".repeat(15);
    let html = "<p>The quick brown fox jumps over the lazy dog, and then it goes on.</p>\r\n".repeat(30);
    format!(
        "{header}------=_Part_12345\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{plain}\r\n\
         ------=_Part_12345\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{html}\r\n------=_Part_12345--\r\n"
    )
    .into_bytes()
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let line = "The quick brown fox jumps over the lazy dog, -- and then it goes on --.\r\n";
    let plain = format!("Subject: x\r\n\r\n{}", line.repeat(700_000)).into_bytes();
    rate("one text part", &plain, &mut out)?;
    let multipart = |body: &str| {
        format!("Content-Type: multipart/mixed; boundary=abc\r\n\r\n--abc\r\n\r\n{body}\r\n--abc--\r\n").into_bytes()
    };
    rate("text in a multipart", &multipart(&line.repeat(700_000)), &mut out)?;
    rate("lines that look like boundaries", &multipart(&"--ab no boundary\r\n".repeat(1_000_000)), &mut out)?;
    let base64 = "TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsuTWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsu\r\n".repeat(700_000);
    rate("base64 in a multipart", &multipart(&base64), &mut out)?;
    rate("one header of 50 MB", "X-Long: and so on\r\n".repeat(2_600_000).as_bytes(), &mut out)?;
    rate("one header line of 50 MB", format!("X: {}", "x".repeat(50_000_000)).as_bytes(), &mut out)?;
    rate("a million addresses", format!("To: {}\r\n\r\n", "a@b, ".repeat(1_000_000)).as_bytes(), &mut out)?;
    rate("300,000 parts", &multipart(&"--abc\r\n\r\nx\r\n".repeat(300_000)), &mut out)?;
    let nested = (0..10_000).fold(String::new(), |mail, n| {
        mail + &format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")
    });
    rate("10,000 nested multiparts", nested.as_bytes(), &mut out)?;
    rate("10,000 nested messages", "Content-Type: message/rfc822\r\n\r\n".repeat(10_000).as_bytes(), &mut out)?;

    let utf8 = multipart(&"Grüße aus Köln, und danke für die schöne Zeit im Süden.\r\n".repeat(200_000));
    let html = multipart(&"<p>The <b>quick</b> brown fox &amp; the lazy dog.</p>\r\n".repeat(200_000));
    let html = [b"Content-Type: text/html\r\n\r\n", &html[..]].concat();
    for (name, mail) in
        [("plain text", &plain), ("text that is not ASCII", &utf8), ("base64", &multipart(&base64)), ("HTML", &html)]
    {
        search_rate(name, mail, &mut out)?;
    }

    let typical = typical();
    let record = scan(&typical).into_bytes();
    let rounds = 10_000;
    let time = best(|| (0..rounds).for_each(|_| drop(black_box(scan(black_box(&typical))))));
    writeln!(
        out,
        "typical mail of {} octets: record of {} octets, {:?} each",
        typical.len(),
        record.len(),
        time / rounds
    )?;
    let time = best(|| {
        for _ in 0..rounds {
            let stored = Stored::parse(black_box(&record));
            black_box(stored.map(|stored| stored.envelope().len()).unwrap_or_default());
        }
    });
    writeln!(out, "parse of a record and its envelope: {:?} each", time / rounds)?;
    let mut fields = Vec::new();
    let names = ["from", "to", "cc", "subject", "date", "message-id", "references", "content-type"];
    let time = best(|| {
        for _ in 0..rounds {
            fields.clear();
            if let Ok(stored) = Stored::parse(black_box(&record)) {
                black_box(stored.listed_header(&names, &mut fields).is_ok());
            }
        }
    });
    writeln!(out, "header fields of a record: {} octets, {:?} each", fields.len(), time / rounds)
}
