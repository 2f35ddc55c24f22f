//! Whether what is stored is what was written, and hangs together.

use std::fmt;

/// What [`Account::check`](crate::Account::check) found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Mailboxes looked at.
    pub mailboxes: u64,
    /// Messages in them.
    pub messages: u64,
    /// Rows of the log.
    pub commits: u64,
    /// Emails, whose octets were all read and hashed.
    pub emails: u64,
    /// Their octets.
    pub octets: u64,
    /// What is wrong. Nothing: all is well.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(pub(crate) String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}
