//! Where imported mail goes: messages are collected and committed many at a time, and none that is there already is
//! added again.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use account::plan::{self, NewMessage};
use account::{Flags, MailboxId, Permit, Planned, Rights};
use anyhow::{Context, Result, anyhow};
use imap::{InternalDate, Keyword, MailboxName, Uid, UidValidity};
use server::control::Client;
use store::{Account, Actor, CommitError, Message, Upload};

use crate::dates;
use crate::mbox::reader::Fidelity;
use crate::output;
use crate::place::{self, Open};

/// The most messages of a commit.
const MESSAGES: usize = 500;

/// The most octets of a commit's messages, roughly: they are held, compressed, until it is made.
const OCTETS: u64 = 16 * 1024 * 1024;

/// The largest message that can be kept.
const LARGEST: u64 = u32::MAX as u64;

/// What has been done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) added: u64,
    pub(super) octets: u64,
    /// Messages that were there already.
    pub(super) there: u64,
    /// Messages that could not be read or are too large.
    pub(super) refused: u64,
    pub(super) mailboxes: u64,
}

/// An account that takes mail over.
pub(super) struct Into {
    open: Open,
    account: Arc<Account>,
    actor: Actor,
    above: Option<MailboxName>,
    pub(super) fidelity: Fidelity,
    pub(super) totals: Totals,
}

/// A mailbox of it.
pub(super) struct Destination {
    id: MailboxId,
    name: MailboxName,
    /// How many messages there are with the same octets: as many of the same in what is imported are there already.
    known: HashMap<[u8; 32], u32>,
    batch: Vec<(Message, NewMessage)>,
    octets: u64,
    /// Keywords that were told to be left out.
    left_out: HashSet<Keyword>,
}

/// What is known of a message beside its octets.
pub(super) struct About {
    pub(super) flags: Flags,
    pub(super) date: Option<InternalDate>,
    pub(super) uid: Option<Uid>,
}

impl Into {
    pub(super) fn new(
        open: Open,
        account: &str,
        command: &str,
        (above, fidelity): (Option<MailboxName>, Fidelity),
    ) -> Result<Self> {
        let account = open.account(account)?;
        let actor = place::actor(command);
        Ok(Self { open, account, actor, above, fidelity, totals: Totals::default() })
    }

    /// What a mailbox of the source is called here.
    pub(super) fn name(&self, name: &MailboxName) -> Result<MailboxName> {
        match (&self.above, name) {
            (None, name) => Ok(name.clone()),
            (Some(above), MailboxName::Inbox) => Ok(above.clone()),
            (Some(above), name) => {
                let below = MailboxName::new(&format!("{above}/{name}"));
                below.map_err(|error| anyhow!("{name} cannot be put below {above}: {error}"))
            }
        }
    }

    /// The mailbox of that name, which is made if it is not there.
    pub(super) fn mailbox(&mut self, name: MailboxName) -> Result<Destination> {
        let now = dates::now();
        let there = self.account.state()?.named(&name).map(|mailbox| mailbox.id);
        let id = if let Some(id) = there {
            id
        } else {
            let made = name.clone();
            // Another import may have made it meanwhile: then it is as good as one that was there.
            let plan = move |state: &account::State| match state.named(&made) {
                Some(mailbox) => Ok(Planned { changes: Vec::new(), outcome: mailbox.id }),
                None => plan::create(state, (&made, Rights::ALL), &[], now),
            };
            let committed = self.account.commit(&self.actor, now, Vec::new(), plan);
            committed.with_context(|| format!("cannot make the mailbox {name}"))?.outcome
        };
        let mut known = HashMap::new();
        let state = self.account.state()?;
        if let Some(mailbox) = state.mailbox(id) {
            let mut emails = mailbox.messages.iter().map(|record| record.email);
            self.account.hashes(&mut emails, &mut |_, hash| {
                *known.entry(*hash).or_insert(0) += 1;
                ControlFlow::Continue(())
            })?;
        }
        self.totals.mailboxes += 1;
        Ok(Destination { id, name, known, batch: Vec::new(), octets: 0, left_out: HashSet::new() })
    }

