//! Mailbox names (RFC 9051 §5.1): in UTF-8, `/` between the levels, INBOX in one spelling only.

use std::fmt;

use crate::mutf7;

/// The longest name in octets of UTF-8.
pub const MAX_OCTETS: usize = 1000;

/// The most levels of a name.
pub const MAX_LEVELS: usize = 32;

/// The character between a mailbox's name and its children's.
pub const SEPARATOR: char = '/';

/// A mailbox's name. `iNbOx` cannot become a second mailbox: whatever its case, it is [`MailboxName::Inbox`], and as
/// the first level of a longer name it is spelt `INBOX` (RFC 9051 §5.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailboxName {
    /// INBOX
    Inbox,
    /// Any other.
    Other(Utf8Name),
}

/// A valid name other than INBOX. Made only by [`MailboxName`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utf8Name(Box<str>);

/// How mailbox names are spelt on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NameForm {
    /// Modified UTF-7 (RFC 3501 §5.1.3): until the client enables more.
    Utf7,
    /// UTF-8: after ENABLE of `IMAP4rev2` (RFC 9051 §5.1) or `UTF8=ACCEPT` (RFC 6855 §3).
    Utf8,
}

/// What is wrong with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// It is empty.
    #[error("the name is empty")]
    Empty,
    /// It is not UTF-8.
    #[error("the name is not UTF-8")]
    NotUtf8,
    /// It has a control character (RFC 9051 §5.1: Net-Unicode).
    #[error("the name has a control character")]
    Control,
    /// It has `*` or `%`: LIST could not name it.
    #[error("the name has a wildcard")]
    Wildcard,
    /// A level is empty: `a//b` or `/a`.
    #[error("a level of the name is empty")]
    EmptyLevel,
    /// A level is `.` or `..`.
    #[error("a level of the name is . or ..")]
    Dots,
    /// It is longer than [`MAX_OCTETS`].
    #[error("the name is longer than 1000 octets")]
    TooLong,
    /// It has more than [`MAX_LEVELS`] levels.
    #[error("the name has more than 32 levels")]
    TooDeep,
}

impl MailboxName {
    /// From UTF-8. One trailing `/` is dropped: in CREATE it says that children will follow (RFC 9051 §6.3.4), and
    /// Thunderbird adds it elsewhere.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let name = name.strip_suffix(SEPARATOR).unwrap_or(name);
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.len() > MAX_OCTETS {
            return Err(NameError::TooLong);
        }
        for c in name.chars() {
            match c {
                '*' | '%' => return Err(NameError::Wildcard),
                // Net-Unicode has neither C0 nor C1, nor the line and paragraph separators (RFC 9051 §5.1).
                c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => return Err(NameError::Control),
                _ => {}
            }
        }
        for (i, level) in name.split(SEPARATOR).enumerate() {
            match level {
                "" => return Err(NameError::EmptyLevel),
                "." | ".." => return Err(NameError::Dots),
                _ if i >= MAX_LEVELS => return Err(NameError::TooDeep),
                _ => {}
            }
        }
        Ok(Self::spelt(name))
    }

    /// From a name that holds all rules but the spelling of INBOX.
    fn spelt(name: &str) -> Self {
        let (first, rest) = name.split_at(name.find(SEPARATOR).unwrap_or(name.len()));
        match (first.eq_ignore_ascii_case("INBOX"), rest) {
            (true, "") => Self::Inbox,
            (true, rest) => Self::Other(Utf8Name(format!("INBOX{rest}").into())),
            (false, _) => Self::Other(Utf8Name(name.into())),
        }
    }

    /// From modified UTF-7 (RFC 3501 §5.1.3). What is not valid modified UTF-7 is taken as it stands: a stray `&` is
    /// not fatal.
    pub fn from_mutf7(name: &str) -> Result<Self, NameError> {
        match mutf7::decode(name) {
            Some(decoded) => Self::new(&decoded),
            None => Self::new(name),
        }
    }

    /// From the octets of a command. Where names are in modified UTF-7, UTF-8 is understood too: a name with 8-bit
    /// octets cannot be anything else.
    pub fn from_wire(name: &[u8], form: NameForm) -> Result<Self, NameError> {
        let text = std::str::from_utf8(name).map_err(|_| NameError::NotUtf8)?;
        match form {
            NameForm::Utf7 if text.is_ascii() => Self::from_mutf7(text),
            _ => Self::new(text),
        }
    }

    /// In UTF-8.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Inbox => "INBOX",
            Self::Other(name) => &name.0,
        }
    }

    /// In modified UTF-7 (RFC 3501 §5.1.3).
    pub fn to_mutf7(&self) -> String {
        mutf7::encode(self.as_str())
    }

    /// The mailbox one level up, whether it exists or not; `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        let at = self.as_str().rfind(SEPARATOR)?;
        Some(Self::spelt(self.as_str().get(..at)?))
    }

    /// The bound right before all names below this one, in the order of names. It is no name itself.
    #[must_use]
    pub fn before_children(&self) -> Self {
        Self::Other(Utf8Name(format!("{self}{SEPARATOR}").into()))
    }

    /// The levels, from the top.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.as_str().split(SEPARATOR)
    }

    /// The last level.
    pub fn leaf(&self) -> &str {
        self.components().next_back().unwrap_or_default()
    }

    /// Whether this name lies below the other one, at whatever depth.
    pub fn is_child_of(&self, other: &Self) -> bool {
        self.below(other).is_some()
    }

    /// What of this name comes after the other one and `/`.
    fn below(&self, other: &Self) -> Option<&str> {
        self.as_str().strip_prefix(other.as_str())?.strip_prefix(SEPARATOR)
    }

    /// The name below this one with one more level.
    pub fn child(&self, level: &str) -> Result<Self, NameError> {
        Self::new(&format!("{self}{SEPARATOR}{level}"))
    }

    /// What this name becomes when `from` is renamed to `to` (RFC 9051 §6.3.6): `None` if it is neither `from` nor
    /// below it, an error if it would grow too long or too deep.
    pub fn renamed(&self, from: &Self, to: &Self) -> Option<Result<Self, NameError>> {
        if self == from {
            return Some(Ok(to.clone()));
        }
        self.below(from).map(|rest| Self::new(&format!("{to}{SEPARATOR}{rest}")))
    }
}

