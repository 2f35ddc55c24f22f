//! SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3; RFC 7162 §3.1.8, §3.2.5).

use super::Command;
use super::set::sequence_set;
use crate::cursor::{Cursor, Found};
use crate::{Fault, MailboxName, ModSeq, UidValidity, WireSet};

/// SELECT or EXAMINE.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Select {
    /// Which mailbox.
    pub mailbox: MailboxName,
    /// SELECT or EXAMINE.
    pub access: Access,
    /// `(CONDSTORE)` was given (RFC 7162 §3.1.8).
    pub condstore: bool,
    /// `(QRESYNC (...))` was given (RFC 7162 §3.2.5).
    pub qresync: Option<Qresync>,
}

/// How a mailbox is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// SELECT
    ReadWrite,
    /// EXAMINE
    ReadOnly,
}

/// What the client remembers of the mailbox (RFC 7162 §3.2.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Qresync {
    /// The last UIDVALIDITY that it knows.
    pub uid_validity: UidValidity,
    /// The last modseq that it knows. 0 in clients that never saw one: then [`ModSeq::MIN`].
    pub modseq: ModSeq,
    /// The UIDs that it knows (no `*`).
    pub known_uids: Option<WireSet>,
    /// Some message numbers and the UIDs that they had (no `*`), which narrow what has to be told
    /// (RFC 7162 §3.2.5.2).
    pub sequence_match: Option<(WireSet, WireSet)>,
}

/// `select`
pub(super) fn select(c: &mut Cursor<'_>) -> Found<Command> {
    open(c, Access::ReadWrite)
}

/// `examine`
pub(super) fn examine(c: &mut Cursor<'_>) -> Found<Command> {
    open(c, Access::ReadOnly)
}

fn open(c: &mut Cursor<'_>, access: Access) -> Found<Command> {
    c.space()?;
    let mut select = Select { mailbox: c.mailbox()?, access, condstore: false, qresync: None };
    c.skip_spaces();
    if c.peek() == Some(b'(') {
        c.list(|c| select_param(c, &mut select))?;
    }
    Ok(Command::Select(select))
}

/// `select-param` (RFC 4466 §2.1, RFC 7162 §7)
fn select_param(c: &mut Cursor<'_>, select: &mut Select) -> Found<()> {
    let at = c.at();
    match c.word()?.to_ascii_uppercase().as_str() {
        "CONDSTORE" => select.condstore = true,
        "QRESYNC" => {
            c.space()?;
            select.qresync = Some(qresync(c)?);
        }
        _ => {
            c.back_to(at);
            return Err(Fault::Unknown("SELECT parameter"));
        }
    }
    Ok(())
}

/// `"(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"`
fn qresync(c: &mut Cursor<'_>) -> Found<Qresync> {
    c.expect(b'(', "an opening parenthesis")?;
    c.skip_spaces();
    let uid_validity = UidValidity::from(c.nz_number()?);
    c.space()?;
    let modseq = ModSeq::new(c.number64()?).unwrap_or(ModSeq::MIN);
    let (mut known_uids, mut sequence_match) = (None, None);
    c.skip_spaces();
    if matches!(c.peek(), Some(b'0'..=b'9' | b'*')) {
        known_uids = Some(set_without_largest(c)?);
        c.skip_spaces();
    }
    if c.eats(b'(') {
        let numbers = set_without_largest(c)?;
        c.space()?;
        let uids = set_without_largest(c)?;
        c.skip_spaces();
        c.expect(b')', "a closing parenthesis")?;
        c.skip_spaces();
        sequence_match = Some((numbers, uids));
    }
    c.expect(b')', "a closing parenthesis")?;
    Ok(Qresync { uid_validity, modseq, known_uids, sequence_match })
}

fn set_without_largest(c: &mut Cursor<'_>) -> Found<WireSet> {
    let set = sequence_set(c)?;
    if set.has_largest() { Err(Fault::NotAllowed("* in QRESYNC")) } else { Ok(set) }
}
