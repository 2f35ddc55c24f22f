//! A message that has come in whole and can be committed.

use std::sync::Arc;

use mime::{Stored, Structure};

/// A message's octets, compressed, and what is known of them. Cloning is free; the same message can be committed into
/// many accounts.
#[derive(Clone, Debug)]
pub struct Message(pub(crate) Arc<Content>);

/// What [`Upload`](crate::Upload) made of a message.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) size: u32,
    pub(crate) hash: [u8; 32],
    pub(crate) structure: Structure,
}

impl Message {
    /// Its size in octets (RFC 9051 §2.3.4).
    pub fn size(&self) -> u32 {
        self.0.size
    }

    /// The BLAKE3 hash of its octets.
    pub fn hash(&self) -> &[u8; 32] {
        &self.0.hash
    }

    /// What is in it.
    pub fn structure(&self) -> Stored<'_> {
        self.0.structure.view()
    }
}
