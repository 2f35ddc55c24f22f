//! A chunk of a message's octets as it is kept: a head, then the octets, compressed where that helps.
//!
//! ```text
//! codec   u8          0 as they are, 1 LZ4, 2 zstd
//! raw     u32 LE      how many octets it unpacks to
//! size    u32 LE      how many octets the message has
//! hash    32 octets   the message's BLAKE3
//! crc     u32 LE      CRC32C of email id (u64 LE), chunk number (u32 LE), all of the head before, and the data
//! data
//! ```
//!
//! The codec is the version: a reader refuses one that it does not know. A new codec gets the next number, and is written only
//! into accounts of a format whose readers all know it; those that were ever written stay readable.
//!
//! So each chunk can be told from damage on its own, and a message's first chunk says all that reading it takes.

use account::EmailId;
use parking_lot::Mutex;

use crate::Error;

/// How many octets of a message are kept together.
pub const BODY_CHUNK: usize = 256 << 10;

/// Messages up to this size are compressed by LZ4: several times faster both ways, and they are most.
const SMALL: usize = 16 << 10;

const HEAD: usize = 1 + 4 + 4 + 32 + 4;

const AS_IS: u8 = 0;
const LZ4: u8 = 1;
const ZSTD: u8 = 2;

/// Compressors that nobody uses just now. Making one costs as much as compressing a small chunk.
static IDLE: Mutex<Vec<zstd::bulk::Compressor<'static>>> = Mutex::new(Vec::new());

/// How many of them are kept: more would not find a processor.
const KEPT: usize = 8;

fn zstd_compress(octets: &[u8]) -> std::io::Result<Vec<u8>> {
    let idle = IDLE.lock().pop();
    // Level 1: a mail server's disk is seldom worth more CPU than that.
    let mut compressor = idle.map_or_else(|| zstd::bulk::Compressor::new(1), Ok)?;
    let data = compressor.compress(octets);
    let mut idle = IDLE.lock();
    if idle.len() < KEPT {
        idle.push(compressor);
    }
    data
}

/// A chunk's octets, compressed, before they have a place in any account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Squeezed {
    codec: u8,
    raw: u32,
    pub(crate) data: Vec<u8>,
}

impl Squeezed {
    /// Compresses the octets of a chunk.
    pub(crate) fn new(octets: &[u8]) -> Self {
        let raw = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        let (codec, data) = if octets.len() <= SMALL {
            (LZ4, lz4_flex::block::compress(octets))
        } else {
            (ZSTD, zstd_compress(octets).unwrap_or_default())
        };
        // What gains little is kept as it is and costs nothing to read.
        if data.is_empty() || data.len() > octets.len() - octets.len() / 16 {
            return Self { codec: AS_IS, raw, data: octets.to_vec() };
        }
        Self { codec, raw, data }
    }

    /// Without its data, which are somewhere else.
    pub(crate) fn take_data(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.data)
    }

    /// As it is kept at a place: `data` are those of this chunk.
    pub(crate) fn write(&self, place: (EmailId, u32), message: (u32, &[u8; 32]), data: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.reserve(HEAD + data.len());
        out.push(self.codec);
        out.extend(self.raw.to_le_bytes());
        out.extend(message.0.to_le_bytes());
        out.extend(message.1);
        let crc = checksum(place, &out[start..], data);
        out.extend(crc.to_le_bytes());
        out.extend(data);
    }
}

fn checksum((id, number): (EmailId, u32), head: &[u8], data: &[u8]) -> u32 {
    let mut place = [0; 12];
    place[..8].copy_from_slice(&id.get().to_le_bytes());
    place[8..].copy_from_slice(&number.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(&place), head), data)
}

/// A chunk as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed<'a> {
    /// How many octets the message has.
    pub size: u32,
    /// The BLAKE3 hash of the message's octets.
    pub hash: [u8; 32],
    codec: u8,
    raw: u32,
    data: &'a [u8],
}

