//! LIST, LSUB and XLIST (RFC 9051 §6.3.9; RFC 3501 §6.3.9; RFC 5258; RFC 5819; RFC 6154).

use super::status::status_items;
use super::{Command, StatusItem};
use crate::cursor::{Cursor, Found};
use crate::{Fault, ListPattern, NameForm, PatternTooComplex};

/// LIST; LSUB and XLIST, which have just a reference and one pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct List {
    /// The reference, in UTF-8.
    pub reference: String,
    /// The patterns, in UTF-8; at least one. A single empty one asks for the hierarchy separator (RFC 9051 §6.3.9).
    pub patterns: Vec<String>,
    /// Which mailboxes are wanted (RFC 5258 §3.1); may be empty.
    pub select: Vec<ListSelect>,
    /// What is wanted about them (RFC 5258 §3.2); may be empty.
    pub returns: Vec<ListReturn>,
    /// Whether the extended syntax was used in any way (RFC 5258 §3).
    pub syntax: ListSyntax,
}

/// Which syntax of LIST a client used (RFC 5258 §3): the extended one never asks for the separator, and always gets
/// the attributes of its return options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListSyntax {
    /// A reference and a pattern.
    Basic,
    /// With options or a list of patterns.
    Extended,
}

/// A selection option of LIST (RFC 5258 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListSelect {
    /// `SUBSCRIBED`
    Subscribed,
    /// `REMOTE`
    Remote,
    /// `RECURSIVEMATCH`; never alone or with `REMOTE` only: the parser refuses that (RFC 5258 §3.1).
    RecursiveMatch,
    /// `SPECIAL-USE` (RFC 6154 §2)
    SpecialUse,
}

/// A return option of LIST (RFC 5258 §3.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListReturn {
    /// `SUBSCRIBED`
    Subscribed,
    /// `CHILDREN`
    Children,
    /// `SPECIAL-USE` (RFC 6154 §2)
    SpecialUse,
    /// `STATUS (...)` (RFC 5819 §2, RFC 9051 §6.3.9.2)
    Status(Vec<StatusItem>),
}

impl List {
    /// The patterns joined with the reference, ready to match. There is one budget for all.
    pub fn compile(&self) -> Result<Vec<ListPattern>, PatternTooComplex> {
        let patterns = self.patterns.iter().map(|p| ListPattern::new(&format!("{}{p}", self.reference)));
        let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
        if ListPattern::are_too_complex(&patterns) { Err(PatternTooComplex) } else { Ok(patterns) }
    }
}

/// The most patterns of one LIST.
const MAX_PATTERNS: usize = 100;

/// `list`
pub(super) fn list(c: &mut Cursor<'_>) -> Found<Command> {
    c.space()?;
    let mut list = List {
        reference: String::new(),
        patterns: Vec::new(),
        select: Vec::new(),
        returns: Vec::new(),
        syntax: ListSyntax::Basic,
    };
    if c.peek() == Some(b'(') {
        list.syntax = ListSyntax::Extended;
        c.list(|c| list_select_opt(c, &mut list.select))?;
        check_select(&list.select)?;
        // An example of RFC 5819 §3 has no space here.
        c.skip_spaces();
    }
    list.reference = name_text(&c.astring()?, c.form());
    c.space()?;
    mbox_or_pat(c, &mut list)?;
    c.skip_spaces();
    if !c.is_at_end() {
        list.syntax = ListSyntax::Extended;
        c.literally(b"RETURN").ok_or(Fault::Expected("RETURN"))?;
        c.space()?;
        c.list(|c| return_option(c, &mut list.returns))?;
    }
    Ok(Command::List(list))
}

/// `lsub` (RFC 3501 §9)
pub(super) fn lsub(c: &mut Cursor<'_>) -> Found<Command> {
    plain(c).map(Command::Lsub)
}

/// `XLIST`, which has the arguments of LSUB.
pub(super) fn xlist(c: &mut Cursor<'_>) -> Found<Command> {
    plain(c).map(Command::Xlist)
}

fn plain(c: &mut Cursor<'_>) -> Found<List> {
    c.space()?;
    let reference = name_text(&c.astring()?, c.form());
    c.space()?;
    let patterns = vec![name_text(&c.list_mailbox()?, c.form())];
    Ok(List { reference, patterns, select: Vec::new(), returns: Vec::new(), syntax: ListSyntax::Basic })
}

/// `list-select-opt`
fn list_select_opt(c: &mut Cursor<'_>, options: &mut Vec<ListSelect>) -> Found<()> {
    let at = c.at();
    let option = match c.word()?.to_ascii_uppercase().as_str() {
        "SUBSCRIBED" => ListSelect::Subscribed,
        "REMOTE" => ListSelect::Remote,
        "RECURSIVEMATCH" => ListSelect::RecursiveMatch,
        "SPECIAL-USE" => ListSelect::SpecialUse,
        _ => {
            c.back_to(at);
            return Err(Fault::Unknown("LIST selection option"));
        }
    };
    if !options.contains(&option) {
        options.push(option);
    }
    Ok(())
}

/// RECURSIVEMATCH needs an option that it can modify (RFC 5258 §3.1).
fn check_select(options: &[ListSelect]) -> Found<()> {
    if options.contains(&ListSelect::RecursiveMatch) && !options.contains(&ListSelect::Subscribed) {
        return Err(Fault::NotAllowed("RECURSIVEMATCH without SUBSCRIBED"));
    }
    Ok(())
}

/// `mbox-or-pat`
fn mbox_or_pat(c: &mut Cursor<'_>, list: &mut List) -> Found<()> {
    let form = c.form();
    if c.peek() != Some(b'(') {
        list.patterns.push(name_text(&c.list_mailbox()?, form));
        return Ok(());
    }
    list.syntax = ListSyntax::Extended;
    c.list(|c| {
        if list.patterns.len() >= MAX_PATTERNS {
            return Err(Fault::TooMuch("patterns"));
        }
        list.patterns.push(name_text(&c.list_mailbox()?, form));
        Ok(())
    })?;
    if list.patterns.is_empty() { Err(Fault::Expected("a mailbox pattern")) } else { Ok(()) }
}

/// `return-option`
fn return_option(c: &mut Cursor<'_>, options: &mut Vec<ListReturn>) -> Found<()> {
    let at = c.at();
    let option = match c.word()?.to_ascii_uppercase().as_str() {
        "SUBSCRIBED" => ListReturn::Subscribed,
        "CHILDREN" => ListReturn::Children,
        "SPECIAL-USE" => ListReturn::SpecialUse,
        "STATUS" => {
            c.space()?;
            ListReturn::Status(status_items(c)?)
        }
        _ => {
            c.back_to(at);
            return Err(Fault::Unknown("LIST return option"));
        }
    };
    if options.iter().all(|o| std::mem::discriminant(o) != std::mem::discriminant(&option)) {
        options.push(option);
    }
    Ok(())
}

/// A reference or pattern in UTF-8. What is not UTF-8 gets replacement characters and so matches nothing.
fn name_text(name: &[u8], form: NameForm) -> String {
    let text = String::from_utf8_lossy(name);
    let decoded = if form == NameForm::Utf7 && text.is_ascii() { crate::mutf7::decode(&text) } else { None };
    decoded.unwrap_or_else(|| text.into_owned())
}
