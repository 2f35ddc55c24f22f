//! One part while it is scanned: where it lies, and the pieces of BODYSTRUCTURE that its header gives.

use crate::bodystructure;
use crate::content::Content;
use crate::transfer::Encoding;

/// What is inside a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text part, which has lines.
    Text,
    /// Any other part without parts.
    Leaf,
    /// A multipart; its children are the parts between its boundaries.
    Multipart,
    /// message/rfc822 or message/global; its one child is the message inside.
    Message,
    /// The same with a transfer encoding, so that what is inside cannot be addressed by octets of this message (RFC 2046 §5.2.1 forbids it).
    Sealed,
}

/// A part, in the order in which parts begin.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) parent: Option<usize>,
    /// Its place among its parent's children, from 1; 0 for the root of a message.
    pub(crate) number: u32,
    pub(crate) depth: usize,
    pub(crate) kind: Kind,
    pub(crate) encoding: Encoding,
    pub(crate) header_start: u64,
    pub(crate) body_start: u64,
    pub(crate) body_end: u64,
    /// Until the part ends: line ends before its body. Then: line ends in its body.
    pub(crate) lines: u64,
    pub(crate) media: Vec<u8>,
    pub(crate) subtype: Vec<u8>,
    pub(crate) charset: Vec<u8>,
    /// The beginning of its body structure, and the extension data behind it, as they go on the wire.
    pub(crate) fields: Vec<u8>,
    pub(crate) extension: Vec<u8>,
    /// ENVELOPE of the message whose root this is, if that message is inside another.
    pub(crate) envelope: Vec<u8>,
}

impl Node {
    pub(crate) fn new(parent: Option<usize>, number: u32, depth: usize, header_start: u64) -> Self {
        Self {
            parent,
            number,
            depth,
            kind: Kind::Leaf,
            encoding: Encoding::Identity,
            header_start,
            body_start: header_start,
            body_end: header_start,
            lines: 0,
            media: Vec::new(),
            subtype: Vec::new(),
            charset: Vec::new(),
            fields: Vec::new(),
            extension: Vec::new(),
            envelope: Vec::new(),
        }
    }

    /// Takes over what its header says; `kind` was decided by the scanner.
    pub(crate) fn describe(&mut self, content: &Content, kind: Kind) {
        self.kind = kind;
        self.encoding = content.decoding();
        self.charset = content.param("charset").unwrap_or_default().to_vec();
        (self.fields, self.extension) = bodystructure::pieces(content, kind);
        self.media.clone_from(&content.media);
        self.subtype.clone_from(&content.subtype);
    }
}
