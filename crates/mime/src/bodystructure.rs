//! BODY and BODYSTRUCTURE of a message (RFC 9051 §7.5.2).

use crate::content::Content;
use crate::layout::PartKind;
use crate::node::Node;
use crate::param::Param;
use crate::wire;

/// What stands for the parts of a multipart that has none: the grammar wants one (`body-type-mpart = 1*body`).
const NO_PARTS: &[u8] = b"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)";
/// The same with extension data.
const NO_PARTS_EXTENDED: &[u8] =
    b"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)";
/// ENVELOPE of a message that cannot be looked into.
pub(crate) const NO_ENVELOPE: &[u8] = b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";

/// With or without extension data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Body,
    BodyStructure,
}

impl Node {
    /// Takes over what its header says; `kind` was decided by the scanner.
    pub(crate) fn describe(&mut self, content: &Content, kind: PartKind, described: Described) {
        self.kind = kind;
        self.encoding = content.decoding();
        self.charset = content.param("charset").unwrap_or_default().into_owned();
        (self.fields, self.extension) = (described.fields, described.extension);
        self.media.clone_from(&content.media);
        self.subtype.clone_from(&content.subtype);
    }
}

/// What of a part's structure its header alone decides, as it goes on the wire.
pub(crate) struct Described {
    /// What stands before the sizes.
    fields: Vec<u8>,
    /// What stands behind them.
    extension: Vec<u8>,
}

impl Described {
    pub(crate) fn of(content: &Content, kind: PartKind) -> Self {
        let (fields, extension) = pieces(content, kind);
        Self { fields, extension }
    }

    /// How many octets of the record it takes: in BODYSTRUCTURE and BODY, and at most once more in the part's row.
    pub(crate) fn weight(&self) -> usize {
        3 * self.fields.len() + self.extension.len()
    }
}

fn pieces(content: &Content, kind: PartKind) -> (Vec<u8>, Vec<u8>) {
    let (mut fields, mut extension) = (Vec::new(), Vec::new());
    if kind == PartKind::Multipart {
        fields.push(b' ');
        wire::string(&mut fields, &content.subtype);
        write_params(&mut extension, &content.params);
    } else {
        wire::string(&mut fields, &content.media);
        fields.push(b' ');
        wire::string(&mut fields, &content.subtype);
        write_params(&mut fields, &content.params);
        for value in [&content.id, &content.description] {
            fields.push(b' ');
            wire::nstring(&mut fields, value.as_deref());
        }
        fields.push(b' ');
        // body-fld-enc "defaults to 7BIT" (RFC 9051 §9).
        let encoding = content.encoding.as_deref().filter(|encoding| !encoding.is_empty());
        wire::string(&mut fields, encoding.unwrap_or(b"7bit"));
        extension.push(b' ');
        wire::nstring(&mut extension, content.md5.as_deref());
    }
    write_disposition(&mut extension, content);
    write_language(&mut extension, &content.language);
    extension.push(b' ');
    wire::nstring(&mut extension, content.location.as_deref());
    (fields, extension)
}

/// `SP body-fld-param`.
fn write_params(out: &mut Vec<u8>, params: &[Param]) {
    if params.is_empty() {
        return out.extend_from_slice(b" NIL");
    }
    for (at, (name, value)) in params.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b" (" } else { b" " });
        wire::string(out, name);
        out.push(b' ');
        wire::string(out, value);
    }
    out.push(b')');
}

/// `SP body-fld-dsp`.
fn write_disposition(out: &mut Vec<u8>, content: &Content) {
    let Some((kind, params)) = &content.disposition else { return out.extend_from_slice(b" NIL") };
    out.extend_from_slice(b" (");
    wire::string(out, kind);
    write_params(out, params);
    out.push(b')');
}

/// `SP body-fld-lang`.
fn write_language(out: &mut Vec<u8>, tags: &[Vec<u8>]) {
    if tags.is_empty() {
        return out.extend_from_slice(b" NIL");
    }
    for (at, tag) in tags.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b" (" } else { b" " });
        wire::string(out, tag);
    }
    out.push(b')');
}

/// Writes the structure of the whole message. The parts come in the order in which they begin, so each is written when it is met,
/// and its end when a part follows that is not inside it: no recursion.
pub(crate) fn write(nodes: &[Node], form: Form) -> Vec<u8> {
    let mut out = Vec::new();
    let mut open: Vec<&Node> = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        while let Some(last) = open.pop_if(|last| last.depth >= node.depth) {
            end(&mut out, last, form);
        }
        begin(&mut out, node);
        match node.kind {
            PartKind::Multipart if !has_child(nodes, at) => {
                out.extend_from_slice(if form == Form::Body { NO_PARTS } else { NO_PARTS_EXTENDED });
                end(&mut out, node, form);
            }
            PartKind::Multipart | PartKind::Message => open.push(node),
            PartKind::SealedMessage => {
                out.push(b' ');
                out.extend_from_slice(NO_ENVELOPE);
                out.push(b' ');
                out.extend_from_slice(if form == Form::Body { NO_PARTS } else { NO_PARTS_EXTENDED });
                end(&mut out, node, form);
            }
            PartKind::Text | PartKind::Other => end(&mut out, node, form),
        }
    }
    while let Some(last) = open.pop() {
        end(&mut out, last, form);
    }
    out
}

fn has_child(nodes: &[Node], at: usize) -> bool {
    nodes.get(at + 1).is_some_and(|next| next.parent == Some(at))
}

fn begin(out: &mut Vec<u8>, node: &Node) {
    // The root of a message inside another: its envelope stands between the part and it.
    if !node.envelope.is_empty() {
        out.push(b' ');
        out.extend_from_slice(&node.envelope);
        out.push(b' ');
    }
    out.push(b'(');
    if node.kind != PartKind::Multipart {
        out.extend_from_slice(&node.fields);
        out.push(b' ');
        wire::number(out, node.body_end.saturating_sub(node.body_start));
    }
}

fn end(out: &mut Vec<u8>, node: &Node, form: Form) {
    match node.kind {
        PartKind::Multipart => out.extend_from_slice(&node.fields),
        PartKind::Other => {}
        PartKind::Text | PartKind::Message | PartKind::SealedMessage => {
            out.push(b' ');
            wire::number(out, node.lines);
        }
    }
    if form == Form::BodyStructure {
        out.extend_from_slice(&node.extension);
    }
    out.push(b')');
}
