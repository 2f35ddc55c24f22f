//! Octets go out.

use account::EmailId;

use crate::Error;

/// A message's octets, to be read piece by piece: only what is asked for is read and unpacked.
#[derive(Debug)]
pub struct Body {
    size: u64,
}

impl Body {
    /// How many octets the message has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends `len` octets from `offset` on to `out`, fewer at the end of the message. Reading all of it checks it
    /// against its hash.
    pub fn read(&mut self, _offset: u64, _len: u64, _out: &mut Vec<u8>) -> Result<(), Error> {
        unimplemented!()
    }
}

/// A run of a message's octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Whose.
    pub email: EmailId,
    /// How many octets the message has in all.
    pub size: u64,
    /// Where in the message these are.
    pub offset: u64,
    /// The octets. Never none, except for an empty message's one piece.
    pub octets: &'a [u8],
}

impl Piece<'_> {
    /// Whether the message ends with it.
    pub fn is_last(&self) -> bool {
        self.offset + self.octets.len() as u64 >= self.size
    }
}
