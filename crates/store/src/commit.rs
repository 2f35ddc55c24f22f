//! Changes become durable.
//!
//! Who commits lines up in the account's queue. Whoever leads plans all that waits, one after the other, each on the
//! state that the one before leaves, and makes all of it durable at once.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use account::codec::Format;
use account::{Change, Commit, Refusal, State, codec};

use crate::account::Head;
use crate::engine::{Batch, BodyRef, Engine, NewEmail, Row, Written};
use crate::queue::{Answer, Request};
use crate::tail::Tail;
use crate::turn::{self, Stop};
use crate::{Account, Directory, Error, Message, ids};

/// How often a batch is planned again because another process was first.
const ATTEMPTS: usize = 1000;

/// A commit that is durable.
#[derive(Clone, Debug)]
pub struct Committed<T> {
    /// The account right after it.
    pub state: Arc<State>,
    /// What the plan said to tell.
    pub outcome: T,
}

/// A commit that did not happen.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The rules are against it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Requests as they would be durable.
pub(crate) struct Prepared {
    format: Format,
    pub(crate) batch: Batch,
    changes: Vec<Vec<Change>>,
    /// One for each request, for when the batch is durable.
    pub(crate) answers: Vec<Answer>,
    /// The state that the batch leads to.
    pub(crate) newest: Arc<State>,
}

impl Account {
    pub(crate) fn commit_planned(&self, request: Request) -> Answer {
        let ticket = request.ticket();
        let lead = match self.queue.push(request) {
            Some(lead) => lead,
            None => match ticket.wait() {
                Some(answer) => return answer,
                None => self.queue.lead(),
            },
        };
        {
            let mut head = self.head.lock();
            turn::pass(Stop::Lead);
            self.carry_out(&mut head, lead.take());
        }
        drop(lead);
        self.watchers.tell();
        if self.tail().is_heavy() {
            // If it fails, the log has it all, and the next sweep tries again.
            let _later = self.checkpoint();
        }
        ticket.wait().unwrap_or_else(|| Err(Error::WrongPlan("it was not among those that waited".to_owned()).into()))
    }

    /// Carries out requests and answers each.
    fn carry_out(&self, head: &mut Head, mut requests: Vec<Request>) {
        let done = self.make_durable(head, &mut requests);
        turn::pass(Stop::Answer);
        match done {
            Ok(answers) => requests.into_iter().zip(answers).for_each(|(request, answer)| request.answer(answer)),
            Err(error) => {
                let error = self.explain(error);
                for request in requests {
                    request.answer(Err(error.clone().into()));
                }
            }
        }
    }

    fn make_durable(&self, head: &mut Head, requests: &mut [Request]) -> Result<Vec<Answer>, Error> {
        let mut state = self.opened(head)?;
        let format = self.engine.format()?;
        for _ in 0..ATTEMPTS {
            let prepared = prepare(&state, format, requests);
            if prepared.batch.rows.is_empty() {
                // A refusal, or that there is nothing to do, must not come from a state that another process has left
                // behind.
                if self.engine.newest()? == state.modseq() {
                    return Ok(prepared.answers);
                }
                state = self.caught_up(head, state)?;
                continue;
            }
            prepared.note_uid_validities(self.shared.backend.directory())?;
            turn::pass(Stop::Write);
            match self.engine.append(&prepared.batch) {
                Ok(Written::Durably) => {
                    return Ok(self.shown(head, prepared));
                }
                Ok(Written::TooLate) => state = self.caught_up(head, state)?,
                Err(error) => {
                    // What is in memory is what was durable before. Whether the batch got as far as the disk after all
                    // is settled before anybody is answered.
                    self.current.fall_behind();
                    settle(&*self.engine, &prepared.batch, error)?;
                    return Ok(self.shown(head, prepared));
                }
            }
        }
        Err(Error::Busy)
    }

    /// Shows a batch that is durable.
    fn shown(&self, head: &mut Head, prepared: Prepared) -> Vec<Answer> {
        turn::pass(Stop::Publish);
        prepared.changes.iter().for_each(|changes| self.recent.note(changes));
        let by = prepared.tail();
        self.publish(head, prepared.newest, by);
        prepared.answers
    }
}

/// What became of a batch whose writing failed: returns if it is durable all the same. The engine has closed all that it
/// had open; its next look makes what is there durable before it tells of it, or fails.
fn settle(engine: &dyn Engine, batch: &Batch, error: Error) -> Result<(), Error> {
    match error {
        Error::Io(_) | Error::Database(_) => {}
        // These are from before anything was written, or were undone.
        error => return Err(error),
    }
    match is_there(engine, batch) {
        Ok(true) => Ok(()),
        Ok(false) => Err(error),
        Err(_) => Err(Error::Unsettled(error.to_string().into())),
    }
}

