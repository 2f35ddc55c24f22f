//! Damage is looked for where nobody looks: all that is stored is read once in a round of thirty days, a little in each
//! sweep, and every checksum compared.
//!
//! A disk that goes bad shows it where it is read. What is read only when its owner comes back from a year abroad has to be
//! read before that, while there is a backup to take it from.

use std::ops::ControlFlow;

use account::EmailId;
use imap::ModSeq;

use crate::engine::Engine;
use crate::log::read_row;
use crate::open::{self, PAGE};
use crate::{AccountId, Error, Problem};

/// How long a round takes at least, in counted seconds.
const ROUND: u64 = 30 * 24 * 3600;

/// What looking at an account costs beside what is read of it, in octets: a sweep opens few files, however small they are.
const OPENING: usize = 128 << 10;

/// After so many problems of one account the rest is left to `check`.
const MANY: usize = 10;

/// How far a round has come, for the next start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inspected {
    /// When it was begun, in counted seconds.
    pub(crate) begun: u64,
    /// The last account that was read to its end.
    pub(crate) after: Option<AccountId>,
    /// Whether there was none after it.
    pub(crate) whole: bool,
}

/// A round through all accounts.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    inspected: Inspected,
    /// The account that is being read, and how far.
    at: Option<(AccountId, Place, usize)>,
}

/// How far an account has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Checkpoint,
    History,
    Log(Option<ModSeq>),
    /// From this email's chunk on.
    Emails(EmailId, u32),
    End,
}

/// What a sweep read of one account.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) octets: usize,
    pub(crate) problems: Vec<Problem>,
}

impl Inspection {
    /// Goes on where an earlier process stood.
    pub(crate) fn new(inspected: Inspected) -> Self {
        Self { inspected, at: None }
    }

    pub(crate) fn inspected(&self) -> Inspected {
        self.inspected
    }

    /// Whether there is something to read; begins a round if one is due. `seconds` are counted ones.
    pub(crate) fn is_due(&mut self, seconds: u64) -> bool {
        // A count that was lost began anew.
        let due = seconds.checked_sub(self.inspected.begun).is_none_or(|since| since >= ROUND);
        if self.inspected.whole && due {
            self.inspected = Inspected { begun: seconds, ..Inspected::default() };
        }
        !self.inspected.whole
    }

    /// The account to read, as `next` names the one after another.
    pub(crate) fn account(
        &mut self,
        next: impl FnOnce(Option<AccountId>) -> Result<Option<AccountId>, Error>,
    ) -> Result<Option<AccountId>, Error> {
        if self.at.is_none() {
            let next = next(self.inspected.after)?;
            self.inspected.whole = next.is_none();
            self.at = next.map(|id| (id, Place::Checkpoint, 0));
        }
        Ok(self.at.map(|(id, ..)| id))
    }

    /// Reads on in that account, about `octets`. Whatever happens, it goes on behind that the next time.
    pub(crate) fn read(&mut self, engine: &dyn Engine, octets: usize) -> Result<Found, Error> {
        let Some((id, mut place, mut problems)) = self.at.take() else { return Ok(Found::default()) };
        self.inspected.after = Some(id);
        let mut found = Found { octets: OPENING, problems: Vec::new() };
        while found.octets < octets && place != Place::End {
            place = match step(engine, place, &mut found) {
                Ok(next) => next,
                Err(Error::Damaged { what }) => {
                    found.problems.push(Problem(what));
                    behind(place)
                }
                // It was removed meanwhile, or never had mail; or Posthorn 0.1 made it and nobody has opened it since, as
                // the sweeps' own round does.
                Err(Error::NoSuchAccount | Error::Foreign { found: None, .. }) => Place::End,
                Err(error) => return Err(error),
            };
            if problems + found.problems.len() >= MANY {
                found.problems.push(Problem("there may be more: `posthorn check` tells".to_owned()));
                place = Place::End;
            }
        }
        problems += found.problems.len();
        if place != Place::End {
            self.inspected.after = before(id);
            self.at = Some((id, place, problems));
        }
        Ok(found)
    }

