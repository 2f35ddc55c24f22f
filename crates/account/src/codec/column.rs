//! A column: one number of each message, next to each other.
//!
//! Neighbours differ little or not at all, so a column of numbers that are all the same takes a few bytes however long
//! it is, and any other has two bits a number for the number's length and then just the bytes that it needs. Lengths
//! stand apart from bytes so that reading has no branch that a processor could guess wrong.

use super::Damaged;
use super::varint::{self, Reader, unzigzag, zigzag};

/// All numbers are the same: one varint.
const SAME: u8 = 0;
/// Two bits a number, for 1, 2, 3 or 4 bytes.
const NARROW: u8 = 1;
/// Two bits a number, for 1, 2, 4 or 8 bytes.
const WIDE: u8 = 2;

/// How many numbers are read at a time: a multiple of the four whose lengths stand in one byte. Blocks of all columns of
/// a message fit the fastest cache together.
pub(super) const BLOCK: usize = 64;

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
    if values.iter().all(|v| u32::try_from(*v).is_ok()) {
        out.push(NARROW);
        write_lengths(out, values, |needed| needed - 1, narrow);
    } else {
        out.push(WIDE);
        write_lengths(out, values, |needed| u8::from(needed > 1) + u8::from(needed > 2) + u8::from(needed > 4), wide);
    }
}

/// `code` gives the code of the shortest length that is at least the needed one, `length` the length of a code.
fn write_lengths(out: &mut Vec<u8>, values: &[u64], code: impl Fn(u8) -> u8, length: impl Fn(u8) -> usize) {
    let mut codes = vec![0u8; values.len().div_ceil(4)];
    let mut len = 0;
    for (group, byte) in values.chunks(4).zip(&mut codes) {
        for (at, value) in group.iter().enumerate() {
            let code = code(needed(*value));
            *byte |= code << (2 * at);
            len += length(code);
        }
    }
    varint::write_len(out, len);
    out.reserve(codes.len() + len + 8);
    out.extend_from_slice(&codes);
    for (group, byte) in values.chunks(4).zip(&codes) {
        for (at, value) in group.iter().enumerate() {
            let end = out.len() + length(byte >> (2 * at) & 3);
            out.extend_from_slice(&value.to_le_bytes());
            out.truncate(end);
        }
    }
}

/// How many bytes hold the number, 1 to 8.
fn needed(value: u64) -> u8 {
    varint::low_byte(u64::from((71 - (value | 1).leading_zeros()) / 8))
}

/// The length that a code of two bits stands for in [`NARROW`].
fn narrow(code: u8) -> usize {
    usize::from(code) + 1
}

/// The length that a code of two bits stands for in [`WIDE`].
fn wide(code: u8) -> usize {
    1 << code
}

/// Appends numbers as the differences from each to the next, the first from 0.
pub(super) fn write_deltas(out: &mut Vec<u8>, values: impl Iterator<Item = u64>) {
    write(out, &deltas(values));
}

/// The differences from each number to the next, the first from 0, zigzag. They wrap around, so any two numbers have
/// one.
pub(super) fn deltas(values: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut before = 0u64;
    let step = |value: u64| zigzag(value.wrapping_sub(std::mem::replace(&mut before, value)).cast_signed());
    values.map(step).collect()
}

/// A column that is about to be read, block by block.
pub(super) struct Column<'a> {
    form: Form<'a>,
    /// Where the sum of differences stands.
    sum: u64,
}

#[derive(Clone, Copy)]
enum Form<'a> {
    Same(u64),
    Narrow(Spread<'a>),
    Wide(Spread<'a>),
}

#[derive(Clone, Copy)]
struct Spread<'a> {
    /// The lengths ahead, four a byte.
    codes: &'a [u8],
    /// The data, and whatever comes after it.
    bytes: &'a [u8],
    /// How much of `bytes` is data.
    len: usize,
    /// Where in `bytes` the next number begins.
    at: usize,
}

