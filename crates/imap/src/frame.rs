//! Bytes in any pieces to whole commands.
//!
//! The frame knows lines and literals and nothing else of a command, and it holds every limit on what a client may
//! make the server keep: below the grammar, so that no rule can forget it (ATTACKS 5 to 8, 11 in `docs/design`). A
//! message that APPEND and its like bring is never kept: its octets are handed on as they come.

mod announce;

use std::ops::Range;

use memchr::memchr;

use crate::Tag;
use crate::command::announces_message;
pub use announce::{Announced, Sync};

/// What a client may make the server keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The octets of a command, all its literals included (but not the messages of APPEND, which are not kept).
    pub command: usize,
    /// The octets of a command's lines, without the literals' octets.
    pub lines: usize,
}

impl Limits {
    /// Before login. OAuth tokens need more than the 8000 octets that RFC 2683 §3.2.1.5 speaks of.
    pub const BEFORE_LOGIN: Self = Self { command: 16 * 1024, lines: 16 * 1024 };

    /// After login. Clients send UID sets of 100 KiB.
    pub const AFTER_LOGIN: Self = Self { command: 2 * 1024 * 1024, lines: 512 * 1024 };
}

/// What came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// A whole command, its literals in place, without its line end: for [`parse`](crate::command::parse).
    Command(&'a [u8]),
    /// A command's argument is a literal that the client waits to send. It is within the limits and will become part
    /// of the command: write a continuation request.
    Continue,
    /// A message is announced. Call [`Framer::accept`] (after which a continuation request is due if the client
    /// [waits](Sync::Waits)) or [`Framer::refuse`].
    Message {
        /// What came before it: of the first message the command from its tag on, for
        /// [`parse`](crate::command::parse); of those after it what follows the message before, for
        /// [`AppendNext::parse`](crate::command::AppendNext::parse). The announcement is its end.
        head: &'a [u8],
        /// The announcement.
        announced: Announced,
    },
    /// Some octets of the message that was accepted. As many come as were announced.
    Octets(&'a [u8]),
    /// What follows the last message up to the command's end, for
    /// [`AppendNext::parse`](crate::command::AppendNext::parse).
    Tail(&'a [u8]),
    /// A line that [`Framer::expect_line`] asked for, without its end.
    Line(&'a [u8]),
    /// A command (or line) went over the limits, or a message's head or tail did. It comes once; what is left of the
    /// command is dropped unseen. Answer BAD, tagged if there is a tag.
    TooBig(Option<Tag>),
}

/// Makes whole commands of bytes. Give it what the client sent with [`push`](Self::push), then take events until
/// [`next`](Self::next) gives `None`: so it never holds more than one command and the bytes of one push.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    buffer: Vec<u8>,
    /// Where what is not yet handed over begins.
    start: usize,
    /// Where the line that is being read begins.
    line: usize,
    /// Up to where there is no line end in that line.
    scanned: usize,
    /// How many octets between `start` and `line` are literals' octets.
    literals: usize,
    /// How many arguments there are literals.
    arguments: usize,
    /// What stands before `start` belongs to the same command: a message did.
    part: Part,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Collecting a command's lines.
    Lines,
    /// Collecting an argument's octets.
    Argument { remaining: usize },
    /// A message has been announced and neither accepted nor refused.
    Asked(Announced),
    /// Handing over a message's octets.
    Message { remaining: u64 },
    /// One line is wanted as it is.
    Line,
    /// Dropping octets of a literal, then the rest of its line.
    DropOctets { remaining: u64 },
    /// Dropping the rest of a line.
    DropLine,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// A command from its tag on.
    Start,
    /// What follows a message.
    AfterMessage,
}

/// An event in places of the buffer.
enum Ready {
    Command(Range<usize>),
    Continue,
    Message(Range<usize>, Announced),
    Octets(Range<usize>),
    Tail(Range<usize>),
    Line(Range<usize>),
    TooBig(Option<Tag>),
}

/// How far one step came.
enum Step {
    /// An event is ready.
    Event(Ready),
    /// Nothing to tell; there may be more to read.
    On,
    /// More bytes, or an answer, are needed.
    Wait,
}

/// More was read than a command may be, and nothing of it was looked at: nothing more is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flood;

/// The longest line end, in octets.
const LINE_END: usize = 2;

/// How many arguments of APPEND and its like can be literals before the message: the mailbox's name. To read a long head
/// anew at each of a command's literals would cost its length as often as it has literals.
const ARGUMENTS_BEFORE_MESSAGE: usize = 1;

/// Past this capacity an empty buffer gives its memory back: idle connections are to cost little.
const KEPT_CAPACITY: usize = 1024;

impl Framer {
    /// A frame with nothing in it.
    pub fn new(limits: Limits) -> Self {
        let (part, state) = (Part::Start, State::Lines);
        Self { limits, buffer: Vec::new(), start: 0, line: 0, scanned: 0, literals: 0, arguments: 0, part, state }
    }

    /// Sets other limits, from now on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Takes in what the client sent. It is taken as long as no more than a command waits to be looked at: who goes on
    /// reading and looks at nothing is refused.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Flood> {
        self.compact();
        if self.buffer.len() - self.start > self.limits.command + LINE_END {
            return Err(Flood);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Asks for the next line as it is: the response to an AUTHENTICATE challenge (RFC 9051 §6.2.2), or IDLE's DONE
    /// (RFC 9051 §6.3.13). Holds for one line; call it between commands.
    pub fn expect_line(&mut self) {
        self.state = State::Line;
    }

    /// Takes the message that was announced: its octets come next.
    pub fn accept(&mut self) {
        if let State::Asked(announced) = self.state {
            self.state = State::Message { remaining: announced.len };
        }
    }

    /// Does not take the message that was announced. The command is over, and an answer to it due. Octets that come
    /// all the same, and what follows them, are dropped unseen (RFC 7888 §4).
    ///
    /// Of a message that was accepted, what is still to come is dropped in the same way.
    pub fn refuse(&mut self) {
        match self.state {
            State::Asked(announced) => self.drop_literal(announced),
            State::Message { remaining } => self.drop_literal(Announced { len: remaining, sync: Sync::Comes }),
            _ => {}
        }
    }

    /// Whether no part of a command is held or awaited: the client has not begun to say anything.
    pub fn is_between_commands(&self) -> bool {
        self.state == State::Lines && self.part == Part::Start && self.start == self.buffer.len()
    }

    /// Whether [`next`](Self::next) would find nothing: all that was pushed has been looked at, and more is wanted.
    pub fn is_settled(&self) -> bool {
        self.scanned == self.buffer.len()
    }

    /// Forgets all that has been taken in and not handed over, and says how much it was: at STARTTLS, where it must
    /// be nothing (RFC 9051 §6.2.1).
    pub fn discard(&mut self) -> usize {
        let dropped = self.buffer.len() - self.start;
        *self = Self::new(self.limits);
        dropped
    }

    /// The next event; `None` when more bytes are needed (or, after [`Event::Message`], an answer).
    #[allow(clippy::should_implement_trait, reason = "the events borrow from the frame")]
    pub fn next(&mut self) -> Option<Event<'_>> {
        let ready = loop {
            match self.step() {
                Step::Event(ready) => break ready,
                Step::On => {}
                Step::Wait => {
                    self.compact();
                    return None;
                }
            }
        };
        let octets = |range| self.buffer.get(range).unwrap_or_default();
        Some(match ready {
            Ready::Command(range) => Event::Command(octets(range)),
            Ready::Continue => Event::Continue,
            Ready::Message(range, announced) => Event::Message { head: octets(range), announced },
            Ready::Octets(range) => Event::Octets(octets(range)),
            Ready::Tail(range) => Event::Tail(octets(range)),
            Ready::Line(range) => Event::Line(octets(range)),
            Ready::TooBig(tag) => Event::TooBig(tag),
        })
    }

    fn step(&mut self) -> Step {
        match self.state {
            State::Asked(_) => Step::Wait,
            State::Message { remaining: 0 } => {
                self.part = Part::AfterMessage;
                self.state = State::Lines;
                Step::On
            }
            State::Message { remaining } => {
                let range = self.take_octets(remaining);
                if range.is_empty() {
                    return Step::Wait;
                }
                self.state = State::Message { remaining: remaining - range.len() as u64 };
                Step::Event(Ready::Octets(range))
            }
            State::Argument { remaining } => {
                let have = (self.buffer.len() - self.scanned).min(remaining);
                self.scanned += have;
                self.line = self.scanned;
                self.literals += have;
                if have < remaining {
                    self.state = State::Argument { remaining: remaining - have };
                    return Step::Wait;
                }
                self.state = State::Lines;
                Step::On
            }
            State::DropOctets { remaining } => {
                let dropped = self.take_octets(remaining).len() as u64;
                if dropped < remaining {
                    self.state = State::DropOctets { remaining: remaining - dropped };
                    return Step::Wait;
                }
                self.state = State::DropLine;
                Step::On
            }
            State::Lines | State::Line | State::DropLine => self.read_line(),
        }
    }

    /// Reads up to the next line end.
    fn read_line(&mut self) -> Step {
        let ahead = self.buffer.get(self.scanned..).unwrap_or_default();
        let Some(offset) = memchr(b'\n', ahead) else {
            self.scanned = self.buffer.len();
            return self.unfinished();
        };
        let end = self.scanned + offset;
        let line = self.buffer.get(self.line..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (after, content_end) = (end + 1, self.line + line.len());
        let announced = announce::find(line);
        let too_big = self.is_too_big(content_end);
        match (self.state, announced) {
            (State::DropLine, None) => {
                self.hand_over(after);
                Step::On
            }
            (State::DropLine, Some(announced)) => {
                self.hand_over(after);
                self.drop_literal(announced);
                Step::On
            }
            (State::Line, _) => {
                let line = self.start..content_end;
                self.hand_over(after);
                Step::Event(if too_big { Ready::TooBig(None) } else { Ready::Line(line) })
            }
            (_, announced) if too_big => Step::Event(self.too_big(after, announced)),
            (_, None) => self.whole(content_end, after),
            (_, Some(announced)) => self.literal(announced, content_end, after),
        }
    }

    /// The line has no end yet.
    fn unfinished(&mut self) -> Step {
        if self.state == State::DropLine {
            self.drop_what_is_there();
            return Step::Wait;
        }
        // A CR may be the half of the line end, and is no part of the line then.
        let cut_in_two = self.buffer.get(self.line..self.scanned).is_some_and(|line| line.ends_with(b"\r"));
        if !self.is_too_big(self.scanned - usize::from(cut_in_two)) {
            return Step::Wait;
        }
        let tag = self.tag();
        self.part = Part::Start;
        self.state = State::DropLine;
        self.drop_what_is_there();
        Step::Event(Ready::TooBig(tag))
    }

    /// Drops the beginning of a line, but not its last bytes: they may be the half of an announcement.
    fn drop_what_is_there(&mut self) {
        self.start = self.line.max(self.scanned.saturating_sub(announce::LONGEST + 4));
        self.line = self.start;
        self.literals = 0;
    }

    /// A command, or what follows a message, is whole.
    fn whole(&mut self, content_end: usize, after: usize) -> Step {
        let range = self.start..content_end;
        let part = std::mem::replace(&mut self.part, Part::Start);
        let blank = self.buffer.get(range.clone()).is_none_or(|line| line.iter().all(|b| *b == b' '));
        self.hand_over(after);
        match (part, blank) {
            (Part::AfterMessage, _) => Step::Event(Ready::Tail(range)),
            // Clients send empty lines between commands, as after the octets of an APPEND.
            (Part::Start, true) => Step::On,
            (Part::Start, false) => Step::Event(Ready::Command(range)),
        }
    }

    /// A line ends with the announcement of a literal.
    fn literal(&mut self, announced: Announced, content_end: usize, after: usize) -> Step {
        let head = self.start..content_end;
        let may_be = self.arguments <= ARGUMENTS_BEFORE_MESSAGE;
        let is_message =
            self.part == Part::AfterMessage || may_be && self.buffer.get(head.clone()).is_some_and(announces_message);
        if is_message {
            self.hand_over(after);
            self.state = State::Asked(announced);
            return Step::Event(Ready::Message(head, announced));
        }
        let room = self.limits.command.saturating_sub(after - self.start);
        let Some(remaining) = usize::try_from(announced.len).ok().filter(|len| *len <= room) else {
            return Step::Event(self.too_big(after, Some(announced)));
        };
        self.scanned = after;
        self.line = after;
        self.arguments += 1;
        self.state = State::Argument { remaining };
        match announced.sync {
            Sync::Waits => Step::Event(Ready::Continue),
            Sync::Comes => Step::On,
        }
    }

    /// The command goes over the limits with the line that ends before `after`.
    fn too_big(&mut self, after: usize, announced: Option<Announced>) -> Ready {
        let tag = self.tag();
        self.part = Part::Start;
        self.hand_over(after);
        if let Some(announced) = announced {
            self.drop_literal(announced);
        }
        Ready::TooBig(tag)
    }

    /// A literal was refused: if its octets come all the same, they and what follows are dropped.
    fn drop_literal(&mut self, announced: Announced) {
        self.part = Part::Start;
        self.state = match announced.sync {
            Sync::Waits => State::Lines,
            Sync::Comes => State::DropOctets { remaining: announced.len },
        };
    }

    /// Up to `most` octets that are there, handed over.
    fn take_octets(&mut self, most: u64) -> Range<usize> {
        let have = self.buffer.len() - self.start;
        let n = usize::try_from(most).map_or(have, |most| most.min(have));
        let range = self.start..self.start + n;
        let state = self.state;
        self.hand_over(range.end);
        self.state = state;
        range
    }

    /// What lies before `to` has been handed over, or dropped: a new line begins there.
    fn hand_over(&mut self, to: usize) {
        self.start = to;
        self.line = to;
        self.scanned = to;
        self.literals = 0;
        self.arguments = 0;
        self.state = State::Lines;
    }

    /// Whether what is held up to `end` is more than a client may make us keep.
    fn is_too_big(&self, end: usize) -> bool {
        let held = end.saturating_sub(self.start);
        held > self.limits.command || held.saturating_sub(self.literals) > self.limits.lines
    }

    /// The tag of the command that is held; of what follows a message, the session knows it.
    fn tag(&self) -> Option<Tag> {
        let held = self.buffer.get(self.start..).unwrap_or_default();
        if self.part == Part::Start && self.state != State::Line { Tag::first_of(held) } else { None }
    }

    /// How much memory the frame takes, for a budget.
    pub fn memory(&self) -> usize {
        self.buffer.capacity()
    }

    /// Makes room: moves what is held to the buffer's beginning when at least as much before it is done with.
    fn compact(&mut self) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(KEPT_CAPACITY);
        } else if self.start >= self.buffer.len() - self.start {
            self.buffer.drain(..self.start);
        } else {
            return;
        }
        self.line -= self.start;
        self.scanned -= self.start;
        self.start = 0;
    }
}
