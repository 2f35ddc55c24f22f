//! Checkpoint and log become a state.

use std::sync::Arc;

use account::codec::Format;
use account::{Chunk, Commit, Mailbox, Messages, Origin, Parts, State, codec, plan};
use imap::Uid;

use crate::account::Head;
use crate::backend::Standing;
use crate::checkpoint::Saved;
use crate::commit::prepare;
use crate::engine::{Cell, CellName, Engine, Row, SeeCell, Written};
use crate::log::read_row;
use crate::phase::Open;
use crate::queue::Request;
use crate::tail::Tail;
use crate::{Account, Actor, CommitError, Error, Problem, history};

/// How many rows of the log are read at once.
pub(crate) const PAGE: usize = 256;

/// How many UIDVALIDITYs are set aside for the mailboxes of a new account.
pub(crate) const FIRST_MAILBOXES: u32 = 8;

/// What is read when an account is opened.
pub(crate) struct Loaded {
    /// The state of the checkpoint; `None` if there is none that can be used.
    pub(crate) saved: Option<Arc<State>>,
    /// The newest state.
    pub(crate) state: State,
    /// The rows that lead from the one to the other.
    pub(crate) tail: Tail,
}

impl Account {
    /// The newest state, opening the account if need be. The caller holds `head`.
    pub(crate) fn opened(&self, head: &mut Head) -> Result<Arc<State>, Error> {
        match self.current.open() {
            Some(open) if open.behind => self.caught_up(head, open.state),
            Some(open) => Ok(open.state),
            None if self.current.is_removed() => Err(Error::NoSuchAccount),
            None => self.open(),
        }
    }

    /// Opens it; where no file can be opened any more, once others have given theirs back.
    fn open(&self) -> Result<Arc<State>, Error> {
        match self.open_once() {
            Err(Error::NoDescriptors) if self.shared.give_back() > 0 => self.open_once(),
            other => other,
        }
    }

    fn open_once(&self) -> Result<Arc<State>, Error> {
        let loaded = match self.shared.backend.directory().standing(self.id)? {
            // What was removed must not come back empty.
            Standing::Gone => return Err(Error::NoSuchAccount),
            Standing::New => self.make()?,
            Standing::Made => self.read_made()?,
        };
        if loaded.state.modseq() < self.watchers.seen() {
            // Sessions have seen what is not in it.
            return Err(Error::Replaced { what: self.shared.backend.directory().place(self.id) });
        }
        let state = Arc::new(loaded.state);
        self.current.set(Open::new(state.clone(), Saved::new(loaded.saved, Tail::default()), loaded.tail));
        self.watchers.begin(state.modseq());
        self.shared.opened(&self.this);
        Ok(state)
    }

    /// Makes an account that nobody has used yet.
    fn make(&self) -> Result<Loaded, Error> {
        let made = self.make_whole();
        if matches!(made, Err(Error::NoSuchAccount))
            && self.shared.backend.directory().standing(self.id)? == Standing::Gone
        {
            // It was removed meanwhile, with all that was there until then: what came back goes, too.
            self.engine.destroy()?;
        }
        made
    }

    /// Whatever stops this, the next one goes on: only when its mailboxes are durable does the directory say that it was
    /// made, and only then does anybody see it.
    fn make_whole(&self) -> Result<Loaded, Error> {
        let directory = self.shared.backend.directory();
        self.engine.create(directory.format()?)?;
        let mut loaded = load(&*self.engine)?;
        if loaded.state.modseq().is_none() {
            // Another process made it since this one asked, and what it made is gone: that is not made anew.
            if directory.standing(self.id)? == Standing::Made {
                return self.read_made();
            }
            loaded = self.furnished()?;
        }
        directory.made(self.id)?;
        Ok(loaded)
    }

    /// Reads an account that was made. If it is not there it was lost, and is not made anew.
    fn read_made(&self) -> Result<Loaded, Error> {
        let directory = self.shared.backend.directory();
        let loaded = match load(&*self.engine) {
            // In a store that Posthorn 0.1 may still open, a file that does not say whose it is may be one that came back
            // from a backup of that time.
            Err(Error::Foreign { found: None, .. }) if directory.format()? == Format::One => {
                self.engine.create(Format::One)?;
                load(&*self.engine)
            }
            other => other,
        };
        match loaded {
            Ok(loaded) if loaded.state.modseq().is_some() => Ok(loaded),
            Ok(_) | Err(Error::NoSuchAccount) => Err(Error::Missing { what: directory.place(self.id) }),
            Err(error) => Err(error),
        }
    }

