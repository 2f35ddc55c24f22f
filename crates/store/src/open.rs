//! Checkpoint and log become a state.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use account::{Chunk, Commit, Mailbox, Messages, Parts, State, codec, plan};
use imap::{ModSeq, Uid};

use crate::account::Head;
use crate::engine::{Cell, CellName, Engine, Row};
use crate::log::read_row;
use crate::{Account, Actor, Error, Problem};

/// How many rows of the log are read at once.
pub(crate) const PAGE: usize = 256;

/// What is read when an account is opened.
pub(crate) struct Loaded {
    /// The state of the checkpoint; `None` if there is none that can be used.
    pub(crate) saved: Option<Arc<State>>,
    /// The newest state.
    pub(crate) state: State,
}

impl Account {
    /// The newest state, opening the account if need be. The caller holds `head`.
    pub(crate) fn opened(&self, head: &mut Head) -> Result<Arc<State>, Error> {
        if let Some(state) = self.state.load() {
            if !head.behind {
                return Ok(state);
            }
            let state = self.caught_up(state)?;
            head.behind = false;
            return Ok(state);
        }
        if self.removed.load(Ordering::Relaxed) {
            return Err(Error::NoSuchAccount);
        }
        let loaded = match load(&*self.engine) {
            Err(Error::NoSuchAccount) => {
                // Only for those who have an account: what was removed must not come back empty.
                self.shared.directory.find(self.id)?.ok_or(Error::NoSuchAccount)?;
                self.engine.create(self.shared.directory.format()?)?;
                load(&*self.engine)?
            }
            other => other?,
        };
        head.behind = false;
        self.saved.lock().set(loaded.saved);
        let state = Arc::new(loaded.state);
        if state.modseq().is_none() {
            return self.furnished(head, state);
        }
        self.told.compare_exchange(0, state.modseq().map_or(0, ModSeq::get), Ordering::AcqRel, Ordering::Relaxed).ok();
        self.publish(state.clone());
        self.shared.opened(&self.this);
        Ok(state)
    }

    /// Gives a new account its first mailboxes.
    fn furnished(&self, head: &mut Head, empty: Arc<State>) -> Result<Arc<State>, Error> {
        let entry = self.shared.directory.find(self.id)?.ok_or(Error::NoSuchAccount)?;
        let actor = Actor { client: "new account".to_owned(), ..Actor::default() };
        self.publish(empty);
        self.shared.opened(&self.this);
        let created = entry.created;
        let plan = Box::new(move |state: &State| plan::new_account(state, created).map(|planned| planned.changes));
        let request = crate::queue::Request::new(&actor, created, Vec::new(), plan);
        match self.commit_one(head, request) {
            Ok(state) => Ok(state),
            Err(error) => {
                self.state.store(None);
                Err(match error {
                    crate::CommitError::Failed(error) => error,
                    crate::CommitError::Refused(refusal) => Error::WrongPlan(refusal.to_string()),
                })
            }
        }
    }

    /// Folds in what others have committed. The caller holds `head`.
    pub(crate) fn look(&self, head: &mut Head) -> Result<(), Error> {
        match self.state.load() {
            None => self.opened(head).map(drop),
            Some(state) => {
                self.caught_up(state)?;
                head.behind = false;
                Ok(())
            }
        }
    }

