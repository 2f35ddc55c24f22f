//! A set of numbers as sorted ranges.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use crate::{SeqNum, Uid};

/// What a [`NumberSet`] can hold: UIDs or sequence numbers.
pub trait Number: Copy + Ord + fmt::Debug + fmt::Display {
    /// `None` for 0.
    fn from_u32(n: u32) -> Option<Self>;
    /// The number itself, never 0.
    fn to_u32(self) -> u32;
}

impl Number for Uid {
    fn from_u32(n: u32) -> Option<Self> {
        Self::new(n)
    }
    fn to_u32(self) -> u32 {
        self.get()
    }
}

impl Number for SeqNum {
    fn from_u32(n: u32) -> Option<Self> {
        Self::new(n)
    }
    fn to_u32(self) -> u32 {
        self.get()
    }
}

/// A set of UIDs.
pub type UidSet = NumberSet<Uid>;

/// A set of sequence numbers.
pub type SeqSet = NumberSet<SeqNum>;

/// A set of numbers, kept as ranges that are sorted, disjoint and not adjacent: so equal sets are equal values.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NumberSet<N> {
    ranges: Vec<(N, N)>,
}

impl<N> Default for NumberSet<N> {
    fn default() -> Self {
        Self { ranges: Vec::new() }
    }
}

impl<N: Number> NumberSet<N> {
    /// The empty set.
    pub const fn new() -> Self {
        Self { ranges: Vec::new() }
    }

    /// From ranges in any order, overlapping or not. A range whose ends are swapped is empty.
    pub fn from_ranges(ranges: impl IntoIterator<Item = RangeInclusive<N>>) -> Self {
        let mut pairs: Vec<(N, N)> =
            ranges.into_iter().map(RangeInclusive::into_inner).filter(|(a, b)| a <= b).collect();
        if !pairs.is_sorted() {
            pairs.sort_unstable();
        }
        let mut set = Self { ranges: Vec::with_capacity(pairs.len()) };
        for (first, last) in pairs {
            set.push(first, last);
        }
        set
    }

    /// Adds one number. Cheap when it lies above all others.
    pub fn insert(&mut self, n: N) {
        self.insert_range(n..=n);
    }

    /// Adds a range. Cheap when it begins above or in the last one.
    pub fn insert_range(&mut self, range: RangeInclusive<N>) {
        let (mut first, mut last) = range.into_inner();
        if first > last {
            return;
        }
        if self.ranges.last().is_none_or(|(start, _)| *start <= first) {
            self.push(first, last);
            return;
        }
        // All ranges that overlap or touch the new one become part of it.
        let from = self.ranges.partition_point(|(_, end)| end.to_u32() < first.to_u32().saturating_sub(1));
        let to = self.ranges.partition_point(|(start, _)| start.to_u32() <= last.to_u32().saturating_add(1));
        if let Some((start, _)) = self.ranges.get(from).filter(|_| from < to) {
            first = first.min(*start);
        }
        if let Some((_, end)) = to.checked_sub(1).and_then(|i| self.ranges.get(i)).filter(|_| from < to) {
            last = last.max(*end);
        }
        self.ranges.splice(from..to, [(first, last)]);
    }

    /// Adds a range that begins at or after the start of the last one.
    fn push(&mut self, first: N, last: N) {
        match self.ranges.last_mut() {
            Some((_, end)) if first.to_u32() <= end.to_u32().saturating_add(1) => *end = last.max(*end),
            _ => self.ranges.push((first, last)),
        }
    }

    /// Whether the number is in the set.
    pub fn contains(&self, n: N) -> bool {
        let at = self.ranges.partition_point(|(_, end)| *end < n);
        self.ranges.get(at).is_some_and(|(start, _)| *start <= n)
    }

