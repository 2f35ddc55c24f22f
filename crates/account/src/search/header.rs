//! The second stage: what was found when the message came in. Most header searches end here.

use mime::Stored;
use mime::encoded_word;
use mime::header::{fields, unfold};
use mime::text::{Needle, Scope};

use super::program::{Program, Test};
use crate::Record;

/// A header field and what is looked for in it.
#[derive(Debug)]
pub(super) struct Field {
    name: Vec<u8>,
    /// `None`: that the field is there is enough (RFC 9051 §6.4.4, HEADER).
    needle: Option<Needle>,
}

impl Field {
    pub(super) fn new(name: &[u8], text: &str) -> Self {
        let needle = (!text.is_empty()).then(|| Needle::new(Scope::Text, text));
        Self { name: name.to_vec(), needle }
    }

    /// Whether the structure keeps it.
    pub(super) fn is_listed(&self) -> bool {
        mime::is_listed(&self.name)
    }

    /// Whether one of these header lines is the field, with the text in it.
    pub(super) fn is_in(&self, lines: &[u8]) -> bool {
        let named = |name: &[u8]| !name.is_empty() && name.eq_ignore_ascii_case(&self.name);
        let mut values = fields(lines).filter(|field| named(field.name)).map(|field| field.value);
        match &self.needle {
            None => values.next().is_some(),
            Some(needle) => values.any(|value| needle.is_in(&encoded_word::decode(&unfold(value)))),
        }
    }
}

impl Program {
    /// What record and structure say of the whole.
    pub(super) fn of_structure(&self, place: usize, record: &Record, stored: &Stored<'_>) -> Option<bool> {
        let lines = stored.listed_lines();
        self.root.decide(&mut |test| match test {
            Test::Sent(days) => Some(stored.sent_day().is_some_and(|day| days.has(day))),
            Test::Header(field) if field.is_listed() => lines.map(|lines| field.is_in(lines)),
            // What most people look for stands in subject or sender. That it is not there says nothing, though.
            Test::Text(Scope::Text, needle) => {
                let needle = self.needles.get(*needle)?;
                fields(lines?).any(|field| is_in_field(needle, field.name, field.value)).then_some(true)
            }
            Test::Header(_) | Test::Text(Scope::Body, _) => None,
            other => other.of_record(place, record),
        })
    }
}

/// Whether a text is in a field: as [`mime::text::SearchText`] looks for it.
fn is_in_field(needle: &Needle, name: &[u8], value: &[u8]) -> bool {
    let value = encoded_word::decode(&unfold(value));
    !name.is_empty() && needle.is_in(&format!("{}: {value}", String::from_utf8_lossy(name)))
}
