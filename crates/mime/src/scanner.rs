//! The pass over a message: octets in pieces of any size → parts and what their headers say.
//!
//! Only line starts matter. In a header every line is looked at; in a body the scanner jumps to the next `\n--`, the only place where a
//! boundary can be, and counts the line ends it passes. A line that may be a boundary is judged when its end has come, from its first
//! octets, which are kept: so it makes no difference where the pieces are cut.

use crate::bodystructure::{Described, NO_ENVELOPE};
use crate::content::{Content, Default as DefaultType};
use crate::envelope::Envelope;
use crate::facts::Facts;
use crate::header::unsigned;
use crate::layout::PartKind;
use crate::limits::Limits;
use crate::node::Node;
use crate::place::{Block, Cut, Place};
use crate::preview::{Markup, Sample};
use crate::structure::Structure;
use crate::transfer::Encoding;
use memchr::{memchr, memchr_iter, memmem};

/// Octets of a record for all beside ENVELOPE and what parts say, and for parts that say nothing.
const RESERVED: usize = 384 << 10;

/// The longest name of an encoding that is told of a part without a description.
const NAME: usize = 64;

/// Scans one message; see [`Scanner::push`].
#[derive(Debug)]
pub struct Scanner {
    limits: Limits,
    state: State,
    place: Place,
    block: Block,
    nodes: Vec<Node>,
    /// The parts that have begun and not ended, each inside the one before it.
    open: Vec<Open>,
    /// How many of them wait for a boundary.
    boundaries: usize,
    sample: Option<Sample>,
    facts: Facts,
    /// Octets that the record still has for what parts say.
    room: usize,
    finder: memmem::Finder<'static>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Header,
    /// In a body, at the beginning of a line or in one that may be a boundary.
    Watch,
    /// In a body, in a line that is no boundary.
    Body,
}

/// A part that has begun and not ended.
#[derive(Debug)]
struct Open {
    node: usize,
    /// `--` and the boundary of a multipart whose closing boundary has not come.
    boundary: Option<Vec<u8>>,
    children: u32,
    /// What the part is if its header does not say.
    default: DefaultType,
    /// What its children are if theirs do not.
    child_default: DefaultType,
}

/// A line that is a boundary: of which open part, and whether it closes.
struct Delimiter {
    owner: usize,
    action: Action,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Begin,
    Close,
}

impl Scanner {
    /// A scanner at the beginning of a message.
    pub fn new(limits: Limits) -> Self {
        let limits = Limits { depth: limits.depth.min(250), parts: limits.parts.clamp(1, 65_000), ..limits };
        let left = limits.header_total;
        let mut scanner = Self {
            limits,
            state: State::Header,
            place: Place::default(),
            block: Block { octets: Vec::new(), before_line: 0, room: 0, left, cut: Cut::No },
            nodes: Vec::new(),
            open: Vec::new(),
            boundaries: 0,
            sample: None,
            facts: Facts::default(),
            room: 0,
            finder: memmem::Finder::new(b"\n--"),
        };
        scanner.begin(DefaultType::Text);
        scanner
    }