impl fmt::Display for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Utf8Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> MailboxName {
        MailboxName::new(text).expect(text)
    }

    #[test]
    fn inbox_has_one_spelling() {
        for text in ["INBOX", "inbox", "iNbOx", "Inbox/"] {
            assert_eq!(name(text), MailboxName::Inbox);
        }
        assert_eq!(name("inbox/Lists").as_str(), "INBOX/Lists");
        assert_eq!(name("inbox/Lists").parent(), Some(MailboxName::Inbox));
        assert_eq!(name("inboxes").as_str(), "inboxes");
        assert_eq!(name("Lists/inbox").as_str(), "Lists/inbox");
    }

    #[test]
    fn bad_names_are_refused_for_what_is_bad() {
        let deep = ["a"; 33].join("/");
        let long = "x".repeat(1001);
        for (text, error) in [
            ("", NameError::Empty),
            ("/", NameError::Empty),
            ("//", NameError::EmptyLevel),
            ("a//b", NameError::EmptyLevel),
            ("/a", NameError::EmptyLevel),
            ("a//", NameError::EmptyLevel),
            ("a/../b", NameError::Dots),
            (".", NameError::Dots),
            ("a\0b", NameError::Control),
            ("a\r\nb", NameError::Control),
            ("a\u{85}", NameError::Control),
            ("a\u{2028}", NameError::Control),
            ("a*", NameError::Wildcard),
            ("%", NameError::Wildcard),
            (&deep, NameError::TooDeep),
            (&long, NameError::TooLong),
        ] {
            assert_eq!(MailboxName::new(text), Err(error), "{text:?}");
        }
        assert_eq!(MailboxName::from_wire(b"a\xff", NameForm::Utf8), Err(NameError::NotUtf8));
        assert!(MailboxName::new(&["a"; 32].join("/")).is_ok());
        assert!(MailboxName::new("..a/.b").is_ok());
    }

    #[test]
    fn the_wire_form_decides_how_names_are_read() {
        let entwürfe = name("Entwürfe");
        assert_eq!(MailboxName::from_wire(b"Entw&APw-rfe", NameForm::Utf7), Ok(entwürfe.clone()));
        assert_eq!(MailboxName::from_wire("Entwürfe".as_bytes(), NameForm::Utf7), Ok(entwürfe.clone()));
        assert_eq!(MailboxName::from_wire("Entwürfe".as_bytes(), NameForm::Utf8), Ok(entwürfe.clone()));
        assert_eq!(MailboxName::from_wire(b"R&D", NameForm::Utf7), Ok(name("R&D")));
        assert_eq!(MailboxName::from_wire(b"R&-D", NameForm::Utf7), Ok(name("R&D")));
        assert_eq!(MailboxName::from_wire(b"R&-D", NameForm::Utf8), Ok(name("R&-D")));
        assert_eq!(entwürfe.to_mutf7(), "Entw&APw-rfe");
        // Encoded control characters are refused like plain ones.
        assert_eq!(MailboxName::from_wire(b"a&AAA-b", NameForm::Utf7), Err(NameError::Control));
    }

    #[test]
    fn renaming_takes_the_children_along() {
        let (from, to) = (name("a/b"), name("c"));
        assert_eq!(name("a/b").renamed(&from, &to), Some(Ok(name("c"))));
        assert_eq!(name("a/b/d/e").renamed(&from, &to), Some(Ok(name("c/d/e"))));
        assert_eq!(name("a/bc").renamed(&from, &to), None);
        assert_eq!(name("a").renamed(&from, &to), None);
        let long = name(&"x".repeat(999));
        assert_eq!(name("a/b/d").renamed(&from, &long), Some(Err(NameError::TooLong)));
        assert!(name("a/b/c").is_child_of(&name("a")));
        assert!(!name("a/b").is_child_of(&name("a/b")));
        assert_eq!(name("a/b/c").parent(), Some(name("a/b")));
        assert_eq!(name("a").parent(), None);
        assert_eq!(name("a/b/c").leaf(), "c");
        assert_eq!(name("a/b/c").components().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(name("a").child("b"), Ok(name("a/b")));
    }
}
