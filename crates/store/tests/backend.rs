//! What every backend promises beside its engines, tried on each.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use store::backend::{Backend, Edit, Expect, Files, Lease, Memory, Table};
use store::engine::Written;
use support::Folder;

fn on_each(test: impl Fn(&dyn Backend)) {
    test(&Memory::default());
    let folder = Folder::new();
    test(&Files::set_up(folder.path(), &store::Options::default()).unwrap());
}

fn edit(table: Table, key: &str, was: Expect, becomes: Option<&str>) -> Edit {
    Edit { table, key: key.as_bytes().to_vec(), was, becomes: becomes.map(|row| row.as_bytes().to_vec()) }
}

fn put(table: Table, key: &str, row: &str) -> Edit {
    edit(table, key, Expect::Anything, Some(row))
}

fn this(row: &str) -> Expect {
    Expect::This(row.as_bytes().to_vec())
}

#[test]
fn rows_are_found_by_table_and_key_in_order() {
    on_each(|backend| {
        let rows = backend.rows();
        let written = rows.write(&[
            put(Table::Queue, "b", "2"),
            put(Table::Queue, "a", "1"),
            put(Table::AppPassword, "a", "other"),
            put(Table::Queue, "c", "3"),
        ]);
        assert_eq!(written.unwrap(), Written::Durably);
        let keys = |from: &str, limit| -> Vec<String> {
            let found = rows.range(Table::Queue, from.as_bytes(), limit).unwrap();
            found.into_iter().map(|(key, _)| String::from_utf8(key).unwrap()).collect()
        };
        assert_eq!(keys("", 9), ["a", "b", "c"]);
        assert_eq!(keys("b", 1), ["b"]);
        assert_eq!(keys("bb", 9), ["c"]);
        assert_eq!(rows.row(Table::AppPassword, b"a").unwrap().unwrap(), b"other");
        assert_eq!(rows.row(Table::Queue, b"aa").unwrap(), None);
        assert_eq!(rows.write(&[edit(Table::Queue, "a", Expect::Anything, None)]).unwrap(), Written::Durably);
        assert_eq!(keys("", 9), ["b", "c"]);
    });
}

#[test]
fn edits_happen_all_or_not_at_all() {
    on_each(|backend| {
        let rows = backend.rows();
        let first = edit(Table::Queue, "a", Expect::Nothing, Some("1"));
        assert_eq!(rows.write(std::slice::from_ref(&first)).unwrap(), Written::Durably);
        assert_eq!(rows.write(&[put(Table::Queue, "b", "2"), first]).unwrap(), Written::TooLate, "it is there");
        assert_eq!(rows.row(Table::Queue, b"b").unwrap(), None);
        let wrong = [put(Table::Queue, "b", "2"), edit(Table::Queue, "a", this("9"), Some("3"))];
        assert_eq!(rows.write(&wrong).unwrap(), Written::TooLate);
        assert_eq!(rows.row(Table::Queue, b"b").unwrap(), None);
        let twice = [edit(Table::Queue, "a", this("1"), Some("2")), edit(Table::Queue, "a", this("2"), Some("3"))];
        assert_eq!(rows.write(&twice).unwrap(), Written::Durably, "an edit sees those before it");
        assert_eq!(rows.row(Table::Queue, b"a").unwrap().unwrap(), b"3");
        assert_eq!(rows.write(&[edit(Table::Queue, "a", this("3"), None)]).unwrap(), Written::Durably);
        assert_eq!(rows.write(&[edit(Table::Queue, "a", this("3"), None)]).unwrap(), Written::TooLate);
    });
}

#[test]
fn a_lease_has_one_holder_and_who_lost_it_writes_nothing() {
    on_each(|backend| {
        let rows = backend.rows();
        let ours = Lease::take(rows, "queue", "us", (100, 160)).unwrap().unwrap();
        assert_eq!(Lease::take(rows, "queue", "them", (159, 220)).unwrap(), None);
        assert!(Lease::take(rows, "other", "them", (100, 160)).unwrap().is_some());
        let ours = ours.renew(rows, 200).unwrap().unwrap();
        assert_eq!(Lease::take(rows, "queue", "them", (199, 260)).unwrap(), None);
        assert_eq!(rows.write(&[ours.fence(), put(Table::Queue, "a", "ours")]).unwrap(), Written::Durably);
        // We sleep; it ends; they take it. What we write when we wake does not happen.
        let theirs = Lease::take(rows, "queue", "them", (200, 260)).unwrap().unwrap();
        assert_eq!(rows.write(&[ours.fence(), put(Table::Queue, "a", "late")]).unwrap(), Written::TooLate);
        assert_eq!(rows.row(Table::Queue, b"a").unwrap().unwrap(), b"ours");
        assert_eq!(ours.clone().renew(rows, 300).unwrap(), None);
        ours.release(rows).unwrap();
        assert_eq!(rows.write(&[theirs.fence(), put(Table::Queue, "a", "theirs")]).unwrap(), Written::Durably);
        theirs.release(rows).unwrap();
        assert!(Lease::take(rows, "queue", "us", (201, 260)).unwrap().is_some(), "given back");
    });
}

#[test]
fn of_many_who_take_a_lease_at_once_one_has_it() {
    let folder = Folder::new();
    let backends: Vec<Arc<Files>> =
        (0..4).map(|_| Arc::new(Files::set_up(folder.path(), &store::Options::default()).unwrap())).collect();
    let taken = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for (n, backend) in backends.iter().enumerate() {
            let taken = &taken;
            scope.spawn(move || {
                let lease = Lease::take(backend.rows(), "sweep", &format!("process {n}"), (0, 60)).unwrap();
                taken.fetch_add(u64::from(lease.is_some()), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(taken.load(Ordering::Relaxed), 1);
}
