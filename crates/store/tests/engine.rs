//! What every engine promises, tried on each.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::ops::ControlFlow;

use account::EmailId;
use account::codec::Format;
use imap::ModSeq;
use store::engine::{
    Batch, Cell, Checkpoint, Derived, Engine, LOG_OCTETS, Memory, NewEmail, Over, Row, Sqlite, Written,
};
use store::{AccountId, Error, Identity, Options, Store, StoreId};
use support::{Folder, NOW, mail, upload};

fn on_each(test: impl Fn(&dyn Engine)) {
    test(&Memory::default());
    let folder = Folder::new();
    let owner = Identity { store: StoreId::new(7), account: AccountId::new(1).unwrap() };
    test(&Sqlite::new(&folder.path().join("some/folder/1.sqlite"), owner, &Options::default()));
}

fn modseq(n: u64) -> Option<ModSeq> {
    ModSeq::new(n)
}

fn row(n: u64) -> Row {
    Row {
        modseq: modseq(n).unwrap(),
        at: NOW,
        actor: format!("actor {n}"),
        changes: vec![n as u8; 5],
        gone: if n.is_multiple_of(2) { vec![1, 2] } else { Vec::new() },
    }
}

fn batch(engine: &dyn Engine, after: u64, rows: u64, emails: &[u64]) -> Batch {
    let store = Store::memory();
    let emails = emails.iter().map(|id| {
        let message = upload(&store, &mail(*id as usize));
        let body = engine.put(&message).unwrap();
        NewEmail { id: EmailId::new(*id).unwrap(), received_at: NOW, message, body }
    });
    Batch { after: modseq(after), rows: (after + 1..=after + rows).map(row).collect(), emails: emails.collect() }
}

fn cells(engine: &dyn Engine) -> Vec<Cell> {
    let mut cells = Vec::new();
    engine.checkpoint(&mut |name, data| cells.push(Cell { name, data: data.unwrap().to_vec() })).unwrap();
    cells
}

fn ids(engine: &dyn Engine) -> Vec<u64> {
    let mut ids = Vec::new();
    engine
        .ids(EmailId::FIRST, &mut |id| {
            ids.push(id.get());
            ControlFlow::Continue(())
        })
        .unwrap();
    ids
}

fn cell(name: (u64, u32), data: &[u8]) -> Cell {
    Cell { name, data: data.to_vec() }
}

#[test]
fn there_is_nothing_before_it_is_made_and_after_it_is_destroyed() {
    on_each(|engine| {
        let gone = |engine: &dyn Engine| {
            assert!(matches!(engine.newest(), Err(Error::NoSuchAccount)));
            assert!(matches!(engine.append(&batch(engine, 0, 1, &[])), Err(Error::NoSuchAccount)));
            assert!(matches!(engine.checkpoint(&mut |_, _| ()), Err(Error::NoSuchAccount)));
        };
        gone(engine);
        engine.create(Format::NEWEST).unwrap();
        engine.create(Format::NEWEST).unwrap();
        assert_eq!(engine.newest().unwrap(), None);
        assert_eq!(engine.append(&batch(engine, 0, 1, &[])).unwrap(), Written::Durably);
        engine.destroy().unwrap();
        gone(engine);
        engine.create(Format::NEWEST).unwrap();
        assert_eq!(engine.newest().unwrap(), None);
    });
}

#[test]
fn a_batch_is_written_after_the_last_row_or_not_at_all() {
    on_each(|engine| {
        engine.create(Format::NEWEST).unwrap();
        assert_eq!(engine.append(&batch(engine, 0, 3, &[1, 2])).unwrap(), Written::Durably);
        assert_eq!(engine.append(&batch(engine, 2, 2, &[3])).unwrap(), Written::TooLate);
        assert_eq!(engine.append(&batch(engine, 4, 1, &[3])).unwrap(), Written::TooLate);
        assert_eq!(engine.append(&batch(engine, 0, 1, &[3])).unwrap(), Written::TooLate);
        assert_eq!(engine.newest().unwrap(), modseq(3));
        assert_eq!(ids(engine), [1, 2]);
        assert_eq!(engine.append(&batch(engine, 3, 2, &[3])).unwrap(), Written::Durably);
        engine.close().unwrap();
        assert_eq!(engine.log(None, 100).unwrap(), (1..=5).map(row).collect::<Vec<_>>());
        assert_eq!(engine.log(modseq(2), 2).unwrap(), [row(3), row(4)]);
        assert_eq!(engine.log(modseq(5), 2).unwrap(), []);
        assert_eq!(ids(engine), [1, 2, 3]);
    });
}

