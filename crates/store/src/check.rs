//! Whether what is stored is what was written, and hangs together.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::ControlFlow;

use account::{EmailId, Mailbox, State, SystemFlags};
use imap::{ModSeq, Uid, UidSet};

use crate::engine::{Email, Engine};
use crate::log::read_row;
use crate::open::{self, PAGE};
use crate::{Error, body, history, retention};

/// What [`Account::check`](crate::Account::check) found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Mailboxes looked at.
    pub mailboxes: u64,
    /// Messages in them.
    pub messages: u64,
    /// Rows of the log.
    pub commits: u64,
    /// Checkpoints that are kept as the account was.
    pub generations: u64,
    /// Emails, whose octets were all read and hashed.
    pub emails: u64,
    /// Their octets.
    pub octets: u64,
    /// What is wrong. Nothing: all is well.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(pub(crate) String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    fn wrong(&mut self, what: impl fmt::Display) {
        self.problems.push(Problem(what.to_string()));
    }

    /// Damage is a problem to be reported, anything else keeps the check from being made.
    fn take(&mut self, error: Error) -> Result<(), Error> {
        match error {
            Error::Damaged { what } => self.wrong(what),
            Error::NoSuchEmail(id) => self.wrong(format_args!("email {id} is not there")),
            other => return Err(other),
        }
        Ok(())
    }
}

/// Checks an account. Others may commit to it meanwhile: what is checked is the state that it has at the beginning.
pub(crate) fn check(engine: &dyn Engine) -> Result<Report, Error> {
    let mut report = Report::default();
    match engine.examine() {
        Ok(found) => found.into_iter().for_each(|line| report.wrong(format_args!("the file: {line}"))),
        Err(error) => report.take(error)?,
    }
    let (state, problems) = open::salvage(engine)?;
    report.problems.extend(problems);
    for mailbox in state.by_name() {
        check_mailbox(&state, mailbox, &mut report);
    }
    let by_log = check_log(engine, &state, &mut report)?;
    match history::check(engine, &state) {
        Ok((generations, mut problems)) => {
            report.generations = generations;
            // A piece that the checkpoint shares with its history is told once.
            problems.retain(|problem| !report.problems.iter().any(|known| problem.0.ends_with(&known.0)));
            report.problems.extend(problems);
        }
        Err(error) => report.take(error)?,
    }
    check_emails(engine, &state, &by_log, &mut report)?;
    Ok(report)
}

fn check_mailbox(state: &State, mailbox: &Mailbox, report: &mut Report) {
    report.mailboxes += 1;
    report.messages += mailbox.messages.len() as u64;
    let name = &mailbox.name;
    let mut wrong = |what: &str| report.wrong(format_args!("mailbox {name}: {what}"));
    let mut before: Option<Uid> = None;
    let (mut unseen, mut deleted, mut size) = (0, 0, 0);
    for record in mailbox.messages.iter() {
        if before.is_some_and(|before| record.uid <= before) {
            wrong(&format!("UID {} comes after a higher one", record.uid));
        }
        if record.modseq > mailbox.modseq || record.email >= state.next_email() {
            wrong(&format!("UID {} is from the future", record.uid));
        }
        if !mailbox.flags.has(record.flags) {
            wrong(&format!("UID {} has flags that nobody knows", record.uid));
        }
        let flags = mailbox.flags.set(record.flags).system;
        unseen += u64::from(!flags.contains(SystemFlags::SEEN));
        deleted += u64::from(flags.contains(SystemFlags::DELETED));
        size += u64::from(record.size);
        before = Some(record.uid);
    }
    let totals = mailbox.messages.totals();
    if (totals.unseen, totals.deleted, totals.size) != (unseen, deleted, size) {
        wrong("its sums are not those of its messages");
    }
    if mailbox.uid_next.is_some_and(|next| before.is_some_and(|last| last >= next)) {
        wrong("UIDNEXT has been given already");
    }
    if Some(mailbox.modseq) > state.modseq() || mailbox.uid_validity.get() > state.last_uid_validity() {
        wrong("its numbers are from the future");
    }
    let there: UidSet = mailbox.messages.uids();
    let vanished = mailbox.vanished.since(None);
    if there.difference(&vanished).len() != there.len() {
        wrong("a message is there and has vanished");
    }
}

/// Reads the whole log; the emails that it names, with the last row that does.
fn check_log(engine: &dyn Engine, state: &State, report: &mut Report) -> Result<HashMap<EmailId, ModSeq>, Error> {
    let mut named = HashMap::new();
    // Where the log is kept from its beginning on, it alone makes the whole state.
    let mut replayed = Some(State::default());
    let mut after = None;
    loop {
        let rows = match engine.log(after, PAGE) {
            Ok(rows) => rows,
            Err(error) => {
                report.take(error)?;
                return Ok(named);
            }
        };
        let Some(last) = rows.last() else { break };
        for row in rows.iter().filter(|row| Some(row.modseq) <= state.modseq()) {
            report.commits += 1;
            if after.is_some_and(|after: ModSeq| row.modseq != after.next()) {
                report.wrong(format_args!("the log has no row before {}", row.modseq));
            }
            after = Some(row.modseq);
            match read_row(row) {
                Ok(commit) => named.extend(retention::named(&commit).map(|email| (email, row.modseq))),
                Err(error) => report.take(error)?,
            }
            replayed = match replayed.take() {
                Some(state) if row.modseq != state.next_modseq() => None,
                Some(mut state) => open::apply(&mut state, row).ok().map(|_| state),
                None => None,
            };
        }
        after = Some(last.modseq);
    }
    if let Some(replayed) = replayed
        && replayed.modseq() == state.modseq()
        && !replayed.agrees_with(state)
    {
        report.wrong("the log from its beginning does not end in the state that checkpoint and log end in");
    }
    Ok(named)
}

