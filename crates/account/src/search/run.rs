//! A search under way: it goes on a slice at a time, so that a long one lets others work (RFC 9051 §5.5 lets a session
//! do nothing else meanwhile).

use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};

use imap::command::Search as Command;
use imap::{ModSeq, SeqSet, UidSet};
use mime::Stored;

use super::body::{Read, Reading, Undecided};
use super::charset::Charset;
use super::program::Program;
use super::record::seq;
use super::{Context, Source, Unsearchable, Want};
use crate::{Messages, Record};

/// A good budget for [`Search::step`]: about five milliseconds of work.
pub const SLICE: u64 = 250_000;

/// How many messages wait for their structures to be read together.
const BATCH: usize = 64;

/// What a piece of work costs of a budget, in units of a record that is looked at (some 20 ns).
mod cost {
    pub(super) const PER_CHUNK: u64 = 2;
    pub(super) const RECORD: u64 = 1;
    pub(super) const STRUCTURE: u64 = 200;
    pub(super) const BODY: u64 = 5000;
    /// So many octets of a body cost one unit.
    pub(super) const OCTETS: u64 = 4;
}

/// What a search has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The messages, by UID. This is also what SAVE remembers (RFC 9051 §6.4.4.1).
    pub uids: UidSet,
    /// The same messages by sequence number in the view that was searched.
    pub seqs: SeqSet,
    /// The highest modseq among them, if MODSEQ was among the keys (RFC 7162 §3.1.5, RFC 4731 §3.2).
    pub modseq: Option<ModSeq>,
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Call [`Search::step`] again.
    More,
    /// It is done.
    Done,
}

/// A search of one mailbox. It holds the messages as they were when it began, whatever happens to them meanwhile.
#[derive(Debug)]
pub struct Search {
    program: Program,
    messages: Messages,
    want: Want,
    phase: Phase,
    /// The place of each chunk's first message.
    starts: Vec<usize>,
    /// The places that have not been looked at, ascending.
    ahead: VecDeque<Range<usize>>,
    /// Messages that are not decided, and those that match after one that is not, in the order of looking.
    waiting: VecDeque<Candidate>,
    /// How many of `waiting` have no structure yet.
    unread: usize,
    found: Found,
}

/// Which way a search goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// From the lowest number up.
    Up,
    /// From the highest number down.
    Down,
    /// What was wanted has been found.
    Settled,
}

#[derive(Debug)]
struct Candidate {
    place: usize,
    record: Record,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Matches,
    /// The structure is needed.
    Undecided,
    /// The structure did not decide it: the octets are needed, and some of them may have been read.
    Structured(Vec<u8>, Option<Box<Reading>>),
}

impl Search {
    /// Compiles a command's keys.
    pub fn new(command: &Command, context: &Context<'_>) -> Result<Self, Unsearchable> {
        let charset = Charset::named(command.charset.as_deref())?;
        let program = Program::compile(&command.key, charset, context)?;
        let messages = context.messages.clone();
        let want = Want::of(command.returns.as_deref());
        let starts = messages.chunks().iter().scan(0, |next, chunk| {
            *next += chunk.summary().len as usize;
            Some(*next - chunk.summary().len as usize)
        });
        let mut search = Self {
            starts: starts.collect(),
            ahead: VecDeque::new(),
            waiting: VecDeque::new(),
            unread: 0,
            found: Found::default(),
            phase: if want == Want::Last { Phase::Down } else { Phase::Up },
            want,
            program,
            messages,
        };
        search.begin_at(0);
        Ok(search)
    }

    /// Puts all places from one on ahead that can match at all.
    fn begin_at(&mut self, from: usize) {
        self.waiting.clear();
        self.unread = 0;
        let len = self.messages.len();
        let clip = |range: Range<usize>| range.start.max(from)..range.end.min(len);
        self.ahead = match &self.program.within {
            None => VecDeque::from([clip(0..len)]),
            Some(seqs) => seqs.ranges().map(|r| clip(r.start().get() as usize - 1..r.end().get() as usize)).collect(),
        };
        self.ahead.retain(|range| !range.is_empty());
    }