#[test]
fn long_rows_are_not_read_all_at_once() {
    on_each(|engine| {
        engine.create(Format::NEWEST).unwrap();
        let mut long = batch(engine, 0, 4, &[]);
        long.rows.iter_mut().for_each(|row| row.changes = vec![7; LOG_OCTETS / 2 + 1]);
        assert_eq!(engine.append(&long).unwrap(), Written::Durably);
        assert_eq!(engine.log(None, 100).unwrap(), long.rows[..2]);
        assert_eq!(engine.log(modseq(2), 100).unwrap(), long.rows[2..]);
        assert_eq!(engine.log(modseq(3), 1).unwrap(), long.rows[3..]);
        assert_eq!(engine.log(modseq(4), 100).unwrap(), []);
    });
}

#[test]
fn emails_and_octets_are_those_that_came() {
    on_each(|engine| {
        engine.create(Format::NEWEST).unwrap();
        let written = batch(engine, 0, 1, &[1, 2, 5]);
        assert_eq!(engine.append(&written).unwrap(), Written::Durably);
        let wanted = [5, 1, 2, 1].map(|id| EmailId::new(id).unwrap());
        let mut seen = Vec::new();
        engine
            .emails(&mut wanted.into_iter(), &mut |email| {
                let new = written.emails.iter().find(|new| new.id == email.id).unwrap();
                assert_eq!((email.size, &email.hash), (new.message.size(), new.message.hash()));
                assert_eq!(email.received_at, NOW);
                assert_eq!(mime::Stored::parse(email.structure).unwrap().size(), u64::from(email.size));
                seen.push(email.id);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(seen, wanted);
        let mut octets = Vec::new();
        engine.chunk(wanted[0], 0, &mut octets).unwrap();
        assert_eq!(octets, mail(5));
        assert!(matches!(engine.chunk(wanted[0], 1, &mut octets), Err(Error::NoSuchEmail(_) | Error::WrongPlan(_))));
        let mut first = true;
        engine
            .first_chunks(&mut wanted.into_iter(), &mut |id, packed| {
                let mut octets = Vec::new();
                packed.unpack(&mut octets).unwrap();
                assert_eq!(octets, mail(id.get() as usize));
                if std::mem::take(&mut first) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
            .unwrap();
    });
}

#[test]
fn octets_have_a_name_before_a_row_names_them() {
    on_each(|engine| {
        engine.create(Format::NEWEST).unwrap();
        let named = batch(engine, 0, 1, &[1]);
        let discarded = batch(engine, 0, 1, &[1]);
        let body = &discarded.emails[0].body;
        engine.discard(body).unwrap();
        engine.discard(body).unwrap();
        assert!(ids(engine).is_empty(), "a name alone is no email");
        assert_eq!(engine.append(&named).unwrap(), Written::Durably);
        let mut octets = Vec::new();
        engine.chunk(EmailId::FIRST, 0, &mut octets).unwrap();
        assert_eq!(octets, mail(1), "what was discarded was another one");
    });
}

#[test]
fn a_checkpoint_is_written_over_the_one_that_it_was_made_for() {
    on_each(|engine| {
        engine.create(Format::NEWEST).unwrap();
        let save = |over, at, put: Vec<Cell>, remove: Vec<(u64, u32)>| {
            engine.save(&Checkpoint { over, modseq: modseq(at).unwrap(), put, remove, keep: None }).unwrap()
        };
        assert_eq!(cells(engine), []);
        let root = cell((0, 0), b"root");
        assert_eq!(save(Over::This(None), 7, vec![root.clone()], Vec::new()), Written::TooLate, "ahead of the log");
        assert_eq!(engine.append(&batch(engine, 0, 7, &[])).unwrap(), Written::Durably);
        let whole = vec![root.clone(), cell((1, 0), b"m"), cell((1, 1), b"a"), cell((1, 4_000_000_000), b"b")];
        assert_eq!(save(Over::This(modseq(1)), 5, whole.clone(), Vec::new()), Written::TooLate);
        assert_eq!(save(Over::This(None), 5, whole.clone(), Vec::new()), Written::Durably);
        assert_eq!(cells(engine), whole);
        let part = vec![cell((0, 0), b"root 2"), cell((1, 1), b"A")];
        assert_eq!(save(Over::This(modseq(4)), 6, part.clone(), Vec::new()), Written::TooLate);
        assert_eq!(save(Over::This(modseq(5)), 6, part, vec![(1, 4_000_000_000)]), Written::Durably);
        engine.close().unwrap();
        assert_eq!(cells(engine), [cell((0, 0), b"root 2"), cell((1, 0), b"m"), cell((1, 1), b"A")]);
        assert_eq!(save(Over::AnyOlder, 5, whole, Vec::new()), Written::TooLate);
        assert_eq!(save(Over::AnyOlder, 7, vec![root.clone()], Vec::new()), Written::Durably);
        assert_eq!(cells(engine), [root]);
    });
}

#[test]
fn rows_expire_when_the_checkpoint_has_them_but_never_all() {
    on_each(|engine| {
        engine.create(Format::NEWEST).unwrap();
        assert_eq!(engine.append(&batch(engine, 0, 5, &[1, 2, 3])).unwrap(), Written::Durably);
        let (one, two, three) = (EmailId::FIRST, EmailId::new(2).unwrap(), EmailId::new(3).unwrap());
        let (m, upto) = (|n| modseq(n).unwrap(), modseq(3).unwrap());
        assert_eq!(engine.expire(upto, &[(one, upto)]).unwrap(), Written::TooLate, "there is no checkpoint");
        let put = vec![cell((0, 0), b"root")];
        let saved = Checkpoint { over: Over::AnyOlder, modseq: m(5), put, remove: Vec::new(), keep: None };
        assert_eq!(engine.save(&saved).unwrap(), Written::Durably);
        assert_eq!(engine.expire(m(5), &[]).unwrap(), Written::TooLate, "the last row stays");
        assert_eq!(engine.expire(upto, &[(one, m(2)), (two, m(3))]).unwrap(), Written::Durably);
        assert_eq!(engine.log(None, 9).unwrap(), [row(4), row(5)]);
        assert_eq!(engine.expire(m(4), &[(one, m(4)), (two, m(1))]).unwrap(), Written::Durably);
        assert_eq!(engine.doomed(None, 9).unwrap(), [(one, m(4)), (two, m(3))], "the last row counts");
        assert_eq!(engine.doomed(Some(one), 9).unwrap(), [(two, m(3))]);
        assert_eq!(engine.doomed(None, 1).unwrap().len(), 1);
        assert_eq!(engine.remove(modseq(4), &[one], &[]).unwrap(), Written::TooLate);
        assert_eq!(engine.remove(modseq(5), &[one], &[two]).unwrap(), Written::Durably);
        assert_eq!(engine.doomed(None, 9).unwrap(), []);
        assert_eq!(ids(engine), [2, 3]);
        assert!(matches!(engine.chunk(one, 0, &mut Vec::new()), Err(Error::NoSuchEmail(id)) if id == one));
        assert!(engine.chunk(three, 0, &mut Vec::new()).is_ok());
        assert_eq!(engine.examine().unwrap(), [""; 0]);
    });
}

#[test]
fn structures_are_renewed_for_emails_that_are_there_and_by_no_older_rules() {
    on_each(|engine| {
        engine.create(Format::NEWEST).unwrap();
        assert_eq!(engine.derived().unwrap(), None);
        assert_eq!(engine.append(&batch(engine, 0, 1, &[1, 2, 5])).unwrap(), Written::Durably);
        let id = |n| EmailId::new(n).unwrap();
        let structure = |n| {
            let mut found = Vec::new();
            engine
                .emails(&mut std::iter::once(id(n)), &mut |email| {
                    found = email.structure.to_vec();
                    ControlFlow::Break(())
                })
                .map(|()| found)
        };
        let kept = structure(5).unwrap();
        let first = mime::Derivation::FIRST;
        let new = |by, upto: u64| Derived { by, upto: id(upto) };
        let renew = |structures: &[(u64, &str)], derived| {
            let structures: Vec<_> = structures.iter().map(|(n, text)| (id(*n), text.as_bytes().to_vec())).collect();
            engine.rederive(&structures, derived).unwrap()
        };
        assert_eq!(renew(&[(1, "one"), (3, "three")], new(first.next(), 3)), Written::Durably);
        assert_eq!(engine.derived().unwrap(), Some(new(first.next(), 3)));
        assert_eq!((structure(1).unwrap(), structure(5).unwrap()), (b"one".to_vec(), kept));
        assert!(matches!(structure(3), Err(Error::NoSuchEmail(_))), "what is gone stays gone");
        for late in [new(first, 9), new(first.next(), 2), new(first.next(), 3)] {
            assert_eq!(renew(&[(1, "late")], late), Written::TooLate);
        }
        assert_eq!(structure(1).unwrap(), b"one");
        assert_eq!(renew(&[], new(first.next().next(), 1)), Written::Durably);
        engine.close().unwrap();
        assert_eq!(engine.derived().unwrap(), Some(new(first.next().next(), 1)));
        assert_eq!(engine.newest().unwrap(), modseq(1));
        assert_eq!(engine.remove(modseq(1), &[id(1)], &[]).unwrap(), Written::Durably);
        assert!(matches!(structure(1), Err(Error::NoSuchEmail(_))));
    });
}
