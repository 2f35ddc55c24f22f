//! From a section specification to octets of the message (RFC 9051 §6.4.5.1).

use crate::layout::PartKind;
use crate::stored::{Part, Stored};
use std::ops::Range;

/// What of a part a section means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// `BODY[]`, `BODY[1.2]`.
    Body,
    /// `BODY[HEADER]`, `BODY[1.2.HEADER]`: of a message.
    Header,
    /// `BODY[TEXT]`, `BODY[1.2.TEXT]`: of a message.
    Text,
    /// `BODY[1.2.MIME]`.
    Mime,
}

impl<'a> Stored<'a> {
    /// Where in the message the octets of a section stand (RFC 9051 §6.4.5.1); `None` if there is no such section.
    pub fn section(&self, path: &[u32], which: Which) -> Option<Range<u64>> {
        range(self, path, which)
    }

    /// The part that `BINARY[path]` decodes, and its encoding: parts that are neither multipart nor message (RFC 9051 §6.4.5).
    pub fn binary(&self, path: &[u32]) -> Option<Part<'a>> {
        part(self, path).filter(|part| matches!(part.kind, PartKind::Text | PartKind::Other))
    }
}

/// The octets of a section.
fn range(stored: &Stored<'_>, path: &[u32], which: Which) -> Option<Range<u64>> {
    if path.is_empty() {
        let root = stored.part(0)?;
        return match which {
            Which::Body => Some(0..stored.size()),
            Which::Header => Some(root.header),
            Which::Text => Some(root.body),
            // "The MIME part specifier MUST be prefixed by one or more numeric part specifiers."
            Which::Mime => None,
        };
    }
    let part = part(stored, path)?;
    match which {
        Which::Body => Some(part.body),
        Which::Mime => Some(part.header),
        Which::Header => Some(inner_root(stored, &part)?.header),
        Which::Text => Some(inner_root(stored, &part)?.body),
    }
}

/// The part that a path of numbers names.
fn part<'a>(stored: &Stored<'a>, path: &[u32]) -> Option<Part<'a>> {
    // The first number counts among the parts of the message itself.
    let mut numbers = path.iter();
    let mut part = inside(stored, stored.part(0)?, *numbers.next()?)?;
    for &number in numbers {
        part = match part.kind {
            PartKind::Multipart => child(stored, &part, number)?,
            PartKind::Message => inside(stored, inner_root(stored, &part)?, number)?,
            _ => return None,
        };
    }
    Some(part)
}

/// Part `number` of the message whose root is `root`: "every message has at least one part number".
fn inside<'a>(stored: &Stored<'a>, root: Part<'a>, number: u32) -> Option<Part<'a>> {
    match root.kind {
        PartKind::Multipart => child(stored, &root, number),
        _ => (number == 1).then_some(root),
    }
}

fn child<'a>(stored: &Stored<'a>, parent: &Part<'a>, number: u32) -> Option<Part<'a>> {
    if number == 0 {
        return None;
    }
    let mut index = parent.index() + 1;
    loop {
        let part = stored.part(index)?;
        // Behind the last part that is inside.
        if part.depth <= parent.depth {
            return None;
        }
        if part.number() == number && part.parent().is_some_and(|own| own.index() == parent.index()) {
            return Some(part);
        }
        index += 1;
    }
}

fn inner_root<'a>(stored: &Stored<'a>, message: &Part<'a>) -> Option<Part<'a>> {
    let inner = stored.part(message.index() + 1)?;
    (message.kind == PartKind::Message && inner.depth > message.depth).then_some(inner)
}
