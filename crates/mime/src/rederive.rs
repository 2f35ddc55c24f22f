//! A structure of older rules becomes one of newer rules, and what clients were told stays.
//!
//! ENVELOPE, BODYSTRUCTURE and the octets that a part number names are what clients keep beside a UID and never ask for again (RFC 9051
//! §2.3.1.1). They stay as they were found first, unless nobody could parse them. What SEARCH, SORT, THREAD and PREVIEW read is what the
//! newer rules find.

use crate::layout::{Head, PartKind, Record, Row, Section, Writer};
use crate::stored::Stored;
use crate::structure::Structure;
use crate::wire;

/// What is told of a message and stays: ENVELOPE and the three that have to agree on its parts. All others are derived anew.
const ENVELOPE: &[Section] = &[Section::Envelope];
const PARTS: &[Section] = &[Section::BodyStructure, Section::Body];
const DERIVED: &[Section] = &[
    Section::Listed,
    Section::Subject,
    Section::BaseSubject,
    Section::DisplayFrom,
    Section::DisplayTo,
    Section::FirstFrom,
    Section::FirstTo,
    Section::FirstCc,
    Section::MessageId,
    Section::InReplyTo,
    Section::Preview,
];

/// Brings a structure up to the rules that made `fresh`, from the same message.
#[must_use]
pub fn rederive(old: &Stored<'_>, fresh: &Structure) -> Structure {
    let (old, fresh) = (old.record(), fresh.view().record());
    // An envelope has ten members (RFC 9051 §7.5.2), a body at least two.
    let envelope = wire::members(old.section(Section::Envelope)) == Some(10);
    let parts = PARTS.iter().all(|section| wire::members(old.section(*section)).is_some_and(|members| members > 1));
    let told = |parses: bool| if parses { old } else { fresh };
    let mut writer = Writer::new(Head { parts: told(parts).head().parts, ..fresh.head() });
    for (sections, from) in [(PARTS, told(parts)), (ENVELOPE, told(envelope)), (DERIVED, fresh)] {
        for section in sections {
            writer.section(*section, from.section(*section));
        }
    }
    writer.references(fresh.references().iter().map(|place| fresh.at(*place)));
    if parts {
        writer.parts(reread(old, fresh).into_iter());
    } else {
        writer.parts(rows(fresh));
    }
    Structure::of(writer.done())
}

fn rows(record: Record<'_>) -> impl Iterator<Item = Row<'_>> {
    (0..).map_while(move |index| record.part(index))
}

/// The parts as they were told, where they lie and how they are numbered, with what the newer rules say of those that they find in
/// the same octets: how to decode them.
fn reread<'a>(old: Record<'a>, fresh: Record<'a>) -> Vec<Row<'a>> {
    // Both are in the order in which parts begin, and what is inside follows what it is in.
    let order = |row: &Row<'_>| (row.header_start, row.depth);
    let mut found = rows(fresh).peekable();
    let mut reread = Vec::new();
    for mut told in rows(old) {
        while found.next_if(|row| order(row) < order(&told)).is_some() {}
        if let Some(row) = found.peek().filter(|row| is_same(row, &told)) {
            told = Row { encoding: row.encoding, kind: row.kind, charset: row.charset, ..told };
            told = Row { media: row.media, subtype: row.subtype, ..told };
        }
        reread.push(told);
    }
    reread
}

/// Whether both are one part. What is inside a container is told, so its kind must be the same; a leaf's may be found anew.
fn is_same(row: &Row<'_>, told: &Row<'_>) -> bool {
    let leaf = |kind| matches!(kind, PartKind::Text | PartKind::Other);
    let place = |row: &Row<'_>| (row.header_start, row.body_start, row.body_end, row.depth);
    place(row) == place(told) && (row.kind == told.kind || (leaf(row.kind) && leaf(told.kind)))
}
