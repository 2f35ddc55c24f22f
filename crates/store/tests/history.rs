//! The account as it was, at any instant within the retention, against the naive fold of all that ever happened.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use account::{Permit, Rights, State, plan};
use imap::ModSeq;
use proptest::prelude::*;
use rusqlite::Connection;
use store::engine::Engine;
use store::{Account, Error, Options, Store};
use support::faulty::{Fault, Faulty};
use support::life::{Step, run, step};
use support::{Folder, NOW, append, assert_clean, commit, days, expunge, mail, name, pass, upload, user};

const RETENTION: Duration = Duration::from_hours(3 * 24);

fn options() -> Options {
    Options { retention: RETENTION, tail: 5, inspect: 0, ..Options::default() }
}

/// All that ever happened to an account, and when, by the time that sweeps have seen.
#[derive(Default)]
struct Chronicle {
    states: Vec<State>,
    written: Vec<Duration>,
    now: Duration,
}

impl Chronicle {
    fn newest(&self) -> Option<ModSeq> {
        self.states.last().and_then(State::modseq)
    }

    /// Takes down what is new.
    fn note(&mut self, account: &Account) {
        for commit in account.log(self.newest()).unwrap() {
            let mut state = self.states.last().cloned().unwrap_or_default();
            state.apply(&commit).unwrap();
            self.states.push(state);
            self.written.push(self.now);
        }
    }

    fn pass(&mut self, store: &Store, time: Duration) {
        pass(store, time);
        self.now += time;
    }

    /// Each state that the account has had is told as it was, or as unknown if it is from before the retention. How many
    /// are known.
    fn verify(&self, account: &Account) -> usize {
        let mut known = 0;
        for (n, state) in self.states.iter().enumerate() {
            let modseq = state.modseq().unwrap();
            // It was the newest until the next one was written.
            let young = self.written.get(n + 1).is_none_or(|until| *until + RETENTION > self.now);
            match account.state_at(modseq) {
                Ok(told) => {
                    assert!(told.agrees_with(state), "commit {modseq} of {:?}", self.newest());
                    for record in told.by_name().flat_map(|mailbox| mailbox.messages.iter()) {
                        assert!(account.structure(record.email).is_ok(), "{} of commit {modseq}", record.email);
                    }
                    known += 1;
                }
                Err(Error::NoSuchCommit(_)) => assert!(!young, "commit {modseq} of {:?} is forgotten", self.newest()),
                Err(error) => panic!("commit {modseq}: {error}"),
            }
        }
        let next = self.newest().map_or(ModSeq::MIN, ModSeq::next);
        assert!(matches!(account.state_at(next), Err(Error::NoSuchCommit(_))), "nobody knows the future");
        known
    }
}

#[derive(Clone, Debug)]
enum Act {
    Step(Step, usize),
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => (step(), 0..2usize).prop_map(|(step, store)| Act::Step(step, store)),
        1 => (1..40u64).prop_map(Act::Pass),
    ]
}

fn live(acts: &[Act], stores: &[Store; 2]) -> Chronicle {
    let mut chronicle = Chronicle::default();
    let account = user(&stores[0], "alice");
    account.state().unwrap();
    for act in acts {
        match act {
            Act::Step(Step::Sweep, _) => chronicle.pass(&stores[0], Duration::from_hours(1)),
            Act::Step(step, store) => _ = run(&stores[*store], step, NOW),
            Act::Pass(hours) => chronicle.pass(&stores[0], Duration::from_hours(*hours)),
        }
        chronicle.note(&account);
    }
    account.poll().unwrap();
    chronicle.verify(&account);
    let report = account.check().unwrap();
    assert!(report.is_clean(), "{:#?}", report.problems);
    assert!(report.generations <= 3 + 2, "{} generations in three days", report.generations);
    chronicle
}

fn config() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { default } else { ProptestConfig { cases: 32, ..default } }
}

proptest! {
    #![proptest_config(config())]

    /// Commits, checkpoints, closings, sweeps and time, in memory, and by two processes on a file.
    #[test]
    fn an_account_is_known_as_it_was(acts in proptest::collection::vec(act(), 1..70)) {
        let memory = Store::memory_with(options());
        live(&acts, &[memory.clone(), memory]);
        let folder = Folder::new();
        let stores = [folder.open_with(options()), folder.open_with(options())];
        let chronicle = live(&acts, &stores);
        chronicle.verify(&user(&folder.open_with(options()), "alice"));
    }
}

/// A few days of an account: `each` is called after each step.
fn workload(store: &Store, account: &Account, mut each: impl FnMut(&Account, Duration)) {
    for day in 0..8usize {
        // What fails is not there; all else is.
        _ = append(account, "INBOX", vec![upload(store, &mail(day)), upload(store, &mail(day + 50))]);
        each(account, Duration::ZERO);
        let uid = account.state().unwrap().named(&name("INBOX")).unwrap().messages.iter().next().map(|first| first.uid);
        if let Some(uid) = uid.filter(|_| day % 2 == 1) {
            _ = commit(account, move |state| {
                plan::expunge(
                    state,
                    Permit::owner(state.named(&name("INBOX")).unwrap().id),
                    Some(&support::uids(&[uid.get()])),
                )
            });
            each(account, Duration::ZERO);
        }
        let box_name = format!("Box {}", day / 2);
        _ = commit(account, move |state| match state.named(&name(&box_name)) {
            None => plan::create(state, (&name(&box_name), Rights::ALL), &[], NOW),
            Some(_) => plan::delete(state, (&name(&box_name), Rights::ALL)),
        });
        each(account, Duration::ZERO);
        // Closing writes a checkpoint.
        _ = store.close();
        let mut clock = NOW + 86_400 * day as i64;
        for _ in 0..20 {
            clock += 3600;
            store.sweep(clock);
            each(account, Duration::from_hours(1));
        }
    }
}

