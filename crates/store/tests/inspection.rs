//! Sweeps look for damage where nobody looks, and leave alone what nobody uses.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use store::engine::{Engine, Memory};
use store::{Account, Options, Store, Swept, Watch};
use support::faulty::Faulty;
use support::{Folder, NOW, append, days, forget_count, mail, upload, user};

const MIB: usize = 1 << 20;

fn file(folder: &Folder, account: &Account) -> PathBuf {
    folder.path().join(format!("accounts/{:02x}/{}.sqlite", account.id().get(), account.id()))
}

/// Octets that do not compress.
fn noise(len: usize, number: usize) -> Vec<u8> {
    let hash = |n: usize| *blake3::hash(&(n + (number << 32)).to_le_bytes()).as_bytes();
    (0..len.div_ceil(32)).flat_map(hash).take(len).collect()
}

fn sweep(store: &Store, clock: &mut i64) -> Swept {
    *clock += 5;
    let swept = store.sweep(*clock);
    assert!(swept.failed.is_empty(), "{:?}", swept.failed);
    swept
}

/// Sweeps until nothing is left to be read; the damage that was told of.
fn round(store: &Store, clock: &mut i64) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        let swept = sweep(store, clock);
        told.extend(swept.damaged.iter().map(|(account, problem)| format!("{account}: {problem}")));
        if swept.inspected == 0 {
            return told;
        }
    }
}

#[test]
fn damage_of_an_account_that_nobody_opens_is_found_and_told_once() {
    let folder = Folder::new();
    // Nothing is too old meanwhile: a checkpoint that is needed is made again from a log that is whole.
    let store = folder.open_with(Options { retention: days(90), ..Options::default() });
    let accounts: Vec<_> = (0..4).map(|n| user(&store, &format!("user{n}"))).collect();
    for (n, account) in accounts.iter().enumerate() {
        append(account, "INBOX", vec![upload(&store, &mail(n)), upload(&store, &noise(MIB, n))]).unwrap();
        append(account, "INBOX", vec![upload(&store, &mail(n + 9))]).unwrap();
    }
    store.close().unwrap();
    let spoil = |n: usize, sql: &str| {
        assert_eq!(Connection::open(file(&folder, &accounts[n])).unwrap().execute(sql, []).unwrap(), 1, "{sql}");
    };
    let mut clock = NOW;
    assert_eq!(round(&store, &mut clock), [""; 0], "all is well");
    spoil(0, "UPDATE checkpoint SET crc = crc + 1 WHERE mailbox = 1 AND chunk = 0");
    spoil(1, "UPDATE log SET at = at + 1 WHERE modseq = 2");
    spoil(2, "UPDATE body SET data = zeroblob(length(data)) WHERE id = (2 << 14) + 3");
    spoil(2, "UPDATE email SET size = size + 1 WHERE id = 1");
    spoil(3, "DELETE FROM body WHERE id = (3 << 14)");
    let rested = sweep(&store, &mut clock);
    assert_eq!((rested.inspected, rested.damaged.len()), (0, 0), "it rests");
    let mut told = Vec::new();
    // Thirty days later; a sweep sees an hour of it at most.
    for _ in 0..31 * 24 {
        clock += 3600 - 5;
        told.extend(sweep(&store, &mut clock).damaged.into_iter().map(|(id, problem)| format!("{id}: {problem}")));
    }
    told.sort();
    let wanted = [
        "1: the checkpoint's mailbox 1, chunk 0: its checksum is wrong",
        "2: row 2 of the log",
        "3: octets of email E2, chunk 3",
        "3: structure of email E1",
        "4: octets of email E3 are not there",
    ];
    assert_eq!(told, wanted);
    assert!(accounts.iter().all(|account| account.state_if_open().is_none()), "it opens nothing");
}

#[test]
fn a_sweep_reads_little_and_the_next_one_goes_on_where_it_stood() {
    let folder = Folder::new();
    let options = Options { inspect: MIB, ..Options::default() };
    let store = folder.open_with(options.clone());
    let account = user(&store, "alice");
    for n in 0..6 {
        append(&account, "INBOX", vec![upload(&store, &noise(3 * MIB, n))]).unwrap();
    }
    store.close().unwrap();
    let sql = "UPDATE body SET data = zeroblob(length(data)) WHERE id = (6 << 14) + 11";
    assert_eq!(Connection::open(file(&folder, &account)).unwrap().execute(sql, []).unwrap(), 1);
    let mut clock = NOW;
    let mut octets = 0;
    let mut sweeps = 0;
    loop {
        let swept = sweep(&store, &mut clock);
        // A chunk of a message is read as a whole.
        assert!(swept.inspected <= MIB + MIB / 2, "{}", swept.inspected);
        octets += swept.inspected;
        sweeps += 1;
        if !swept.damaged.is_empty() {
            break;
        }
        assert!(sweeps < 100, "it is never found");
    }
    assert!(octets > 17 * MIB && sweeps > 15, "{octets} octets in {sweeps} sweeps");
    round(&store, &mut clock);
    // What has been read is not read again after a start; what was added since waits for the next round.
    store.close().unwrap();
    let store = folder.open_with(options.clone());
    assert_eq!(sweep(&store, &mut clock).inspected, 0);
    let never = folder.open_with(Options { inspect: 0, ..options });
    forget_count(&never);
    assert_eq!(sweep(&never, &mut clock).inspected, 0);
}

