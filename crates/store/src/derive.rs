//! Structures that older rules of `mime` made are derived anew: when they are read, and, a few a sweep, where they are kept.
//!
//! This is the one place. Who reads structures gets those of this program, whatever is kept; what clients were told stays
//! ([`mime::rederive`]). The sweep writes the same down, in transactions that touch nothing else: no row of the log, no
//! modseq. It goes through the emails by their ids and writes down how far it is, with the structures, so that after a
//! restart or a kill it goes on from there.

use std::ops::ControlFlow;

use account::EmailId;
use mime::{Derivation, Scanner, Stored, Structure};

use crate::engine::{Derived, Email, Engine, Written};
use crate::swept::{Duty, Swept};
use crate::{Account, Error, Options, Problem, body};

/// How many emails are looked at for one transaction.
const BATCH: usize = 256;

/// Opening a message costs as much as reading this many octets of one.
const OPENING: u64 = 4 << 10;

/// How many emails may be found to need nothing before that is written down. Looking again is cheap, a sync is not.
const UNWRITTEN: u64 = 4096;

/// How far the sweeps of this process have come with an account.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// The next email to be looked at; `None`: it has not been read how far others came.
    next: Option<EmailId>,
    /// Emails before it that have been looked at since that was written down.
    unwritten: u64,
    /// A sweep had to stop before the last one.
    more: bool,
}

/// What a look at some emails gave.
#[derive(Debug, Default)]
struct Looked {
    emails: u64,
    last: Option<EmailId>,
    structures: Vec<(EmailId, Vec<u8>)>,
    damaged: Vec<Problem>,
}

impl Account {
    /// What this program derives of an email whose structure is of older rules; `None` if it is not, or its octets cannot
    /// be read: then what was found once is all there is.
    pub(crate) fn derived_anew(&self, email: &Email<'_>) -> Option<Structure> {
        let options = &self.shared.options;
        if !is_older(email.structure, options.derivation) {
            return None;
        }
        derive(&*self.engine, email, options).unwrap_or_default()
    }

    /// Derives anew and writes down what a sweep has left of its budget of octets.
    pub(crate) fn derive_anew(&self, budget: &mut u64) -> Swept {
        // Whoever has it is at it.
        let Some(mut reach) = self.reach.try_lock() else { return Swept::default() };
        let mut swept = Swept::default();
        reach.more = false;
        loop {
            match self.derive_some(&mut reach, budget, &mut swept) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => break,
                Err(error) => {
                    swept = swept.and(Swept::of(self, Duty::Derivation, || Err(error)));
                    break;
                }
            }
        }
        swept
    }

    /// Whether the last sweep left something to be derived.
    pub(crate) fn derives_on(&self) -> bool {
        self.reach.try_lock().is_none_or(|reach| reach.more)
    }

    fn derive_some(&self, reach: &mut Reach, budget: &mut u64, swept: &mut Swept) -> Result<ControlFlow<()>, Error> {
        let by = self.shared.options.derivation;
        let Some(next) = self.next_to_derive(reach, by)? else { return Ok(ControlFlow::Break(())) };
        if *budget == 0 {
            reach.more = true;
            return Ok(ControlFlow::Break(()));
        }
        let looked = self.look_from(next, budget)?;
        let Some(upto) = looked.last else { return Ok(ControlFlow::Break(())) };
        reach.unwritten += looked.emails;
        if !looked.structures.is_empty() || reach.unwritten >= UNWRITTEN {
            let written = self.engine.rederive(&looked.structures, Derived { by, upto })?;
            if written == Written::TooLate {
                // Another process is at it, perhaps by newer rules.
                *reach = Reach::default();
                return Ok(ControlFlow::Break(()));
            }
            reach.unwritten = 0;
            swept.derived += looked.structures.len() as u64;
        }
        reach.next = Some(upto.next());
        // Each is told of once, as nobody comes by again.
        swept.damaged.extend(looked.damaged.into_iter().map(|problem| (self.id(), problem)));
        Ok(ControlFlow::Continue(()))
    }

    /// Where to go on; `None` if there is nothing to do.
    fn next_to_derive(&self, reach: &mut Reach, by: Derivation) -> Result<Option<EmailId>, Error> {
        let next = match (reach.next, self.state_if_open()) {
            (Some(next), Some(state)) if state.next_email() <= next => return Ok(None),
            (Some(next), _) => next,
            (None, _) => match self.engine.derived()? {
                Some(derived) if derived.by > by => return Ok(None),
                Some(derived) if derived.by == by => derived.upto.next(),
                _ => EmailId::FIRST,
            },
        };
        reach.next = Some(next);
        Ok(Some(next))
    }

    /// Looks at some emails from one on.
    fn look_from(&self, from: EmailId, budget: &mut u64) -> Result<Looked, Error> {
        let mut ids = Vec::with_capacity(BATCH);
        self.engine.ids(from, &mut |id| {
            ids.push(id);
            if ids.len() < BATCH { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let mut looked = Looked::default();
        for id in ids {
            if *budget == 0 {
                break;
            }
            match self.look_at(id, budget) {
                Ok(Some(structure)) => looked.structures.push((id, structure.into_bytes())),
                Ok(None) | Err(Error::NoSuchEmail(_)) => {}
                Err(Error::Damaged { what }) => looked.damaged.push(Problem(what)),
                Err(error) => return Err(error),
            }
            (looked.last, looked.emails) = (Some(id), looked.emails + 1);
        }
        Ok(looked)
    }

    /// The structure of one email derived anew, if it is of older rules.
    fn look_at(&self, id: EmailId, budget: &mut u64) -> Result<Option<Structure>, Error> {
        let options = &self.shared.options;
        let mut derived = Ok(None);
        self.engine.emails(&mut std::iter::once(id), &mut |email| {
            if is_older(email.structure, options.derivation) {
                *budget = budget.saturating_sub(OPENING.max(email.size.into()));
                derived = derive(&*self.engine, &email, options);
            } else {
                *budget = budget.saturating_sub(email.structure.len() as u64);
            }
            ControlFlow::Break(())
        })?;
        derived
    }
}

/// It is asked of every structure that anybody reads, so it looks at one octet.
fn is_older(structure: &[u8], than: Derivation) -> bool {
    mime::derivation_of(structure).is_some_and(|derivation| derivation < than)
}

/// Scans a message anew. `None` if what is kept cannot be read by this program, which `check` tells.
fn derive(engine: &dyn Engine, email: &Email<'_>, options: &Options) -> Result<Option<Structure>, Error> {
    let Ok(old) = Stored::parse(email.structure) else { return Ok(None) };
    let (mut scanner, mut hasher) = (Scanner::new(options.mime), blake3::Hasher::new());
    body::bodies(engine, &mut std::iter::once(email.id), &mut |piece| {
        scanner.push(piece.octets);
        hasher.update(piece.octets);
        ControlFlow::Continue(())
    })?;
    if hasher.finalize().as_bytes() != &email.hash {
        return Err(Error::damaged(format!("octets of email {} are not those of its hash", email.id)));
    }
    Ok(Some(mime::rederive(&old, &scanner.finish().derived_by(options.derivation))))
}
