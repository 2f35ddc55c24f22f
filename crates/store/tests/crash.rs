//! Loss of power: whatever of the unsynced octets is kept, lost or torn, opening gives all that was acknowledged, and of
//! what was not acknowledged all of a commit or nothing.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use account::State;
use imap::ModSeq;
use store::{Account, AccountId, Error, Options, Store};
use support::{Folder, append, assert_clean, expunge, mail, name, octets, upload, user};

/// What a disk writes at once.
const SECTOR: usize = 512;

/// Small numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

/// The files of an account right after a commit was acknowledged, and the state then.
struct Moment {
    database: Vec<u8>,
    journal: Vec<u8>,
    state: Arc<State>,
}

impl Moment {
    /// The journal as it is when the first frame of the commit after this one is written. A journal that is begun anew
    /// gets its head first, and that is synced before anything else (`syncHeader` in SQLite's wal.c): frames of the old
    /// one never count together with those of the new one.
    fn journal_to_write_into(&self, after: &Self) -> Vec<u8> {
        const HEAD: usize = 32;
        let mut journal = self.journal.clone();
        if let Some((old, new)) = journal.get_mut(..HEAD).zip(after.journal.get(..HEAD)) {
            old.copy_from_slice(new);
        }
        journal
    }
}

fn file(folder: &Path, id: AccountId) -> PathBuf {
    folder.join(format!("accounts/{:02x}/{id}.sqlite", id.get()))
}

fn journal(folder: &Path, id: AccountId) -> PathBuf {
    folder.join(format!("accounts/{:02x}/{id}.sqlite-wal", id.get()))
}

fn moment(folder: &Path, account: &Account) -> Moment {
    Moment {
        database: std::fs::read(file(folder, account.id())).unwrap(),
        journal: std::fs::read(journal(folder, account.id())).unwrap_or_default(),
        state: account.state().unwrap(),
    }
}

/// Commits that write much and little, with SQLite moving its journal into the file now and then.
fn workload(folder: &Path, store: &Store, rounds: u32) -> Vec<Moment> {
    let account = user(store, "alice");
    account.state().unwrap();
    let mut moments = vec![moment(folder, &account)];
    for round in 0..rounds {
        match round % 5 {
            4 => expunge(&account, "INBOX", &[round]),
            3 => drop(append(&account, "INBOX", vec![upload(store, &large(round))]).unwrap()),
            _ => drop(append(&account, "INBOX", vec![upload(store, &mail(round as usize))]).unwrap()),
        }
        if round % 16 == 15 {
            store.sweep(support::NOW);
        }
        moments.push(moment(folder, &account));
    }
    moments
}

fn large(number: u32) -> Vec<u8> {
    (0..25_000u32).flat_map(|n| *blake3::hash(&(n + 1_000_000 * number).to_le_bytes()).as_bytes()).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Garbage {
    None,
    Some,
}

/// A file between two moments: what is the same in both is there; of the rest each sector is old or new, and garbage
/// if it had nothing before. (A disk that spoils what a sector had, when it loses power while writing to the rest of it,
/// is not one that SQLite promises anything for.)
fn torn(before: &[u8], after: &[u8], garbage: Garbage, dice: &mut Dice) -> Vec<u8> {
    let mut torn = before.to_vec();
    let len = before.len() + if after.len() > before.len() { dice.next(after.len() - before.len() + 1) } else { 0 };
    torn.resize(len, 0);
    // Sometimes most of it got through, sometimes hardly any.
    let odds = 1 + dice.next(20);
    for (at, sector) in torn.chunks_mut(SECTOR).enumerate() {
        let Some(new) = after.get(at * SECTOR..).map(|rest| &rest[..rest.len().min(sector.len())]) else { break };
        if sector[..new.len()] == *new {
            continue;
        }
        match dice.next(20) {
            0 if garbage == Garbage::Some && at * SECTOR >= before.len() => sector.fill(dice.next(256) as u8),
            n if n < odds => sector[..new.len()].copy_from_slice(new),
            _ => {}
        }
    }
    torn
}

/// Opens the files as they are after the power came back.
fn recover(directory: &[u8], id: AccountId, database: &[u8], journal_octets: &[u8]) -> (Folder, Store, Arc<Account>) {
    let folder = Folder::new();
    std::fs::write(folder.path().join("directory.sqlite"), directory).unwrap();
    std::fs::create_dir_all(file(folder.path(), id).parent().unwrap()).unwrap();
    std::fs::write(file(folder.path(), id), database).unwrap();
    std::fs::write(journal(folder.path(), id), journal_octets).unwrap();
    let store = folder.open();
    let account = store.account(id).unwrap();
    (folder, store, account)
}

fn directory(folder: &Path) -> Vec<u8> {
    // Its journal is in it once all are gone.
    let path = folder.join("directory.sqlite");
    std::fs::read(path).unwrap()
}

#[test]
fn a_loss_of_power_loses_nothing_that_was_acknowledged() {
    let source = Folder::new();
    let (moments, id) = {
        let store = source.open();
        let moments = workload(source.path(), &store, 40);
        (moments, user(&store, "alice").id())
    };
    let directory = directory(source.path());
    let mut dice = Dice(4711);
    let (mut whole, mut lost) = (0, 0);
    for pair in moments.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        for garbage in [Garbage::None, Garbage::Some, Garbage::None, Garbage::Some] {
            // While the commit is being written, the file is as it was; the journal may be in any shape between.
            let journal = torn(&before.journal_to_write_into(after), &after.journal, garbage, &mut dice);
            let (_folder, _store, account) = recover(&directory, id, &before.database, &journal);
            let state = account.state().unwrap();
            // A round may have had two commits: an EXPUNGE comes after its STORE.
            let (low, high) = (before.state.modseq(), after.state.modseq());
            assert!(state.modseq() >= low && state.modseq() <= high, "{:?} of {low:?} to {high:?}", state.modseq());
            if state.modseq() == after.state.modseq() {
                assert_eq!(*state, *after.state);
                whole += 1;
            } else if state.modseq() == before.state.modseq() {
                assert_eq!(*state, *before.state);
                lost += 1;
            }
            assert_clean(&account);
        }
    }
    assert!(lost > 10, "the test tears journals: {lost} lost, {whole} whole");
}

