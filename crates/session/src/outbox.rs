//! The door by which all that a session says leaves, and which knows how much may wait there.

use std::collections::VecDeque;

use imap::response::{self, Condition, Gone, SearchLine};
use imap::{ModSeq, Number, NumberSet, Tag, UidSet};

use crate::limits;
use crate::reply::{Answer, Farewell, GoOn, Notice};

/// Octets to send, in order, and what has still to be made of them. What makes a long answer asks [`Outbox::is_full`]
/// after each response and goes on when the client has taken what there is, or leaves that to [`Outbox::then`]. Whatever
/// is written, no more than [`limits::AT_ONCE`] is given away at a time.
pub(crate) struct Outbox {
    octets: Vec<u8>,
    /// Whether what has been given away ends with a line end.
    line_ended: bool,
    /// What comes behind the octets, when there is room.
    backlog: VecDeque<Waiting>,
}

enum Waiting {
    /// Responses that are written already; how many octets of them have found room.
    Octets(Vec<u8>, usize),
    /// Responses that are still to be made.
    Later(Box<dyn Later>),
}

/// Responses that are made when there is room for them. They hold what they tell of: the session may move on.
pub(crate) trait Later: Send {
    /// Writes responses, or parts of a long one, until `out` is full or all are written.
    fn fill(&mut self, out: &mut Outbox) -> Filled;
}

/// How far a [`Later`] has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Filled {
    All,
    /// There is more to write, but no room.
    More,
}

/// Writes one response a call, or a part of one, until there is none. A call that writes nothing has looked for something
/// to write: what comes next is for whoever refills to begin, who can also let others have their turn.
impl<F: FnMut(&mut Outbox) -> Option<()> + Send> Later for F {
    fn fill(&mut self, out: &mut Outbox) -> Filled {
        while !out.is_full() {
            let before = out.octets.len();
            if self(out).is_none() {
                return Filled::All;
            }
            if out.octets.len() == before {
                break;
            }
        }
        Filled::More
    }
}

impl Default for Outbox {
    fn default() -> Self {
        Self { octets: Vec::new(), line_ended: true, backlog: VecDeque::new() }
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
        if !matches!(self.backlog.back(), Some(Waiting::Octets(..))) {
            self.backlog.push_back(Waiting::Octets(Vec::new(), 0));
        }
        match self.backlog.back_mut() {
            Some(Waiting::Octets(octets, _)) => octets,
            _ => &mut self.octets,
        }
    }

    /// Writes many responses, now or when there is room.
    pub(crate) fn then(&mut self, mut later: impl Later + 'static) {
        if self.has_backlog() || later.fill(self) == Filled::More {
            self.backlog.push_back(Waiting::Later(Box::new(later)));
        }
    }

