//! FETCH (RFC 9051 §6.4.5).

use std::num::NonZeroU32;

use super::section::{partial, section, section_binary};
use super::set::set_arg;
use super::{Command, Numbers};
use crate::cursor::{Cursor, Found};
use crate::{Fault, Partial, Section, Target};

/// FETCH and UID FETCH.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetch {
    /// Which messages.
    pub target: Target,
    /// What of them, in the client's order, each once; macros are expanded. At least one.
    pub items: Vec<FetchItem>,
    /// `CHANGEDSINCE`: only messages above this modseq (RFC 7162 §3.1.4.1). 0, which clients do send, means all.
    pub changed_since: Option<u64>,
    /// `VANISHED`: tell the UIDs gone since too (RFC 7162 §3.2.6). Only in UID FETCH with `CHANGEDSINCE`: the parser
    /// refuses it elsewhere.
    pub vanished: bool,
}

/// One thing to fetch of a message (RFC 9051 §6.4.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FetchItem {
    /// `BODY[...]`, `BODY.PEEK[...]`
    BodySection {
        /// The brackets.
        section: Section,
        /// `<offset.length>`
        partial: Option<Partial>,
        /// Whether `.PEEK` stands there.
        seen: Seen,
    },
    /// `BINARY[...]`, `BINARY.PEEK[...]` (RFC 3516 §4.2)
    Binary {
        /// The part's numbers; none for the message itself.
        part: Vec<NonZeroU32>,
        /// `<offset.length>`
        partial: Option<Partial>,
        /// Whether `.PEEK` stands there.
        seen: Seen,
    },
    /// `BINARY.SIZE[...]` (RFC 3516 §4.3)
    BinarySize {
        /// The part's numbers; none for the message itself.
        part: Vec<NonZeroU32>,
    },
    /// `BODY`: BODYSTRUCTURE without extension data.
    Body,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `ENVELOPE`
    Envelope,
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822`: as `BODY[]` (RFC 3501 §6.4.5)
    Rfc822,
    /// `RFC822.HEADER`: as `BODY.PEEK[HEADER]` (RFC 3501 §6.4.5)
    Rfc822Header,
    /// `RFC822.SIZE`
    Rfc822Size,
    /// `RFC822.TEXT`: as `BODY[TEXT]` (RFC 3501 §6.4.5)
    Rfc822Text,
    /// `UID`
    Uid,
    /// `MODSEQ` (RFC 7162 §3.1.4.2)
    ModSeq,
    /// `EMAILID` (RFC 8474 §5.1)
    EmailId,
    /// `THREADID` (RFC 8474 §5.2)
    ThreadId,
    /// `SAVEDATE` (RFC 8514 §4.2)
    SaveDate,
    /// `PREVIEW`, `PREVIEW (LAZY)` (RFC 8970 §3)
    Preview(Preview),
}

/// Whether a FETCH sets `\Seen`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// It does.
    Set,
    /// `.PEEK`: it does not.
    Peek,
}

/// How eagerly a preview is wanted (RFC 8970 §4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Preview {
    /// It is to be made if need be.
    Eager,
    /// `LAZY`: only if it is at hand.
    Lazy,
}

/// The most items of one FETCH.
const MAX_ITEMS: usize = 200;

/// `fetch`
pub(super) fn fetch(c: &mut Cursor<'_>, numbers: Numbers) -> Found<Command> {
    c.space()?;
    let target = numbers.target(set_arg(c)?);
    c.space()?;
    let mut fetch = Fetch { target, items: Vec::new(), changed_since: None, vanished: false };
    if c.peek() == Some(b'(') {
        c.list(|c| fetch_att(c, &mut fetch.items))?;
    } else {
        fetch_att(c, &mut fetch.items)?;
    }
    if fetch.items.is_empty() {
        return Err(Fault::Expected("a FETCH item"));
    }
    c.skip_spaces();
    if c.peek() == Some(b'(') {
        c.list(|c| fetch_modifier(c, &mut fetch))?;
        check_vanished(&fetch, numbers)?;
    }
    Ok(Command::Fetch(fetch))
}

/// `fetch-modifier` (RFC 4466 §2.4, RFC 7162 §7)
fn fetch_modifier(c: &mut Cursor<'_>, fetch: &mut Fetch) -> Found<()> {
    let at = c.at();
    match c.word()?.to_ascii_uppercase().as_str() {
        "CHANGEDSINCE" => {
            c.space()?;
            fetch.changed_since = Some(c.number64()?);
        }
        "VANISHED" => fetch.vanished = true,
        _ => {
            c.back_to(at);
            return Err(Fault::Unknown("FETCH modifier"));
        }
    }
    Ok(())
}

/// VANISHED is for UID FETCH with CHANGEDSINCE only (RFC 7162 §3.2.6).
fn check_vanished(fetch: &Fetch, numbers: Numbers) -> Found<()> {
    if fetch.vanished && (numbers == Numbers::Seq || fetch.changed_since.is_none()) {
        return Err(Fault::NotAllowed("VANISHED without UID FETCH and CHANGEDSINCE"));
    }
    Ok(())
}

/// `fetch-att`, or a macro.
fn fetch_att(c: &mut Cursor<'_>, items: &mut Vec<FetchItem>) -> Found<()> {
    let at = c.at();
    let word = c.word()?.to_ascii_uppercase();
    if let Some(all) = expand(&word) {
        for item in all {
            add(items, item.clone());
        }
        return Ok(());
    }
    let item = match (word.as_str(), c.peek() == Some(b'[')) {
        ("BODY", true) => body_section(c, Seen::Set)?,
        ("BODY.PEEK", true) => body_section(c, Seen::Peek)?,
        ("BINARY", true) => binary(c, Seen::Set)?,
        ("BINARY.PEEK", true) => binary(c, Seen::Peek)?,
        ("BINARY.SIZE", true) => FetchItem::BinarySize { part: section_binary(c)? },
        ("BODY", false) => FetchItem::Body,
        ("BODYSTRUCTURE", false) => FetchItem::BodyStructure,
        ("ENVELOPE", false) => FetchItem::Envelope,
        ("FLAGS", false) => FetchItem::Flags,
        ("INTERNALDATE", false) => FetchItem::InternalDate,
        ("RFC822", false) => FetchItem::Rfc822,
        ("RFC822.HEADER", false) => FetchItem::Rfc822Header,
        ("RFC822.SIZE", false) => FetchItem::Rfc822Size,
        ("RFC822.TEXT", false) => FetchItem::Rfc822Text,
        ("UID", false) => FetchItem::Uid,
        ("MODSEQ", false) => FetchItem::ModSeq,
        ("EMAILID", false) => FetchItem::EmailId,
        ("THREADID", false) => FetchItem::ThreadId,
        ("SAVEDATE", false) => FetchItem::SaveDate,
        ("PREVIEW", false) => FetchItem::Preview(preview_mod(c)),
        _ => {
            c.back_to(at);
            return Err(Fault::Unknown("FETCH item"));
        }
    };
    if items.len() >= MAX_ITEMS {
        return Err(Fault::TooMuch("FETCH items"));
    }
    add(items, item);
    Ok(())
}

fn add(items: &mut Vec<FetchItem>, item: FetchItem) {
    if !items.contains(&item) {
        items.push(item);
    }
}

/// What a macro stands for (RFC 9051 §6.4.5).
fn expand(word: &str) -> Option<&'static [FetchItem]> {
    const FULL: &[FetchItem] =
        &[FetchItem::Flags, FetchItem::InternalDate, FetchItem::Rfc822Size, FetchItem::Envelope, FetchItem::Body];
    match word {
        "FULL" => Some(FULL),
        "ALL" => FULL.get(..4),
        "FAST" => FULL.get(..3),
        _ => None,
    }
}

/// `section [partial]`
fn body_section(c: &mut Cursor<'_>, seen: Seen) -> Found<FetchItem> {
    Ok(FetchItem::BodySection { section: section(c)?, partial: partial(c)?, seen })
}

/// `section-binary [partial]`
fn binary(c: &mut Cursor<'_>, seen: Seen) -> Found<FetchItem> {
    Ok(FetchItem::Binary { part: section_binary(c)?, partial: partial(c)?, seen })
}

/// `[SP "(" preview-mod ")"]`. Parentheses with anything else in them are no modifier of the preview.
fn preview_mod(c: &mut Cursor<'_>) -> Preview {
    let at = c.at();
    c.skip_spaces();
    let lazy = c.list(|c| c.literally(b"LAZY").ok_or(Fault::Unknown("PREVIEW modifier")));
    if lazy.is_ok() {
        return Preview::Lazy;
    }
    c.back_to(at);
    Preview::Eager
}
