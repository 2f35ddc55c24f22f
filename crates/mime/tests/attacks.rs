//! Mails that mean harm: whatever they hold, the time is linear.

use mime::{Limits, Scanner, Structure};
use std::time::{Duration, SystemTime};

/// Far more than the slowest machine needs without optimisation, far less than anything that is not linear.
const PATIENCE: Duration = Duration::from_secs(10);

fn scan(mail: &str) -> Structure {
    let before = SystemTime::now();
    let mut scanner = Scanner::new(Limits::default());
    mail.as_bytes().chunks(4096).for_each(|piece| scanner.push(piece));
    let structure = scanner.finish();
    let time = before.elapsed().unwrap_or_default();
    assert!(time < PATIENCE, "{time:?} for {}", mail.get(..60).unwrap_or(mail));
    structure
}

fn repeated(start: &str, piece: &str, times: usize) -> String {
    start.to_owned() + &piece.repeat(times)
}

#[test]
fn time_is_linear() {
    let nested = (0..10_000).fold(String::new(), |mail, n| {
        mail + &format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")
    });
    let mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let mails = [
        nested,
        repeated("", "Content-Type: message/rfc822\r\n\r\n", 100_000),
        repeated("", "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n", 100_000),
        repeated(mixed, "--b\r\n\r\nx\r\n", 100_000),
        repeated(mixed, "--bb", 500_000),
        repeated(mixed, "-", 1_000_000),
        repeated(mixed, "--b--\r\n", 100_000),
        repeated("To: ", "a@b, ", 1_000_000),
        repeated("To: ", "<", 1_000_000),
        repeated("To: ", "<a ", 300_000),
        repeated("To: ", "(", 1_000_000),
        repeated("To: ", "\"", 1_000_001),
        repeated("To: ", "g:", 500_000),
        repeated("To: ", "@", 1_000_000),
        repeated("To: ", "a ", 500_000),
        repeated("To: ", "a@b\r\nTo: ", 100_000),
        repeated("Subject: ", "[a]", 300_000),
        repeated("Subject: ", "[fwd: ", 150_000),
        repeated("Subject: ", "re ", 300_000),
        repeated("Subject: ", "=?", 500_000),
        repeated("Subject: ", "=?a?q?", 150_000),
        repeated("Subject: ", "=?utf-8?q?a?= ", 70_000),
        repeated("Subject: x\r\n", " folded\r\n", 100_000),
        repeated("References: ", "<", 1_000_000),
        repeated("References: ", "<a@b>", 200_000),
        repeated("Date: ", "(", 1_000_000),
        repeated("Content-Type: text/plain", "; a", 300_000),
        repeated("Content-Type: text/plain", "; a*0=b", 100_000),
        repeated("Content-Type: text/plain; a=", "b ", 300_000),
        repeated("Content-Type: text/plain; a=", "(b", 300_000),
        repeated("Content-Language: ", "en,", 300_000),
        repeated("Content-Type: text/html\r\n\r\n", "<", 1_000_000),
        repeated("Content-Type: text/html\r\n\r\n", "&a", 500_000),
        repeated("Content-Type: text/html\r\n\r\n", "<!--", 300_000),
    ];
    for mail in mails {
        let structure = scan(&mail);
        assert_eq!(structure.view().size(), mail.len() as u64);
        // No answer grows beyond what the limits keep of the headers, as strings of wire and as kept lines.
        assert!(structure.as_bytes().len() < 16 << 20);
    }
}

#[test]
fn many_names_are_looked_up_in_many_fields() {
    let header = (0..150_000).fold(String::new(), |all, n| all + &format!("f{n}:\r\n"));
    let names: Vec<String> = (100_000..250_000).map(|n| format!("F{n}")).collect();
    let before = SystemTime::now();
    let mut found = Vec::new();
    mime::filter_header(header.as_bytes(), &names, mime::Match::Only, &mut found);
    let time = before.elapsed().unwrap_or_default();
    assert_eq!(found.len(), 50_000 * "f100000:\r\n".len());
    assert!(time < PATIENCE, "{time:?}");
}

/// A header block of its own for each of a message's parts, each as long as may be.
fn many_parts(header: &str) -> String {
    let part = format!("--b\r\n{header}\r\n\r\nx\r\n");
    format!("{header}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n", part.repeat(1_000))
}

#[test]
fn a_record_is_bounded_and_can_be_read() {
    let long = "x".repeat(1_000_000);
    let quoted = "\\\"".repeat(400_000);
    let list = |address: &str, times: usize| vec![address; times].join(", ");
    let forwarded = |header: &str| {
        format!("{header}\r\nContent-Type: message/rfc822\r\n\r\n").repeat(31) + header + "\r\n\r\nx\r\n"
    };
    let addresses = list(&format!("{} <a@b>", "n".repeat(900)), 1_000);
    let mut headers = vec![
        format!("Subject: {long}"),
        format!("Subject: {}", "=?utf-8?q?=E2=82=AC?= ".repeat(50_000)),
        format!("From: \"{quoted}\" <a@b>"),
        format!("From: {addresses}"),
        format!("From: {addresses}\r\nTo: {addresses}\r\nCc: {addresses}\r\nBcc: {addresses}"),
        format!("From: {long}@{long}"),
        format!("Message-ID: <{long}@x>\r\nIn-Reply-To: <{long}@x>"),
        format!("References: {}", list(&format!("<{}@x>", "r".repeat(5_000)), 200).replace(',', "")),
        format!("References: <{long}@x>"),
        format!("Content-Description: {long}"),
        format!("Content-Type: text/plain; name=\"{quoted}\""),
        format!("Content-Type: {long}/{long}; charset={long}"),
        format!("Content-Transfer-Encoding: {long}"),
        format!("Content-Disposition: attachment; filename={long}"),
        format!("Content-Language: {}", list("en", 300_000)),
        format!(
            "Content-Type: text/plain; {}",
            (0..100).map(|n| format!("p{n}*0*=''%20; p{n}*1={}", "\\".repeat(9_000))).collect::<Vec<_>>().join("; ")
        ),
    ];
    headers.extend(headers.clone().iter().map(|header| header.chars().take(4_000).collect()));
    for header in &headers {
        for mail in [format!("{header}\r\n\r\nx"), many_parts(header), forwarded(header)] {
            let structure = scan(&mail);
            let octets = structure.as_bytes().len();
            assert!(octets <= 1 << 20, "{octets} octets for {header:.60}");
            let view = structure.view();
            assert_eq!(view.size(), mail.len() as u64);
            assert!(view.envelope().starts_with(b"(") && view.bodystructure().ends_with(b")"));
        }
    }
}