    /// Takes the next octets of the message. The result does not depend on how it is cut into pieces.
    pub fn push(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while !rest.is_empty() {
            let taken = match self.state {
                State::Header => self.header(rest),
                State::Watch => self.watch(rest),
                State::Body => self.body(rest),
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    /// The message has ended.
    pub fn finish(mut self) -> Structure {
        // A boundary may be the last line, without its line end.
        if let Some(delimiter) = self.delimiter() {
            self.take_delimiter(&delimiter);
        }
        while self.state == State::Header {
            self.header_done(self.place.offset, self.place.lines);
        }
        while let Some(open) = self.open.pop() {
            self.end(open.node, self.place.offset, self.place.lines);
        }
        Structure::new(self.place.offset, &self.nodes, &self.facts)
    }

    /// In a header: takes one line, or what there is of it.
    fn header(&mut self, piece: &[u8]) -> usize {
        let line = first_line(piece);
        self.block.push(line);
        self.keep_head(line);
        if self.place.advance(line) == Some(b'\n') {
            if let Some(delimiter) = self.delimiter() {
                // The header ended without a blank line, and the boundary is none of its lines.
                self.block.octets.truncate(self.block.before_line);
                self.take_delimiter(&delimiter);
            } else {
                let blank = self.place.is_blank();
                self.place.next_line();
                self.block.before_line = self.block.octets.len();
                if blank {
                    self.header_done(self.place.offset, self.place.lines);
                }
            }
        }
        line.len()
    }

    /// In a body, where a boundary may be: takes octets until it is known not to be one, or the whole line.
    fn watch(&mut self, piece: &[u8]) -> usize {
        let line = if self.place.head.len() < 2 { piece.get(..1).unwrap_or_default() } else { first_line(piece) };
        if self.boundaries == 0 || (line.len() == 1 && self.place.head.len() < 2 && line != b"-") {
            self.place.head.clear();
            self.state = State::Body;
            return 0;
        }
        self.keep_head(line);
        self.take_sample(line);
        if self.place.advance(line) == Some(b'\n') {
            match self.delimiter() {
                Some(delimiter) => self.take_delimiter(&delimiter),
                None => self.place.next_line(),
            }
        }
        line.len()
    }

    /// In a body, in a line that is no boundary: takes everything up to the next line that may be one.
    fn body(&mut self, piece: &[u8]) -> usize {
        let mut len = piece.len();
        if self.boundaries > 0 {
            if let Some(at) = self.finder.find(piece) {
                len = at + 1;
            } else if piece.ends_with(b"\n-") {
                len -= 1;
            }
        }
        let taken = piece.get(..len).unwrap_or_default();
        self.take_sample(taken);
        let line_ends = unsigned(memchr_iter(b'\n', taken).count());
        if self.place.advance(taken) == Some(b'\n') {
            self.place.lines += line_ends - 1;
            self.place.next_line();
            self.state = State::Watch;
        } else {
            self.place.lines += line_ends;
        }
        len
    }

    fn keep_head(&mut self, line: &[u8]) {
        let head = &mut self.place.head;
        let short = 2_usize.saturating_sub(head.len());
        let (first, rest) = line.split_at_checked(short).unwrap_or((line, &[]));
        head.extend_from_slice(first);
        if self.boundaries > 0 && head.starts_with(b"--") {
            // Two hyphens, the boundary, two hyphens.
            let room = (self.limits.boundary + 4).saturating_sub(head.len());
            head.extend_from_slice(rest.get(..room).unwrap_or(rest));
        }
    }

    fn take_sample(&mut self, taken: &[u8]) {
        if let Some(sample) = &mut self.sample {
            let room = sample.limit().saturating_sub(sample.octets.len());
            sample.octets.extend_from_slice(taken.get(..room).unwrap_or(taken));
        }
    }

    /// Whether the current line is a boundary of an open multipart.
    ///
    /// A line need only begin with the boundary (RFC 2046 §5.1.1). Of several that fit, the longest is meant, and of equals the
    /// innermost. What follows an outer boundary ends the parts inside, closed or not.
    fn delimiter(&self) -> Option<Delimiter> {
        let head = &self.place.head;
        if self.boundaries == 0 || !head.starts_with(b"--") {
            return None;
        }
        let mut best: Option<(usize, &[u8])> = None;
        for (owner, open) in self.open.iter().enumerate().rev() {
            let Some(boundary) = open.boundary.as_deref().filter(|boundary| head.starts_with(boundary)) else {
                continue;
            };
            if best.is_none_or(|(_, longest)| boundary.len() > longest.len()) {
                best = Some((owner, boundary));
            }
        }
        let (owner, boundary) = best?;
        let closes = head.get(boundary.len()..).is_some_and(|rest| rest.starts_with(b"--"));
        Some(Delimiter { owner, action: if closes { Action::Close } else { Action::Begin } })
    }

    /// The current line, which was taken, is a boundary.
    fn take_delimiter(&mut self, delimiter: &Delimiter) {
        let (at, lines) = (self.place.line_start, self.place.lines);
        while self.state == State::Header {
            self.header_done(at, lines);
        }
        let innermost = self.open.last().and_then(|open| self.nodes.get(open.node)).map_or(at, |node| node.body_start);
        // The line end before a boundary belongs to it (RFC 2046 §5.1.1), unless it ends the header: that needs it more.
        let (end, lines) = if at > innermost { (at - self.place.line_end, lines - 1) } else { (at, lines) };
        while self.open.len() > delimiter.owner + 1 {
            if let Some(open) = self.open.pop() {
                self.end(open.node, end, lines);
            }
        }
        self.state = State::Watch;
        let Some(owner) = self.open.last_mut() else { return };
        let default = owner.child_default;
        if delimiter.action == Action::Close {
            owner.boundary = None;
        }
        self.count_boundaries();
        // A boundary that is cut at the message's end begins nothing.
        if self.place.last[1] == b'\n' {
            self.place.next_line();
            if delimiter.action == Action::Begin {
                self.begin(default);
            }
        }
    }

    /// A part begins here, inside the innermost open one.
    fn begin(&mut self, default: DefaultType) {
        let parent = self.open.last_mut();
        let (parent, number, depth) = match parent {
            Some(open) => {
                let multipart = open.boundary.is_some();
                open.children += 1;
                let depth = self.nodes.get(open.node).map_or(0, |node| node.depth + 1);
                (Some(open.node), if multipart { open.children } else { 0 }, depth)
            }
            None => (None, 0, 0),
        };
        self.open.push(Open {
            node: self.nodes.len(),
            boundary: None,
            children: 0,
            default,
            child_default: DefaultType::Text,
        });
        self.nodes.push(Node::new(parent, number, depth, self.place.offset));
        self.state = State::Header;
        self.block.begin(&self.limits);
        if self.nodes.len() >= self.limits.parts && self.nodes.len() > 1 {
            self.begin_rest();
        }
    }

    /// The last part that the limits allow: all that follows is its content, boundaries or not.
    fn begin_rest(&mut self) {
        for open in &mut self.open {
            open.boundary = None;
        }
        self.count_boundaries();
        self.state = State::Watch;
        let (offset, lines) = (self.place.offset, self.place.lines);
        if let Some(node) = self.nodes.last_mut() {
            let content = Content::opaque();
            node.describe(&content, PartKind::Other, Described::of(&content, PartKind::Other));
            (node.body_start, node.lines) = (offset, lines);
            self.facts.attachment = true;
        }
    }

    fn count_boundaries(&mut self) {
        self.boundaries = self.open.iter().filter(|open| open.boundary.is_some()).count();
    }

    /// The header of the innermost part has ended, and its body begins at `at`.
    fn header_done(&mut self, at: u64, lines: u64) {
        self.state = State::Watch;
        let Some(open) = self.open.last() else { return };
        let (index, default) = (open.node, open.default);
        let mut content = Content::read(&self.block.octets, default, &self.limits);
        self.read_message_header(index);
        let mut kind = self.kind(&content);
        let mut described = Described::of(&content, kind);
        // Too deep, or no room for it: nobody looks inside, but how it is encoded stays true.
        if (kind == PartKind::Other && is_container(&content)) || described.weight() > self.room {
            let encoding = content.encoding.filter(|name| name.len() <= NAME);
            content = Content { encoding, ..Content::opaque() };
            kind = PartKind::Other;
            described = Described::of(&content, kind);
        }
        self.room = self.room.saturating_sub(described.weight());
        self.note_attachment(index, kind, &content);
        if let Some(node) = self.nodes.get_mut(index) {
            node.describe(&content, kind, described);
            (node.body_start, node.lines) = (at, lines);
        }
        self.begin_sample(kind, &content);
        if let (PartKind::Multipart, Some(open), Some(boundary)) = (kind, self.open.last_mut(), content.boundary()) {
            let boundary = boundary.get(..self.limits.boundary).unwrap_or(&boundary);
            open.boundary = Some([b"--", boundary].concat());
            if content.is("multipart", "digest") {
                open.child_default = DefaultType::Message;
            }
            self.boundaries += 1;
        }
        if kind == PartKind::Message {
            self.begin(DefaultType::Text);
        }
    }

    fn kind(&self, content: &Content) -> PartKind {
        let fits = self.open.len() <= self.limits.depth && self.nodes.len() < self.limits.parts;
        if content.is_media("text") {
            PartKind::Text
        } else if !is_container(content) || !fits {
            PartKind::Other
        } else if content.is_media("multipart") {
            PartKind::Multipart
        } else if content.decoding() == Encoding::Identity {
            PartKind::Message
        } else {
            PartKind::SealedMessage
        }
    }

    /// If the innermost part is the root of a message: its header is the message's.
    fn read_message_header(&mut self, index: usize) {
        let cut = self.block.cut;
        let Some(node) = self.nodes.get_mut(index).filter(|node| node.number == 0) else { return };
        let envelope = Envelope::read(&self.block.octets, &self.limits);
        if node.parent.is_some() {
            envelope.write(&mut node.envelope, &self.limits);
            // It is told in BODY and in BODYSTRUCTURE.
            match self.room.checked_sub(2 * node.envelope.len()) {
                Some(room) => self.room = room,
                None => node.envelope = NO_ENVELOPE.to_vec(),
            }
        } else {
            self.facts.read(&self.block.octets, &envelope, &self.limits);
            self.room = self.limits.record.saturating_sub(RESERVED + self.facts.envelope.len());
            if cut == Cut::Yes {
                self.facts.listed = None;
            }
        }
    }

    /// Whether a person would say that the part is attached (compare RFC 8621 §4.1.4, hasAttachment).
    fn note_attachment(&mut self, index: usize, kind: PartKind, content: &Content) {
        let parent = self.nodes.get(index).and_then(|node| self.nodes.get(node.parent?));
        let inside = |subtype: &[u8]| parent.is_some_and(|parent| parent.subtype.eq_ignore_ascii_case(subtype));
        let attached = match kind {
            PartKind::Multipart => false,
            PartKind::Text => {
                content.is_disposed("attachment") || (content.has_file_name() && !content.is_disposed("inline"))
            }
            PartKind::Message | PartKind::SealedMessage => true,
            PartKind::Other if content.is_disposed("attachment") => true,
            // Pictures of an HTML text, alternatives, signatures.
            PartKind::Other => {
                !(content.is_disposed("inline")
                    || inside(b"related")
                    || inside(b"alternative")
                    || inside(b"signed")
                    || inside(b"report"))
            }
        };
        self.facts.attachment |= attached;
    }

    fn begin_sample(&mut self, kind: PartKind, content: &Content) {
        let markup = match &content.subtype {
            subtype if subtype.eq_ignore_ascii_case(b"plain") => Markup::Plain,
            subtype if subtype.eq_ignore_ascii_case(b"html") => Markup::Html,
            _ => return,
        };
        // HTML is read where there is no plain text, and of each the first that says something.
        let wanted = self.facts.plain.is_empty() && (markup == Markup::Plain || self.facts.html.is_empty());
        let inside_message = || {
            self.open.iter().any(|open| self.nodes.get(open.node).is_some_and(|node| node.kind == PartKind::Message))
        };
        if kind != PartKind::Text || !wanted || content.is_disposed("attachment") || inside_message() {
            return;
        }
        let charset = content.param("charset").unwrap_or_default().into_owned();
        self.sample = Some(Sample { markup, encoding: content.decoding(), charset, octets: Vec::new() });
    }

    /// A part ends: its body's last octet stands before `end`, with `lines` line ends before it.
    fn end(&mut self, index: usize, end: u64, lines: u64) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        node.body_end = end;
        node.lines = lines.saturating_sub(node.lines);
        let Some(mut sample) = self.sample.take() else { return };
        // The boundary that ended the part was sampled with it.
        sample.octets.truncate(usize::try_from(end - node.body_start).unwrap_or(usize::MAX));
        let text = sample.text(self.limits.preview);
        match sample.markup {
            Markup::Plain => self.facts.plain = text,
            Markup::Html => self.facts.html = text,
        }
    }
}

fn is_container(content: &Content) -> bool {
    content.is_media("multipart") || content.is("message", "rfc822") || content.is("message", "global")
}

/// A line with its line end, or what there is of it.
fn first_line(piece: &[u8]) -> &[u8] {
    let len = memchr(b'\n', piece).map_or(piece.len(), |at| at + 1);
    piece.get(..len).unwrap_or(piece)
}
