//! The words of the answers, and nowhere else: reply codes by RFC 5321 §4.2, enhanced status codes by RFC 3463.

use account::Refusal;
use gate::Dismissal;
use store::CommitError;

/// An answer. What varies in its text stands in [`write_hello`] and [`write_chunk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// To RSET and NOOP.
    Ok,
    /// To MAIL.
    SenderOk,
    /// To RCPT.
    RecipientOk,
    /// To DATA.
    GoAhead,
    /// To a recipient's message: it is on disk.
    Delivered,
    /// To VRFY.
    CannotVerify,
    /// To HELP.
    Help,
    /// To QUIT.
    Bye,
    /// The server shuts down.
    ShuttingDown,
    /// The client was silent for too long.
    TooSilent,
    /// The client sends what is no mail.
    TooManyErrors,
    /// A command line ends with a bare LF, or has a CR within.
    BareLineEnd,
    /// A command line is too long.
    LineTooLong,
    /// A command line is not UTF-8.
    NotUtf8,
    /// A command line has a control character.
    ControlCharacter,
    /// No such command.
    Unknown,
    /// A command of SMTP that is not offered.
    NotImplemented,
    /// A request of HTTP.
    Http,
    /// HELO or EHLO.
    NotSmtp,
    /// A command's arguments do not follow its grammar.
    BadArguments,
    /// The arguments of BDAT: how much follows cannot be known, so the connection ends.
    BadChunk,
    /// MAIL's address does not follow the grammar.
    BadSender,
    /// RCPT's address does not follow the grammar.
    BadRecipient,
    /// MAIL's address needs SMTPUTF8.
    SenderNeedsUtf8,
    /// RCPT's address needs SMTPUTF8.
    RecipientNeedsUtf8,
    /// A parameter of an extension that is not announced.
    UnknownParameter,
    /// MAIL before LHLO.
    HelloFirst,
    /// MAIL within a transaction.
    AlreadyMail,
    /// RCPT, DATA or BDAT before MAIL.
    MailFirst,
    /// DATA or BDAT without a recipient that was accepted.
    NoRecipients,
    /// DATA after BDAT.
    ChunksBegun,
    /// One recipient more than a message may have.
    TooManyRecipients,
    /// Nobody has that address.
    NoSuchUser,
    /// The message is too large.
    TooLarge,
    /// Something on our side failed, and may work later.
    Failed,
    /// It failed while it was stored: whether it was is not known.
    Unsettled,
    /// The disk is full.
    DiskFull,
    /// The mailbox has given its last UID.
    MailboxFull,
    /// Mail may not be put there.
    NotAllowed,
}

impl Reply {
    /// Writes it with its CR LF.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend(self.text().as_bytes());
        out.extend(b"\r\n");
    }

    /// Whether it says not to send the message again (RFC 5321 §4.2.1).
    pub(crate) fn is_permanent(self) -> bool {
        self.text().starts_with('5')
    }

    fn text(self) -> &'static str {
        match self {
            Self::Ok => "250 2.0.0 OK",
            Self::SenderOk => "250 2.1.0 OK",
            Self::RecipientOk => "250 2.1.5 OK",
            Self::GoAhead => "354 Send the message, end with a dot on a line by itself",
            Self::Delivered => "250 2.6.0 Delivered",
            Self::CannotVerify => "252 2.5.0 Send the message and see",
            Self::Help => "214 2.0.0 LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT (RFC 2033)",
            Self::Bye => "221 2.0.0 Bye",
            Self::ShuttingDown => "421 4.3.2 The server is shutting down, try again soon",
            Self::TooSilent => "421 4.4.2 Nothing came for too long",
            Self::TooManyErrors => "421 4.7.0 Too many commands that bring no message",
            Self::BareLineEnd => "500 5.5.2 A command ends with CR LF, and has neither of them elsewhere",
            Self::LineTooLong => "500 5.5.2 The command line is too long",
            Self::NotUtf8 => "500 5.5.2 The command line is not UTF-8",
            Self::ControlCharacter => "500 5.5.2 The command line has a control character",
            Self::Unknown => "500 5.5.1 No such command, HELP lists them",
            Self::NotImplemented => "502 5.5.1 Not offered here",
            Self::Http => "421 5.7.0 This is no web server",
            Self::NotSmtp => "500 5.5.1 This is LMTP: begin with LHLO (RFC 2033)",
            Self::BadArguments => "501 5.5.4 The arguments are not understood",
            Self::BadChunk => "501 5.5.4 BDAT takes a size and LAST; where the next command begins is lost",
            Self::BadSender => "501 5.1.7 The sender's address is not understood",
            Self::BadRecipient => "501 5.1.3 The recipient's address is not understood",
            Self::SenderNeedsUtf8 => "550 5.6.7 An address with other characters than ASCII needs SMTPUTF8",
            Self::RecipientNeedsUtf8 => "553 5.6.7 An address with other characters than ASCII needs SMTPUTF8",
            Self::UnknownParameter => "555 5.5.4 A parameter is of no extension that is offered here",
            Self::HelloFirst => "503 5.5.1 LHLO comes first",
            Self::AlreadyMail => "503 5.5.1 There is a sender already, RSET forgets it",
            Self::MailFirst => "503 5.5.1 MAIL comes first",
            Self::NoRecipients => "503 5.5.1 No recipient was accepted",
            Self::ChunksBegun => "503 5.5.1 The message has begun with BDAT",
            Self::TooManyRecipients => "452 4.5.3 Too many recipients, send the rest with another copy",
            Self::NoSuchUser => "550 5.1.1 Nobody here has that address",
            Self::TooLarge => "552 5.3.4 The message is too large",
            Self::Failed => "451 4.3.0 It could not be stored, try again later",
            Self::Unsettled => "451 4.3.0 It may have been stored, trying again may make a second one",
            Self::DiskFull => "452 4.3.1 The disk takes no more mail, try again later",
            Self::NotAllowed => "550 5.7.1 Mail may not be delivered there",
            Self::MailboxFull => "452 4.2.2 The mailbox takes no more messages",
        }
    }
}

