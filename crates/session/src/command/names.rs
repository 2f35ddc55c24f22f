//! The names that LIST and its like go through: found a few at a time, so that a client that does not read the answer
//! makes nobody keep it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use account::{Mailbox, State};
use imap::command::List;
use imap::{ListPattern, MailboxName};

use crate::place::listed;
use crate::reply::{Answer, Wrong};

/// How many names are looked up at once.
const BATCH: usize = 128;

/// A name that LIST may have to show.
pub(super) struct Node {
    pub(super) mailbox: Option<Arc<Mailbox>>,
    pub(super) subscribed: bool,
    /// A mailbox stands below it.
    pub(super) children: bool,
    /// A subscribed name stands below it.
    pub(super) subscribed_below: bool,
}

/// The names that can be shown and that a command's patterns match, in order: mailboxes, subscribed names, and those
/// above either.
#[derive(Clone)]
pub(super) struct Names {
    state: Arc<State>,
    patterns: Arc<[ListPattern]>,
    /// The next ones,
    ahead: VecDeque<MailboxName>,
    /// and where to look for more.
    then: Then,
}

#[derive(Clone)]
enum Then {
    /// From the first name on.
    First,
    /// After this one.
    After(MailboxName),
    /// There are no more.
    Nothing,
}

impl Names {
    pub(super) fn new(state: &Arc<State>, command: &List) -> Result<Self, Answer> {
        let patterns = command.compile().map_err(|_| Wrong::Wildcards)?;
        let mut names = Self { state: state.clone(), patterns: [].into(), ahead: VecDeque::new(), then: Then::First };
        if patterns.iter().all(ListPattern::is_plain) {
            // Names without wildcards are looked up, however many there are beside them.
            let named = patterns.iter().filter_map(|pattern| MailboxName::new(pattern.as_str()).ok());
            let named: BTreeSet<MailboxName> = named.filter(|name| names.is_there(name)).collect();
            (names.ahead, names.then) = (named.into_iter().collect(), Then::Nothing);
        }
        names.patterns = patterns.into();
        Ok(names)
    }

    /// Looks up the names that come next.
    fn look_ahead(&mut self) {
        let state = self.state.clone();
        let found: Vec<&MailboxName> = match &self.then {
            Then::First => merged(state.by_name().map(|m| &m.name), state.subscriptions()),
            Then::After(name) => merged(state.by_name_after(name).map(|m| &m.name), state.subscriptions_after(name)),
            Then::Nothing => Vec::new(),
        };
        self.then = found.last().map_or(Then::Nothing, |last| Then::After((*last).clone()));
        for name in found {
            self.push_parents(name);
            self.ahead.push_back(name.clone());
        }
    }

    /// Names above this one that are none themselves come with the first one below them.
    fn push_parents(&mut self, name: &MailboxName) {
        let at = self.ahead.len();
        for parent in std::iter::successors(name.parent(), MailboxName::parent) {
            let has_own_place = listed(&self.state, &parent).is_some() || self.state.is_subscribed(&parent);
            if !has_own_place && self.first_below(&parent) == Some(name) {
                self.ahead.insert(at, parent);
            }
        }
    }

    fn first_below(&self, name: &MailboxName) -> Option<&MailboxName> {
        let mailbox = self.mailbox_below(name);
        let subscribed = self.subscribed_below(name);
        mailbox.into_iter().chain(subscribed).min()
    }

    fn mailbox_below(&self, name: &MailboxName) -> Option<&MailboxName> {
        let next = self.state.by_name_after(&name.before_children()).next();
        next.map(|mailbox| &mailbox.name).filter(|next| next.is_child_of(name))
    }

    fn subscribed_below(&self, name: &MailboxName) -> Option<&MailboxName> {
        self.state.subscriptions_after(&name.before_children()).next().filter(|next| next.is_child_of(name))
    }

    fn is_there(&self, name: &MailboxName) -> bool {
        listed(&self.state, name).is_some() || self.state.is_subscribed(name) || self.first_below(name).is_some()
    }

    fn node(&self, name: &MailboxName) -> Node {
        Node {
            mailbox: listed(&self.state, name).cloned(),
            subscribed: self.state.is_subscribed(name),
            children: self.mailbox_below(name).is_some(),
            subscribed_below: self.subscribed_below(name).is_some(),
        }
    }
}

impl Iterator for Names {
    /// `None` where a batch of names has been gone through: none of the last ones matches.
    type Item = Option<(MailboxName, Node)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ahead.is_empty() {
            self.look_ahead();
        }
        if self.ahead.is_empty() {
            return None;
        }
        while let Some(name) = self.ahead.pop_front() {
            if self.patterns.iter().any(|pattern| pattern.matches(name.as_str())) {
                let node = self.node(&name);
                return Some(Some((name, node)));
            }
        }
        Some(None)
    }
}

/// The first of two ascending rows of names, each once.
fn merged<'a>(
    one: impl Iterator<Item = &'a MailboxName>,
    other: impl Iterator<Item = &'a MailboxName>,
) -> Vec<&'a MailboxName> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    let next = || match (one.peek(), other.peek()) {
        (Some(a), Some(b)) if a == b => {
            other.next();
            one.next()
        }
        (Some(a), Some(b)) if b < a => other.next(),
        (None, _) => other.next(),
        _ => one.next(),
    };
    std::iter::from_fn(next).take(BATCH).collect()
}