/// A store in memory whose checkpoints are counted as they are read: once for each opening, once for each inspection.
fn counting(options: Options) -> (Store, Arc<AtomicU64>) {
    let loads = Arc::new(AtomicU64::new(0));
    let count = loads.clone();
    let kept: parking_lot::Mutex<std::collections::HashMap<_, Memory>> = parking_lot::Mutex::default();
    let engines = move |id| -> Arc<dyn Engine> {
        Arc::new(Faulty::counting(kept.lock().entry(id).or_default().clone(), count.clone()))
    };
    (Store::with_engines(options, engines), loads)
}

/// Accounts with a mail each, all watched, of a store that counts how often it reads a checkpoint.
struct Watched {
    store: Store,
    accounts: Vec<Arc<Account>>,
    loads: Arc<AtomicU64>,
    rung: Arc<AtomicU64>,
    _watches: Vec<Watch>,
}

impl Watched {
    /// So many accounts where so many may be open.
    fn new(count: usize, most: usize) -> Self {
        let (store, loads) = counting(Options { open_accounts: most, inspect: 0, ..Options::default() });
        let accounts: Vec<_> = (0..count).map(|n| user(&store, &format!("user{n}"))).collect();
        let rung = Arc::new(AtomicU64::new(0));
        let watch = |(n, account): (usize, &Arc<Account>)| {
            append(account, "INBOX", vec![upload(&store, &mail(n))]).unwrap();
            let rung = rung.clone();
            account.watch(move || _ = rung.fetch_add(1, Ordering::Relaxed))
        };
        let watches = accounts.iter().enumerate().map(watch).collect();
        let watched = Self { store, accounts, loads, rung, _watches: watches };
        assert!(watched.open() <= most, "{} are open", watched.open());
        watched
    }

    fn open(&self) -> usize {
        self.accounts.iter().filter(|account| account.state_if_open().is_some()).count()
    }

    /// How many openings there are while somebody does something.
    fn openings(&self, act: impl FnOnce()) -> u64 {
        let before = self.loads.load(Ordering::Relaxed);
        act();
        self.loads.load(Ordering::Relaxed) - before
    }

    /// What a server does again and again for those who are connected and idle.
    fn rounds(&self, count: usize, clock: &mut i64) {
        for _ in 0..count {
            self.accounts.iter().for_each(|account| account.poll().unwrap());
            sweep(&self.store, clock);
        }
    }

    /// Who gets mail is opened, alone.
    fn gets_mail(&self) {
        assert_eq!((self.open(), self.rung.load(Ordering::Relaxed)), (0, 0));
        let append = || _ = append(&self.accounts[7], "INBOX", vec![upload(&self.store, &mail(1))]).unwrap();
        assert_eq!(self.openings(append), 1);
        assert_eq!((self.open(), self.rung.load(Ordering::Relaxed)), (1, 1));
    }
}

/// As many as docs/performance.md has connected to a server, at the setting that it has.
#[test]
fn ten_thousand_accounts_are_watched_at_five_hundred_open_ones() {
    const ROUNDS: usize = 20;
    let watched = Watched::new(10_000, 500);
    let mut clock = NOW;
    // A minute, and a sweep that sees it.
    for _ in 0..20 {
        sweep(&watched.store, &mut clock);
    }
    assert_eq!(watched.open(), 0, "nobody uses any of them");
    let openings = watched.openings(|| watched.rounds(ROUNDS, &mut clock));
    assert!(openings <= ROUNDS as u64, "{openings} openings: each sweep looks into one of those that are closed");
    watched.gets_mail();
}

#[test]
fn many_more_accounts_are_watched_than_may_be_open_and_none_is_opened_while_nothing_happens() {
    const WATCHED: usize = 400;
    let watched = Watched::new(WATCHED, 20);
    let mut clock = NOW;
    // Time enough for all to be closed, and for the first round through those that are.
    for _ in 0..WATCHED + 20 {
        sweep(&watched.store, &mut clock);
    }
    assert_eq!(watched.open(), 0, "nobody uses any of them");
    assert_eq!(watched.openings(|| watched.rounds(50, &mut clock)), 0, "openings while nothing changes");
    // A day on, the next round goes through all of them: what is new in each becomes part of its history, once.
    let mut day = || {
        watched.openings(|| {
            for step in (0..24).map(|_| 3600).chain((0..WATCHED + 20).map(|_| 5)) {
                clock += step;
                assert!(watched.store.sweep(clock).failed.is_empty());
                assert!(watched.open() <= 1, "{} are open", watched.open());
            }
        })
    };
    assert!(day() <= WATCHED as u64);
    assert_eq!((day(), day()), (0, 0), "openings while nothing changes");
    watched.gets_mail();
}