    /// The state with all that is in the log after it. The caller holds `head`.
    pub(crate) fn caught_up(&self, state: Arc<State>) -> Result<Arc<State>, Error> {
        let newest = self.engine.newest()?;
        if newest == state.modseq() {
            return Ok(state);
        }
        if newest < state.modseq() {
            return Err(Error::damaged("the log ends before what was committed to it"));
        }
        let mut newer = (*state).clone();
        let folded = fold(&*self.engine, &mut newer, &mut |commit| self.note_arrivals(&commit.changes))?;
        let newer = match folded {
            Folded::Whole => newer,
            // The rows in between are covered by somebody's checkpoint and have gone.
            Folded::Gap => {
                let loaded = load(&*self.engine)?;
                self.saved.lock().set(loaded.saved);
                loaded.state
            }
        };
        let newer = Arc::new(newer);
        self.publish(newer.clone());
        Ok(newer)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Folded {
    /// All there is.
    Whole,
    /// Rows are missing between the state and the log.
    Gap,
}

/// Folds all that is in the log after a state into it.
fn fold(engine: &dyn Engine, state: &mut State, see: &mut dyn FnMut(&Commit)) -> Result<Folded, Error> {
    loop {
        let rows = engine.log(state.modseq(), PAGE)?;
        for row in &rows {
            if row.modseq > state.next_modseq() {
                return Ok(Folded::Gap);
            }
            let commit = apply(state, row)?;
            see(&commit);
        }
        if rows.len() < PAGE {
            return Ok(Folded::Whole);
        }
    }
}

/// Folds one row into a state. On an error the state may be half changed.
pub(crate) fn apply(state: &mut State, row: &Row) -> Result<Commit, Error> {
    let commit = read_row(row)?;
    state.apply(&commit).map_err(|error| Error::damaged(format!("the log: {error}")))?;
    Ok(commit)
}

pub(crate) fn load(engine: &dyn Engine) -> Result<Loaded, Error> {
    /// Another process may write a checkpoint and remove the rows that it covers while this one reads.
    const ATTEMPTS: usize = 10;
    for _ in 0..ATTEMPTS {
        let (saved, damage) = match read_checkpoint(engine) {
            Ok(saved) => (saved, None),
            // Whether it can be made again from the log shows below.
            Err(error @ Error::Damaged { .. }) => (None, Some(error)),
            Err(error) => return Err(error),
        };
        let mut state = saved.as_deref().cloned().unwrap_or_default();
        match (fold(engine, &mut state, &mut |_| ())?, damage) {
            (Folded::Whole, _) => return Ok(Loaded { saved, state }),
            (Folded::Gap, Some(damage)) => return Err(damage),
            (Folded::Gap, None) => {}
        }
    }
    Err(Error::damaged("the log does not begin where the checkpoint ends"))
}

/// The state that the checkpoint keeps; `None` if there is no checkpoint.
fn read_checkpoint(engine: &dyn Engine) -> Result<Option<Arc<State>>, Error> {
    let mut problems = Vec::new();
    let cells = sound_cells(engine, &mut problems)?;
    let state = read_cells(cells, &mut problems);
    match problems.into_iter().next() {
        None => Ok(state.map(Arc::new)),
        Some(problem) => Err(Error::damaged(problem.0)),
    }
}

/// The pieces of the checkpoint that are as they were written.
fn sound_cells(engine: &dyn Engine, problems: &mut Vec<Problem>) -> Result<Vec<Cell>, Error> {
    let mut cells = Vec::new();
    let read = engine.checkpoint(&mut |name, data| match data {
        Some(data) => cells.push(Cell { name, data: data.to_vec() }),
        None => problems.push(wrong(name, &"its checksum is wrong")),
    });
    match read {
        Ok(()) => Ok(cells),
        Err(Error::Damaged { what }) => {
            problems.push(Problem(what));
            Ok(cells)
        }
        Err(error) => Err(error),
    }
}

fn wrong((mailbox, chunk): CellName, what: &dyn std::fmt::Display) -> Problem {
    Problem(format!("the checkpoint's mailbox {mailbox}, chunk {chunk}: {what}"))
}

/// The state that is in these pieces. What cannot be read is left out.
fn read_cells(cells: Vec<Cell>, problems: &mut Vec<Problem>) -> Option<State> {
    let mut cells = cells.into_iter();
    let root = cells.next()?;
    if root.name != (0, 0) {
        problems.push(Problem("the checkpoint has no root".to_owned()));
        return None;
    }
    let mut parts: Parts = match codec::read_root(&root.data) {
        Ok(parts) => parts,
        Err(error) => {
            problems.push(wrong(root.name, &error));
            return None;
        }
    };
    let mut cells = cells.peekable();
    while let Some(head) = cells.next() {
        let mut chunks = Vec::new();
        while let Some(chunk) = cells.next_if(|cell| cell.name.0 == head.name.0) {
            chunks.push(chunk);
        }
        match read_mailbox(&head, chunks, problems) {
            Ok(mailbox) => parts.mailboxes.push(Arc::new(mailbox)),
            Err(problem) => problems.push(problem),
        }
    }
    Some(State::from_parts(parts))
}

fn read_mailbox(head: &Cell, chunks: Vec<Cell>, problems: &mut Vec<Problem>) -> Result<Mailbox, Problem> {
    if head.name.1 != 0 {
        return Err(wrong(head.name, &"there is no mailbox for it"));
    }
    let mut unpacked: Vec<Arc<Chunk>> = Vec::with_capacity(chunks.len());
    for cell in chunks {
        let base = Uid::new(cell.name.1).ok_or_else(|| wrong(cell.name, &"it is there twice"))?;
        match Chunk::unpack(base, cell.data.into_boxed_slice()) {
            Ok(chunk) if unpacked.last().is_none_or(|before| before.summary().last < chunk.summary().first) => {
                unpacked.push(Arc::new(chunk));
            }
            Ok(_) => problems.push(wrong(cell.name, &"it overlaps the one before")),
            Err(error) => problems.push(wrong(cell.name, &error)),
        }
    }
    let mailbox = codec::read_mailbox(&head.data, Messages::from_chunks(unpacked));
    let mailbox = mailbox.map_err(|error| wrong(head.name, &error))?;
    if mailbox.id.get() == head.name.0 { Ok(mailbox) } else { Err(wrong(head.name, &"it says to be another one")) }
}

/// The best state that can still be read, and what is wrong.
pub(crate) fn salvage(engine: &dyn Engine) -> Result<(Arc<State>, Vec<Problem>), Error> {
    let mut problems = Vec::new();
    if let Ok(loaded) = load(engine) {
        return Ok((Arc::new(loaded.state), problems));
    }
    let cells = sound_cells(engine, &mut problems)?;
    let mut state = read_cells(cells, &mut problems).unwrap_or_default();
    // What follows a damaged row, or changes what is missing, cannot be known to fit.
    let mut whole = state.clone();
    if let Err(error) = fold_each(engine, &mut state, &mut whole) {
        problems.push(Problem(error.to_string()));
    }
    Ok((Arc::new(whole), problems))
}

/// Folds row by row; `whole` is the last state that was whole.
fn fold_each(engine: &dyn Engine, state: &mut State, whole: &mut State) -> Result<(), Error> {
    loop {
        let rows = engine.log(state.modseq(), 1)?;
        let Some(row) = rows.first() else { return Ok(()) };
        apply(state, row)?;
        *whole = state.clone();
    }
}