#[test]
fn a_loss_of_power_while_the_journal_goes_into_the_file_loses_nothing() {
    let source = Folder::new();
    let (moments, id) = {
        let store = source.open();
        let moments = workload(source.path(), &store, 100);
        (moments, user(&store, "alice").id())
    };
    let directory = directory(source.path());
    let mut dice = Dice(815);
    let mut moved = 0;
    for pair in moments.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        if before.database == after.database {
            continue;
        }
        moved += 1;
        for garbage in [Garbage::None, Garbage::Some, Garbage::None, Garbage::Some] {
            // The journal is synced before any of it is written to the file, and is there until all of that is.
            let database = torn(&before.database, &after.database, garbage, &mut dice);
            let (_folder, store, account) = recover(&directory, id, &database, &after.journal);
            assert_eq!(*account.state().unwrap(), *after.state);
            assert_clean(&account);
            let last = append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
            assert_eq!(octets(&account, "INBOX", last.outcome.first().unwrap().get()).unwrap(), mail(1));
        }
    }
    assert!(moved >= 3, "the file was written {moved} times");
}

#[test]
fn a_process_that_is_killed_while_it_makes_an_account_leaves_nothing_that_hinders() {
    let source = Folder::new();
    let id = user(&source.open(), "alice").id();
    let directory = directory(source.path());
    user(&source.open(), "alice").state().unwrap();
    let database = std::fs::read(file(source.path(), id)).unwrap();
    let mut dice = Dice(99);
    for len in [0, 0, 100, 4096, 8192] {
        // Nothing that was acknowledged can be in a file without its tables.
        let mut database = database[..len.min(database.len())].to_vec();
        if len == 100 {
            database = Vec::new();
        }
        let (_folder, store, account) = recover(&directory, id, &database, &vec![dice.next(256) as u8; len]);
        match account.state() {
            Ok(state) => {
                assert!(state.named(&name("INBOX")).is_some());
                append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
                assert_clean(&account);
            }
            // The first pages of a whole file are a damaged file.
            Err(error) => assert!(len >= 4096, "{len}: {error}"),
        }
    }
}

#[test]
fn a_loss_of_power_while_history_is_written_leaves_it_right() {
    let retention = Duration::from_hours(2 * 24);
    let options = Options { retention, tail: 3, inspect: 0, idle: Duration::MAX, ..Options::default() };
    let source = Folder::new();
    let store = source.open_with(options);
    let account = user(&store, "alice");
    let mut states = vec![(0, account.state().unwrap())];
    let mut moments = vec![moment(source.path(), &account)];
    let mut hours = 0;
    for round in 0..14u32 {
        append(&account, "INBOX", vec![upload(&store, &mail(round as usize))]).unwrap();
        states.push((hours, account.state().unwrap()));
        if round % 3 == 2 {
            expunge(&account, "INBOX", &[round]);
            let log = account.log(states.last().and_then(|(_, state)| state.modseq())).unwrap();
            for commit in log {
                let mut state = (*states.last().unwrap().1).clone();
                state.apply(&commit).unwrap();
                states.push((hours, Arc::new(state)));
            }
        }
        moments.push(moment(source.path(), &account));
        for _ in 0..12 {
            hours += 1;
            let swept = store.sweep(support::NOW + 3600 * hours);
            assert!(swept.failed.is_empty(), "{:?}", swept.failed);
            let now = moment(source.path(), &account);
            if moments.last().is_some_and(|before| before.journal != now.journal) {
                moments.push(now);
            }
        }
    }
    let last = account.state().unwrap().modseq();
    let young = states.windows(2).filter(|pair| pair[1].0 + 48 > hours).map(|pair| &pair[0].1);
    assert!(young.filter(|state| account.state_at(state.modseq().unwrap()).is_ok()).count() >= 5);
    let id = account.id();
    drop((account, store));
    let directory = directory(source.path());
    let mut dice = Dice(1414);
    let mut known = 0;
    for pair in moments.windows(2).filter(|pair| pair[0].database == pair[1].database) {
        for garbage in [Garbage::None, Garbage::Some] {
            let journal = torn(&pair[0].journal, &pair[1].journal, garbage, &mut dice);
            let (_folder, _store, recovered) = recover(&directory, id, &pair[0].database, &journal);
            assert_clean(&recovered);
            let newest = recovered.state().unwrap().modseq();
            assert!(newest >= pair[0].state.modseq());
            let mut gap = false;
            for (_, state) in states.iter().rev().filter(|(_, state)| state.modseq() <= newest) {
                match recovered.state_at(state.modseq().unwrap()) {
                    Ok(told) => {
                        assert!(!gap, "what is younger than something known is known");
                        assert!(told.agrees_with(state));
                        known += 1;
                    }
                    Err(Error::NoSuchCommit(_)) => gap = true,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
    assert!(known > 100 && moments.len() > 25 && last > ModSeq::new(18), "{known} in {} moments", moments.len());
}
