//! Why a plan cannot be carried out. Facts only: `session` and `delivery` choose the words.

/// What stands against an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The mailbox that the operation is about is not there (RFC 5530 NONEXISTENT).
    #[error("there is no such mailbox")]
    NoSuchMailbox,
    /// The mailbox that messages were to go to is not there; CREATE would help (RFC 9051 §6.3.12 TRYCREATE).
    #[error("the destination does not exist")]
    NoSuchDestination,
    /// A mailbox has that name (RFC 5530 ALREADYEXISTS).
    #[error("a mailbox of that name exists")]
    AlreadyExists,
    /// INBOX can be neither created nor deleted (RFC 9051 §6.3.4, §6.3.5).
    #[error("INBOX is always there")]
    Inbox,
    /// Another mailbox has that special use (RFC 6154 §3: USEATTR).
    #[error("another mailbox has that special use")]
    SpecialUseTaken,
    /// A mailbox cannot become its own child.
    #[error("a mailbox cannot be moved below itself")]
    BelowItself,
    /// The new name of a child would be too long or too deep.
    #[error("a name below it would become too long or too deep")]
    NameTooLong,
    /// The account has as many mailboxes as it may have (RFC 5530 LIMIT).
    #[error("too many mailboxes")]
    TooManyMailboxes,
    /// The mailbox knows as many keywords as it may (RFC 5530 LIMIT).
    #[error("too many keywords")]
    TooManyKeywords,
    /// The messages of the mailbox have as many combinations of keywords as they may (RFC 5530 LIMIT).
    #[error("too many combinations of keywords")]
    TooManyCombinations,
    /// The account has as many messages as it may have, or would (RFC 5530 LIMIT).
    #[error("the account is full")]
    AccountFull,
    /// More messages are to be taken into another account at once than may be (RFC 5530 LIMIT).
    #[error("too many messages at once")]
    TooManyMessages,
    /// The mailbox has given its last UID or the account its last UIDVALIDITY.
    #[error("out of numbers")]
    OutOfNumbers,
    /// A message that must still be there has gone (RFC 8508 §3.3).
    #[error("the message is not there any more")]
    NoSuchMessage,
    /// The one who asks has not the rights that it needs (RFC 4314 §4; RFC 5530 NOPERM).
    #[error("there is no right to do that")]
    NotAllowed,
    /// Only an empty mailbox takes over another server's numbers.
    #[error("the mailbox is not empty")]
    NotEmpty,
}
