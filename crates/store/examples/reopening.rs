//! How long it takes to open an account with a large mailbox again, and to compare that with what a session knows of it.
//!
//! `cargo run --release -p posthorn-store --example reopening [FOLDER] [MESSAGES]`. The folder decides which disk is
//! measured; it is emptied afterwards.

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use account::plan::{self, NewMessage, Planned};
use account::{Added, Change, EmailId, Flags, MailboxId, Permit, State, SystemFlags, difference};
use imap::{InternalDate, StoreMode, Uid, UidSet};
use store::{Account, Actor, Options, Store};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A time at which all this happens.
const NOW: i64 = 1_790_000_000;

/// How many emails there are: the messages are copies of them.
const EMAILS: u32 = 1000;

/// How many messages come in one commit.
const BATCH: u32 = 10_000;

const INBOX: MailboxId = MailboxId::FIRST;

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let parent = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let messages = args.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = parent.join(format!("posthorn-reopening-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = measure(&folder, messages);
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn measure(folder: &Path, messages: u32) -> Outcome<()> {
    let store = Store::set_up(folder, Options::default())?;
    let id = store.directory().add("large", None, NOW)?;
    let account = store.account(id)?;
    fill(&store, &account, messages)?;
    let known = account.state()?;
    store.close()?;
    let (mut opening, mut comparing) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let began = Instant::now();
        let state = account.state()?;
        opening.push(began.elapsed());
        let began = Instant::now();
        let found = difference(&inbox(&known)?.messages, &inbox(&state)?.messages);
        comparing.push(began.elapsed());
        assert!(found.is_empty());
        store.close()?;
    }
    tell(&format!("opening {messages} messages"), opening)?;
    tell("comparing them with what was known", comparing)?;
    drop((account, store));
    let store = Store::open(folder, Options::default())?;
    let began = Instant::now();
    let state = store.account(id)?.state()?;
    tell("opening them for the first time", vec![began.elapsed()])?;
    let began = Instant::now();
    std::hint::black_box(inbox(&state)?.messages.iter().filter(|record| record.size > 40_000).count());
    tell("looking at each of them once", vec![began.elapsed()])
}

fn inbox(state: &State) -> Outcome<&Arc<account::Mailbox>> {
    Ok(state.mailbox(INBOX).ok_or("no INBOX")?)
}

fn tell(what: &str, mut times: Vec<Duration>) -> Outcome<()> {
    times.sort();
    let median = times.get(times.len() / 2).ok_or("nothing was measured")?;
    writeln!(stdout(), "{what}: {:.3} ms (median of {})", median.as_secs_f64() * 1e3, times.len())?;
    Ok(())
}

fn commit(
    account: &Account,
    emails: Vec<store::Message>,
    mut changes: impl FnMut(&State) -> Vec<Change> + Send + 'static,
) -> Outcome<()> {
    let plan = move |state: &State| Ok(Planned { changes: changes(state), outcome: () });
    account.commit(&Actor::default(), NOW, emails, plan)?;
    Ok(())
}

/// Messages as they come and as their owner treats them: of all sizes, some minutes apart, most of them read, some flagged.
fn fill(store: &Store, account: &Account, messages: u32) -> Outcome<()> {
    let mut emails = Vec::new();
    for number in 0..EMAILS {
        let mut upload = store.upload();
        upload.push(format!("Subject: mail {number}\r\n\r\n").as_bytes())?;
        emails.push(upload.finish()?);
    }
    let news: Vec<_> = emails.iter().map(|email| new_message(email.size())).collect();
    account.commit(&Actor::default(), NOW, emails, move |state| {
        plan::append(state, Some(Permit::owner(INBOX)), &news, NOW)
    })?;
    let first = EMAILS + 1;
    for from in (first..=messages).step_by(BATCH as usize) {
        let to = messages.min(from + BATCH - 1);
        let added: Vec<Added> = (from..=to).filter_map(message).collect();
        commit(account, Vec::new(), move |_| vec![Change::MessagesAdded { mailbox: INBOX, messages: added.clone() }])?;
    }
    for every in [7, 11, 13, 101, 103, 107] {
        let uids: UidSet = (first..=messages).filter(|uid| uid % every == 0).filter_map(Uid::new).collect();
        let flags = Flags::new(SystemFlags::from_bits(u8::try_from(every % 7)? | 1), Vec::new());
        let stored = Change::FlagsChanged { mailbox: INBOX, uids, mode: StoreMode::Add, flags };
        commit(account, Vec::new(), move |_| vec![stored.clone()])?;
    }
    Ok(())
}

fn new_message(size: u32) -> NewMessage {
    NewMessage { size, internal_date: InternalDate::new(NOW, 60), flags: Flags::default(), uid: None, foreign: None }
}

fn message(uid: u32) -> Option<Added> {
    let noise = uid.wrapping_mul(2_654_435_761) >> 8;
    let at = NOW - 1_000_000_000 + i64::from(uid) * 300 + i64::from(noise % 300);
    Some(Added {
        uid: Uid::new(uid)?,
        email: EmailId::new(u64::from(1 + noise % EMAILS))?,
        size: 1000 + noise % 60_000,
        internal_date: InternalDate::new(at, 60),
        save_date: at,
        flags: Arc::default(),
        foreign: None,
    })
}
