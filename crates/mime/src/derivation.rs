//! Which rules of scanning made a structure.

/// The number of the rules by which a structure was derived from its message. It stands in the structure, and a reader takes
/// it as it is: a structure of an older or newer derivation says what was found then.
///
/// Raise [`Derivation::CURRENT`] when a change of this crate finds something else in a message that is stored already. The
/// store derives such structures anew, see [`rederive`](crate::rederive). Two things must not change with a derivation, as
/// programs of different ones read the same store: what a section of the record means, and that
/// [`LISTED`](crate::LISTED) has a field that it had. Names may be added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Derivation(u8);

impl Derivation {
    /// The first one: what 0.1 derived.
    pub const FIRST: Self = Self(1);
    /// The one of this program.
    pub const CURRENT: Self = Self(2);

    /// Its number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The derivation of that number; there is none of number 0.
    pub fn from_number(number: u8) -> Option<Self> {
        (number > 0).then_some(Self(number))
    }

    /// The one after it. Tests call their rules so, to be newer than what they find stored.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// As it stands in a record: 0 for the first, as 0.1 left the place empty.
    pub(crate) fn octet(self) -> u8 {
        self.0.saturating_sub(1)
    }

    pub(crate) fn from_octet(octet: u8) -> Self {
        Self(octet.saturating_add(1))
    }
}
