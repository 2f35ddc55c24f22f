//! A message that has come in whole and can be committed.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use account::EmailId;
use mime::{Stored, Structure};

use crate::Error;
use crate::engine::packed::Squeezed;
use crate::share::Share;

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
    pub(crate) parts: Vec<Part>,
    pub(crate) spool: Option<Arc<File>>,
    /// Of the memory that is for all messages.
    pub(crate) _share: Share,
}

/// One chunk of a message's octets.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) squeezed: Squeezed,
    /// Where in the spool its data are, and how many; `None` if they are here.
    pub(crate) spooled: Option<(u64, usize)>,
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

    /// How many chunks its octets are kept in.
    pub(crate) fn chunks(&self) -> u32 {
        u32::try_from(self.0.parts.len()).unwrap_or(u32::MAX)
    }

    /// Appends a chunk as it is kept for an email.
    pub(crate) fn write_chunk(&self, id: EmailId, number: u32, out: &mut Vec<u8>) -> Result<(), Error> {
        let Some(part) = self.0.parts.get(number as usize) else {
            return Err(Error::WrongPlan(format!("a message has no chunk {number}")));
        };
        let message = (self.0.size, &self.0.hash);
        match (part.spooled, &self.0.spool) {
            (Some((at, len)), Some(file)) => {
                let mut data = vec![0; len];
                file.read_exact_at(&mut data, at)?;
                part.squeezed.write((id, number), message, &data, out);
            }
            _ => part.squeezed.write((id, number), message, &part.squeezed.data, out),
        }
        Ok(())
    }
}
