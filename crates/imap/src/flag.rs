//! Flags and keywords (RFC 9051 §2.3.2).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A flag that can be stored. `\Recent` is none: clients cannot set it (RFC 3501 §2.3.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Flag {
    /// `\Answered`
    Answered,
    /// `\Flagged`
    Flagged,
    /// `\Deleted`
    Deleted,
    /// `\Seen`
    Seen,
    /// `\Draft`
    Draft,
    /// One that the server gives no meaning to.
    Keyword(Keyword),
}

impl Flag {
    /// As it goes on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Flag::Answered => "\\Answered",
            Flag::Flagged => "\\Flagged",
            Flag::Deleted => "\\Deleted",
            Flag::Seen => "\\Seen",
            Flag::Draft => "\\Draft",
            Flag::Keyword(keyword) => keyword.as_str(),
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The longest keyword. Gmail's labels and Thunderbird's tags stay far below.
const LONGEST_KEYWORD: usize = 255;

/// A flag without `\`: a valid atom (RFC 9051 §9 `flag-keyword`). Keywords are the same whatever the case of their
/// ASCII letters (RFC 9051 §2.3.2); the spelling is kept. Cloning is free.
#[derive(Clone)]
pub struct Keyword(Arc<str>);

impl Keyword {
    /// `None` for what is no atom or longer than 255 octets.
    pub fn new(text: &str) -> Option<Self> {
        let valid = !text.is_empty() && text.len() <= LONGEST_KEYWORD && text.bytes().all(crate::cursor::is_atom_char);
        valid.then(|| Self(text.into()))
    }

    /// Its spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Keyword {}

impl Hash for Keyword {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(0xff);
    }
}

impl fmt::Debug for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What STORE does with the flags that it names (RFC 9051 §6.4.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StoreMode {
    /// `FLAGS`: these and no others.
    Replace,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

/// What a mailbox is for (RFC 6154 §2, RFC 8457 §3, RFC 9051 §7.3.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SpecialUse {
    /// `\All`
    All,
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Flagged`
    Flagged,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
    /// `\Important` (RFC 8457 §3)
    Important,
}

impl SpecialUse {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 8] =
        [Self::All, Self::Archive, Self::Drafts, Self::Flagged, Self::Junk, Self::Sent, Self::Trash, Self::Important];

    /// As it goes on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "\\All",
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Flagged => "\\Flagged",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
            Self::Important => "\\Important",
        }
    }

    /// From its name with the `\`, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|u| u.as_str().eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keywords_differ_by_more_than_case() {
        let spelt = Keyword::new("$Forwarded").unwrap();
        let other = Keyword::new("$forwarded").unwrap();
        assert_eq!(spelt, other);
        assert_eq!(spelt.as_str(), "$Forwarded");
        let set = HashSet::from([spelt]);
        assert!(set.contains(&other));
        for wrong in ["", "a b", "\\Seen", "a(b", "a\"", "a%", "a*", "a]", "é", "a{", &"x".repeat(256)] {
            assert!(Keyword::new(wrong).is_none(), "{wrong}");
        }
    }
}
