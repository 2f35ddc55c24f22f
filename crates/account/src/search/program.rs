//! Search keys become tests: everything that is the same for all messages is worked out once.

use imap::command::SearchKey;
use imap::{Flag, SeqNum, SeqSet, SetArg, Uid, UidSet};
use mime::text::{Needle, Scope};

use super::charset::Charset;
use super::header::{Field, Names};
use super::record::seq;
use super::{Context, KEYS, TEXTS, Unsearchable};
use crate::{EmailId, FlagSet, FlagTable, ObjectId, PerFlags, SystemFlags};

/// A condition on one message.
#[derive(Debug)]
pub(super) enum Test {
    /// For each combination of flags, by number, whether it matches.
    Flags(PerFlags<bool>),
    /// By UID.
    Uids(UidSet),
    /// By sequence number.
    Seqs(SeqSet),
    /// INTERNALDATE, in days since 1970 of its own zone.
    Received(Days),
    /// SAVEDATE, in days since 1970.
    Saved(Days),
    /// INTERNALDATE at or before this second (RFC 5032).
    ReceivedUntil(i64),
    /// INTERNALDATE at or after this second (RFC 5032).
    ReceivedFrom(i64),
    /// More octets than this.
    Larger(u64),
    /// Fewer octets than this.
    Smaller(u64),
    /// Changed by this commit or a later one (RFC 7162 §3.1.5).
    ModSeq(u64),
    /// RFC 8474 §5.4
    Emails(Vec<EmailId>),
    /// The Date field, in days since 1970, disregarding its zone.
    Sent(Days),
    /// A header field of the message.
    Header(Box<Field>),
    /// A text anywhere in the scope: its place among [`Program::needles`].
    Text(Scope, usize),
}

/// Days since 1970-01-01.
#[derive(Clone, Copy, Debug)]
pub(super) enum Days {
    Before(i64),
    On(i64),
    Since(i64),
}

impl Days {
    pub(super) fn has(self, day: i64) -> bool {
        match self {
            Self::Before(limit) => day < limit,
            Self::On(limit) => day == limit,
            Self::Since(limit) => day >= limit,
        }
    }
}

/// What has to be read to decide something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Cost {
    Record,
    Structure,
    Body,
}

/// Conditions joined. Nothing of nothing: `All` of none holds, `Any` of none does not.
#[derive(Debug)]
pub(super) enum Node {
    Test(Test),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    const ALWAYS: Self = Self::All(Vec::new());
    const NEVER: Self = Self::Any(Vec::new());

    /// What the whole comes to if `known` says what is known of each test; `None` if that does not decide it.
    pub(super) fn decide(&self, known: &mut impl FnMut(&Test) -> Option<bool>) -> Option<bool> {
        let mut join = |nodes: &[Self], decisive: bool| {
            let mut joined = Some(!decisive);
            for node in nodes {
                match node.decide(known) {
                    Some(value) if value == decisive => return Some(decisive),
                    Some(_) => {}
                    None => joined = None,
                }
            }
            joined
        };
        match self {
            Self::All(nodes) => join(nodes, false),
            Self::Any(nodes) => join(nodes, true),
            Self::Not(node) => node.decide(known).map(|value| !value),
            Self::Test(test) => known(test),
        }
    }

