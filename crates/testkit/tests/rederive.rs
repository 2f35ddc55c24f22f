//! A program with newer rules of scanning opens the stores of older versions (`tests/fixtures`): it answers as they did, and
//! its sweeps leave no structure of older rules.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use account::EmailId;
use mime::Derivation;
use store::{Account, Options, Store};
use testkit::fixture::play::play;
use testkit::fixture::record::Record;
use testkit::fixture::{self, Fixture};
use testkit::suite::Folder;

/// When the fixtures were made, and no retention: nothing in them is too old.
const NOW: i64 = 1_796_083_200;

/// A program whose rules are newer, in small steps. They find no more than one address a field: ENVELOPE has all that it had.
fn newer() -> Options {
    Options {
        derivation: Derivation::CURRENT.next(),
        mime: mime::Limits { addresses: 1, ..mime::Limits::default() },
        rederive: 1 << 20,
        retention: Duration::from_hours(24 * 36_500),
        ..Options::default()
    }
}

fn sound() -> Vec<Fixture> {
    let whole = |name: &str| !name.ends_with("damaged") && !name.ends_with("halfmade");
    fixture::all().unwrap().into_iter().filter(|fixture| whole(&fixture.name)).collect()
}

fn accounts(store: &Store, record: &Record) -> Vec<Arc<Account>> {
    let names = record.accounts.iter().map(|recorded| recorded.name.as_str());
    names.map(|name| store.account(store.directory().find_by_name(name).unwrap().unwrap().id).unwrap()).collect()
}

/// How many structures there are, and how many of them are of the rules that a store's program has.
fn derived(store: &Store, record: &Record, by: Derivation) -> (usize, usize) {
    let (mut all, mut ours) = (0, 0);
    for account in accounts(store, record) {
        let state = account.state().unwrap();
        let emails = state.by_name().flat_map(|mailbox| mailbox.messages.iter().map(|record| record.email));
        let emails: Vec<EmailId> = emails.collect();
        account
            .structures(&mut emails.into_iter(), &mut |_, structure| {
                all += 1;
                ours += usize::from(mime::derivation_of(structure) == Some(by));
                ControlFlow::Continue(())
            })
            .unwrap();
    }
    (all, ours)
}

fn answers_as_then(store: &Store, record: &Record, name: &str) {
    for recorded in &record.accounts {
        for (then, now) in recorded.exchanges.iter().zip(play(store, recorded).unwrap()) {
            assert_eq!(then.outcome, now.outcome, "{name}: {}", then.command);
            if then.outcome.starts_with("OK") {
                assert_eq!(then.answers, now.answers, "{name}: {}", then.command);
            }
        }
    }
    for account in accounts(store, record) {
        let report = account.check().unwrap();
        assert!(report.is_clean(), "{name}: {:?}", report.problems);
    }
}

fn sweep(store: &Store, name: &str) -> u64 {
    let mut done = 0;
    loop {
        let swept = store.sweep(NOW);
        assert!(swept.failed.is_empty(), "{name}: {:?}", swept.failed);
        if swept.derived == 0 {
            return done;
        }
        done += swept.derived;
    }
}

fn open(folder: &Folder, options: Options) -> Store {
    Store::open(folder.path(), options).unwrap()
}

#[test]
fn newer_rules_answer_as_older_ones_did_before_and_after_a_sweep() {
    let next = Derivation::CURRENT.next();
    for fixture in sound() {
        let (folder, record) = (fixture.unpack().unwrap(), fixture.record().unwrap());
        let store = open(&folder, newer());
        answers_as_then(&store, &record, &fixture.name);
        let (all, ours) = derived(&store, &record, next);
        assert_eq!((all, ours), (all, all), "{}", fixture.name);
        assert!(sweep(&store, &fixture.name) > 0, "{}", fixture.name);
        answers_as_then(&store, &record, &fixture.name);
        store.close().unwrap();
        drop(store);
        // This program finds what the other has left: no old row.
        let store = open(&folder, Options { retention: newer().retention, ..Options::default() });
        assert_eq!(derived(&store, &record, next), (all, all), "{}", fixture.name);
        answers_as_then(&store, &record, &fixture.name);
    }
}