/// What a message meets that cannot be delivered: a refusal of the rules.
impl From<&Refusal> for Reply {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::OutOfNumbers | Refusal::TooManyMailboxes | Refusal::AccountFull => Self::MailboxFull,
            Refusal::NotAllowed => Self::NotAllowed,
            // None of these stands against an APPEND into a mailbox that was found in the same state.
            Refusal::NoSuchMailbox
            | Refusal::NoSuchDestination
            | Refusal::AlreadyExists
            | Refusal::Inbox
            | Refusal::SpecialUseTaken
            | Refusal::BelowItself
            | Refusal::NameTooLong
            | Refusal::NoSuchMessage
            | Refusal::TooManyKeywords
            | Refusal::TooManyCombinations
            | Refusal::TooManyMessages
            | Refusal::NotEmpty => Self::Failed,
        }
    }
}

/// A failure of the store, which may pass. Where the account has gone since RCPT, the address may lead to another one by
/// now, made under the same name: RCPT says so the next time, or that nobody has it any more.
impl From<&store::Error> for Reply {
    fn from(error: &store::Error) -> Self {
        match error {
            store::Error::Full | store::Error::ReadOnly => Self::DiskFull,
            store::Error::Unsettled(_) | store::Error::Replaced { .. } => Self::Unsettled,
            store::Error::TooLarge => Self::TooLarge,
            _ => Self::Failed,
        }
    }
}

impl From<&CommitError> for Reply {
    fn from(error: &CommitError) -> Self {
        match error {
            CommitError::Refused(refusal) => Self::from(refusal),
            CommitError::Failed(error) => Self::from(error),
        }
    }
}

/// Last words to a client whose session has no say (RFC 5321 §3.8).
pub fn farewell(why: Dismissal) -> &'static [u8] {
    match why {
        // Nobody waits to log in here; whoever is sent away finds room later.
        Dismissal::Full | Dismissal::MakeRoom => b"421 4.3.2 Too many connections; try again later\r\n",
        Dismissal::Broken => b"421 4.3.0 The server made a mistake and has to end this session\r\n",
    }
}

/// The greeting (RFC 5321 §3.1).
pub(crate) fn write_greeting(hostname: &str, out: &mut Vec<u8>) {
    out.extend(format!("220 {hostname} LMTP Posthorn\r\n").as_bytes());
}

/// The answer to LHLO: the extensions (RFC 2033 §5 asks for the first two of them).
pub(crate) fn write_hello(hostname: &str, size: u64, out: &mut Vec<u8>) {
    let lines = format!(
        "250-{hostname}\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
         250-CHUNKING\r\n250 SIZE {size}\r\n"
    );
    out.extend(lines.as_bytes());
}

/// The answer to a BDAT that is not the last one (RFC 3030 §2).
pub(crate) fn write_chunk(octets: u64, out: &mut Vec<u8>) {
    out.extend(format!("250 2.0.0 {octets} octets received\r\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the log says of a message that was not stored hangs on this.
    #[test]
    fn what_may_pass_is_sent_again_and_what_does_not_is_refused_for_good() {
        let failed = |error: store::Error| Reply::from(&CommitError::Failed(error)).is_permanent();
        assert!(failed(store::Error::TooLarge));
        assert!(!failed(store::Error::Full) && !failed(store::Error::Busy) && !failed(store::Error::NoSuchAccount));
        assert!(Reply::from(&CommitError::Refused(Refusal::NotAllowed)).is_permanent());
        assert!(!Reply::from(&CommitError::Refused(Refusal::OutOfNumbers)).is_permanent());
    }
}
