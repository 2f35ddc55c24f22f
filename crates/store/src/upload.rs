//! A message on its way in.

use crate::{Error, Message};

/// Takes a message's octets as they come: scans, hashes and compresses them, keeps about 1 MiB of what that gives in
/// memory and the rest in a file without a name.
#[derive(Debug)]
pub struct Upload {
    size: u64,
}

impl Upload {
    /// Takes the next octets. After an error the upload is of no more use.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.size += bytes.len() as u64;
        unimplemented!()
    }

    /// How many octets have come.
    pub fn len(&self) -> u64 {
        self.size
    }

    /// Whether none has come yet.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The message is complete.
    pub fn finish(self) -> Result<Message, Error> {
        unimplemented!()
    }
}
