//! A column: one number of each message, next to each other.
//!
//! Neighbours differ little or not at all, so a column of numbers that are all the same takes a few bytes however long
//! it is, and any other has two bits a number for the number's length and then just the bytes that it needs. Lengths
//! stand apart from bytes so that reading has no branch to guess wrong: a varint per number is three times as slow.

use super::Damaged;
use super::varint::{self, Reader, unzigzag, zigzag};

/// All numbers are the same: one varint.
const SAME: u8 = 0;
/// Two bits a number, for 1, 2, 3 or 4 bytes.
const NARROW: u8 = 1;
/// Two bits a number, for 1, 2, 4 or 8 bytes.
const WIDE: u8 = 2;

const NARROW_LENGTHS: [usize; 4] = [1, 2, 3, 4];
const WIDE_LENGTHS: [usize; 4] = [1, 2, 4, 8];

/// Appends a column in the shortest form.
pub(super) fn write(out: &mut Vec<u8>, values: &[u64]) {
    match values.first() {
        Some(first) if values.iter().all(|v| v == first) => {
            out.push(SAME);
            varint::write(out, *first);
        }
        _ => write_spread(out, values),
    }
}

/// Appends a column in a form that takes more than a byte a number even if all are the same: where how many there are
/// is not known otherwise, this is what bounds it by the bytes that are there.
pub(super) fn write_spread(out: &mut Vec<u8>, values: &[u64]) {
    let narrow = values.iter().all(|v| *v <= u64::from(u32::MAX));
    let (form, lengths) = if narrow { (NARROW, NARROW_LENGTHS) } else { (WIDE, WIDE_LENGTHS) };
    out.push(form);
    let codes = values.iter().map(|v| (*v, code(*v, lengths)));
    varint::write_len(out, codes.clone().map(|(_, code)| lengths[usize::from(code)]).sum());
    let mut place = 0;
    for (at, (_, code)) in codes.clone().enumerate() {
        if at % 4 == 0 {
            place = out.len();
            out.push(0);
        }
        out[place] |= code << (2 * (at % 4));
    }
    for (value, code) in codes {
        out.extend_from_slice(&value.to_le_bytes()[..lengths[usize::from(code)]]);
    }
}

/// The place in `lengths` of the shortest one that holds the number.
fn code(value: u64, lengths: [usize; 4]) -> u8 {
    let needed = (71 - (value | 1).leading_zeros() as usize) / 8;
    (0u8..).zip(lengths).find(|(_, length)| *length >= needed).map_or(3, |(code, _)| code)
}

/// Appends numbers as the differences from each to the next, the first from `start`.
pub(super) fn write_deltas(out: &mut Vec<u8>, start: u64, values: impl Iterator<Item = u64>) {
    write(out, &deltas(start, values));
}

/// The differences from each number to the next, zigzag. They wrap around, so any two numbers have one.
pub(super) fn deltas(start: u64, values: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut before = start;
    let step = |value: u64| zigzag(value.wrapping_sub(std::mem::replace(&mut before, value)).cast_signed());
    values.map(step).collect()
}

/// A column that is about to be read.
pub(super) enum Column<'a> {
    Same(u64),
    Spread { lengths: [usize; 4], codes: &'a [u8], bytes: &'a [u8], len: usize },
}

impl<'a> Column<'a> {
    /// Reads a column of `n` numbers. That so many are there is sure only for [`Column::Spread`].
    pub(super) fn read(reader: &mut Reader<'a>, n: usize) -> Result<Self, Damaged> {
        let lengths = match reader.byte()? {
            SAME => return reader.number().map(Self::Same),
            NARROW => NARROW_LENGTHS,
            WIDE => WIDE_LENGTHS,
            _ => return Err(Damaged("a column has an unknown form")),
        };
        let len = reader.count()?;
        let codes = reader.take(n.div_ceil(4))?;
        let bytes = reader.rest();
        reader.take(len)?;
        if len < n {
            return Err(Damaged::CUT);
        }
        Ok(Self::Spread { lengths, codes, bytes, len })
    }

