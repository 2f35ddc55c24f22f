//! Mails that other projects collected, beside the checkout or where `POSTHORN_CORPUS` says: no panic, no dependence on how they are
//! cut, and the same answers as `mail-parser` where both can be right.

#![allow(clippy::unwrap_used)] // A failing test says where.

use mail_parser::{Address, MessageParser};
use mime::{Limits, Scanner, Stored, Structure, Which};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn corpus() -> Vec<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = env::var_os("POSTHORN_CORPUS").map_or_else(beside, PathBuf::from);
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    if found.is_empty() {
        let _ = writeln!(io::stderr(), "no corpus of mails at {}: nothing compared", root.display());
    }
    found
}

fn scan(mail: &[u8], size: usize) -> Structure {
    let mut scanner = Scanner::new(Limits::default());
    mail.chunks(size).for_each(|piece| scanner.push(piece));
    scanner.finish()
}

#[test]
fn every_mail_has_a_structure() {
    for path in corpus() {
        let mail = fs::read(&path).unwrap();
        let whole = scan(&mail, mail.len().max(1));
        for size in [1, 7, 64, 4096] {
            assert_eq!(scan(&mail, size), whole, "{} in pieces of {size}", path.display());
        }
        let record = whole.encode();
        let view = Stored::parse(&record).unwrap();
        assert!(view.section(&[1], Which::Body).is_some() || view.part_count() == 1, "{}", path.display());
        for part in view.parts() {
            assert!(part.body.end <= view.size() && part.header.end == part.body.start, "{}", path.display());
            if let Some(parent) = part.parent() {
                assert!(
                    parent.body.start <= part.header.start && part.body.end <= parent.body.end,
                    "{}",
                    path.display()
                );
            }
        }
    }
}

/// What two readers found, and whether they agree.
struct Tally {
    name: &'static str,
    same: usize,
    all: usize,
}

impl Tally {
    fn new(name: &'static str) -> Self {
        Self { name, same: 0, all: 0 }
    }

    fn count<T: PartialEq + std::fmt::Debug>(&mut self, path: &Path, ours: &T, theirs: &T) {
        self.all += 1;
        if ours == theirs {
            self.same += 1;
        } else {
            let _ = writeln!(io::stderr(), "{}: {} {ours:?}, mail-parser {theirs:?}", path.display(), self.name);
        }
    }

    /// The rest are mails in which a field stands twice (mail-parser takes the last) or is broken in a way that has no right answer.
    fn check(&self) {
        assert!(self.same * 100 >= self.all * 95, "{}: only {} of {} agree", self.name, self.same, self.all);
    }
}

#[test]
fn mail_parser_agrees() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut subjects, mut dates, mut ids, mut froms) =
        (Tally::new("subject"), Tally::new("date"), Tally::new("message id"), Tally::new("from"));
    for path in corpus() {
        let mail = fs::read(&path).unwrap();
        let structure = scan(&mail, 4096);
        let view = structure.view();
        let Some(theirs) = MessageParser::default().parse(&mail) else { continue };
        if let Some(subject) = theirs.subject() {
            subjects.count(&path, &words(view.subject()), &words(subject));
        }
        if let Some(date) = theirs.date().filter(|date| date.is_valid()) {
            dates.count(&path, &view.sent(), &Some(date.to_timestamp()));
        }
        if let Some(id) = theirs.message_id() {
            ids.count(&path, &view.message_id().map(String::from_utf8_lossy), &Some(id.into()));
        }
        if let Some(mailbox) = theirs.from().and_then(Address::first).and_then(|from| from.address()) {
            let mailbox = mailbox.rsplit_once('@').map_or(mailbox, |(mailbox, _)| mailbox);
            froms.count(&path, &String::from_utf8_lossy(view.first_from()).into_owned(), &mailbox.to_owned());
        }
    }
    [subjects, dates, ids, froms].iter().for_each(Tally::check);
}
