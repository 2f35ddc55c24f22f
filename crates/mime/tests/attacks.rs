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
