//! The door by which all that a session says leaves, and which knows how much may wait there.

use std::collections::VecDeque;

use imap::Tag;
use imap::response::{self, Condition};

use crate::limits;
use crate::reply::{Answer, Farewell, GoOn, Notice};

/// Octets to send, in order, and what has still to be made of them. What makes a long answer asks [`Outbox::is_full`]
/// after each response and goes on when the client has taken what there is, or leaves that to [`Outbox::then`].
#[derive(Default)]
pub(crate) struct Outbox {
    octets: Vec<u8>,
    /// What comes behind the octets, when there is room.
    backlog: VecDeque<Waiting>,
}

enum Waiting {
    /// Responses that are written already.
    Octets(Vec<u8>),
    /// Responses that are still to be made.
    Later(Box<dyn Later>),
}

/// Responses that are made when there is room for them. They hold what they tell of: the session may move on.
pub(crate) trait Later: Send {
    /// Writes whole responses until `out` is full or all are written.
    fn fill(&mut self, out: &mut Outbox) -> Filled;
}

/// How far a [`Later`] has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Filled {
    All,
    /// There is more to write, but no room.
    More,
}

/// Writes one response a call, until there is none.
impl<F: FnMut(&mut Outbox) -> Option<()> + Send> Later for F {
    fn fill(&mut self, out: &mut Outbox) -> Filled {
        while !out.is_full() {
            if self(out).is_none() {
                return Filled::All;
            }
        }
        Filled::More
    }
}

impl Outbox {
    /// Whether as much waits as may: what is written now is to be the last for the time being.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.octets.len() >= limits::TRANSMIT
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Whether there are responses that wait for room.
    pub(crate) fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Writes one response, or a part of one: what `response` appends.
    #[inline]
    pub(crate) fn write<T>(&mut self, response: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        response(if self.backlog.is_empty() { &mut self.octets } else { self.behind() })
    }

    /// Where what comes behind the backlog is written.
    #[cold]
    fn behind(&mut self) -> &mut Vec<u8> {
        if !matches!(self.backlog.back(), Some(Waiting::Octets(_))) {
            self.backlog.push_back(Waiting::Octets(Vec::new()));
        }
        match self.backlog.back_mut() {
            Some(Waiting::Octets(octets)) => octets,
            _ => &mut self.octets,
        }
    }

    /// Writes many responses, now or when there is room.
    pub(crate) fn then(&mut self, mut later: impl Later + 'static) {
        if self.has_backlog() || later.fill(self) == Filled::More {
            self.backlog.push_back(Waiting::Later(Box::new(later)));
        }
    }

    /// Goes on with what waits for room; `false` if nothing does. No command takes a step before.
    pub(crate) fn refill(&mut self) -> bool {
        let mut backlog = std::mem::take(&mut self.backlog);
        match backlog.pop_front() {
            None => return false,
            Some(Waiting::Octets(mut octets)) => self.octets.append(&mut octets),
            Some(Waiting::Later(mut later)) => {
                if later.fill(self) == Filled::More {
                    backlog.push_front(Waiting::Later(later));
                }
            }
        }
        self.backlog = backlog;
        true
    }

    /// What waits for room will not be told any more.
    pub(crate) fn forget_backlog(&mut self) {
        self.backlog.clear();
    }

    /// A command's last response.
    pub(crate) fn tagged(&mut self, tag: &Tag, answer: &Answer) {
        let (condition, code, text) = answer.told();
        self.write(|out| response::tagged(out, tag, condition, code, text));
    }

    /// The answer to what has no tag.
    pub(crate) fn untagged(&mut self, answer: &Answer) {
        let (condition, code, text) = answer.told();
        self.write(|out| response::untagged(out, condition, code, text));
    }

    /// `* OK`
    pub(crate) fn notice(&mut self, notice: Notice) {
        if let Some((code, text)) = notice.told() {
            self.write(|out| response::untagged(out, Condition::Ok, code.as_ref(), text));
        }
    }

    /// `* BYE`
    pub(crate) fn bye(&mut self, farewell: Farewell) {
        self.write(|out| response::untagged(out, Condition::Bye, None, farewell.text()));
    }

    /// `+`
    pub(crate) fn go_on(&mut self, with: &GoOn) {
        self.write(|out| response::continuation(out, with.text()));
    }

    /// Writes into the buffer of who sends, behind what is there, so that nothing is copied twice.
    pub(crate) fn borrow(&mut self, buffer: &mut Vec<u8>) {
        if buffer.is_empty() {
            buffer.append(&mut self.octets);
            std::mem::swap(buffer, &mut self.octets);
        }
    }

    /// Gives the buffer back, with all that has been written.
    pub(crate) fn give_back(&mut self, buffer: &mut Vec<u8>) {
        if buffer.is_empty() {
            std::mem::swap(buffer, &mut self.octets);
        } else {
            buffer.append(&mut self.octets);
        }
    }
}
