//! The account as it was: generations, and the log between them.
//!
//! A generation is a checkpoint that stays readable when later ones are written over it. Its pieces are kept only where
//! later checkpoints have others, and at most one checkpoint a day is kept so. The state as of any commit is that of the
//! newest generation at or before it with the rows of the log after that. So what retention leaves is one generation that is
//! older than it, all that are younger, and the log from the oldest of them on: every instant within the retention can be
//! computed, and nothing before.
//!
//! Only accounts of format 2 have generations: 0.1 would write over a checkpoint without a thought of them.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use account::codec::Format;
use account::{EmailId, State};
use imap::ModSeq;

use crate::engine::{Checkpoint, Engine, Generation, Over, Written};
use crate::open::{self, PAGE};
use crate::{Account, Error, Moment, Problem};

/// At most one checkpoint in so many counted seconds becomes a generation.
const DAY: u64 = 24 * 3600;

/// How the checkpoint stands when it is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is kept, or need not be.
    Settled,
    /// It lacks what is new: another one has to be written.
    Behind,
}

impl Account {
    /// The account as it was right after a commit. All commits are known that are younger than the retention, and some
    /// that are older; any other is [`Error::NoSuchCommit`]. Who reads emails of that state pins it first.
    pub fn state_at(&self, modseq: ModSeq) -> Result<Arc<State>, Error> {
        /// What is too old may go while it is read.
        const ATTEMPTS: usize = 3;
        let newest = self.state()?;
        if newest.modseq() <= Some(modseq) {
            return if newest.modseq() == Some(modseq) { Ok(newest) } else { Err(Error::NoSuchCommit(modseq)) };
        }
        let saved = self.current.open().and_then(|open| open.saved.lock().state());
        if let Some(saved) = saved.filter(|saved| saved.modseq() <= Some(modseq))
            && let Ok(state) = folded(&*self.engine, (*saved).clone(), modseq)
        {
            return Ok(Arc::new(state));
        }
        let mut found = Err(Error::NoSuchCommit(modseq));
        for _ in 0..ATTEMPTS {
            found = computed(&*self.engine, modseq);
            if !matches!(found, Err(Error::NoSuchCommit(_))) {
                break;
            }
        }
        found.map(Arc::new)
    }

    /// If the checkpoint that is written now is to be a generation: when that is.
    pub(crate) fn keep(&self, format: Format) -> Result<Option<Moment>, Error> {
        if format == Format::One {
            return Ok(None);
        }
        let moment = self.shared.time.moment();
        let spacing = DAY.min(self.shared.options.retention.as_secs());
        let last = match self.engine.generations()?.last() {
            Some(last) => Some(last.moment),
            // The beginning of the log is as good as a generation, and the first mark says when that was.
            None if self.has_beginning()? => self.engine.marks()?.first().map(|mark| mark.moment),
            None => return Ok(Some(moment)),
        };
        let due = last.is_some_and(|last| last.count != moment.count || moment.since(last) >= Some(spacing));
        Ok(due.then_some(moment))
    }

    /// Makes the checkpoint a generation if one is due and there is something new since the last one. It may be asked of
    /// an account that is closed.
    pub(crate) fn keep_generation(&self) -> Result<Kept, Error> {
        let newest = self.engine.newest()?;
        let last = self.engine.generations()?.last().map(|last| last.modseq);
        let Some(newest) = newest.filter(|newest| Some(*newest) > last) else { return Ok(Kept::Settled) };
        let Some(moment) = self.keep(self.engine.format()?)? else { return Ok(Kept::Settled) };
        let as_it_is = Checkpoint {
            over: Over::This(Some(newest)),
            modseq: newest,
            put: Vec::new(),
            remove: Vec::new(),
            keep: Some(moment),
        };
        Ok(match self.engine.save(&as_it_is)? {
            Written::Durably => Kept::Settled,
            Written::TooLate => Kept::Behind,
        })
    }

    /// Up to which row the log may be removed. `old` is the last row that is older than the retention.
    pub(crate) fn dispensable(&self, old: ModSeq) -> Result<Option<ModSeq>, Error> {
        if self.engine.format()? == Format::One {
            return Ok(Some(old));
        }
        match self.base(old)? {
            Some(base) => Ok(Some(base.modseq)),
            // It is what all instants are computed from.
            None if self.has_beginning()? => Ok(None),
            // From before the account had generations: nothing can be computed from these rows.
            None => Ok(Some(old)),
        }
    }

    /// The newest generation that is older than the retention: no instant within it needs an older one.
    pub(crate) fn base(&self, old: ModSeq) -> Result<Option<Generation>, Error> {
        Ok(self.engine.generations()?.into_iter().rfind(|generation| generation.modseq <= old))
    }

