//! Numbers, texts and sets of UIDs as bytes: the alphabet that all formats here are spelt in.

use imap::{ModSeq, Uid, UidSet};

use super::{Damaged, Format};

/// The longest varint: 64 bits in groups of 7.
const LONGEST: usize = 10;

/// Appends a number in groups of 7 bits, lowest first, the top bit saying that another group follows (LEB128).
pub(super) fn write(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(low_byte(n) | 0x80);
        n >>= 7;
    }
    out.push(low_byte(n));
}

/// Appends how many things follow.
pub(super) fn write_len(out: &mut Vec<u8>, n: usize) {
    write(out, n as u64);
}

/// Appends a signed number: small ones of either sign are short.
pub(super) fn write_signed(out: &mut Vec<u8>, n: i64) {
    write(out, zigzag(n));
}

/// Appends octets after their number.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    write_len(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Appends a set of UIDs: how many ranges, then for each how many UIDs lie between it and the one before it (the
/// first: below it), and how many it has beyond its first.
pub(super) fn write_uids(out: &mut Vec<u8>, uids: &UidSet) {
    write_len(out, uids.ranges().len());
    let mut next = 1;
    for range in uids.ranges() {
        let (first, last) = (u64::from(range.start().get()), u64::from(range.end().get()));
        write(out, first - next);
        write(out, last - first);
        next = last + 1;
    }
}

/// Folds signed numbers onto unsigned ones: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
pub(super) fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)).cast_unsigned()
}

/// Undoes [`zigzag`].
pub(super) fn unzigzag(n: u64) -> i64 {
    (n >> 1).cast_signed() ^ -(n & 1).cast_signed()
}

pub(super) fn low_byte(n: u64) -> u8 {
    n.to_le_bytes()[0]
}

/// What is left to read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Everything that has not been read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// The format of what follows; refuses one that this program does not know.
    pub(super) fn format(&mut self) -> Result<Format, Damaged> {
        Format::from_number(self.byte()?).ok_or(Damaged("its format is not one that this program knows"))
    }

    /// Refuses bytes after the last one that means something.
    pub(super) fn end(&self) -> Result<(), Damaged> {
        if self.bytes.is_empty() { Ok(()) } else { Err(Damaged("it goes on after its end")) }
    }

    pub(super) fn byte(&mut self) -> Result<u8, Damaged> {
        let (byte, rest) = self.bytes.split_first().ok_or(Damaged::CUT)?;
        self.bytes = rest;
        Ok(*byte)
    }

    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.bytes.split_at_checked(n).ok_or(Damaged::CUT)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> Result<u64, Damaged> {
        let mut n = 0;
        for (at, byte) in self.bytes.iter().take(LONGEST).enumerate() {
            let group = u64::from(byte & 0x7f);
            if at + 1 == LONGEST && group > 1 {
                break;
            }
            n |= group << (7 * at);
            if byte & 0x80 == 0 {
                self.bytes = &self.bytes[at + 1..];
                return Ok(n);
            }
        }
        Err(if self.bytes.len() < LONGEST { Damaged::CUT } else { Damaged("a number has more than 64 bits") })
    }

    pub(super) fn small(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.number()?).map_err(|_| Damaged("a number has more than 32 bits"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, Damaged> {
        self.number().map(unzigzag)
    }

    /// How many things follow. Each takes at least one byte, so no more can follow than bytes are left: memory that is
    /// set aside for them is bounded by the input.
    pub(super) fn count(&mut self) -> Result<usize, Damaged> {
        let n = self.number()?;
        usize::try_from(n).ok().filter(|n| *n <= self.bytes.len()).ok_or(Damaged::CUT)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Damaged> {
        let n = self.count()?;
        std::str::from_utf8(self.take(n)?).map_err(|_| Damaged("a text is not UTF-8"))
    }

    pub(super) fn uid(&mut self) -> Result<Uid, Damaged> {
        Uid::new(self.small()?).ok_or(Damaged("a UID is 0"))
    }

    pub(super) fn modseq(&mut self) -> Result<ModSeq, Damaged> {
        ModSeq::new(self.number()?).ok_or(Damaged("a modseq is not from 1 to 2^63-1"))
    }

    pub(super) fn uids(&mut self) -> Result<UidSet, Damaged> {
        let mut uids = UidSet::new();
        let mut next: u64 = 1;
        for _ in 0..self.count()? {
            let first = next.checked_add(self.number()?).ok_or(BEYOND)?;
            let last = first.checked_add(self.number()?).ok_or(BEYOND)?;
            let number = |n: u64| u32::try_from(n).ok().and_then(Uid::new).ok_or(BEYOND);
            uids.insert_range(number(first)?..=number(last)?);
            next = last + 1;
        }
        Ok(uids)
    }
}

const BEYOND: Damaged = Damaged("a set has a UID beyond the last one");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_went() {
        for n in (0..64).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, u64::MAX - (1 << bit)]) {
            let mut out = Vec::new();
            write(&mut out, n);
            write_signed(&mut out, n.cast_signed());
            let mut reader = Reader::new(&out);
            assert_eq!(reader.number(), Ok(n));
            assert_eq!(reader.signed(), Ok(n.cast_signed()));
            assert_eq!(reader.end(), Ok(()));
        }
    }

    #[test]
    fn what_is_too_long_or_too_short_is_no_number() {
        assert_eq!(Reader::new(&[0x80]).number(), Err(Damaged::CUT));
        assert_eq!(Reader::new(&[]).number(), Err(Damaged::CUT));
        let too_long = [0xff; 11];
        assert_eq!(Reader::new(&too_long).number(), Err(Damaged("a number has more than 64 bits")));
        let mut too_big = [0xff; 10];
        too_big[9] = 2;
        assert_eq!(Reader::new(&too_big).number(), Err(Damaged("a number has more than 64 bits")));
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x7f]).small(),
            Err(Damaged("a number has more than 32 bits"))
        );
    }

    #[test]
    fn a_count_is_never_above_the_bytes_left() {
        assert_eq!(Reader::new(&[3, 0, 0]).count(), Err(Damaged::CUT));
        assert_eq!(Reader::new(&[2, 0, 0]).count(), Ok(2));
    }

    #[test]
    fn small_numbers_of_either_sign_are_short() {
        assert_eq!([0, -1, 1, -2].map(zigzag), [0, 1, 2, 3]);
        assert_eq!(unzigzag(zigzag(i64::MIN)), i64::MIN);
    }
}