impl<'a> Column<'a> {
    /// Reads a column of `n` numbers, and leaves the reader after it. That so many are there is sure only if it is not
    /// in the form of numbers that are all the same.
    pub(super) fn read(reader: &mut Reader<'a>, n: usize) -> Result<Self, Damaged> {
        let form = match reader.byte()? {
            SAME => Form::Same(reader.number()?),
            NARROW => Form::Narrow(Spread::read(reader, n)?),
            WIDE => Form::Wide(Spread::read(reader, n)?),
            _ => return Err(Damaged("a column has an unknown form")),
        };
        Ok(Self { form, sum: 0 })
    }

    /// As [`Column::read`], but refuses the form whose length no byte stands for.
    pub(super) fn read_spread(reader: &mut Reader<'a>, n: usize) -> Result<Self, Damaged> {
        let column = Self::read(reader, n)?;
        match column.form {
            Form::Same(_) => Err(Damaged("a column has a form that does not bound its length")),
            Form::Narrow(_) | Form::Wide(_) => Ok(column),
        }
    }

    /// The next numbers. All blocks but the last have [`BLOCK`] of them.
    pub(super) fn block(&mut self, out: &mut [u64]) {
        match &mut self.form {
            Form::Same(value) => out.fill(*value),
            Form::Narrow(spread) => spread.block(out, narrow),
            Form::Wide(spread) => spread.block(out, wide),
        }
    }

    /// The next numbers of a column of differences: each is the sum up to it.
    pub(super) fn sums(&mut self, out: &mut [u64]) {
        self.block(out);
        for value in out {
            self.sum = self.sum.wrapping_add(unzigzag(*value).cast_unsigned());
            *value = self.sum;
        }
    }

    /// After the last block: whether the lengths were those of the data.
    pub(super) fn end(&self) -> Result<(), Damaged> {
        match self.form {
            Form::Narrow(spread) | Form::Wide(spread) if spread.at != spread.len => {
                Err(Damaged("a column is not as long as it says"))
            }
            _ => Ok(()),
        }
    }
}

impl<'a> Spread<'a> {
    fn read(reader: &mut Reader<'a>, n: usize) -> Result<Self, Damaged> {
        let len = reader.count()?;
        let codes = reader.take(n.div_ceil(4))?;
        let bytes = reader.rest();
        reader.take(len)?;
        if len < n { Err(Damaged::CUT) } else { Ok(Self { codes, bytes, len, at: 0 }) }
    }

    fn block(&mut self, out: &mut [u64], length: impl Fn(u8) -> usize) {
        let (codes, rest) = self.codes.split_at(self.codes.len().min(out.len().div_ceil(4)));
        self.codes = rest;
        let mut ahead = self.bytes.get(self.at..).unwrap_or_default();
        for (group, code) in out.chunks_mut(4).zip(codes) {
            let mut code = *code;
            for value in group {
                let length = length(code & 3);
                code >>= 2;
                *value = load(ahead, length);
                self.at += length;
                ahead = ahead.get(length..).unwrap_or_default();
            }
        }
    }
}

/// The bits of a number of so many bytes.
const MASKS: [u64; 9] =
    [0, 0xff, 0xffff, 0xff_ffff, 0xffff_ffff, 0xff_ffff_ffff, u64::MAX >> 16, u64::MAX >> 8, u64::MAX];

/// The number of the first `length` bytes; bytes beyond the end are 0 (the sum of the lengths is compared in the end).
fn load(bytes: &[u8], length: usize) -> u64 {
    if let Some(eight) = bytes.first_chunk::<8>() {
        return u64::from_le_bytes(*eight) & MASKS[length];
    }
    bytes.iter().take(length).rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(values: &[u64]) -> Vec<u64> {
        let mut out = Vec::new();
        write(&mut out, values);
        let mut reader = Reader::new(&out);
        let mut column = Column::read(&mut reader, values.len()).unwrap();
        reader.end().unwrap();
        let mut read = vec![0; values.len()];
        read.chunks_mut(BLOCK).for_each(|block| column.block(block));
        column.end().unwrap();
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
        let mut column = Column::read(&mut Reader::new(&out), 3).unwrap();
        column.block(&mut [0; 3]);
        assert!(column.end().is_err());
    }
}
