//! The second stage: what was found when the message came in. Most header searches end here.

use std::collections::HashMap;

use mime::Stored;
use mime::encoded_word;
use mime::header::{fields, unfold};
use mime::text::{Needle, Scope, Texts};

use super::program::{Program, Test};
use crate::Record;

/// A header field and what is looked for in it.
#[derive(Debug)]
pub(super) struct Field {
    /// The name's number.
    name: usize,
    listed: bool,
    /// `None`: that the field is there is enough (RFC 9051 §6.4.4, HEADER).
    needle: Option<Needle>,
}

impl Field {
    /// Whether the structure keeps it.
    pub(super) fn is_listed(&self) -> bool {
        self.listed
    }
}

/// The names of the fields that a search asks about, in small letters, each with its number.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Vec<u8>, usize>);

impl Names {
    /// A field of this name.
    pub(super) fn field(&mut self, name: &[u8], text: &str) -> Field {
        let next = self.0.len();
        let needle = (!text.is_empty()).then(|| Needle::new(Scope::Text, text));
        Field { name: *self.0.entry(name.to_ascii_lowercase()).or_insert(next), listed: mime::is_listed(name), needle }
    }
}

/// The header lines of one message, for all keys: they are gone through once, and each field is decoded once.
pub(super) struct Lines<'a> {
    names: &'a Names,
    block: &'a [u8],
    /// By the number of their name. None before the first question.
    fields: Vec<Values<'a>>,
}

#[derive(Clone, Default)]
struct Values<'a> {
    raw: Vec<&'a [u8]>,
    decoded: Option<Texts>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(names: &'a Names, block: &'a [u8]) -> Self {
        Self { names, block, fields: Vec::new() }
    }

    /// Whether one of the lines is the field, with the text in it.
    pub(super) fn have(&mut self, field: &Field) -> bool {
        if self.fields.is_empty() {
            self.sort();
        }
        let Some(values) = self.fields.get_mut(field.name) else { return false };
        let Some(needle) = &field.needle else { return !values.raw.is_empty() };
        let raw = &values.raw;
        let decoded = values.decoded.get_or_insert_with(|| {
            let mut texts = Texts::default();
            for value in raw {
                texts.push(&encoded_word::decode(&unfold(value)));
            }
            texts
        });
        needle.is_in_any(decoded)
    }

    fn sort(&mut self) {
        self.fields.resize(self.names.0.len(), Values::default());
        let mut small = Vec::new();
        for field in fields(self.block).filter(|field| !field.name.is_empty()) {
            small.clear();
            small.extend(field.name.iter().map(u8::to_ascii_lowercase));
            if let Some(values) = self.names.0.get(&small).and_then(|number| self.fields.get_mut(*number)) {
                values.raw.push(field.value);
            }
        }
    }
}

impl Program {
    /// What record and structure say of the whole.
    pub(super) fn of_structure(&self, place: usize, record: &Record, stored: &Stored<'_>) -> Option<bool> {
        let lines = stored.listed_lines();
        let mut listed = lines.map(|lines| Lines::new(&self.names, lines));
        self.root.decide(&mut |test| match test {
            Test::Sent(days) => Some(stored.sent_day().is_some_and(|day| days.has(day))),
            Test::Header(field) if field.is_listed() => listed.as_mut().map(|lines| lines.have(field)),
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
