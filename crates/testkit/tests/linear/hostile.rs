//! Texts that look like the beginning of much: what a parser reads ahead for, again and again, and then something long that
//! never ends it.

use std::fmt;

use testkit::sim::Dice;

/// A text of any length: some words over and over, then others.
pub(crate) struct Hostile {
    first: Vec<u8>,
    second: Vec<u8>,
    /// How many octets of a thousand its first words take. Few of them leave much to read ahead for.
    share: usize,
}

const SHARES: &[usize] = &[1000, 500, 50];

impl Hostile {
    pub(crate) fn new(words: &[&[u8]], dice: &mut Dice) -> Self {
        let some = |dice: &mut Dice, most: usize| -> Vec<u8> {
            (0..=dice.below(most)).flat_map(|_| dice.of(words).iter().copied()).collect()
        };
        let (first, second) = (some(dice, 4), some(dice, 2));
        let share = dice.of(SHARES);
        Self { first, second, share }
    }

    /// `first` a few times, then `second` for ever.
    pub(crate) fn known(first: &[u8], second: &[u8]) -> Self {
        Self { first: first.to_vec(), second: second.to_vec(), share: 50 }
    }

    /// About as much of it as `octets`, after `start`. Words are never cut, so that each length means the same.
    pub(crate) fn text(&self, start: &[u8], octets: usize) -> Vec<u8> {
        let of_first = octets / 1000 * self.share;
        let over_and_over = |words: &[u8], octets: usize| words.repeat(octets / words.len());
        [start, &over_and_over(&self.first, of_first), &over_and_over(&self.second, octets - of_first)].concat()
    }
}

impl fmt::Debug for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = (self.first.escape_ascii(), self.second.escape_ascii());
        write!(f, "\"{first}\" ({} in a thousand), then \"{second}\"", self.share)
    }
}
