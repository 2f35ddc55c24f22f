//! The one place that chooses words and response codes (RFC 9051 §7.1; RFC 5530) for what went wrong or right.

use std::borrow::Cow;

use account::Refusal;
use imap::command::{Fault, ParseError};
use imap::response::{Code, Condition};
use store::{CommitError, Error};

use crate::view::BeyondLast;

/// How a command ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) condition: Condition,
    pub(crate) code: Option<Code>,
    pub(crate) text: Cow<'static, str>,
}

impl Answer {
    pub(crate) fn ok(text: &'static str) -> Self {
        Self { condition: Condition::Ok, code: None, text: text.into() }
    }

    pub(crate) fn no(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self { condition: Condition::No, code: Some(code), text: text.into() }
    }

    pub(crate) fn bad(text: impl Into<Cow<'static, str>>) -> Self {
        Self { condition: Condition::Bad, code: None, text: text.into() }
    }

    pub(crate) fn with(mut self, code: Code) -> Self {
        self.code = Some(code);
        self
    }
}

/// Refused by the rules of an account.
impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let (code, text) = match refusal {
            Refusal::NoSuchMailbox => (Code::NonExistent, "There is no such mailbox"),
            // CREATE would help (RFC 9051 §6.3.12, §6.4.7).
            Refusal::NoSuchDestination => (Code::TryCreate, "The destination does not exist; CREATE it first"),
            Refusal::AlreadyExists => (Code::AlreadyExists, "A mailbox of that name exists"),
            Refusal::Inbox => (Code::Cannot, "INBOX is always there: it can be neither created nor deleted"),
            Refusal::SpecialUseTaken => (Code::UseAttr, "Another mailbox has that special use"),
            Refusal::BelowItself => (Code::Cannot, "A mailbox cannot be moved below itself"),
            Refusal::NameTooLong => (Code::Cannot, "The name of a mailbox below it would become too long or too deep"),
            Refusal::TooManyMailboxes => (Code::Limit, "The account has as many mailboxes as it may have"),
            Refusal::TooManyKeywords => {
                (Code::Limit, "The mailbox knows as many keywords as it may; use fewer new ones")
            }
            Refusal::OutOfNumbers => (Code::Limit, "The mailbox has given its last UID; move its mail to a new one"),
            Refusal::NoSuchMessage => (Code::NonExistent, "The message is not there any more"),
            Refusal::NotEmpty => (Code::Cannot, "The mailbox is not empty"),
        };
        Self::no(code, text)
    }
}

/// The store could not. It has logged why; what to tell the client is whether trying again helps.
impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        match error {
            Error::Full => Self::no(Code::OverQuota, "The server's disk is full; nothing was changed"),
            Error::Damaged { .. } => {
                Self::no(Code::Corruption, "Stored data is damaged; the administrator can run `posthorn check`")
            }
            Error::NoSuchEmail(_) => Self::no(Code::ExpungeIssued, "Some of the messages have gone"),
            Error::TooLarge => Self::no(Code::TooBig, "The message is too big"),
            Error::WrongPlan(_) => Self::no(Code::ServerBug, "The server made a mistake; nothing was changed"),
            Error::NoSuchAccount => Self::no(Code::Unavailable, "The account was removed"),
            _ => Self::no(
                Code::Unavailable,
                "The store does not answer as it should; nothing was changed, try again later",
            ),
        }
    }
}

impl From<CommitError> for Answer {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(refusal) => refusal.into(),
            CommitError::Failed(error) => error.into(),
        }
    }
}

/// A sequence number that no message has (RFC 9051 §9, `seq-number`).
impl From<BeyondLast> for Answer {
    fn from(_: BeyondLast) -> Self {
        Self::bad("There is no message with that number")
    }
}

/// Not a command.
impl From<&ParseError> for Answer {
    fn from(error: &ParseError) -> Self {
        match &error.fault {
            Fault::TooMuch(what) => Self::no(Code::Limit, format!("Too many or too deep: {what}")),
            Fault::Name(name) => Self::no(Code::Cannot, format!("No mailbox can have that name: {name}")),
            Fault::SpecialUse => Self::no(Code::UseAttr, "That special use is not known here"),
            fault => Self::bad(format!("{fault} at octet {}", error.at)),
        }
    }
}
