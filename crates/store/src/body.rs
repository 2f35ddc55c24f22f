//! Octets go out.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use account::EmailId;

use crate::Error;
use crate::engine::{BODY_CHUNK, Engine};

/// A message's octets, to be read piece by piece: only what is asked for is read and unpacked.
pub struct Body {
    engine: Arc<dyn Engine>,
    email: EmailId,
    size: u64,
    hash: [u8; 32],
    /// The chunk that was read last, as the next read is often in it, too.
    chunk: Vec<u8>,
    number: u32,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("email", &self.email).field("size", &self.size).finish_non_exhaustive()
    }
}

impl Body {
    pub(crate) fn open(engine: &Arc<dyn Engine>, email: EmailId) -> Result<Self, Error> {
        let mut body = Self { engine: engine.clone(), email, size: 0, hash: [0; 32], chunk: Vec::new(), number: 0 };
        let mut unpacked = Ok(());
        engine.first_chunks(&mut std::iter::once(email), &mut |_, packed| {
            (body.size, body.hash) = (packed.size.into(), packed.hash);
            unpacked = packed.unpack(&mut body.chunk);
            ControlFlow::Break(())
        })?;
        unpacked?;
        body.check_length()?;
        Ok(body)
    }

    /// How many octets the message has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The BLAKE3 hash of all of them.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Appends `len` octets from `offset` on to `out`, fewer at the end of the message. Reading all of it at once checks
    /// it against its hash.
    pub fn read(&mut self, offset: u64, len: u64, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        let end = offset.saturating_add(len).min(self.size);
        let mut at = offset;
        while at < end {
            self.load(u32::try_from(at / BODY_CHUNK as u64).map_err(|_| Error::TooLarge)?)?;
            let inside = usize::try_from(at % BODY_CHUNK as u64).unwrap_or(BODY_CHUNK);
            let wanted = usize::try_from(end - at).unwrap_or(BODY_CHUNK);
            let piece = self.chunk.get(inside..).unwrap_or_default();
            let piece = piece.get(..wanted).unwrap_or(piece);
            if piece.is_empty() {
                return Err(self.damaged());
            }
            out.extend_from_slice(piece);
            at += piece.len() as u64;
        }
        if offset == 0 && end == self.size && blake3::hash(&out[start..]).as_bytes() != &self.hash {
            out.truncate(start);
            return Err(self.damaged());
        }
        Ok(())
    }

    fn load(&mut self, number: u32) -> Result<(), Error> {
        if self.number == number {
            return Ok(());
        }
        self.chunk.clear();
        // Not this one any more, whatever comes.
        self.number = u32::MAX;
        self.engine.chunk(self.email, number, &mut self.chunk)?;
        self.number = number;
        self.check_length()
    }

    fn check_length(&self) -> Result<(), Error> {
        let before = u64::from(self.number) * BODY_CHUNK as u64;
        let due = self.size.saturating_sub(before).min(BODY_CHUNK as u64);
        if self.chunk.len() as u64 == due { Ok(()) } else { Err(self.damaged()) }
    }

    fn damaged(&self) -> Error {
        Error::damaged(format!("octets of email {}", self.email))
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

/// Shows all octets of many emails.
pub(crate) fn bodies(
    engine: &dyn Engine,
    emails: &mut dyn Iterator<Item = EmailId>,
    visit: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
) -> Result<(), Error> {
    let mut octets = Vec::new();
    let mut result = Ok(());
    engine.first_chunks(emails, &mut |email, packed| {
        octets.clear();
        let whole = Whole { email, size: packed.size.into(), hash: packed.hash };
        let shown = packed.unpack(&mut octets).and_then(|()| whole.show(engine, &mut octets, visit));
        match shown {
            Ok(flow) => flow,
            Err(error) => {
                result = Err(error);
                ControlFlow::Break(())
            }
        }
    })?;
    result
}

/// What is known of a message from its first chunk.
struct Whole {
    email: EmailId,
    size: u64,
    hash: [u8; 32],
}

impl Whole {
    /// Shows a message whose first chunk is in `octets`.
    fn show(
        &self,
        engine: &dyn Engine,
        octets: &mut Vec<u8>,
        visit: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        let mut hasher = blake3::Hasher::new();
        let mut offset = 0;
        let mut number = 0;
        loop {
            let last = offset + octets.len() as u64 == self.size;
            hasher.update(octets);
            let due = (self.size - offset).min(BODY_CHUNK as u64);
            if octets.len() as u64 != due || (last && hasher.finalize().as_bytes() != &self.hash) {
                return Err(Error::damaged(format!("octets of email {}", self.email)));
            }
            let flow = visit(Piece { email: self.email, size: self.size, offset, octets });
            if last || flow.is_break() {
                return Ok(flow);
            }
            offset += octets.len() as u64;
            number += 1;
            octets.clear();
            engine.chunk(self.email, number, octets)?;
        }
    }
}