/// Reads all emails: that each which is named is there and whole, and that each which is there is named.
fn check_emails(
    engine: &dyn Engine,
    state: &State,
    by_log: &HashMap<EmailId, ModSeq>,
    report: &mut Report,
) -> Result<(), Error> {
    let records = state.by_name().flat_map(|mailbox| mailbox.messages.iter());
    let sizes: HashMap<EmailId, u32> = records.map(|record| (record.email, record.size)).collect();
    let mut there = Vec::new();
    let read = engine.ids(EmailId::FIRST, &mut |id| {
        there.push(id);
        ControlFlow::Continue(())
    });
    read.or_else(|error| report.take(error))?;
    let known: HashSet<EmailId> = there.iter().copied().collect();
    let mut missing: Vec<_> = sizes.keys().filter(|id| !known.contains(id)).collect();
    missing.sort_unstable();
    for id in missing {
        report.wrong(format_args!("email {id} has a mailbox but is not there"));
    }
    let first_kept = engine.log(None, 1).unwrap_or_default().first().map(|row| row.modseq);
    for (id, row) in by_log {
        // One whose row has gone since may have gone with it.
        if !known.contains(id) && !sizes.contains_key(id) && Some(*row) >= first_kept {
            report.wrong(format_args!("email {id} is named by row {row} of the log but is not there"));
        }
    }
    // What came in since is somebody's, but not of this state.
    there.retain(|id| *id < state.next_email());
    let doomed: HashSet<EmailId> = match engine.doomed(None, usize::MAX) {
        Ok(doomed) => doomed.into_iter().map(|(id, _)| id).collect(),
        Err(error) => {
            report.take(error)?;
            there.iter().copied().collect()
        }
    };
    for id in &there {
        if !sizes.contains_key(id) && !by_log.contains_key(id) && !doomed.contains(id) {
            report.wrong(format_args!("email {id} is there but nothing names it"));
        }
    }
    check_contents(engine, &there, &sizes, report)
}

/// Reads each email and its octets, going on after what is damaged.
fn check_contents(
    engine: &dyn Engine,
    ids: &[EmailId],
    sizes: &HashMap<EmailId, u32>,
    report: &mut Report,
) -> Result<(), Error> {
    let mut hashes = HashMap::new();
    let problems = std::cell::RefCell::new(Vec::new());
    each(ids, report, &mut |ids| {
        engine.emails(ids, &mut |email| {
            if let Err(wrong) = check_email(&email, sizes.get(&email.id)) {
                problems.borrow_mut().push(wrong);
            }
            hashes.insert(email.id, email.hash);
            ControlFlow::Continue(())
        })
    })?;
    let (mut emails, mut octets) = (0, 0);
    let mut hasher = blake3::Hasher::new();
    each(ids, report, &mut |ids| {
        body::bodies(engine, ids, &mut |piece| {
            if piece.offset == 0 {
                hasher.reset();
            }
            hasher.update(piece.octets);
            if piece.is_last() {
                emails += 1;
                octets += piece.size;
                if hashes.get(&piece.email).is_some_and(|hash| hash != hasher.finalize().as_bytes()) {
                    problems.borrow_mut().push(format!("octets of email {} are not those of its hash", piece.email));
                }
            }
            ControlFlow::Continue(())
        })
    })?;
    (report.emails, report.octets) = (emails, octets);
    problems.into_inner().into_iter().for_each(|problem| report.wrong(problem));
    Ok(())
}

fn check_email(email: &Email<'_>, size: Option<&u32>) -> Result<(), String> {
    let wrong = |what: &dyn fmt::Display| Err(format!("structure of email {}: {what}", email.id));
    match mime::Stored::parse(email.structure) {
        Err(error) => wrong(&error),
        Ok(stored) if stored.size() != u64::from(email.size) => wrong(&"it is of another size"),
        Ok(_) if size.is_some_and(|size| *size != email.size) => wrong(&"a mailbox says another size"),
        Ok(_) => Ok(()),
    }
}

/// Reads some emails in order; after one that cannot be read it goes on with the next.
fn each(
    ids: &[EmailId],
    report: &mut Report,
    read: &mut dyn FnMut(&mut dyn Iterator<Item = EmailId>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut from = 0;
    while from < ids.len() {
        let asked = Cell::new(from);
        let mut rest = ids[from..].iter().map(|id| {
            asked.set(asked.get() + 1);
            *id
        });
        match read(&mut rest) {
            Ok(()) => break,
            // The last one that was asked for is the one that failed.
            Err(error) => report.take(error)?,
        }
        from = asked.get().max(from + 1);
    }
    Ok(())
}