    /// Subscribes a mailbox, so that clients show it.
    pub(super) fn subscribe(&self, name: &MailboxName) -> Result<()> {
        let name = name.clone();
        self.account.commit(&self.actor, dates::now(), Vec::new(), move |state| plan::subscribe(state, &name))?;
        Ok(())
    }

    /// Takes over UIDVALIDITY, and UIDNEXT as far as it is known. Whether UIDs can be kept.
    pub(super) fn take_numbers(&self, mailbox: &Destination, validity: UidValidity, next: Uid) -> Result<Kept> {
        let id = mailbox.id;
        let take = move |state: &account::State| plan::take_numbers(state, id, validity, next);
        match self.account.commit(&self.actor, dates::now(), Vec::new(), take) {
            Ok(_) => Ok(Kept::Yes),
            Err(CommitError::Refused(_)) => Ok(Kept::No),
            Err(CommitError::Failed(error)) => Err(error.into()),
        }
    }

    /// A message on its way in.
    pub(super) fn upload(&self) -> Upload {
        self.open.store.upload()
    }

    /// Adds a message that came in whole, unless it is there already.
    pub(super) fn add(&mut self, mailbox: &mut Destination, upload: Upload, about: About) -> Result<()> {
        let message = upload.finish()?;
        if let Some(left @ 1..) = mailbox.known.get_mut(message.hash()) {
            *left -= 1;
            self.totals.there += 1;
            return Ok(());
        }
        let sent = || message.structure().sent().map(|sent| InternalDate::new(sent, 0));
        let date = about.date.or_else(sent).unwrap_or_else(|| InternalDate::new(dates::now(), 0));
        let new =
            NewMessage { size: message.size(), internal_date: date, flags: about.flags, uid: about.uid, foreign: None };
        mailbox.octets += u64::from(new.size);
        mailbox.batch.push((message, new));
        if mailbox.batch.len() >= MESSAGES || mailbox.octets >= OCTETS { self.flush(mailbox) } else { Ok(()) }
    }

    /// Commits what has been collected.
    pub(super) fn flush(&mut self, mailbox: &mut Destination) -> Result<()> {
        let (emails, new): (Vec<Message>, Vec<NewMessage>) = std::mem::take(&mut mailbox.batch).into_iter().unzip();
        if new.is_empty() {
            return Ok(());
        }
        let (id, now, count) = (mailbox.id, dates::now(), new.len() as u64);
        let to = Permit { limits: self.account.limits(), ..Permit::owner(id) };
        let plan = move |state: &account::State| plan::deliver(state, Some(to), &new, now);
        let committed = self.account.commit(&self.actor, now, emails, plan);
        let committed = committed.with_context(|| format!("cannot add messages to {}", mailbox.name))?;
        for keyword in committed.outcome.left_out {
            if mailbox.left_out.insert(keyword.clone()) {
                let (name, keyword) = (&mailbox.name, keyword.as_str());
                output::note(format!("{name}: left out {keyword} of some messages: it has too many keywords already"));
            }
        }
        self.totals.added += count;
        self.totals.octets += std::mem::take(&mut mailbox.octets);
        self.ring();
        Ok(())
    }

    /// A message that cannot be taken: said, and left out.
    pub(super) fn refuse(&mut self, which: &str, error: &anyhow::Error) {
        self.totals.refused += 1;
        output::note(format!("left out {which}: {error:#}"));
    }

    /// Whether a message is small enough.
    pub(super) fn fits(octets: u64) -> bool {
        octets < LARGEST
    }

    /// Tells the server, if one serves this folder, that there is mail.
    fn ring(&self) {
        // It looks by itself, too, only not at once.
        if let Some(mut server) = Client::connect(&self.open.data) {
            let _ = server.changed(self.account.id());
        }
    }
}

/// Whether UIDs can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// The mailbox has the source's UIDVALIDITY.
    Yes,
    /// It has had messages of its own.
    No,
}

impl Destination {
    pub(super) fn name(&self) -> &MailboxName {
        &self.name
    }
}
