//! Commits that wait for their turn.
//!
//! Whoever finds nobody leading leads: carries out all that waits by then, answers each, and names the first of those
//! who have come meanwhile as the next leader. The others wait for their answer, not for a lock, so that they are on
//! their way as soon as they have it and the next batch is as large as can be.

use std::fmt;
use std::sync::Arc;

use account::{Change, Refusal, State};
use parking_lot::{Condvar, Mutex};

use crate::engine::BodyRef;
use crate::lock::{Lock, Rank};
use crate::{Actor, CommitError, Error, Message, turn};

pub(crate) type Plan = Box<dyn FnMut(&State) -> Result<Vec<Change>, Refusal> + Send>;
pub(crate) type Answer = Result<Arc<State>, CommitError>;

/// Somebody wants to commit.
pub(crate) struct Request {
    pub(crate) at: i64,
    pub(crate) actor: String,
    pub(crate) emails: Vec<(Message, BodyRef)>,
    pub(crate) plan: Plan,
    ticket: Arc<Ticket>,
    answered: bool,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("actor", &self.actor).finish_non_exhaustive()
    }
}

impl Request {
    pub(crate) fn new(who: &Actor, at: i64, emails: Vec<(Message, BodyRef)>, plan: Plan) -> Self {
        Self { at, actor: who.to_string(), emails, plan, ticket: Arc::default(), answered: false }
    }

    pub(crate) fn ticket(&self) -> Arc<Ticket> {
        self.ticket.clone()
    }

    pub(crate) fn answer(mut self, answer: Answer) {
        self.answered = true;
        self.ticket.tell(Verdict::Done(answer));
    }
}

/// Nobody waits for ever for a leader that met its end.
impl Drop for Request {
    fn drop(&mut self) {
        if !self.answered {
            self.ticket.tell(Verdict::Done(Err(Error::WrongPlan("its leader panicked".to_owned()).into())));
        }
    }
}

/// What the one who waits hears.
#[derive(Debug)]
enum Verdict {
    Done(Answer),
    /// It is their turn to lead.
    Lead,
}

/// Where a request's answer is put. Its lock is the innermost: who tells or waits takes no other one.
#[derive(Debug, Default)]
pub(crate) struct Ticket {
    verdict: Mutex<Option<Verdict>>,
    told: Condvar,
}

impl Ticket {
    fn tell(&self, verdict: Verdict) {
        *self.verdict.lock() = Some(verdict);
        self.told.notify_one();
    }

    /// Waits for the answer; `None` says to lead.
    pub(crate) fn wait(&self) -> Option<Answer> {
        let mut verdict = self.verdict.lock();
        loop {
            match verdict.take() {
                Some(Verdict::Done(answer)) => return Some(answer),
                Some(Verdict::Lead) => return None,
                None => turn::wait(&self.told, &mut verdict),
            }
        }
    }
}

/// The requests that wait, and whether somebody leads.
#[derive(Debug)]
pub(crate) struct Queue(Lock<Waiting>);

impl Default for Queue {
    fn default() -> Self {
        Self(Lock::new(Rank::Queue, Waiting::default()))
    }
}

#[derive(Debug, Default)]
struct Waiting {
    requests: Vec<Request>,
    led: bool,
}

/// Somebody leads. When it goes, so that it does on every way out, the next one does.
pub(crate) struct Lead<'a>(&'a Queue);

impl Queue {
    /// Lines up; whoever finds nobody leading leads.
    pub(crate) fn push(&self, request: Request) -> Option<Lead<'_>> {
        let mut waiting = self.0.lock();
        waiting.requests.push(request);
        (!std::mem::replace(&mut waiting.led, true)).then(|| Lead(self))
    }

    /// For the one who was told to lead.
    pub(crate) fn lead(&self) -> Lead<'_> {
        Lead(self)
    }
}

impl Lead<'_> {
    /// All that wait.
    pub(crate) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.0.0.lock().requests)
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.0.lock();
        match waiting.requests.first() {
            Some(next) => next.ticket.tell(Verdict::Lead),
            None => waiting.led = false,
        }
    }
}