    /// Whether there is no number in the set.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many numbers are in the set.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(a, b)| u64::from(b.to_u32() - a.to_u32()) + 1).sum()
    }

    /// The ranges, ascending; there is at least one number between each and the next.
    pub fn ranges(&self) -> impl DoubleEndedIterator<Item = RangeInclusive<N>> + ExactSizeIterator + Clone + '_ {
        self.ranges.iter().map(|(first, last)| *first..=*last)
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = N> + Clone + '_ {
        self.ranges.iter().flat_map(|(first, last)| (first.to_u32()..=last.to_u32()).filter_map(N::from_u32))
    }

    /// The numbers, ascending, by themselves.
    pub fn into_numbers(self) -> impl DoubleEndedIterator<Item = N> {
        let ranges = self.ranges.into_iter();
        ranges.flat_map(|(first, last)| (first.to_u32()..=last.to_u32()).filter_map(N::from_u32))
    }

    /// The smallest number.
    pub fn first(&self) -> Option<N> {
        self.ranges.first().map(|(first, _)| *first)
    }

    /// The largest number.
    pub fn last(&self) -> Option<N> {
        self.ranges.last().map(|(_, last)| *last)
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut set = Self { ranges: Vec::with_capacity(self.ranges.len().max(other.ranges.len())) };
        let (mut a, mut b) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        loop {
            let next = match (a.peek(), b.peek()) {
                (Some(x), Some(y)) if x.0 <= y.0 => a.next(),
                (Some(_), None) => a.next(),
                _ => b.next(),
            };
            let Some((first, last)) = next else { return set };
            set.push(*first, *last);
        }
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut ranges = Vec::new();
        let (mut a, mut b) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            let (first, last) = (x.0.max(y.0), x.1.min(y.1));
            if first <= last {
                ranges.push((first, last));
            }
            if x.1 <= y.1 {
                a.next()
            } else {
                b.next()
            };
        }
        Self { ranges }
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut set = Self::new();
        let mut holes = other.ranges.iter().peekable();
        for (first, last) in &self.ranges {
            let mut from = Some(first.to_u32());
            while holes.next_if(|(_, end)| end < first).is_some() {}
            while let (Some(start), Some((hole, end))) = (from, holes.peek()) {
                if hole > last {
                    break;
                }
                if start < hole.to_u32() {
                    set.push_numbers(start, hole.to_u32() - 1);
                }
                from = end.to_u32().checked_add(1);
                if end >= last {
                    break;
                }
                holes.next();
            }
            if let Some(start) = from.filter(|start| *start <= last.to_u32()) {
                set.push_numbers(start, last.to_u32());
            }
        }
        set
    }

    fn push_numbers(&mut self, first: u32, last: u32) {
        if let (Some(first), Some(last)) = (N::from_u32(first), N::from_u32(last)) {
            self.push(first, last);
        }
    }

    /// Writes the set as a `sequence-set` (RFC 9051 §9); nothing for the empty set, which the grammar cannot express.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        self.write_part(out, 0..self.ranges.len());
    }

    /// Writes some of its ranges, by their places: the parts of a set that is too long to be written at once. `false`
    /// if the last range is among them, or none is left.
    pub fn write_part(&self, out: &mut Vec<u8>, part: Range<usize>) -> bool {
        let more = part.end < self.ranges.len();
        let ranges = self.ranges.iter().enumerate().skip(part.start).take(part.len());
        for (i, (first, last)) in ranges {
            if i > 0 {
                out.push(b',');
            }
            crate::response::number(out, u64::from(first.to_u32()));
            if first < last {
                out.push(b':');
                crate::response::number(out, u64::from(last.to_u32()));
            }
        }
        more
    }
}

impl<N: Number> FromIterator<N> for NumberSet<N> {
    fn from_iter<I: IntoIterator<Item = N>>(numbers: I) -> Self {
        let mut set = Self::new();
        set.extend(numbers);
        set
    }
}

impl<N: Number> Extend<N> for NumberSet<N> {
    /// Linear as long as the numbers ascend; numbers that do not are put aside and sorted once.
    fn extend<I: IntoIterator<Item = N>>(&mut self, numbers: I) {
        let mut aside = Vec::new();
        for n in numbers {
            if self.ranges.last().is_none_or(|(start, _)| *start <= n) {
                self.push(n, n);
            } else {
                aside.push(n);
            }
        }
        if !aside.is_empty() {
            *self = self.union(&Self::from_ranges(aside.into_iter().map(|n| n..=n)));
        }
    }
}

impl<N: Number> From<N> for NumberSet<N> {
    fn from(n: N) -> Self {
        Self { ranges: vec![(n, n)] }
    }
}

impl<N: Number> From<RangeInclusive<N>> for NumberSet<N> {
    fn from(range: RangeInclusive<N>) -> Self {
        Self::from_ranges([range])
    }
}

impl<N: Number> fmt::Display for NumberSet<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            if first < last {
                write!(f, "{comma}{first}:{last}")?;
            } else {
                write!(f, "{comma}{first}")?;
            }
        }
        Ok(())
    }
}

impl<N: Number> fmt::Debug for NumberSet<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}