    /// Goes on until about `budget` is spent; see [`SLICE`]. After an error the search is of no use any more.
    pub fn step<S: Source>(&mut self, source: &mut S, budget: u64) -> Result<Reached, S::Error> {
        let mut budget = Budget(budget);
        while !budget.is_spent() {
            match self.waiting.front() {
                // Records first, so that structures are read many at a time.
                _ if self.unread < BATCH && self.waiting.len() < 2 * BATCH && !self.ahead.is_empty() => {
                    self.look_at_chunk(&mut budget);
                }
                None => return Ok(Reached::Done),
                Some(Candidate { stage: Stage::Undecided, .. }) => self.read_structures(source, &mut budget)?,
                Some(_) => self.settle(source, &mut budget)?,
            }
        }
        let done = self.ahead.is_empty() && self.waiting.is_empty();
        Ok(if done { Reached::Done } else { Reached::More })
    }

    /// What has been found; all of it once the search is done.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// What has been found, by value.
    pub fn into_found(self) -> Found {
        self.found
    }

    /// Looks at the records ahead that are in one chunk.
    fn look_at_chunk(&mut self, budget: &mut Budget) {
        let next = match self.phase {
            Phase::Down => self.ahead.back().map(|range| range.end - 1),
            _ => self.ahead.front().map(|range| range.start),
        };
        let chunk = next.and_then(|next| self.starts.partition_point(|start| *start <= next).checked_sub(1));
        let found = chunk.and_then(|at| Some((*self.starts.get(at)?, self.messages.chunks().get(at)?.clone())));
        let Some((start, chunk)) = found else { return self.ahead.clear() };
        let end = start + chunk.summary().len as usize;
        budget.spend(cost::PER_CHUNK);
        let passed = self.program.passes_over(chunk.summary());
        while let Some(places) = self.take(start..end) {
            if passed {
                continue;
            }
            budget.spend(self.program.weight * cost::RECORD * places.len() as u64);
            let records = chunk.records().get(places.start - start..places.end - start).unwrap_or_default();
            let mut pairs = places.zip(records);
            let looked = match self.phase {
                Phase::Down => pairs.rev().try_for_each(|(place, record)| self.look_at(place, record)),
                _ => pairs.try_for_each(|(place, record)| self.look_at(place, record)),
            };
            if looked.is_break() {
                return;
            }
        }
    }

    /// Takes the next run of places ahead that lie in a chunk.
    fn take(&mut self, chunk: Range<usize>) -> Option<Range<usize>> {
        if self.phase == Phase::Down {
            let range = self.ahead.back_mut().filter(|range| range.end > chunk.start)?;
            let taken = range.start.max(chunk.start)..range.end;
            range.end = taken.start;
            if range.start >= range.end {
                self.ahead.pop_back();
            }
            return Some(taken);
        }
        let range = self.ahead.front_mut().filter(|range| range.start < chunk.end)?;
        let taken = range.start..range.end.min(chunk.end);
        range.start = taken.end;
        if range.start >= range.end {
            self.ahead.pop_front();
        }
        Some(taken)
    }

    fn look_at(&mut self, place: usize, record: &Record) -> ControlFlow<()> {
        let stage = match self.program.of_record(place, record) {
            Some(false) => return ControlFlow::Continue(()),
            Some(true) if self.waiting.is_empty() => return self.matches(place, record),
            Some(true) => Stage::Matches,
            None => Stage::Undecided,
        };
        self.unread += usize::from(matches!(stage, Stage::Undecided));
        self.waiting.push_back(Candidate { place, record: *record, stage });
        ControlFlow::Continue(())
    }