    /// Lets go of the account that is being read: it has been removed.
    pub(crate) fn skip(&mut self) {
        if let Some((id, ..)) = self.at.take() {
            self.inspected.after = Some(id);
        }
    }
}

/// What a start goes on after, to come to an account that is not read to its end.
fn before(id: AccountId) -> Option<AccountId> {
    AccountId::new(id.get() - 1)
}

/// Where to go on after damage: the rest of a log is no good without the row that is damaged.
fn behind(place: Place) -> Place {
    match place {
        Place::Checkpoint => Place::History,
        Place::History => Place::Log(None),
        Place::Log(_) => Place::Emails(EmailId::FIRST, 0),
        Place::Emails(id, _) => Place::Emails(id.next(), 0),
        Place::End => Place::End,
    }
}

/// Reads a little, and gives the place behind it.
fn step(engine: &dyn Engine, place: Place, found: &mut Found) -> Result<Place, Error> {
    match place {
        // As large as it is: opening the account reads it as a whole, too.
        Place::Checkpoint => {
            engine.checkpoint(&mut |name, data| {
                found.octets += data.map_or(0, <[u8]>::len);
                found.problems.extend(data.is_none().then(|| open::wrong(name, &"its checksum is wrong")));
            })?;
            Ok(Place::History)
        }
        Place::History => {
            engine.superseded(&mut |name, data| {
                found.octets += data.map_or(0, <[u8]>::len);
                found
                    .problems
                    .extend(data.is_none().then(|| open::wrong(name, &"its checksum in the history is wrong")));
            })?;
            Ok(Place::Log(None))
        }
        Place::Log(after) => {
            let rows = engine.log(after, PAGE)?;
            for row in &rows {
                found.octets += row.changes.len() + row.gone.len();
                read_row(row)?;
            }
            Ok(rows.last().map_or(Place::Emails(EmailId::FIRST, 0), |last| Place::Log(Some(last.modseq))))
        }
        Place::Emails(from, chunk) => email(engine, from, chunk, found),
        Place::End => Ok(Place::End),
    }
}

/// Reads a chunk of the first email from `from` on; before its first one, its structure.
fn email(engine: &dyn Engine, from: EmailId, chunk: u32, found: &mut Found) -> Result<Place, Error> {
    let mut id = None;
    engine.ids(from, &mut |next| {
        id = Some(next);
        ControlFlow::Break(())
    })?;
    let Some(id) = id else { return Ok(Place::End) };
    // The one that was being read has been removed.
    let chunk = if id == from { chunk } else { 0 };
    match email_chunk(engine, id, chunk, found) {
        // Removed between two looks; or it has lost its octets.
        Err(Error::NoSuchEmail(_)) if is_there(engine, id)? => {
            found.problems.push(Problem(format!("octets of email {id} are not there")));
            Ok(Place::Emails(id.next(), 0))
        }
        Err(Error::NoSuchEmail(_)) => Ok(Place::Emails(id.next(), 0)),
        // The one that is damaged may come after `from`.
        Err(Error::Damaged { what }) => {
            found.problems.push(Problem(what));
            Ok(Place::Emails(id.next(), 0))
        }
        other => other,
    }
}

fn email_chunk(engine: &dyn Engine, id: EmailId, chunk: u32, found: &mut Found) -> Result<Place, Error> {
    let mut size = 0;
    engine.emails(&mut std::iter::once(id), &mut |email| {
        size = email.size as usize;
        found.octets += email.structure.len();
        ControlFlow::Break(())
    })?;
    let mut octets = Vec::new();
    engine.chunk(id, chunk, &mut octets)?;
    found.octets += octets.len();
    let chunks = size.div_ceil(crate::engine::BODY_CHUNK);
    let more = (chunk as usize + 1) < chunks;
    Ok(if more { Place::Emails(id, chunk + 1) } else { Place::Emails(id.next(), 0) })
}

fn is_there(engine: &dyn Engine, id: EmailId) -> Result<bool, Error> {
    match engine.emails(&mut std::iter::once(id), &mut |_| ControlFlow::Break(())) {
        Ok(()) => Ok(true),
        Err(Error::NoSuchEmail(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