/// Whether the log has this batch. Another process may have written a row in its place that looks the same, for another
/// message: so the messages are compared as well.
fn is_there(engine: &dyn Engine, batch: &Batch) -> Result<bool, Error> {
    let newest = engine.newest()?;
    if newest <= batch.after {
        return Ok(false);
    }
    let (mut after, mut expected) = (batch.after, &batch.rows[..]);
    while !expected.is_empty() {
        let rows = engine.log(after, expected.len())?;
        match expected.strip_prefix(&rows[..]) {
            Some(rest) if !rows.is_empty() => expected = rest,
            _ => return Ok(false),
        }
        after = rows.last().map(|row| row.modseq);
    }
    let mut expected = batch.emails.iter();
    let mut same = true;
    engine.emails(&mut batch.emails.iter().map(|email| email.id), &mut |found| {
        same &= expected.next().is_some_and(|email| *email.message.hash() == found.hash);
        ControlFlow::Continue(())
    })?;
    Ok(same && expected.next().is_none())
}

/// Plans requests one after the other, each on the state that the one before leaves.
pub(crate) fn prepare(state: &Arc<State>, format: Format, requests: &mut [Request]) -> Prepared {
    let batch = Batch { after: state.modseq(), rows: Vec::new(), emails: Vec::new() };
    let mut prepared = Prepared { format, batch, changes: Vec::new(), answers: Vec::new(), newest: state.clone() };
    for request in requests {
        let answer = prepared.add(request);
        prepared.answers.push(answer);
    }
    prepared
}

impl Prepared {
    /// What its rows add to the log.
    pub(crate) fn tail(&self) -> Tail {
        let mut tail = Tail::default();
        self.batch.rows.iter().zip(&self.changes).for_each(|(row, changes)| tail.add(row, changes));
        tail
    }

    /// Before a mailbox has a UIDVALIDITY, the store knows of it: no new account will have it again.
    fn note_uid_validities(&self, directory: &dyn Directory) -> Result<(), Error> {
        for (row, changes) in self.batch.rows.iter().zip(&self.changes) {
            for change in changes {
                if let Change::MailboxCreated { uid_validity, .. } = change {
                    directory.note_uid_validity(uid_validity.get(), row.at)?;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, request: &mut Request) -> Answer {
        let state = &self.newest;
        // A leader carries out the plans of others: a panic of one of them must not be the leader's.
        let planned = catch_unwind(AssertUnwindSafe(|| (request.plan)(state)));
        let mut changes = planned.map_err(|_| Error::WrongPlan("it panicked".to_owned()))??;
        self.format.fit(&mut changes);
        if changes.is_empty() {
            return Ok(state.clone());
        }
        let mut after = (**state).clone();
        let actor = std::mem::take(&mut request.actor);
        let commit = Commit { modseq: state.next_modseq(), at: request.at, actor, changes };
        let applied = after.apply(&commit).map_err(|error| Error::WrongPlan(error.to_string()));
        request.actor.clone_from(&commit.actor);
        applied?;
        let emails = named(state, &request.emails, &commit)?;
        self.batch.rows.push(Row {
            modseq: commit.modseq,
            at: commit.at,
            actor: commit.actor,
            changes: codec::write_commit(self.format, &commit.changes),
            gone: gone(self.format, &commit.changes),
        });
        self.batch.emails.extend(emails);
        self.changes.push(commit.changes);
        self.newest = Arc::new(after);
        Ok(self.newest.clone())
    }
}

/// The new emails that a commit names. All that it names are there or come with it.
fn named(state: &State, messages: &[(Message, BodyRef)], commit: &Commit) -> Result<Vec<NewEmail>, Error> {
    let first = state.next_email().get();
    let mut emails: Vec<NewEmail> = Vec::new();
    let added = commit.changes.iter().filter_map(|change| match change {
        Change::MessagesAdded { messages, .. } => Some(messages),
        _ => None,
    });
    for added in added.flatten() {
        let Some(place) = added.email.get().checked_sub(first) else { continue };
        let message = usize::try_from(place).ok().and_then(|place| messages.get(place));
        let (message, body) = message.ok_or_else(|| Error::WrongPlan(format!("there is no email {}", added.email)))?;
        if message.size() != added.size {
            return Err(Error::WrongPlan(format!("email {} has another size", added.email)));
        }
        let (message, body) = (message.clone(), body.clone());
        emails.push(NewEmail { id: added.email, received_at: commit.at, message, body });
    }
    // One that is added to two mailboxes comes once.
    emails.sort_by_key(|email| email.id);
    emails.dedup_by_key(|email| email.id);
    Ok(emails)
}

/// The emails of the mailboxes that a commit deletes, where `changes` has no place for them.
fn gone(format: Format, changes: &[Change]) -> Vec<u8> {
    let deleted = changes.iter().filter_map(|change| match change {
        Change::MailboxDeleted { emails, .. } if format == Format::One => Some(emails),
        _ => None,
    });
    ids::write(deleted.flatten().copied())
}