    /// Reads the structures of the next messages that wait for them, and decides what they decide.
    fn read_structures<S: Source>(&mut self, source: &mut S, budget: &mut Budget) -> Result<(), S::Error> {
        let undecided = |candidate: &Candidate| matches!(candidate.stage, Stage::Undecided);
        let wanted: Vec<usize> =
            (0..).zip(&self.waiting).filter(|(_, c)| undecided(c)).map(|(i, _)| i).take(BATCH).collect();
        let emails: Vec<_> = wanted.iter().map(|i| self.waiting[*i].record.email).collect();
        let mut decided = Vec::with_capacity(wanted.len());
        let mut next = wanted.iter();
        source.structures(&mut emails.into_iter(), &mut |_, structure| {
            let Some(candidate) = next.next().and_then(|i| self.waiting.get(*i)) else { return ControlFlow::Break(()) };
            let stored = Stored::parse(structure).ok();
            let verdict = stored.and_then(|s| self.program.of_structure(candidate.place, &candidate.record, &s));
            decided.push(match verdict {
                Some(true) => Some(Stage::Matches),
                Some(false) => None,
                None => Some(Stage::Structured(structure.to_vec(), None)),
            });
            ControlFlow::Continue(())
        })?;
        budget.spend(self.program.weight * cost::STRUCTURE * wanted.len() as u64);
        self.unread -= wanted.len();
        // A message whose structure was not shown has none that could match.
        let mut verdicts =
            wanted.into_iter().zip(decided.into_iter().chain(std::iter::repeat_with(|| None))).peekable();
        let mut kept = VecDeque::with_capacity(self.waiting.len());
        for (at, candidate) in self.waiting.drain(..).enumerate() {
            match verdicts.next_if(|(i, _)| *i == at) {
                None => kept.push_back(candidate),
                Some((_, verdict)) => kept.extend(verdict.map(|stage| Candidate { stage, ..candidate })),
            }
        }
        self.waiting = kept;
        Ok(())
    }

    /// Settles the first message that waits and needs no structure.
    fn settle<S: Source>(&mut self, source: &mut S, budget: &mut Budget) -> Result<(), S::Error> {
        let Some(Candidate { place, record, stage }) = self.waiting.pop_front() else { return Ok(()) };
        budget.spend(cost::RECORD);
        let matches = match stage {
            Stage::Matches => true,
            Stage::Undecided => false,
            Stage::Structured(structure, reading) => {
                let message = Undecided { place, record: &record, structure: &structure };
                let most = budget.0.saturating_mul(cost::OCTETS) / self.program.weight;
                let (read, octets) = self.program.of_body(&message, reading, most, source)?;
                budget.spend(cost::BODY + self.program.weight * octets / cost::OCTETS);
                match read {
                    Read::Decided(matches) => matches,
                    Read::More(reading) => {
                        let stage = Stage::Structured(structure, Some(reading));
                        self.waiting.push_front(Candidate { place, record, stage });
                        return Ok(());
                    }
                }
            }
        };
        if matches {
            // Whether to go on from here, the loop in `step` sees.
            let _ = self.matches(place, &record);
        }
        Ok(())
    }

    /// Takes a message into the result. Breaks if what comes next is not what comes after it.
    fn matches(&mut self, place: usize, record: &Record) -> ControlFlow<()> {
        self.found.uids.insert(record.uid);
        self.found.seqs.extend(seq(place));
        if self.program.by_modseq {
            self.found.modseq = self.found.modseq.max(Some(record.modseq));
        }
        match (self.want, self.phase) {
            (Want::All, _) => return ControlFlow::Continue(()),
            (Want::Ends, Phase::Up) => {
                self.phase = Phase::Down;
                self.begin_at(place + 1);
            }
            _ => {
                self.phase = Phase::Settled;
                self.begin_at(self.messages.len());
            }
        }
        ControlFlow::Break(())
    }
}

/// What is left of a slice.
struct Budget(u64);

impl Budget {
    fn spend(&mut self, cost: u64) {
        self.0 = self.0.saturating_sub(cost);
    }

    fn is_spent(&self) -> bool {
        self.0 == 0
    }
}
