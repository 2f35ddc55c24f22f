//! Small mails, most of them broken in one way, each beside what is known of it: `mails/x.eml` and `mails/x.txt`.
//!
//! After a change that means to change answers: `MIME_BLESS=1 cargo test -p posthorn-mime --test mails`, and read the difference.

#![allow(clippy::unwrap_used)] // A failing test says where.

use mime::{Limits, Scanner, Stored, Which};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn mails() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mails");
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    found.sort();
    found
}

/// Everything that FETCH can answer, in words that a person can check.
fn describe(mail: &[u8], view: &Stored<'_>) -> String {
    let mut text = String::new();
    for (name, wire) in [("ENVELOPE", view.envelope()), ("BODY", view.body()), ("BODYSTRUCTURE", view.bodystructure())]
    {
        writeln!(text, "{name} {}", wire.escape_ascii()).unwrap();
    }
    writeln!(text, "PREVIEW {:?}", view.preview()).unwrap();
    let mut section = |name: &str, path: &[u32], which| {
        if let Some(range) = view.section(path, which) {
            let octets = &mail[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
            writeln!(text, "BODY[{name}] {}", octets.escape_ascii()).unwrap();
        }
    };
    section("HEADER", &[], Which::Header);
    section("TEXT", &[], Which::Text);
    for part in view.parts() {
        let name = part.path();
        let Ok(path) = name.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>() else { continue };
        section(&name, &path, Which::Body);
        section(&format!("{name}.MIME"), &path, Which::Mime);
        section(&format!("{name}.HEADER"), &path, Which::Header);
        section(&format!("{name}.TEXT"), &path, Which::Text);
    }
    text
}

#[test]
fn mails_are_known() {
    let mails = mails();
    assert!(mails.len() > 40, "only {} mails", mails.len());
    for path in mails {
        let mail = fs::read(&path).unwrap();
        let expected = path.with_extension("txt");
        let mut scanner = Scanner::new(Limits::default());
        scanner.push(&mail);
        let found = describe(&mail, &scanner.finish().view());
        if std::env::var_os("MIME_BLESS").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        assert_eq!(found, fs::read_to_string(&expected).unwrap_or_default(), "{}", path.display());
    }
}

#[test]
fn pieces_make_no_difference() {
    for path in mails() {
        let mail = fs::read(&path).unwrap();
        let whole = {
            let mut scanner = Scanner::new(Limits::default());
            scanner.push(&mail);
            scanner.finish()
        };
        for size in 1..=mail.len() {
            let mut scanner = Scanner::new(Limits::default());
            mail.chunks(size).for_each(|piece| scanner.push(piece));
            assert_eq!(scanner.finish(), whole, "{} in pieces of {size}", path.display());
        }
    }
}
