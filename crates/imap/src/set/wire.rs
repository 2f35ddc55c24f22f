//! Sets as clients write them: with `*`, in any order, by UID or by sequence number.

use super::{Number, NumberSet};

/// One end of a range (RFC 9051 §9 `seq-number`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum SetNumber {
    /// A number, never 0.
    Number(std::num::NonZeroU32),
    /// `*`: the largest number in use.
    Largest,
}

/// A `sequence-set` as it came (RFC 9051 §9): its order is kept, and `*` not yet resolved.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct WireSet(Vec<(SetNumber, SetNumber)>);

impl WireSet {
    /// From its ranges; a single number is a range with equal ends.
    pub fn new(ranges: Vec<(SetNumber, SetNumber)>) -> Self {
        Self(ranges)
    }

    /// The ranges as they came.
    pub fn ranges(&self) -> &[(SetNumber, SetNumber)] {
        &self.0
    }

    /// Whether `*` occurs.
    pub fn has_largest(&self) -> bool {
        self.0.iter().any(|(a, b)| *a == SetNumber::Largest || *b == SetNumber::Largest)
    }

    /// The set that is meant when `largest` is the largest number in use. Ends may be swapped (RFC 9051 §9
    /// `seq-range`), so `7:*` where 5 is the largest is `5:7`. In an empty mailbox (`None`) `*` is nothing, and a
    /// range with it at one end is nothing too: no message has a number there.
    ///
    /// Numbers above the largest stay: whether they are an error (sequence numbers) or not (UIDs) is the caller's to
    /// say.
    pub fn resolve<N: Number>(&self, largest: Option<N>) -> NumberSet<N> {
        let end = |n: SetNumber| match n {
            SetNumber::Number(n) => N::from_u32(n.get()),
            SetNumber::Largest => largest,
        };
        NumberSet::from_ranges(self.0.iter().filter_map(|(a, b)| {
            let (a, b) = (end(*a)?, end(*b)?);
            Some(a.min(b)..=a.max(b))
        }))
    }
}

/// A set in a command's argument.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum SetArg {
    /// Spelt out.
    Set(WireSet),
    /// `$`: what the last `SEARCH RETURN (SAVE)` found (RFC 5182 §2.1, RFC 9051 §6.4.4.1).
    Saved,
}

/// Which messages a command is about. The UID form of a command carries [`Target::Uid`].
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Target {
    /// By sequence number.
    Seq(SetArg),
    /// By UID.
    Uid(SetArg),
}