impl<'a> Packed<'a> {
    /// From the bytes of a chunk, if they are the ones that were written at that place.
    pub(crate) fn read(place: (EmailId, u32), bytes: &'a [u8]) -> Result<Self, Error> {
        let damaged = || Error::damaged(format!("octets of email {}, chunk {}", place.0, place.1));
        let (head, data) = bytes.split_at_checked(HEAD).ok_or_else(damaged)?;
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if number(HEAD - 4) != checksum(place, &head[..HEAD - 4], data) {
            return Err(damaged());
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(&head[9..41]);
        let packed = Self { size: number(5), hash, codec: head[0], raw: number(1), data };
        if packed.raw as usize > BODY_CHUNK || packed.codec > ZSTD {
            return Err(damaged());
        }
        Ok(packed)
    }

    /// Appends the chunk's octets.
    pub fn unpack(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        let end = start + self.raw as usize;
        let unpacked = match self.codec {
            AS_IS => {
                out.extend_from_slice(self.data);
                Some(self.data.len())
            }
            LZ4 => {
                out.resize(end, 0);
                lz4_flex::block::decompress_into(self.data, &mut out[start..]).ok()
            }
            _ => {
                out.resize(end, 0);
                zstd::bulk::decompress_to_buffer(self.data, &mut out[start..]).ok()
            }
        };
        if unpacked == Some(self.raw as usize) {
            return Ok(());
        }
        out.truncate(start);
        Err(Error::damaged("compressed octets of an email"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Vec<Vec<u8>> {
        let noise: Vec<u8> = (0..40_000u32).map(|n| blake3::hash(&n.to_le_bytes()).as_bytes()[0]).collect();
        vec![Vec::new(), b"x".to_vec(), b"line\r\n".repeat(100), b"line\r\n".repeat(10_000), noise]
    }

    #[test]
    fn a_chunk_comes_back_as_it_was() {
        let place = (EmailId::new(7).unwrap(), 3);
        for text in texts() {
            let squeezed = Squeezed::new(&text);
            let mut bytes = Vec::new();
            squeezed.write(place, (9, &[5; 32]), &squeezed.data, &mut bytes);
            let packed = Packed::read(place, &bytes).unwrap();
            assert_eq!((packed.size, packed.hash), (9, [5; 32]));
            let mut out = b"before".to_vec();
            packed.unpack(&mut out).unwrap();
            assert_eq!(&out[6..], &text);
            assert!(Packed::read((place.0, 2), &bytes).is_err(), "a chunk of another place");
        }
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let place = (EmailId::FIRST, 0);
        let squeezed = Squeezed::new(&b"some mail\r\n".repeat(30));
        let mut bytes = Vec::new();
        squeezed.write(place, (330, &[1; 32]), &squeezed.data, &mut bytes);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Packed::read(place, &bytes).is_err(), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(Packed::read(place, &bytes[..20]).is_err());
    }

    /// Chunks as 0.1 wrote them, in hexadecimal digits, and what is in them: each codec.
    fn of_0_1() -> [(&'static str, Vec<u8>); 3] {
        [
            (
                "0007000000070000004115313ed49874b22bdfed45234c6a1ae91d1fbb239f0a8bae47eb63bccb8e0136d5540c\
             73686f72740d0a",
                b"short\r\n".to_vec(),
            ),
            (
                "0164000000640000009e7e2312ee1bbd641438c1a39226faa78a69507009b6cee3fdca413eecc1cfe09a2adc93\
             1f6101004a60616161616161",
                vec![b'a'; 100],
            ),
            (
                "02204e0000204e00003201df7b9b557a3b7f1127eda34c20fc2a3442263c632207d401dce8b8bbd943c873cec4\
             28b52ffd60204d4d000010626201001bce0eb0",
                vec![b'b'; 20_000],
            ),
        ]
    }

    fn octets(digits: &str) -> Vec<u8> {
        let pairs = digits.as_bytes().chunks(2);
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    #[test]
    fn chunks_of_0_1_stay_readable() {
        for ((digits, text), codec) in of_0_1().into_iter().zip([AS_IS, LZ4, ZSTD]) {
            let bytes = octets(digits);
            assert_eq!(bytes[0], codec);
            let packed = Packed::read((EmailId::FIRST, 0), &bytes).unwrap();
            assert_eq!((packed.size as usize, packed.hash), (text.len(), *blake3::hash(&text).as_bytes()));
            let mut out = Vec::new();
            packed.unpack(&mut out).unwrap();
            assert_eq!(out, text);
        }
    }

    #[test]
    fn a_codec_that_is_not_known_is_refused() {
        let place = (EmailId::FIRST, 0);
        let squeezed = Squeezed { codec: ZSTD + 1, ..Squeezed::new(b"some mail\r\n") };
        let mut bytes = Vec::new();
        squeezed.write(place, (11, &[1; 32]), &squeezed.data, &mut bytes);
        assert!(Packed::read(place, &bytes).is_err());
    }
}