    /// As [`Column::read`], but refuses the form whose length no byte stands for.
    pub(super) fn read_spread(reader: &mut Reader<'a>, n: usize) -> Result<Self, Damaged> {
        match Self::read(reader, n)? {
            Self::Same(_) => Err(Damaged("a column has a form that does not bound its length")),
            spread @ Self::Spread { .. } => Ok(spread),
        }
    }

    /// Hands each of `to` its number. Whether each is one that can be, `put` says.
    pub(super) fn fill<T>(&self, to: &mut [T], mut put: impl FnMut(&mut T, u64) -> bool) -> Result<(), Damaged> {
        const CANNOT_BE: Damaged = Damaged("a column has a number that cannot be");
        let mut good = true;
        match *self {
            Self::Same(value) => to.iter_mut().for_each(|t| good &= put(t, value)),
            Self::Spread { lengths, codes, bytes, len } => {
                let mut at = 0;
                for (group, code) in to.chunks_mut(4).zip(codes) {
                    let mut code = *code;
                    for t in group {
                        let length = lengths[usize::from(code & 3)];
                        code >>= 2;
                        good &= put(t, load(bytes, at, length));
                        at += length;
                    }
                }
                if at != len {
                    return Err(Damaged("a column is not as long as it says"));
                }
            }
        }
        if good { Ok(()) } else { Err(CANNOT_BE) }
    }

    /// As [`Column::fill`] for a column of differences: hands each of `to` the sum up to it.
    pub(super) fn sum<T>(
        &self,
        start: u64,
        to: &mut [T],
        mut put: impl FnMut(&mut T, u64) -> bool,
    ) -> Result<(), Damaged> {
        let mut sum = start;
        self.fill(to, |t, delta| {
            sum = sum.wrapping_add(unzigzag(delta).cast_unsigned());
            put(t, sum)
        })
    }
}

/// The number of `length` bytes at a place; bytes beyond the end are 0 (the caller compares the sum of the lengths).
fn load(bytes: &[u8], at: usize, length: usize) -> u64 {
    if let Some(eight) = bytes.get(at..at + 8).and_then(|eight| eight.first_chunk::<8>()) {
        return u64::from_le_bytes(*eight) & (u64::MAX >> (64 - 8 * length));
    }
    let there = bytes.get(at..bytes.len().min(at + length)).unwrap_or_default();
    there.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(values: &[u64]) -> Vec<u64> {
        let mut out = Vec::new();
        write(&mut out, values);
        let mut reader = Reader::new(&out);
        let column = Column::read(&mut reader, values.len()).unwrap();
        reader.end().unwrap();
        let mut read = vec![0; values.len()];
        column.fill(&mut read, |to, value| (*to = value) == ()).unwrap();
        read
    }

    #[test]
    fn a_column_comes_back_as_it_went() {
        let edges: Vec<u64> = (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit]).chain([u64::MAX]).collect();
        for n in [1, 2, 3, 4, 5, 8, 127, 128, 129] {
            assert_eq!(round_trip(&edges[..n.min(edges.len())]), edges[..n.min(edges.len())]);
            let narrow: Vec<u64> = edges.iter().map(|v| v & 0xffff_ffff).take(n).collect();
            assert_eq!(round_trip(&narrow), narrow);
            assert_eq!(round_trip(&vec![7; n]), vec![7; n]);
        }
    }

    #[test]
    fn numbers_that_are_all_the_same_take_two_bytes() {
        let mut out = Vec::new();
        write(&mut out, &[9; 1000]);
        assert_eq!(out, [SAME, 9]);
    }

    #[test]
    fn a_column_that_is_shorter_than_its_lengths_say_is_damaged() {
        let mut out = Vec::new();
        write(&mut out, &[1, 1000, 3]);
        let at = out.len() - 5; // the byte with the lengths: 1, 2, 1
        assert_eq!(out[at], 0b00_01_00);
        out[at] = 0b00_01_01;
        let column = Column::read(&mut Reader::new(&out), 3).unwrap();
        assert!(column.fill(&mut [0; 3], |_, _: u64| true).is_err());
    }
}
