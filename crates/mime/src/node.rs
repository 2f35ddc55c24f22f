//! One part while it is scanned: where it lies, and the pieces of BODYSTRUCTURE that its header gives.

use crate::layout::PartKind;
use crate::transfer::Encoding;

/// A part, in the order in which parts begin.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) parent: Option<usize>,
    /// Its place among its parent's children, from 1; 0 for the root of a message.
    pub(crate) number: u32,
    pub(crate) depth: usize,
    pub(crate) kind: PartKind,
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
            kind: PartKind::Other,
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
}