    fn cost(&self) -> Cost {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().map(Self::cost).max().unwrap_or(Cost::Record),
            Self::Not(node) => node.cost(),
            Self::Test(Test::Sent(_)) => Cost::Structure,
            Self::Test(Test::Header(field)) if field.is_listed() => Cost::Structure,
            Self::Test(Test::Header(_) | Test::Text(..)) => Cost::Body,
            Self::Test(_) => Cost::Record,
        }
    }

    /// Both hold. What is nested without need is not; the cheapest comes first.
    fn all(nodes: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for node in nodes {
            match node {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        flat.sort_by_key(Self::cost);
        Self::All(flat)
    }

    /// One of both holds.
    fn any(nodes: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for node in nodes {
            match node {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        flat.sort_by_key(Self::cost);
        Self::Any(flat)
    }

    /// The opposite. NOT goes down to the tests, so that `NOT OR a b` restricts a search as `NOT a NOT b` does.
    fn not(node: Self) -> Self {
        match node {
            Self::All(nodes) => Self::any(nodes.into_iter().map(Self::not)),
            Self::Any(nodes) => Self::all(nodes.into_iter().map(Self::not)),
            Self::Not(node) => *node,
            Self::Test(Test::Flags(matching)) => Self::Test(Test::Flags(matching.map(|matches| !matches))),
            test @ Self::Test(_) => Self::Not(Box::new(test)),
        }
    }
}

/// A compiled search.
#[derive(Debug)]
pub(super) struct Program {
    /// What has to hold beside [`Program::within`].
    pub(super) root: Node,
    /// The messages that can match at all, if the search names them by number: their sequence numbers.
    pub(super) within: Option<SeqSet>,
    /// The texts that [`Test::Text`] names.
    pub(super) needles: Vec<Needle>,
    /// The names of the header fields that [`Test::Header`] is about.
    pub(super) names: Names,
    /// The system flags of each combination, by number.
    pub(super) systems: Vec<SystemFlags>,
    /// How much more than a search of a few keys each message costs.
    pub(super) weight: u64,
    /// Whether MODSEQ occurs: then the answer says the highest one found (RFC 7162 §3.1.5).
    pub(super) by_modseq: bool,
}

impl Program {
    pub(super) fn compile(key: &SearchKey, charset: Charset, context: &Context<'_>) -> Result<Self, Unsearchable> {
        let mut size = Size::default();
        size.add(key);
        if size.keys > KEYS || size.texts > TEXTS {
            return Err(Unsearchable::TooMuch);
        }
        let mut compiler = Compiler {
            context,
            charset,
            needles: Vec::new(),
            names: Names::default(),
            by_modseq: false,
            foreign: false,
        };
        let mut within: Option<SeqSet> = None;
        let mut rest = Vec::new();
        let keys = match compiler.node(key) {
            Node::All(nodes) => nodes,
            other => vec![other],
        };
        if compiler.foreign {
            return Err(Unsearchable::Charset);
        }
        for node in keys {
            let named = match node {
                Node::Test(Test::Uids(uids)) => context.seqs(&uids),
                Node::Test(Test::Seqs(seqs)) => seqs,
                other => {
                    rest.push(other);
                    continue;
                }
            };
            within = Some(within.map_or_else(|| named.clone(), |within| within.intersection(&named)));
        }
        Ok(Self {
            root: Node::All(rest),
            within,
            needles: compiler.needles,
            names: compiler.names,
            systems: context.flags.sets().iter().map(|set| set.system).collect(),
            weight: 1 + size.keys as u64 / 8,
            by_modseq: compiler.by_modseq,
        })
    }
}

/// How much a search looks for.
#[derive(Default)]
struct Size {
    keys: usize,
    texts: usize,
}

impl Size {
    /// Adds a key. Keys are nested as deep as the grammar lets them, and no deeper.
    fn add(&mut self, key: &SearchKey) {
        match key {
            SearchKey::And(keys) => keys.iter().for_each(|key| self.add(key)),
            SearchKey::Or(a, b) => {
                self.add(a);
                self.add(b);
            }
            SearchKey::Not(key) => self.add(key),
            other => {
                self.keys += 1;
                self.texts += usize::from(matches!(other, SearchKey::Body(_) | SearchKey::Text(_)));
            }
        }
    }
}

impl Context<'_> {
    /// The sequence numbers of the messages in a set.
    fn seqs(&self, uids: &UidSet) -> SeqSet {
        let messages = self.messages;
        let range = |first, last: Uid| {
            let end = last.next().map_or(messages.len(), |next| messages.places_below(next));
            // The place after the last one is the last one's sequence number.
            Some(seq(messages.places_below(first))?..=SeqNum::new(u32::try_from(end).ok()?)?)
        };
        SeqSet::from_ranges(uids.ranges().filter_map(|r| range(*r.start(), *r.end())))
    }
}

struct Compiler<'a> {
    context: &'a Context<'a>,
    charset: Charset,
    needles: Vec<Needle>,
    names: Names,
    by_modseq: bool,
    /// Whether a string has what its charset does not have.
    foreign: bool,
}

impl Compiler<'_> {
    fn node(&mut self, key: &SearchKey) -> Node {
        match key {
            SearchKey::All | SearchKey::SaveDateSupported => Node::ALWAYS,
            SearchKey::And(keys) => Node::all(keys.iter().map(|key| self.node(key)).collect::<Vec<_>>()),
            SearchKey::Or(a, b) => {
                let (a, b) = (self.node(a), self.node(b));
                Node::any([a, b])
            }
            SearchKey::Not(key) => Node::not(self.node(key)),
            // Threads have no ids here: such a search MUST NOT match any message (RFC 8474 §5.3).
            SearchKey::ThreadId(_) => Node::NEVER,
            SearchKey::EmailId(id) => ObjectId::<EmailId>::parse(id)
                .map_or(Node::NEVER, |id| Node::Test(Test::Emails(self.context.ids.emails_of(id)))),
            SearchKey::Body(text) => self.text(Scope::Body, text),
            SearchKey::Text(text) => self.text(Scope::Text, text),
            other => Node::Test(self.test(other)),
        }
    }

    /// The keys that are one test each.
    fn test(&mut self, key: &SearchKey) -> Test {
        let now = self.context.now;
        match key {
            SearchKey::Flag(flag) => flags(self.context.flags, flag),
            SearchKey::Recent => Test::Uids(self.context.recent.clone()),
            SearchKey::Before(date) => Test::Received(Days::Before(date.day_number())),
            SearchKey::On(date) => Test::Received(Days::On(date.day_number())),
            SearchKey::Since(date) => Test::Received(Days::Since(date.day_number())),
            SearchKey::SentBefore(date) => Test::Sent(Days::Before(date.day_number())),
            SearchKey::SentOn(date) => Test::Sent(Days::On(date.day_number())),
            SearchKey::SentSince(date) => Test::Sent(Days::Since(date.day_number())),
            SearchKey::SavedBefore(date) => Test::Saved(Days::Before(date.day_number())),
            SearchKey::SavedOn(date) => Test::Saved(Days::On(date.day_number())),
            SearchKey::SavedSince(date) => Test::Saved(Days::Since(date.day_number())),
            SearchKey::Older(interval) => Test::ReceivedUntil(now.saturating_sub(interval.get().into())),
            SearchKey::Younger(interval) => Test::ReceivedFrom(now.saturating_sub(interval.get().into())),
            SearchKey::Larger(size) => Test::Larger(*size),
            SearchKey::Smaller(size) => Test::Smaller(*size),
            SearchKey::Uid(set) => Test::Uids(self.uids(set)),
            SearchKey::Seq(set) => self.seqs(set),
            SearchKey::ModSeq { at_least, .. } => {
                self.by_modseq = true;
                Test::ModSeq(*at_least)
            }
            other => Test::Header(Box::new(self.field(other))),
        }
    }

    /// The keys that are about a header field.
    fn field(&mut self, key: &SearchKey) -> Field {
        let (name, text): (&[u8], &[u8]) = match key {
            SearchKey::Bcc(text) => (b"Bcc", text),
            SearchKey::Cc(text) => (b"Cc", text),
            SearchKey::From(text) => (b"From", text),
            SearchKey::To(text) => (b"To", text),
            SearchKey::Subject(text) => (b"Subject", text),
            SearchKey::Header { name, text } => (name, text),
            // All other keys are compiled before they come here. A field without a name is in no message.
            _ => (b"", b""),
        };
        let text = self.string(text);
        self.names.field(name, &text)
    }

    fn string(&mut self, octets: &[u8]) -> String {
        self.foreign |= !self.charset.has(octets);
        self.charset.text(octets)
    }

    /// BODY and TEXT. The empty string is in every message.
    fn text(&mut self, scope: Scope, text: &[u8]) -> Node {
        let text = self.string(text);
        if text.is_empty() {
            return Node::ALWAYS;
        }
        self.needles.push(Needle::new(scope, &text));
        Node::Test(Test::Text(scope, self.needles.len() - 1))
    }

    fn uids(&self, set: &SetArg) -> UidSet {
        match set {
            SetArg::Set(set) => set.resolve(self.context.messages.last().map(|record| record.uid)),
            SetArg::Saved => self.context.saved.clone(),
        }
    }

    fn seqs(&self, set: &SetArg) -> Test {
        let last = u32::try_from(self.context.messages.len()).unwrap_or(u32::MAX);
        match set {
            SetArg::Set(set) => Test::Seqs(set.resolve(SeqNum::new(last))),
            SetArg::Saved => Test::Uids(self.context.saved.clone()),
        }
    }
}

/// Which combinations have the flag.
fn flags(table: &FlagTable, flag: &Flag) -> Test {
    let has: Box<dyn Fn(&FlagSet) -> bool> = match flag {
        Flag::Answered => system(SystemFlags::ANSWERED),
        Flag::Flagged => system(SystemFlags::FLAGGED),
        Flag::Deleted => system(SystemFlags::DELETED),
        Flag::Seen => system(SystemFlags::SEEN),
        Flag::Draft => system(SystemFlags::DRAFT),
        Flag::Keyword(keyword) => {
            let number = table.keyword(keyword);
            Box::new(move |set| number.is_some_and(|number| set.has(number)))
        }
    };
    Test::Flags(table.each(|set| has(set)))
}

fn system(flag: SystemFlags) -> Box<dyn Fn(&FlagSet) -> bool> {
    Box::new(move |set| set.system.contains(flag))
}