    /// Writes a set, now or when there is room.
    fn set<N: Number + Send + 'static>(&mut self, set: NumberSet<N>) {
        let mut at = 0;
        self.then(move |out: &mut Self| {
            let part = at..at + limits::NUMBERS;
            at = part.end;
            out.write(|out| set.write_part(out, part)).then_some(())
        });
    }

    /// VANISHED, if something has.
    pub(crate) fn vanished(&mut self, uids: UidSet, gone: Gone) {
        if !uids.is_empty() {
            self.write(|out| response::vanished(out, gone));
            self.set(uids);
            self.write(response::line_end);
        }
    }

    /// SEARCH, with all numbers.
    pub(crate) fn search<N: Number + Send + 'static>(&mut self, found: NumberSet<N>, modseq: Option<ModSeq>) {
        let line = self.write(SearchLine::begin);
        let (mut line, mut numbers) = (Some(line), found.into_numbers());
        self.then(move |out: &mut Self| {
            let begun = line.as_ref()?;
            let mut last = None;
            out.write(|out| {
                for n in numbers.by_ref().take(limits::NUMBERS) {
                    begun.found(out, n);
                    last = Some(n);
                }
            });
            if last.is_none() {
                out.write(|out| line.take().map(|line| line.end(out, modseq)));
            }
            Some(())
        });
    }

    /// ESEARCH: what `head` writes, behind it a set if there is one, and MODSEQ.
    pub(crate) fn esearch<N: Number + Send + 'static>(
        &mut self,
        head: impl FnOnce(&mut Vec<u8>),
        (all, modseq): (Option<NumberSet<N>>, Option<ModSeq>),
    ) {
        self.write(head);
        if let Some(all) = all {
            self.set(all);
        }
        self.write(|out| response::esearch_end(out, modseq));
    }

    /// Goes on with what waits for room; `false` if nothing does. No command takes a step before.
    pub(crate) fn refill(&mut self) -> bool {
        let mut backlog = std::mem::take(&mut self.backlog);
        match backlog.pop_front() {
            None => return false,
            Some(Waiting::Octets(octets, from)) => {
                let to = octets.len().min(from + limits::TRANSMIT);
                self.octets.extend_from_slice(octets.get(from..to).unwrap_or_default());
                if to < octets.len() {
                    backlog.push_front(Waiting::Octets(octets, to));
                }
            }
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
    fn forget_backlog(&mut self) {
        self.backlog.clear();
    }

    /// Whether a response may begin here: the one before is not in the middle of a line.
    fn is_between_lines(&self) -> bool {
        if self.octets.is_empty() { self.line_ended } else { self.octets.ends_with(b"\n") }
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

    /// `* BYE`, in place of all that waits for room. Amid a line it could not be told from what the line is about: who
    /// is told in one that it goes on finds the connection closed.
    pub(crate) fn bye(&mut self, farewell: Farewell) {
        self.forget_backlog();
        if self.is_between_lines() {
            self.write(|out| response::untagged(out, Condition::Bye, None, farewell.text()));
        }
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

    /// Gives the buffer back, with what has been written. More than may be given at once waits for room, ahead of all
    /// else that does.
    pub(crate) fn give_back(&mut self, buffer: &mut Vec<u8>) -> Filled {
        if self.octets.len() > limits::AT_ONCE {
            let rest = self.octets.split_off(limits::AT_ONCE);
            self.backlog.push_front(Waiting::Octets(rest, 0));
        }
        self.line_ended = self.is_between_lines();
        if buffer.is_empty() {
            std::mem::swap(buffer, &mut self.octets);
        } else {
            buffer.append(&mut self.octets);
        }
        if self.has_backlog() { Filled::More } else { Filled::All }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is given away, piece by piece.
    fn given(out: &mut Outbox) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        loop {
            while !out.is_full() && out.refill() {}
            let mut piece = Vec::new();
            let filled = out.give_back(&mut piece);
            assert!(piece.len() <= limits::AT_ONCE, "{} octets", piece.len());
            pieces.push(piece);
            if filled == Filled::All {
                return pieces;
            }
        }
    }

    #[test]
    fn one_long_response_leaves_in_parts_and_in_order() {
        let mut out = Outbox::default();
        let long: Vec<u8> = (0..3_000_000_u32).map(|n| b'a' + u8::try_from(n % 26).unwrap_or(0)).collect();
        out.write(|out| out.extend_from_slice(&long));
        let mut first = Vec::new();
        assert_eq!(out.give_back(&mut first), Filled::More);
        assert_eq!(first.len(), limits::AT_ONCE);
        // What is written meanwhile comes behind it.
        out.write(|out| out.extend_from_slice(b"\r\nend\r\n"));
        let all = [first].into_iter().chain(given(&mut out)).collect::<Vec<_>>().concat();
        assert_eq!(all, [&long[..], b"\r\nend\r\n"].concat());
    }

    #[test]
    fn a_set_of_a_million_ranges_is_never_text_all_at_once() {
        let mut out = Outbox::default();
        let set: UidSet = (1..=2_000_000).step_by(2).filter_map(imap::Uid::new).collect();
        let mut expected = b"* VANISHED ".to_vec();
        set.write_to(&mut expected);
        expected.extend_from_slice(b"\r\n");
        out.vanished(set, Gone::Now);
        let written = |waiting: &Waiting| match waiting {
            Waiting::Octets(octets, _) => octets.len(),
            Waiting::Later(_) => 0,
        };
        let held = out.octets.len() + out.backlog.iter().map(written).sum::<usize>();
        assert!(held < limits::TRANSMIT + 16 * limits::NUMBERS, "{held} octets");
        let pieces = given(&mut out);
        assert!(pieces.iter().all(|piece| piece.len() < limits::TRANSMIT + 16 * limits::NUMBERS));
        assert!(pieces.concat() == expected);
    }

    #[test]
    fn bye_is_said_only_between_lines() {
        let mut out = Outbox::default();
        out.write(|out| out.extend_from_slice(b"* VANISHED 1,"));
        out.bye(Farewell::LoggedOut);
        assert_eq!(given(&mut out).concat(), b"* VANISHED 1,");
        out.write(|out| out.extend_from_slice(b"3\r\n"));
        assert_eq!(given(&mut out).concat(), b"3\r\n");
        out.bye(Farewell::LoggedOut);
        assert!(given(&mut out).concat().starts_with(b"* BYE"));
    }
}
