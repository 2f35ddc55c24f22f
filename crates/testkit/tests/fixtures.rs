//! Stores that older versions wrote: opened, read, checked and used by this one (`tests/fixtures/README.md`).
//!
//! No sweep runs here: the rows of fixtures grow older than the retention, and what goes then is not what is tested.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OpenFlags};
use store::{Account, Options, Report, Store};
use testkit::fixture::play::{Client, play};
use testkit::fixture::record::{Exchange, OfAccount, Record};
use testkit::fixture::{self, Fixture};
use testkit::suite::{Folder, words_of};

/// An account in the directory that has no file: opening the store is not all that can be done about it.
const HALF_MADE: &str = "halfmade";

/// Rows in it are not what was written.
const DAMAGED: &str = "damaged";

/// Stores with nothing wrong.
fn sound(name: &str) -> bool {
    whole(name) && !name.ends_with(DAMAGED)
}

/// Stores that have all their files.
fn whole(name: &str) -> bool {
    !name.ends_with(HALF_MADE)
}

/// Runs a test on some fixtures, a thread each, and says of all that fail what is wrong.
fn each(which: fn(&str) -> bool, test: fn(&Folder, &Record) -> Result<(), String>) {
    let run = |fixture: &Fixture| test(&fixture.unpack()?, &fixture.record()?);
    let fixtures: Vec<_> = fixture::all().unwrap().into_iter().filter(|fixture| which(&fixture.name)).collect();
    assert!(!fixtures.is_empty(), "the fixtures are not where they should be");
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for fixture in &fixtures {
            let (run, failures) = (&run, &failures);
            scope.spawn(move || {
                let done = std::panic::catch_unwind(|| run(fixture)).unwrap_or_else(|panic| Err(words_of(&*panic)));
                if let Err(what) = done {
                    failures.lock().unwrap().push(format!("{}: {what}", fixture.name));
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} fail:\n{}", failures.len(), fixtures.len(), failures.join("\n"));
}

fn open(folder: &Folder) -> Result<Store, String> {
    Store::open(folder.path(), Options::default()).map_err(|error| error.to_string())
}

fn account(store: &Store, name: &str) -> Result<Arc<Account>, String> {
    let entry = store.directory().find_by_name(name).map_err(|error| error.to_string())?;
    store.account(entry.unwrap().id).map_err(|error| error.to_string())
}

fn report(store: &Store, name: &str) -> Result<Report, String> {
    account(store, name)?.check().map_err(|error| format!("{name}: {error}"))
}

fn clean(store: &Store, recorded: &OfAccount) -> Result<(), String> {
    let found = report(store, &recorded.name)?;
    if found.is_clean() { Ok(()) } else { Err(format!("{}: {:?}", recorded.name, found.problems)) }
}

/// Whether the answers are those of then. Where the answer was a refusal, that it still is one is what matters: how
/// much came before it may change.
fn same(recorded: &[Exchange], answered: &[Exchange]) -> Result<(), String> {
    assert_eq!(recorded.len(), answered.len());
    for (then, now) in recorded.iter().zip(answered) {
        let refused = !then.outcome.starts_with("OK");
        if then.outcome != now.outcome {
            return Err(format!("{}: {} then, {} now", then.command, then.outcome, now.outcome));
        }
        if refused || then.answers == now.answers {
            continue;
        }
        let differs = |(then, now): &(_, _)| then != now;
        let (then_line, now_line) = then.answers.iter().zip(&now.answers).find(differs).unzip();
        let (then_count, now_count) = (then.answers.len(), now.answers.len());
        return Err(format!(
            "{}: {then_count} lines then, {now_count} now\n    then {then_line:?}\n    now  {now_line:?}",
            then.command
        ));
    }
    Ok(())
}

fn answers_are_the_same(store: &Store, record: &Record) -> Result<(), String> {
    record.accounts.iter().try_for_each(|recorded| {
        let answered = play(store, recorded)?;
        same(&recorded.exchanges, &answered).map_err(|what| format!("{}: {what}", recorded.name))
    })
}

#[test]
fn every_answer_is_that_of_the_version_that_wrote_the_store() {
    each(whole, |folder, record| answers_are_the_same(&open(folder)?, record));
}

#[test]
fn the_directory_knows_whom_it_knew() {
    each(
        |_| true,
        |folder, record| {
            let store = open(folder)?;
            let directory = store.directory();
            let aliases = directory.aliases().unwrap();
            let entries = directory.list().unwrap();
            let users = entries.iter().map(|entry| {
                let own = aliases.iter().filter(|(_, account)| *account == entry.id);
                let own: Vec<_> = own.map(|(address, _)| address.as_str()).collect();
                assert!(
                    directory.credentials(entry.id).unwrap().is_some_and(|known| known.hash.starts_with("$argon2id$"))
                );
                let disabled = if entry.disabled { "yes" } else { "no" };
                format!("user {} number={} disabled={disabled} aliases={}", entry.name, entry.id, own.join(","))
            });
            let users: Vec<_> = users.collect();
            if users == record.users { Ok(()) } else { Err(format!("{users:#?}\n{:#?}", record.users)) }
        },
    );
}

#[test]
fn check_finds_nothing_in_sound_stores_and_counts_as_then() {
    each(sound, |folder, record| {
        let store = open(folder)?;
        record.accounts.iter().try_for_each(|recorded| {
            clean(&store, recorded)?;
            let Report { mailboxes, messages, commits, emails, octets, .. } = report(&store, &recorded.name)?;
            let counts = [mailboxes, messages, commits, emails, octets];
            let names = ["mailboxes", "messages", "commits", "emails", "octets"];
            let counts: BTreeMap<_, _> = names.map(str::to_owned).into_iter().zip(counts).collect();
            if counts == recorded.counts { Ok(()) } else { Err(format!("{}: {counts:?}", recorded.name)) }
        })
    });
}

/// The numbers in a text: what a message about damage is about, however it puts it.
fn numbers(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[test]
fn check_names_the_damage() {
    each(
        |name| name.ends_with(DAMAGED),
        |folder, record| {
            let store = open(folder)?;
            let mut named = 0;
            for recorded in &record.accounts {
                let Some(damage) = recorded.problems.first() else { continue };
                let found = report(&store, &recorded.name)?;
                let names = |problem: &store::Problem| {
                    let found = numbers(&problem.to_string());
                    numbers(damage).iter().all(|number| found.contains(number))
                };
                if !found.problems.iter().any(names) {
                    return Err(format!("{}: {damage:?} is not among {:?}", recorded.name, found.problems));
                }
                named += 1;
            }
            if named >= 8 { Ok(()) } else { Err(format!("only {named} accounts have damage that is named")) }
        },
    );
}

/// Everything that can be done beside what is there, and with it, and that leaves it as it was.
fn use_beside(store: &Store, name: &str) -> Result<(), String> {
    let mut client = Client::login(store, name)?;
    let mail = "Subject: new\r\n\r\nHello.\r\n";
    let append = format!("APPEND \"Later/on\" (\\Seen $Later) {{{}+}}\r\n{mail}", mail.len());
    let large = format!("Subject: large\r\n\r\n{}", "It is long.\r\n".repeat(30_000));
    let replace = format!("UID REPLACE 1 \"Later/on\" {{{}+}}\r\n{large}", large.len());
    for command in [
        "CREATE \"Later/on\"",
        &append,
        &append,
        "SELECT INBOX",
        "COPY 1:* \"Later/on\"",
        "SELECT \"Later/on\"",
        "UID STORE 1:* +FLAGS (\\Flagged $Even.Later)",
        "UID STORE 2 +FLAGS (\\Deleted)",
        "EXPUNGE",
        &replace,
        "MOVE 1 Later",
        "RENAME \"Later/on\" \"Later/still\"",
        "SUBSCRIBE \"Later/still\"",
        "UNSUBSCRIBE \"Later/still\"",
        "UNSELECT",
        "DELETE \"Later/still\"",
        "DELETE Later",
    ] {
        let exchange = client.ask(command.as_bytes())?;
        // An INBOX may be empty.
        if !exchange.outcome.starts_with("OK") && command != "COPY 1:* \"Later/on\"" {
            return Err(format!("{name}: {exchange:?}"));
        }
    }
    Ok(())
}

/// Changes flags of old messages, and adds and expunges new ones beside them.
fn use_within(store: &Store, name: &str) -> Result<(), String> {
    let mut client = Client::login(store, name)?;
    let mail = "Subject: newer\r\n\r\nHello again.\r\n";
    client.done(&format!("APPEND INBOX ($New) {{{}+}}\r\n{mail}", mail.len()))?;
    for command in [
        "SELECT INBOX",
        "STORE 1 +FLAGS.SILENT (\\Answered $New)",
        "STORE 1:* -FLAGS.SILENT (\\Deleted)",
        "STORE * +FLAGS.SILENT (\\Deleted)",
        "EXPUNGE",
    ] {
        client.done(command)?;
    }
    Ok(())
}

/// What no change of flags and no new mail may touch: dates, sizes, structures, ids, octets.
fn lasting(exchanges: &[Exchange]) -> Vec<Exchange> {
    exchanges.iter().filter(|e| e.command.starts_with("UID FETCH") && !e.command.contains("FLAGS")).cloned().collect()
}

/// Does something to each account, closes all files, and opens them again.
fn used(folder: &Folder, record: &Record, act: fn(&Store, &str) -> Result<(), String>) -> Result<Store, String> {
    let store = open(folder)?;
    for recorded in &record.accounts {
        act(&store, &recorded.name)?;
        clean(&store, recorded)?;
    }
    store.close().map_err(|error| error.to_string())?;
    drop(store);
    let store = open(folder)?;
    record.accounts.iter().try_for_each(|recorded| clean(&store, recorded))?;
    Ok(store)
}

#[test]
fn use_leaves_what_was_there_as_it_was() {
    each(sound, |folder, record| {
        answers_are_the_same(&used(folder, record, use_beside)?, record)?;
        let store = used(folder, record, use_within)?;
        record.accounts.iter().try_for_each(|recorded| {
            let answered = play(&store, recorded)?;
            same(&lasting(&recorded.exchanges), &lasting(&answered))
                .map_err(|what| format!("{}: {what}", recorded.name))
        })
    });
}

/// The first octets of the values of a column, as hexadecimal digits: the versions of their formats.
fn versions(connection: &Connection, table: &str, column: &str) -> Vec<String> {
    let sql = format!("SELECT DISTINCT hex(substr({column}, 1, 1)) FROM {table}");
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let children = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = children.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "sqlite")).collect()
}

#[test]
fn a_store_of_format_1_stays_one_that_0_1_can_read() {
    each(
        |name| sound(name) && name.starts_with("0.1/"),
        |folder, record| {
            used(folder, record, use_beside)?.close().unwrap();
            used(folder, record, use_within)?.close().unwrap();
            let files = files(folder.path());
            assert_eq!(files.len(), record.accounts.len() + 1, "the directory, and a file an account");
            for file in files {
                let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
                let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
                assert_eq!(version, 1, "{}", file.display());
                if file.ends_with("directory.sqlite") {
                    continue;
                }
                for (table, column) in [("log", "changes"), ("checkpoint", "data"), ("email", "structure")] {
                    let versions = versions(&connection, table, column);
                    assert_eq!(versions, ["01"], "{}: {table}.{column}", file.display());
                }
            }
            Ok(())
        },
    );
}

/// 0.1 made it anew, here as where it was lost with mail in it: now somebody is asked.
#[test]
fn an_account_that_has_no_file_is_not_made_anew() {
    each(
        |name| !whole(name),
        |folder, _| {
            let store = open(folder)?;
            let before = files(folder.path());
            let half = store.directory().find_by_name("half@example.org").unwrap().unwrap();
            let refused = store.account(half.id).unwrap().state();
            assert!(matches!(refused, Err(store::Error::Missing { .. })), "{refused:?}");
            assert_eq!(files(folder.path()), before);
            store.remove(half.id).unwrap();
            let again = store.directory().add("half@example.org", None, 0).unwrap();
            store.account(again).unwrap().state().map(drop).map_err(|error| error.to_string())
        },
    );
}
