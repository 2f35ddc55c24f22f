//! How fast the store is on this machine: commits, opening, structures, octets.
//!
//! `cargo run --release -p posthorn-store --example commit_speed [FOLDER] [SECONDS]`. The folder decides which disk is
//! measured; it is emptied afterwards.

#![allow(clippy::cast_precision_loss, reason = "figures for people to read")]

use std::io::{Write, stdout};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use account::plan::{self, NewMessage};
use account::{EmailId, Flags, Permit};
use imap::{InternalDate, MailboxName};
use store::{Account, Actor, Message, Options, Store};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A time at which all this happens.
const NOW: i64 = 1_790_000_000;

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let parent = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let seconds = args.next().map_or(Ok(3.0), |text| text.parse())?;
    let folder = parent.join(format!("posthorn-commit-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = measure(&folder, Duration::from_secs_f64(seconds));
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn measure(folder: &Path, time: Duration) -> Outcome<()> {
    commits(folder, time)?;
    let store = Store::set_up(&folder.join("large"), Options::default())?;
    let account = account(&store, "large")?;
    fill(&store, &account, 100_000)?;
    opening(&folder.join("large"), store)?;
    reading(&folder.join("large"))
}

/// A mail of about 5,000 octets; different numbers give different octets.
fn mail(number: u64) -> Vec<u8> {
    let mut octets = format!(
        "Return-Path: <sender{number}@example.org>\r\nReceived: from mx.example.org by mail.example.net with ESMTPS\r\n \
         id {number:x}; Wed, 25 Nov 2026 19:00:00 +0000\r\nFrom: Sender {number} <sender{number}@example.org>\r\n\
         To: Somebody <somebody@example.net>\r\nSubject: The subject of mail {number}\r\n\
         Date: Wed, 25 Nov 2026 19:00:00 +0000\r\nMessage-ID: <{number}.abcdef@example.org>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    .into_bytes();
    let mut word = number;
    while octets.len() < 5000 {
        for _ in 0..10 {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let word = word >> 40;
            octets
                .extend(format!("{}{} ", ["mail", "letter", "post", "horn"][(word % 4) as usize], word % 1000).bytes());
        }
        octets.extend(b"\r\n");
    }
    octets
}

fn upload(store: &Store, octets: &[u8]) -> Outcome<Message> {
    let mut upload = store.upload();
    upload.push(octets)?;
    Ok(upload.finish()?)
}

fn account(store: &Store, name: &str) -> Outcome<Arc<Account>> {
    let id = store.directory().add(name, None, NOW)?;
    let account = store.account(id)?;
    account.state()?;
    Ok(account)
}

fn append(account: &Account, messages: Vec<Message>) -> Outcome<()> {
    let news: Vec<_> = messages
        .iter()
        .map(|message| NewMessage {
            size: message.size(),
            internal_date: InternalDate::new(NOW, 60),
            flags: Flags::default(),
            uid: None,
            foreign: None,
        })
        .collect();
    account.commit(&Actor::default(), NOW, messages, move |state| {
        plan::append(state, state.named(&MailboxName::Inbox).map(|inbox| Permit::owner(inbox.id)), &news, NOW)
    })?;
    Ok(())
}

/// Processor time of this process so far.
fn cpu() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = after.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// How long this thread has had a processor: what a loaded machine does not change much.
fn busy() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = stat.split(' ').next().unwrap_or_default().parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}

/// Both the time that something takes and the processor time of this thread in it, in seconds.
fn timed<T>(act: impl FnOnce() -> Outcome<T>) -> Outcome<(T, f64, f64)> {
    let (began, before) = (Instant::now(), busy()?);
    let done = act()?;
    Ok((done, began.elapsed().as_secs_f64(), busy()?.saturating_sub(before).as_secs_f64()))
}

fn commits(folder: &Path, time: Duration) -> Outcome<()> {
    writeln!(stdout(), "threads accounts  commits/s  CPU µs/commit")?;
    for (threads, accounts) in [(1, 1), (2, 1), (16, 1), (64, 1), (2, 2), (16, 16), (64, 64)] {
        let store = Store::set_up(&folder.join(format!("{threads}-{accounts}")), Options::default())?;
        let accounts: Vec<_> = (0..accounts).map(|n| account(&store, &format!("user{n}"))).collect::<Outcome<_>>()?;
        let (stop, count) = (AtomicBool::new(false), AtomicU64::new(0));
        let (began, before) = (Instant::now(), cpu()?);
        std::thread::scope(|scope| -> Outcome<()> {
            let mut workers = Vec::new();
            for thread in 0..threads {
                let (account, store) = (&accounts[thread % accounts.len()], &store);
                let (stop, count) = (&stop, &count);
                workers.push(scope.spawn(move || -> Outcome<()> {
                    while !stop.load(Ordering::Relaxed) {
                        let octets = mail(count.fetch_add(1, Ordering::Relaxed));
                        append(account, vec![upload(store, &octets)?])?;
                    }
                    Ok(())
                }));
            }
            std::thread::sleep(time);
            stop.store(true, Ordering::Relaxed);
            workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker panicked")?)
        })?;
        let (spent, used, count) = (began.elapsed(), cpu()?.saturating_sub(before), count.into_inner());
        let rate = count as f64 / spent.as_secs_f64();
        let each = used.as_secs_f64() * 1e6 / count as f64;
        writeln!(stdout(), "{threads:7} {:8} {rate:10.0} {each:14.1}", accounts.len())?;
    }
    let began = Instant::now();
    for number in 0..20_000 {
        std::hint::black_box(mail(number));
    }
    writeln!(stdout(), "(of which making up the mail: {:.1} µs)", began.elapsed().as_secs_f64() * 1e6 / 20_000.0)?;
    Ok(())
}

fn fill(store: &Store, account: &Account, count: u64) -> Outcome<()> {
    let began = Instant::now();
    for first in (0..count).step_by(1000) {
        let messages = (first..first + 1000).map(|n| upload(store, &mail(n))).collect::<Outcome<_>>()?;
        append(account, messages)?;
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    writeln!(stdout(), "import of {count} mails in batches of 1000: {rate:.0} mails/s")?;
    Ok(())
}

fn opening(folder: &Path, store: Store) -> Outcome<()> {
    let account = store.account(first_id(&store)?)?;
    let began = Instant::now();
    store.close()?;
    writeln!(stdout(), "checkpoint of it and close: {:.2} ms", began.elapsed().as_secs_f64() * 1e3)?;
    let mut times = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        account.state()?;
        times.push(began.elapsed());
        store.close()?;
    }
    times.sort();
    writeln!(stdout(), "opening it: {:.2} ms (median of 50)", times[25].as_secs_f64() * 1e3)?;
    drop((account, store));
    // Again in a store of its own, as another process would.
    let store = Store::set_up(folder, Options::default())?;
    let began = Instant::now();
    store.account(first_id(&store)?)?.state()?;
    writeln!(stdout(), "opening it for the first time: {:.2} ms", began.elapsed().as_secs_f64() * 1e3)?;
    Ok(())
}

fn first_id(store: &Store) -> Outcome<store::AccountId> {
    Ok(store.directory().list()?.first().ok_or("no account")?.id)
}

fn reading(folder: &Path) -> Outcome<()> {
    let store = Store::set_up(folder, Options::default())?;
    let account = store.account(first_id(&store)?)?;
    let state = account.state()?;
    let inbox = state.named(&MailboxName::Inbox).ok_or("no INBOX")?;
    let ids: Vec<EmailId> = inbox.messages.iter().map(|record| record.email).collect();
    let count = ids.len() as f64;
    for round in ["a scan", "a scan again"] {
        let (octets, wall, busy) = timed(|| {
            let mut octets = 0;
            account.structures(&mut ids.iter().copied(), &mut |_, structure| {
                octets += structure.len();
                ControlFlow::Continue(())
            })?;
            Ok(octets)
        })?;
        let size = octets / ids.len();
        let (wall, busy) = (count / wall, count / busy);
        writeln!(stdout(), "structures, {round}: {wall:.0} rows/s ({busy:.0} by processor time) of {size} octets")?;
    }
    let scattered: Vec<_> = (0..ids.len()).map(|n| ids[n * 7919 % ids.len()]).collect();
    let ((), wall, busy) =
        timed(|| Ok(account.structures(&mut scattered.iter().copied(), &mut |_, _| ControlFlow::Continue(()))?))?;
    let (wall, busy) = (count / wall, count / busy);
    writeln!(stdout(), "structures, scattered: {wall:.0} rows/s ({busy:.0} by processor time)")?;
    let (octets, wall, busy) = timed(|| {
        let mut octets = 0u64;
        account.bodies(&mut ids.iter().copied(), &mut |piece| {
            octets += piece.octets.len() as u64;
            ControlFlow::Continue(())
        })?;
        Ok(octets as f64 / 1e6)
    })?;
    let (wall, busy) = (octets / wall, octets / busy);
    writeln!(stdout(), "octets of all, checked: {wall:.0} MB/s ({busy:.0} by processor time)")?;
    let ((), wall, busy) = timed(|| {
        let mut out = Vec::new();
        for id in &ids[..20_000] {
            let mut body = account.body(*id)?;
            out.clear();
            body.read(0, body.size(), &mut out)?;
        }
        Ok(())
    })?;
    let (wall, busy) = (wall * 50.0, busy * 50.0);
    writeln!(stdout(), "octets one by one: {wall:.1} µs a mail ({busy:.1} by processor time)")?;
    large(&store, &account)
}

fn large(store: &Store, account: &Account) -> Outcome<()> {
    let octets: Vec<u8> = (0..10_000).flat_map(mail).collect();
    let size = octets.len() as f64 / 1e6;
    let (message, wall, busy) = timed(|| upload(store, &octets))?;
    writeln!(stdout(), "a mail of {size:.0} MB: uploaded at {:.0} MB/s ({:.0})", size / wall, size / busy)?;
    let ((), wall, _) = timed(|| append(account, vec![message]))?;
    let id = EmailId::new(account.state()?.next_email().get() - 1).ok_or("no email")?;
    writeln!(stdout(), "   committed in {:.0} ms", wall * 1e3)?;
    let ((), wall, busy) = timed(|| {
        let mut out = Vec::with_capacity(octets.len());
        Ok(account.body(id)?.read(0, u64::MAX, &mut out)?)
    })?;
    writeln!(stdout(), "   read at {:.0} MB/s ({:.0})", size / wall, size / busy)?;
    Ok(())
}
