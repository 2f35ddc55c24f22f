//! LIST, LSUB and XLIST (RFC 9051 §6.3.9; RFC 3501 §6.3.8, §6.3.9; RFC 5258; RFC 5819; RFC 6154).

use std::sync::Arc;

use account::Mailbox;
use imap::command::{List, ListReturn, ListSelect, ListSyntax, StatusItem};
use imap::response::{self, Attribute, ListLine, ListWord};
use imap::{MailboxName, NameForm};

use crate::context::Context;
use crate::enabled::Enabled;
use crate::outbox::Outbox;
use crate::reply::{Answer, Done};
use crate::state::LoggedIn;

use super::names::{Names, Node};
use super::status::Statuses;

/// LIST.
pub(crate) fn list(context: &mut Context, login: &mut LoggedIn, command: List) -> Result<Done, Answer> {
    if let Some(done) = separator(context, &command, ListWord::List) {
        return Ok(done);
    }
    let mut wants = Wants::of(&command, context.enabled);
    let (account, state) = (login.user.account.clone(), login.user.account.state()?);
    let names = Names::new(&state, &command)?;
    let items =
        wants.status.take().filter(|_| names.clone().flatten().any(|(_, n)| n.mailbox.is_some() && wants.select(&n)));
    let mut statuses = items.map(|items| Statuses::new(context, login, items));
    let mut lines = names.map(move |found| found.and_then(|(name, node)| wants.line(name, node)));
    let form = context.enabled.names();
    context.out.then(move |out: &mut Outbox| {
        let Some(line) = lines.next()? else { return Some(()) };
        line.write(out, ListWord::List, form);
        if let (Some(statuses), Some(mailbox)) = (&mut statuses, &line.mailbox) {
            statuses.write(out, (&account, state.ids()), (&line.name, mailbox));
        }
        Some(())
    });
    Ok(Done::Told)
}

/// LSUB: the subscribed names, whether mailboxes have them or not. Where `%` stops above one, the name there is shown
/// with `\Noselect` (RFC 3501 §6.3.9).
pub(crate) fn lsub(context: &mut Context, login: &mut LoggedIn, command: List) -> Result<Done, Answer> {
    if let Some(done) = separator(context, &command, ListWord::Lsub) {
        return Ok(done);
    }
    let stops = !command.patterns.iter().any(|pattern| pattern.contains('*'));
    let lines = Names::new(&login.user.account.state()?, &command)?.map(move |found| {
        let (name, node) = found?;
        let attributes = match (node.subscribed, &node.mailbox) {
            (true, Some(mailbox)) => mailbox.special_use.iter().copied().map(Attribute::Use).collect(),
            (true, None) => vec![Attribute::NoSelect],
            (false, _) if node.subscribed_below && stops => vec![Attribute::NoSelect],
            (false, _) => return None,
        };
        Some(Line { name, attributes, below: false, mailbox: None })
    });
    tell(context, ListWord::Lsub, lines);
    Ok(Done::Told)
}

/// XLIST: LIST with the roles, and INBOX marked as one.
pub(crate) fn xlist(context: &mut Context, login: &mut LoggedIn, command: List) -> Result<Done, Answer> {
    if let Some(done) = separator(context, &command, ListWord::Xlist) {
        return Ok(done);
    }
    let lines = Names::new(&login.user.account.state()?, &command)?.map(|found| {
        let (name, node) = found?;
        let mut attributes = vec![if node.children { Attribute::HasChildren } else { Attribute::HasNoChildren }];
        match &node.mailbox {
            Some(mailbox) => attributes.extend(mailbox.special_use.iter().copied().map(Attribute::Use)),
            None if node.children => attributes.push(Attribute::NoSelect),
            None => return None,
        }
        if name == MailboxName::Inbox {
            attributes.push(Attribute::Inbox);
        }
        Some(Line { name, attributes, below: false, mailbox: None })
    });
    tell(context, ListWord::Xlist, lines);
    Ok(Done::Told)
}

/// A response that is still to be written.
struct Line {
    name: MailboxName,
    attributes: Vec<Attribute>,
    /// It is shown for a subscribed name below it.
    below: bool,
    /// Whose STATUS may be told with it.
    mailbox: Option<Arc<Mailbox>>,
}