    /// Whether the log is kept from its beginning on.
    fn has_beginning(&self) -> Result<bool, Error> {
        Ok(self.engine.log(None, 1)?.first().is_some_and(|row| row.modseq == ModSeq::MIN))
    }
}

/// The newest state, made from what is sound of the history.
pub(crate) fn newest(engine: &dyn Engine) -> Result<State, Error> {
    engine.newest()?.map_or_else(|| Ok(State::default()), |newest| computed(engine, newest))
}

/// The state as of a commit, from the generation that is nearest before it, or else the next nearest: one may be damaged.
fn computed(engine: &dyn Engine, modseq: ModSeq) -> Result<State, Error> {
    let mut failed = Err(Error::NoSuchCommit(modseq));
    for generation in engine.generations()?.iter().rev().filter(|generation| generation.modseq <= modseq) {
        match state_of(engine, generation.modseq).and_then(|state| folded(engine, state, modseq)) {
            Ok(state) => return Ok(state),
            Err(error @ Error::Damaged { .. }) => failed = Err(error),
            Err(Error::NoSuchCommit(_)) => {}
            Err(error) => return Err(error),
        }
    }
    match folded(engine, State::default(), modseq) {
        Err(Error::NoSuchCommit(_)) => failed,
        other => other,
    }
}

/// The state that a generation keeps.
fn state_of(engine: &dyn Engine, modseq: ModSeq) -> Result<State, Error> {
    let mut problems = Vec::new();
    let cells = open::sound_cells(&mut |see| engine.generation(modseq, see), &mut problems)?;
    let state = open::read_cells(cells, &mut problems);
    match (state, problems.into_iter().next()) {
        (Some(state), None) if state.modseq() == Some(modseq) => Ok(state),
        (_, Some(problem)) => Err(Error::damaged(format!("the history of commit {modseq}: {problem}"))),
        _ => Err(Error::damaged(format!("the history of commit {modseq} has no root"))),
    }
}

/// A state with the rows of the log after it up to a commit, which are all there.
fn folded(engine: &dyn Engine, mut state: State, upto: ModSeq) -> Result<State, Error> {
    while state.modseq() < Some(upto) {
        let rows = engine.log(state.modseq(), PAGE)?;
        if rows.first().is_none_or(|row| row.modseq != state.next_modseq()) {
            return Err(Error::NoSuchCommit(upto));
        }
        for row in rows.iter().filter(|row| row.modseq <= upto) {
            open::apply(&mut state, row)?;
        }
    }
    Ok(state)
}

/// Checks the generations: that each follows from the one before by the rows between, and `newest` from the last; and that
/// all emails that they name are there. The number of generations, and the problems.
pub(crate) fn check(engine: &dyn Engine, newest: &State) -> Result<(u64, Vec<Problem>), Error> {
    let mut problems = Vec::new();
    let mut wrong = |what: String| problems.push(Problem(what));
    let mut there = HashSet::new();
    let generations = engine.generations()?;
    if !generations.is_empty() {
        engine.ids(EmailId::FIRST, &mut |id| {
            there.insert(id);
            ControlFlow::Continue(())
        })?;
    }
    let mut before: Option<State> = None;
    for Generation { modseq, .. } in generations.iter().filter(|generation| Some(generation.modseq) <= newest.modseq())
    {
        let state = match state_of(engine, *modseq) {
            Ok(state) => state,
            Err(Error::Damaged { what }) => {
                wrong(what);
                continue;
            }
            // It went meanwhile.
            Err(Error::NoSuchCommit(_)) => continue,
            Err(error) => return Err(error),
        };
        if let Some(before) = before.take()
            && folded(engine, before, *modseq).is_ok_and(|folded| !folded.agrees_with(&state))
        {
            wrong(format!("the history of commit {modseq} does not follow from the log and what is before it"));
        }
        let records = state.by_name().flat_map(|mailbox| mailbox.messages.iter());
        let missing = records.filter(|record| !there.contains(&record.email)).count();
        if missing > 0 {
            wrong(format!("{missing} emails of the history of commit {modseq} are not there"));
        }
        before = Some(state);
    }
    // A damaged row is told where the log is checked.
    let last = before.zip(newest.modseq()).and_then(|(before, modseq)| folded(engine, before, modseq).ok());
    if last.is_some_and(|last| !last.agrees_with(newest)) {
        wrong("the newest state does not follow from the history".to_owned());
    }
    Ok((generations.len() as u64, problems))
}
