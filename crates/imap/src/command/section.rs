//! The brackets of FETCH (RFC 9051 §9 `section`, `section-binary`, `partial`).

use std::num::{NonZeroU32, NonZeroU64};

use crate::cursor::{Cursor, Found};
use crate::{Fault, Fields, Partial, Section, SectionText};

/// The most numbers of a part: far more than any message is deep.
const MAX_DEPTH: usize = 100;

/// The most fields of `HEADER.FIELDS`.
const MAX_FIELDS: usize = 1000;

/// `section`
pub(super) fn section(c: &mut Cursor<'_>) -> Found<Section> {
    c.expect(b'[', "an opening bracket")?;
    let part = section_part(c)?;
    let at = c.at();
    let whole = match part.after {
        After::Dot => false,
        After::Nothing => !part.numbers.is_empty() || c.peek() == Some(b']'),
    };
    let what = if whole { SectionText::All } else { section_text(c)? };
    let part = part.numbers;
    if what == SectionText::Mime && part.is_empty() {
        c.back_to(at);
        return Err(Fault::NotAllowed("MIME without a part"));
    }
    c.expect(b']', "a closing bracket")?;
    Ok(Section { part, what })
}

/// `section-binary`
pub(super) fn section_binary(c: &mut Cursor<'_>) -> Found<Vec<NonZeroU32>> {
    c.expect(b'[', "an opening bracket")?;
    let part = section_part(c)?;
    if part.after == After::Dot {
        return Err(Fault::Expected("a part's number"));
    }
    c.expect(b']', "a closing bracket")?;
    Ok(part.numbers)
}

/// A `section-part`, and whether a `.` follows it.
struct Part {
    numbers: Vec<NonZeroU32>,
    after: After,
}

#[derive(PartialEq, Eq)]
enum After {
    Dot,
    Nothing,
}

/// `[section-part]`
fn section_part(c: &mut Cursor<'_>) -> Found<Part> {
    let mut part = Part { numbers: Vec::new(), after: After::Nothing };
    while c.peek().is_some_and(|b| b.is_ascii_digit()) {
        if part.numbers.len() >= MAX_DEPTH {
            return Err(Fault::TooMuch("a part's numbers"));
        }
        part.numbers.push(c.nz_number()?);
        part.after = if c.eats(b'.') { After::Dot } else { After::Nothing };
        if part.after == After::Nothing {
            break;
        }
    }
    Ok(part)
}

/// `section-text`
fn section_text(c: &mut Cursor<'_>) -> Found<SectionText> {
    let at = c.at();
    Ok(match c.word()?.to_ascii_uppercase().as_str() {
        "HEADER" => SectionText::Header,
        "TEXT" => SectionText::Text,
        "MIME" => SectionText::Mime,
        "HEADER.FIELDS" => SectionText::HeaderFields { names: header_list(c)?, fields: Fields::Only },
        "HEADER.FIELDS.NOT" => SectionText::HeaderFields { names: header_list(c)?, fields: Fields::Not },
        _ => {
            c.back_to(at);
            return Err(Fault::Unknown("section"));
        }
    })
}

/// `SP header-list`
fn header_list(c: &mut Cursor<'_>) -> Found<Vec<Vec<u8>>> {
    c.skip_spaces();
    let mut names = Vec::new();
    c.list(|c| {
        if names.len() >= MAX_FIELDS {
            return Err(Fault::TooMuch("header fields"));
        }
        names.push(c.astring()?.into_owned());
        Ok(())
    })?;
    if names.is_empty() { Err(Fault::Expected("a header field")) } else { Ok(names) }
}

/// `[partial]`
pub(super) fn partial(c: &mut Cursor<'_>) -> Found<Option<Partial>> {
    if !c.eats(b'<') {
        return Ok(None);
    }
    let offset = c.number64()?;
    c.expect(b'.', "a full stop")?;
    let len = NonZeroU64::new(c.number64()?).ok_or(Fault::Number)?;
    c.expect(b'>', "a closing angle bracket")?;
    Ok(Some(Partial { offset, len }))
}