impl Line {
    fn write(&self, out: &mut Outbox, word: ListWord, names: NameForm) {
        let child_info: &[&str] = if self.below { &["SUBSCRIBED"] } else { &[] };
        let (attributes, name) = (&*self.attributes, &self.name);
        let line = ListLine { word, attributes, name, child_info, old_name: None };
        out.write(|out| response::list(out, &line, names));
    }
}

/// Tells all lines, when there is room for them.
fn tell(context: &mut Context, word: ListWord, mut lines: impl Iterator<Item = Option<Line>> + Send + 'static) {
    let names = context.enabled.names();
    context.out.then(move |out: &mut Outbox| {
        if let Some(line) = lines.next()? {
            line.write(out, word, names);
        }
        Some(())
    });
}

/// `LIST "" ""` asks for the separator (RFC 9051 §6.3.9).
fn separator(context: &mut Context, command: &List, word: ListWord) -> Option<Done> {
    let asked = command.syntax == ListSyntax::Basic && command.patterns.iter().all(String::is_empty);
    asked.then(|| {
        context.out.write(|out| response::list_separator(out, word));
        Done::Separator
    })
}

/// What a LIST wants to see.
#[allow(clippy::struct_excessive_bools)] // each is an option of the command
struct Wants {
    subscribed_only: bool,
    special_only: bool,
    recursive: bool,
    subscribed: bool,
    children: bool,
    special: bool,
    /// A rev2 client knows `\NonExistent`; an old one is told `\Noselect` as well.
    rev2: bool,
    status: Option<Vec<StatusItem>>,
}

impl Wants {
    fn of(command: &List, enabled: Enabled) -> Self {
        let selects = |option| command.select.contains(&option);
        let returns = |option: &ListReturn| command.returns.contains(option);
        let basic = command.syntax == ListSyntax::Basic;
        let subscribed_only = selects(ListSelect::Subscribed);
        let special_only = selects(ListSelect::SpecialUse);
        Self {
            subscribed_only,
            special_only,
            recursive: selects(ListSelect::RecursiveMatch),
            // Selecting by it implies returning it (RFC 5258 §3.1, RFC 6154 §2).
            subscribed: subscribed_only || returns(&ListReturn::Subscribed),
            special: special_only || basic || returns(&ListReturn::SpecialUse),
            // Always in plain LIST (RFC 3348 §4), which costs nothing here.
            children: basic || returns(&ListReturn::Children),
            rev2: enabled.rev2,
            status: command.returns.iter().find_map(|r| match r {
                ListReturn::Status(items) => Some(items.clone()),
                _ => None,
            }),
        }
    }

    /// The response for a name, if it is to be shown.
    fn line(&self, name: MailboxName, node: Node) -> Option<Line> {
        let selected = self.select(&node);
        // With RECURSIVEMATCH a name is shown for what is below it, if that is not shown itself (RFC 5258 §3.5).
        let below = self.recursive && self.subscribed_only && node.subscribed_below;
        let attributes = (selected || below).then(|| self.attributes(&node))?;
        Some(Line { name, attributes, below, mailbox: node.mailbox.filter(|_| selected) })
    }

    fn select(&self, node: &Node) -> bool {
        let special = node.mailbox.as_ref().is_some_and(|m| !m.special_use.is_empty());
        let there = node.mailbox.is_some() || node.children;
        match (self.subscribed_only, self.special_only) {
            (false, false) => there,
            (true, false) => node.subscribed,
            (false, true) => special,
            (true, true) => node.subscribed && special,
        }
    }

    fn attributes(&self, node: &Node) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        match &node.mailbox {
            Some(mailbox) if self.special => {
                attributes.extend(mailbox.special_use.iter().copied().map(Attribute::Use));
            }
            Some(_) => {}
            None if self.rev2 => attributes.push(Attribute::NonExistent),
            None => attributes.extend([Attribute::NonExistent, Attribute::NoSelect]),
        }
        if self.subscribed && node.subscribed {
            attributes.push(Attribute::Subscribed);
        }
        if self.children {
            attributes.push(if node.children { Attribute::HasChildren } else { Attribute::HasNoChildren });
        }
        attributes
    }
}
