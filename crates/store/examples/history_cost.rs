//! What keeping an account as it was costs: `cargo run --release -p posthorn-store --example history_cost -- FOLDER`
//!
//! Forty days of an account that gets 200 mails a day, and of one with a million messages whose flags are all changed by
//! one STORE a day, with a retention of thirty days. Of each: the octets of the checkpoint, of its history and of the log,
//! and how long the state of fifteen days ago takes to compute.

use std::io::{Write, stdout};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use account::plan::{self, Condition, NewMessage};
use account::{Flags, Permit, Planned, SystemFlags};
use imap::{InternalDate, MailboxName, ModSeq, StoreMode, UidSet};
use rusqlite::Connection;
use store::{Account, Actor, Options, Store};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A time at which all of it happens.
const NOW: i64 = 1_790_000_000;

const DAYS: i64 = 40;

fn main() -> Outcome<()> {
    let folder = std::env::args().nth(1).ok_or("name a folder that is not there yet")?;
    let folder = Path::new(&folder);
    measure("200 mails a day", &folder.join("mails"), 10_000, &|store, account| {
        (0..200).try_for_each(|_| append(store, account, 1))
    })?;
    measure("one STORE 1:* a day on a million", &folder.join("flags"), 1_000_000, &|_, account| {
        let modes = (StoreMode::Add, StoreMode::Remove);
        let seen = Flags::new(SystemFlags::SEEN, Vec::new());
        account.commit(&Actor::default(), NOW, Vec::new(), move |state| {
            let inbox = state.named(&MailboxName::Inbox).ok_or(account::Refusal::NoSuchMailbox)?;
            let mode = if inbox.messages.totals().unseen > 0 { modes.0 } else { modes.1 };
            plan::store(state, Permit::owner(inbox.id), &inbox.messages.uids(), (mode, &seen), Condition::Always)
        })?;
        Ok(())
    })
}

fn measure(what: &str, folder: &Path, messages: u32, day: &dyn Fn(&Store, &Account) -> Outcome<()>) -> Outcome<()> {
    let store = Store::set_up(folder, Options { inspect: 0, ..Options::default() })?;
    let account = store.account(store.directory().add("alice", None, NOW)?)?;
    fill(&store, &account, messages)?;
    let mut clock = NOW;
    let mut then = None;
    for number in 0..DAYS {
        day(&store, &account)?;
        if number == DAYS - 15 {
            then = account.state()?.modseq();
        }
        for _ in 0..24 {
            clock += 3600;
            store.sweep(clock).failed.pop().map_or(Ok(()), |failure| Err(failure.error))?;
        }
    }
    let began = Instant::now();
    let state = account.state_at(then.unwrap_or(ModSeq::MIN))?;
    let took = began.elapsed();
    let file = Connection::open(folder.join("accounts/01/1.sqlite"))?;
    let sum = |table: &str| -> Outcome<(i64, i64)> {
        let column = if table == "log" { "changes" } else { "data" };
        let sql = format!("SELECT count(*), coalesce(sum(length({column})), 0) FROM {table}");
        Ok(file.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    };
    let generations: i64 = file.query_row("SELECT count(*) FROM generation", [], |row| row.get(0))?;
    let mut out = stdout();
    writeln!(out, "{what}: {generations} generations")?;
    for table in ["checkpoint", "history", "log"] {
        let (rows, octets) = sum(table)?;
        writeln!(out, "  {table:10} {rows:8} rows {octets:12} octets")?;
    }
    let messages = state.totals().messages;
    writeln!(out, "  the state of fifteen days ago, {messages} messages: {:.1} ms", took.as_secs_f64() * 1e3)?;
    Ok(())
}

/// Ten thousand messages, and copies of them.
fn fill(store: &Store, account: &Arc<Account>, messages: u32) -> Outcome<()> {
    const AT_ONCE: u32 = 10_000;
    append(store, account, AT_ONCE.min(messages))?;
    for _ in 1..messages / AT_ONCE {
        account.commit(&Actor::default(), NOW, Vec::new(), |state| {
            let inbox = state.named(&MailboxName::Inbox).ok_or(account::Refusal::NoSuchMailbox)?;
            let first: UidSet = inbox.messages.iter().take(AT_ONCE as usize).map(|record| record.uid).collect();
            let copied = plan::copy(state, Permit::owner(inbox.id), &first, Some(Permit::owner(inbox.id)), NOW)?;
            Ok(Planned { changes: copied.changes, outcome: () })
        })?;
    }
    Ok(())
}

fn append(store: &Store, account: &Account, messages: u32) -> Outcome<()> {
    let mut mails = Vec::new();
    for number in 0..messages {
        let mut upload = store.upload();
        upload.push(format!("From: a@example.org\r\nSubject: mail {number}\r\n\r\nText.\r\n").as_bytes())?;
        mails.push(upload.finish()?);
    }
    let news: Vec<_> = mails
        .iter()
        .map(|mail| NewMessage {
            size: mail.size(),
            internal_date: InternalDate::new(NOW, 60),
            flags: Flags::default(),
            uid: None,
            foreign: None,
        })
        .collect();
    account.commit(&Actor::default(), NOW, mails, move |state| {
        let id = state.named(&MailboxName::Inbox).map(|inbox| Permit::owner(inbox.id));
        let planned = plan::append(state, id, &news, NOW)?;
        Ok(Planned { changes: planned.changes, outcome: () })
    })?;
    Ok(())
}
