//! What is known of one message, and how it becomes the record that is kept of it.

use crate::bodystructure::{self, Form};
use crate::derivation::Derivation;
use crate::facts::Facts;
use crate::layout::{self, Head, Row, Section, Writer};
use crate::node::Node;
use crate::stored::Stored;
use crate::subject::{self, Reply};

/// What is known of one message, as the record that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    record: Vec<u8>,
}

impl Structure {
    pub(crate) fn new(size: u64, nodes: &[Node], facts: &Facts) -> Self {
        let mut writer = Writer::new(head(size, nodes, facts));
        writer.section(Section::BodyStructure, &bodystructure::write(nodes, Form::BodyStructure));
        writer.section(Section::Body, &bodystructure::write(nodes, Form::Body));
        writer.section(Section::Envelope, &facts.envelope);
        writer.section(Section::Listed, facts.listed.as_deref().unwrap_or_default());
        writer.section(Section::Subject, facts.subject.as_bytes());
        writer.section(Section::BaseSubject, subject::base_subject(&facts.subject).as_bytes());
        writer.section(Section::DisplayFrom, facts.display_from.as_bytes());
        writer.section(Section::DisplayTo, facts.display_to.as_bytes());
        writer.section(Section::FirstFrom, &facts.first_from);
        writer.section(Section::FirstTo, &facts.first_to);
        writer.section(Section::FirstCc, &facts.first_cc);
        writer.section(Section::MessageId, &facts.message_id);
        writer.section(Section::InReplyTo, &facts.in_reply_to);
        let preview = if facts.plain.is_empty() { &facts.html } else { &facts.plain };
        writer.section(Section::Preview, preview.as_bytes());
        writer.references(facts.references.iter().map(Vec::as_slice));
        writer.parts(nodes.iter().map(row));
        Self { record: writer.done() }
    }

    /// A record that was put together from others.
    pub(crate) fn of(record: Vec<u8>) -> Self {
        Self { record }
    }

    /// Says which rules these are. A scanner says [`Derivation::CURRENT`]; tests raise it.
    #[must_use]
    pub fn derived_by(mut self, derivation: Derivation) -> Self {
        layout::set_derivation(&mut self.record, derivation);
        self
    }

    /// The record's octets, for the store; [`Stored::parse`] reads them.
    pub fn encode(&self) -> Vec<u8> {
        self.record.clone()
    }

    /// The record's octets without a copy.
    pub fn as_bytes(&self) -> &[u8] {
        &self.record
    }

    /// The record's octets, given away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.record
    }

    /// Looks at it as what the store gives back.
    pub fn view(&self) -> Stored<'_> {
        Stored::of(&self.record)
    }
}

fn head(size: u64, nodes: &[Node], facts: &Facts) -> Head {
    let (_, reply) = subject::extract(&facts.subject);
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    Head {
        flags: flag(facts.attachment, Head::ATTACHMENT)
            | flag(facts.sent.is_some(), Head::SENT)
            | flag(facts.listed.is_some(), Head::LISTED_WHOLE)
            | flag(reply == Reply::Yes, Head::REPLY),
        blank: facts.blank,
        derivation: Derivation::CURRENT,
        zone_minutes: facts.sent.map_or(0, |sent| sent.zone_minutes),
        parts: u16::try_from(nodes.len()).unwrap_or(u16::MAX),
        size,
        sent: facts.sent.map_or(0, |sent| sent.unix),
    }
}

fn row(node: &Node) -> Row<'_> {
    Row {
        header_start: node.header_start,
        body_start: node.body_start,
        body_end: node.body_end,
        lines: node.lines,
        parent: node.parent,
        number: node.number,
        kind: node.kind,
        encoding: node.encoding,
        depth: u8::try_from(node.depth).unwrap_or(u8::MAX),
        media: &node.media,
        subtype: &node.subtype,
        charset: &node.charset,
    }
}