#[test]
fn whichever_write_fails_history_is_right() {
    for fault in [Fault::Lost, Fault::Torn] {
        for writes in 0.. {
            let engine = Faulty::default();
            let kept = engine.clone();
            let store = Store::with_engines(options(), move |_| -> Arc<dyn Engine> { Arc::new(kept.clone()) });
            let account = user(&store, "alice");
            account.state().unwrap();
            engine.fail_after(writes, fault);
            let mut chronicle = Chronicle::default();
            workload(&store, &account, |account, time| {
                chronicle.now += time;
                chronicle.note(account);
            });
            _ = account.poll();
            let known = chronicle.verify(&account);
            assert!(known < chronicle.states.len(), "something is old");
            assert_clean(&account);
            if !engine.fail_after(0, fault) {
                assert!(writes > 0);
                break;
            }
            assert!(writes < 500, "the workload ends");
        }
    }
}

#[test]
fn what_nobody_uses_any_more_has_no_history() {
    let folder = Folder::new();
    for store in [folder.open_with(options()), Store::memory_with(options())] {
        let account = user(&store, "alice");
        let mut chronicle = Chronicle::default();
        for day in 0..6 {
            append(&account, "INBOX", vec![upload(&store, &mail(day))]).unwrap();
            expunge(&account, "INBOX", &[day as u32 + 1]);
            chronicle.note(&account);
            chronicle.pass(&store, days(1));
        }
        assert!(chronicle.verify(&account) >= 3 * 3);
        assert!(account.check().unwrap().generations >= 3);
        chronicle.pass(&store, days(6));
        assert_eq!(chronicle.verify(&account), 1, "how it is now");
        assert_eq!(account.check().unwrap().generations, 1);
        assert_eq!(account.log(None).unwrap().len(), 1);
        assert_clean(&account);
    }
    let file = Connection::open(file(&folder)).unwrap();
    let superseded: i64 = file.query_row("SELECT count(*) FROM history", [], |row| row.get(0)).unwrap();
    assert_eq!(superseded, 0);
}

fn file(folder: &Folder) -> PathBuf {
    folder.path().join("accounts/01/1.sqlite")
}

#[test]
fn an_account_of_0_1_has_no_history_but_its_log() {
    let folder = Folder::of_format_1();
    let store = folder.open_with(options());
    let account = user(&store, "alice");
    let mut chronicle = Chronicle::default();
    for day in 0..6 {
        append(&account, "INBOX", vec![upload(&store, &mail(day))]).unwrap();
        expunge(&account, "INBOX", &[day as u32 + 1]);
        chronicle.note(&account);
        if day == 1 {
            assert_eq!(chronicle.verify(&account), chronicle.states.len(), "the log is there from its beginning");
        }
        pass(&store, days(1));
    }
    // What cannot be known is said to be unknown, and nothing that is told is wrong.
    chronicle.now = days(100);
    assert!(chronicle.verify(&account) < chronicle.states.len());
    assert_clean(&account);
    let connection = Connection::open(file(&folder)).unwrap();
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name IN ('generation', 'history')";
    let tables: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 0, "0.1 would write over the checkpoint without a thought of them");
}

#[test]
fn a_history_that_is_damaged_is_told_and_never_taken_for_another() {
    let folder = Folder::new();
    let mut chronicle = Chronicle::default();
    {
        let store = folder.open_with(options());
        let account = user(&store, "alice");
        for day in 0..6 {
            append(&account, "INBOX", vec![upload(&store, &mail(day))]).unwrap();
            chronicle.note(&account);
            chronicle.pass(&store, days(1));
        }
        store.close().unwrap();
    }
    let whole = std::fs::read(file(&folder)).unwrap();
    let spoilt = [
        "UPDATE history SET data = zeroblob(length(data)) WHERE chunk > 0",
        "UPDATE history SET until = until + 1",
        "UPDATE history SET modseq = modseq * 1000",
        "DELETE FROM history WHERE chunk > 0",
        "UPDATE generation SET cells = cells + 1",
        "UPDATE generation SET modseq = modseq + 100",
    ];
    for sql in spoilt {
        std::fs::write(file(&folder), &whole).unwrap();
        let changed = Connection::open(file(&folder)).unwrap().execute(sql, []).unwrap();
        assert!(changed > 0, "{sql}");
        let store = folder.open_with(options());
        let account = user(&store, "alice");
        for state in &chronicle.states {
            match account.state_at(state.modseq().unwrap()) {
                Ok(told) => assert!(told.agrees_with(state), "{sql}"),
                Err(Error::Damaged { .. } | Error::NoSuchCommit(_)) => {}
                Err(error) => panic!("{sql}: {error}"),
            }
        }
        assert!(account.state().unwrap().agrees_with(chronicle.states.last().unwrap()), "{sql}");
    }
}