    /// Tells whether an account that cannot be found was removed or lost.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let directory = self.shared.backend.directory();
        match error {
            Error::NoSuchAccount if matches!(directory.standing(self.id), Ok(Standing::Made)) => {
                Error::Missing { what: directory.place(self.id) }
            }
            // Who removed it took its file away, too.
            Error::Replaced { .. } if matches!(directory.standing(self.id), Ok(Standing::Gone)) => Error::NoSuchAccount,
            error => error,
        }
    }

    /// Gives a new account its first mailboxes, before anybody sees it.
    fn furnished(&self) -> Result<Loaded, Error> {
        let entry = self.shared.backend.directory().find(self.id)?.ok_or(Error::NoSuchAccount)?;
        let actor = Actor { client: "new account".to_owned(), ..Actor::default() };
        let created = entry.created;
        let first = self.shared.backend.directory().give_uid_validities(created, FIRST_MAILBOXES)?;
        // 0 would be no origin.
        let origin = Origin::new((self.shared.options.random)()?).unwrap_or(Origin::MIN);
        let plan = move |state: &State| plan::new_account(state, origin, first.into()).map(|planned| planned.changes);
        let mut request = Request::new(&actor, created, Vec::new(), Box::new(plan));
        let format = self.engine.format()?;
        let prepared = prepare(&Arc::default(), format, std::slice::from_mut(&mut request));
        let tail = prepared.tail();
        for answer in prepared.answers {
            answer.map_err(|error| match error {
                CommitError::Failed(error) => error,
                CommitError::Refused(refusal) => Error::WrongPlan(refusal.to_string()),
            })?;
        }
        match self.engine.append(&prepared.batch)? {
            Written::Durably => Ok(Loaded { saved: None, state: Arc::unwrap_or_clone(prepared.newest), tail }),
            // Another process has done so meanwhile.
            Written::TooLate => load(&*self.engine),
        }
    }

    /// Folds in what others have committed, if the account is open. The caller holds `head`.
    pub(crate) fn catch_up(&self, head: &mut Head) -> Result<(), Error> {
        match self.current.state() {
            Some(state) => self.caught_up(head, state).map(drop),
            None => Ok(()),
        }
    }

    /// The state with all that is in the log after it. The caller holds `head`.
    pub(crate) fn caught_up(&self, head: &mut Head, state: Arc<State>) -> Result<Arc<State>, Error> {
        let newest = self.engine.newest().map_err(|error| self.explain(error))?;
        if newest < state.modseq() {
            // An older copy is in its place, or the disk lost what it had.
            return Err(Error::Replaced { what: self.shared.backend.directory().place(self.id) });
        }
        if newest == state.modseq() {
            self.publish(head, state.clone(), Tail::default());
            return Ok(state);
        }
        let mut newer = (*state).clone();
        let mut by = Tail::default();
        let folded = fold(&*self.engine, &mut newer, &mut |row, commit| {
            self.recent.note(&commit.changes);
            by.add(row, &commit.changes);
        })?;
        match folded {
            Folded::Whole => {
                let newer = Arc::new(newer);
                self.publish(head, newer.clone(), by);
                Ok(newer)
            }
            // The rows in between are covered by somebody's checkpoint and have gone.
            Folded::Gap => {
                let loaded = load(&*self.engine)?;
                let newer = Arc::new(loaded.state);
                self.current.set(Open::new(newer.clone(), Saved::new(loaded.saved, Tail::default()), loaded.tail));
                self.watchers.saw(newer.modseq());
                Ok(newer)
            }
        }
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
fn fold(engine: &dyn Engine, state: &mut State, see: &mut dyn FnMut(&Row, &Commit)) -> Result<Folded, Error> {
    loop {
        let rows = engine.log(state.modseq(), PAGE)?;
        if rows.is_empty() {
            return Ok(Folded::Whole);
        }
        for row in &rows {
            if row.modseq > state.next_modseq() {
                return Ok(Folded::Gap);
            }
            let commit = apply(state, row)?;
            see(row, &commit);
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
        let mut tail = Tail::default();
        match (fold(engine, &mut state, &mut |row, commit| tail.add(row, &commit.changes))?, damage) {
            (Folded::Whole, _) => return Ok(Loaded { saved, state, tail }),
            // What is sound of its history, and the log after that, may make it again.
            (Folded::Gap, Some(damage)) => {
                let state = history::newest(engine).map_err(|_| damage)?;
                return Ok(Loaded { saved: None, state, tail });
            }
            (Folded::Gap, None) => {}
        }
    }
    Err(Error::damaged("the log does not begin where the checkpoint ends"))
}

/// The state that the checkpoint keeps; `None` if there is no checkpoint.
fn read_checkpoint(engine: &dyn Engine) -> Result<Option<Arc<State>>, Error> {
    let mut problems = Vec::new();
    let cells = sound_cells(&mut |see| engine.checkpoint(see), &mut problems)?;
    let state = read_cells(cells, &mut problems);
    match problems.into_iter().next() {
        None => Ok(state.map(Arc::new)),
        Some(problem) => Err(Error::damaged(problem.0)),
    }
}

/// The pieces of a checkpoint, which `read` shows, that are as they were written.
pub(crate) fn sound_cells(
    read: &mut dyn FnMut(SeeCell<'_>) -> Result<(), Error>,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Cell>, Error> {
    let mut cells = Vec::new();
    let read = read(&mut |name, data| match data {
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

pub(crate) fn wrong((mailbox, chunk): CellName, what: &dyn std::fmt::Display) -> Problem {
    Problem(format!("the checkpoint's mailbox {mailbox}, chunk {chunk}: {what}"))
}

/// The state that is in these pieces. What cannot be read is left out.
pub(crate) fn read_cells(cells: Vec<Cell>, problems: &mut Vec<Problem>) -> Option<State> {
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
    let cells = sound_cells(&mut |see| engine.checkpoint(see), &mut problems)?;
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
