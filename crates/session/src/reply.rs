//! The one place that chooses words and response codes (RFC 9051 §7.1; RFC 5530). All others name facts: what went
//! right ([`Done`]) or wrong ([`Wrong`], and the errors of the crates below), what is told beside answers ([`Notice`]),
//! why the connection ends ([`Farewell`]), what the client is to go on with ([`GoOn`]).

use std::borrow::Cow;

use account::{Refusal, plan, search};
use gate::Dismissal;
use imap::command::{Access, Fault, ParseError};
use imap::response::{Code, Condition, NewKeywords};
use imap::{Flag, ModSeq, SeqNum, SeqSet, Uid, UidSet, UidValidity};
use store::{CommitError, Error};

use crate::view::BeyondLast;
use crate::{Ending, journal};

/// How a command ends.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    condition: Condition,
    code: Option<Code>,
    text: Cow<'static, str>,
    /// What the log is told of it.
    cause: Option<Box<Error>>,
}

impl Answer {
    /// What goes on the wire behind its tag.
    pub(crate) fn told(&self) -> (Condition, Option<&Code>, &str) {
        (self.condition, self.code.as_ref(), &self.text)
    }

    /// The failure of the store that it is the answer to.
    pub(crate) fn cause(&self) -> Option<&Error> {
        self.cause.as_deref()
    }

    /// It is the answer to this error.
    pub(crate) fn because(self, error: Error) -> Self {
        Self { cause: Some(error).filter(journal::is_failure).map(Box::new), ..self }
    }

    fn no(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self { condition: Condition::No, code: Some(code), text: text.into(), cause: None }
    }

    fn bad(text: impl Into<Cow<'static, str>>) -> Self {
        Self { condition: Condition::Bad, code: None, text: text.into(), cause: None }
    }
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// There was nothing to do but to tell what is new.
    UpToDate,
    /// What was asked for has been told.
    Told,
    /// ID.
    Met,
    Enabled,
    BeginTls,
    LoggedOut,
    /// Logged in, with the capabilities from now on.
    Welcome(Vec<String>),
    Selected(Access),
    Closed,
    Unselected,
    /// CREATE, with the new mailbox's id (RFC 8474 §4.2).
    Created(String),
    Deleted,
    Renamed,
    Subscribed,
    Unsubscribed,
    /// `LIST "" ""`.
    Separator,
    Status,
    Idled,
    /// APPEND, with the new UIDs (RFC 4315 §3).
    Appended(plan::Appended),
    Replaced,
    /// EXPUNGE. RFC 7162 §3.2.8: who keeps VANISHED is told how far it has come.
    Expunged(Option<ModSeq>),
    Fetched,
    /// FETCH, and `\Seen` could not be stored.
    FetchedUnseen,
    Searched,
    Stored,
    /// STORE UNCHANGEDSINCE, and some had changed. That is no failure: the rest was stored (RFC 7162 §3.1.3).
    StoredButSeqs(SeqSet),
    /// The same by UID STORE.
    StoredButUids(UidSet),
    Copied(plan::Copied),
    /// MOVE; the modseq is for who keeps VANISHED.
    Moved(Option<ModSeq>),
}

impl From<Done> for Answer {
    fn from(done: Done) -> Self {
        let (code, text) = match done {
            Done::UpToDate => (None, "Up to date"),
            Done::Told => (None, "That is all"),
            Done::Met => (None, "Pleased to meet you"),
            Done::Enabled => (None, "Enabled"),
            Done::BeginTls => (None, "Begin TLS now"),
            Done::LoggedOut => (None, "Logged out"),
            Done::Welcome(capabilities) => (Some(Code::Capability(capabilities)), "Welcome"),
            Done::Selected(Access::ReadWrite) => (Some(Code::ReadWrite), "Selected"),
            Done::Selected(Access::ReadOnly) => (Some(Code::ReadOnly), "Examined"),
            Done::Closed => (None, "Closed"),
            Done::Unselected => (None, "Unselected"),
            Done::Created(id) => (Some(Code::MailboxId(id)), "Created"),
            Done::Deleted => (None, "Deleted"),
            Done::Renamed => (None, "Renamed"),
            Done::Subscribed => (None, "Subscribed"),
            Done::Unsubscribed => (None, "Unsubscribed"),
            Done::Separator => (None, "That is the separator"),
            Done::Status => (None, "That is it"),
            Done::Idled => (None, "Enough idled"),
            Done::Appended(appended) => (Some(append_uid(appended)), "Appended"),
            Done::Replaced => (None, "Replaced"),
            Done::Expunged(modseq) => (modseq.map(Code::HighestModSeq), "Expunged"),
            Done::Fetched => (None, "Fetched"),
            Done::FetchedUnseen => (None, "Fetched, and still unread: the server cannot store that now"),
            Done::Searched => (None, "Searched"),
            Done::Stored => (None, "Stored"),
            Done::StoredButSeqs(seqs) => {
                (Some(Code::ModifiedSeqs(seqs)), "Stored, but for those that changed meanwhile")
            }
            Done::StoredButUids(uids) => {
                (Some(Code::ModifiedUids(uids)), "Stored, but for those that changed meanwhile")
            }
            Done::Copied(copied) => (copy_uid(copied), "Copied"),
            Done::Moved(modseq) => (modseq.map(Code::HighestModSeq), "Moved"),
        };
        Self { condition: Condition::Ok, code, text: text.into(), cause: None }
    }
}

fn append_uid(appended: plan::Appended) -> Code {
    Code::AppendUid(appended.uid_validity, appended.uids)
}

/// COPYUID, if anything was copied: the sets in it may not be empty.
fn copy_uid(copied: plan::Copied) -> Option<Code> {
    let plan::Copied { uid_validity, from, to } = copied;
    (!from.is_empty()).then_some(Code::CopyUid { uid_validity, from, to })
}

/// Why the session itself does not carry out a command, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    TooLong,
    Unknown(String),
    LoggedInAlready,
    NotLoggedIn,
    NotSelected,
    /// The mailbox was examined, and not selected (RFC 9051 §6.3.3).
    ReadOnly,
    NeedsTls,
    HasTls,
    NoMechanism,
    Cancelled,
    NoBase64,
    ResponseTooLong,
    /// Which of name and password was wrong is not told.
    Password,
    Forbidden,
    TooManySessions,
    NoLoginNow,
    /// SELECT with QRESYNC, which was not enabled (RFC 7162 §3.2.5).
    NoQresync,
    /// The same of FETCH with VANISHED (RFC 7162 §3.2.6).
    NoVanished,
    Wildcards,
    NoLiteral,
    NoMessage,
    /// REPLACE with more than one message.
    OneMessage,
    /// With the limit (RFC 7889 §4).
    MessageTooBig(u64),
    TooManyMessages,
    AllGone,
    /// RFC 3502 §2: that is how a client gives up.
    EmptyMessage,
    NotDone,
    /// RENAME and REPLACE are atomic, and so they are within one account.
    AcrossAccounts,
    /// MOVE into another account: the messages have come there, and could not be taken away here.
    OnlyCopied,
    /// What is stored of this message cannot be read; the others were sent.
    Damaged(Uid),
    /// BINARY of a part of this message (RFC 3516 §4.3).
    UnknownEncoding(Uid),
    /// The same octets of this message again and again.
    TooMuchOf(Uid),
}

impl From<Wrong> for Answer {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::TooLong => Self { code: Some(Code::TooBig), ..Self::bad("The command is too long") },
            Wrong::Unknown(name) => Self::bad(format!("There is no command {name}")),
            Wrong::LoggedInAlready => Self::bad("You are logged in already"),
            Wrong::NotLoggedIn => Self::bad("Log in first"),
            Wrong::NotSelected => Self::bad("SELECT a mailbox first"),
            Wrong::ReadOnly => Self::no(Code::NoPerm, "The mailbox is open for reading only: SELECT it to change it"),
            Wrong::NeedsTls => {
                Self::no(Code::PrivacyRequired, "Passwords are taken only over TLS: use STARTTLS, or port 993")
            }
            Wrong::HasTls => Self::bad("TLS is up already"),
            Wrong::NoMechanism => Self::no(Code::Cannot, "That mechanism is not offered here; see AUTH= in CAPABILITY"),
            Wrong::Cancelled => Self::bad("Cancelled, as you wished"),
            Wrong::NoBase64 => Self::bad("That is no base64"),
            Wrong::ResponseTooLong => Self { code: Some(Code::TooBig), ..Self::bad("The response is too long") },
            Wrong::Password => Self::no(Code::AuthenticationFailed, "Wrong name or password"),
            Wrong::Forbidden => Self::no(Code::AuthorizationFailed, "The account is disabled, or is not yours to use"),
            Wrong::TooManySessions => Self::no(Code::Limit, "Too many sessions; close some and try again"),
            Wrong::NoLoginNow => Self::no(Code::Unavailable, "Logging in does not work now; try again later"),
            Wrong::NoQresync => Self::bad("ENABLE QRESYNC before you use it"),
            Wrong::NoVanished => Self::bad("ENABLE QRESYNC before you ask for VANISHED"),
            Wrong::Wildcards => Self::no(Code::Limit, "The pattern has too many wildcards"),
            Wrong::NoLiteral => Self::bad("The message is missing: APPEND ends with a literal"),
            Wrong::NoMessage => Self::bad("The message is missing"),
            Wrong::OneMessage => Self::bad("One message takes the place of one; nothing was replaced"),
            Wrong::MessageTooBig(limit) => {
                Self::no(Code::TooBig, format!("The message is too big: the limit is {limit} octets"))
            }
            Wrong::TooManyMessages => {
                Self::no(Code::Limit, "Too much in one APPEND; nothing was appended, send it in several")
            }
            Wrong::EmptyMessage => Self::no(Code::Cannot, "A message without octets is none; nothing was appended"),
            Wrong::AllGone => Self::no(Code::ExpungeIssued, "The messages have gone"),
            Wrong::NotDone => Self::bad("IDLE ends with DONE"),
            Wrong::AcrossAccounts => {
                Self::no(Code::Cannot, "That is possible only within one account; MOVE takes messages to another one")
            }
            Wrong::OnlyCopied => Self::no(
                Code::Unavailable,
                "The messages were copied, but not taken away: they are in both mailboxes now",
            ),
            Wrong::Damaged(uid) => {
                Self::no(Code::Corruption, format!("What is stored of UID {uid} is damaged; the rest was sent"))
            }
            Wrong::TooMuchOf(uid) => {
                Self::no(Code::Limit, format!("Too much is asked of UID {uid} at once; ask for fewer and longer parts"))
            }
            Wrong::UnknownEncoding(uid) => {
                Self::no(Code::UnknownCte, format!("The encoding of that part of UID {uid} is not known"))
            }
        }
    }
}

/// What is told beside answers: `* OK`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The greeting (RFC 9051 §7.1.5), with the capabilities.
    Greeting(Vec<String>),
    /// To a client that idles, so that no NAT on the way forgets the connection.
    StillHere,
    /// Another mailbox is being selected (RFC 7162 §3.2.11).
    Closed,
    /// The flags that can be stored.
    Flags(Vec<Flag>, NewKeywords),
    FirstUnseen(SeqNum),
    UidValidity(UidValidity),
    UidNext(Uid),
    Highest(ModSeq),
    MailboxId(String),
    /// All changes up to a modseq have been told (RFC 7162 §6).
    ToldUpTo(ModSeq),
    /// RFC 8508 §3.1: the new UID is told before the old message is told to have gone.
    Replaced(plan::Appended),
    /// The same of MOVE (RFC 6851 §4.3).
    Moved(plan::Copied),
}

impl Notice {
    /// Its code, and its words; `None` for what has nothing to tell.
    pub(crate) fn told(self) -> Option<(Option<Code>, &'static str)> {
        let (code, text) = match self {
            Self::Greeting(capabilities) => (Code::Capability(capabilities), "Posthorn at your service"),
            Self::StillHere => return Some((None, "Still here")),
            Self::Closed => (Code::Closed, "The mailbox before is closed"),
            Self::Flags(flags, new_keywords) => {
                (Code::PermanentFlags { flags, new_keywords }, "Flags that can be stored")
            }
            Self::FirstUnseen(seq) => (Code::Unseen(seq), "The first unseen message"),
            Self::UidValidity(uid_validity) => (Code::UidValidity(uid_validity), "UIDs are valid"),
            Self::UidNext(uid) => (Code::UidNext(uid), "The next UID"),
            Self::Highest(modseq) => (Code::HighestModSeq(modseq), "Highest"),
            Self::MailboxId(id) => (Code::MailboxId(id), "The lasting id"),
            Self::ToldUpTo(modseq) => (Code::HighestModSeq(modseq), "All changes up to here have been told"),
            Self::Replaced(appended) => (append_uid(appended), "Replaced by this"),
            Self::Moved(copied) => (copy_uid(copied)?, "Moved"),
        };
        Some((Some(code), text))
    }
}

/// Why the server ends the connection: `* BYE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    LoggedOut,
    /// The server wants it.
    Ended(Ending),
    IdledTooLong,
    SilentTooLong,
    NoLogin,
    TooManyFailedLogins,
    TooManyBadCommands,
    /// A request of HTTP came.
    NoWebServer,
    /// More was read than a command may be, and none of it was looked at.
    TooMuchAtOnce,
    /// Octets were promised that cannot be read: no answer can mend that.
    BrokenPromise,
}

impl Farewell {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::LoggedOut => "Until next time",
            Self::Ended(Ending::Shutdown) => "The server is shutting down; it will be back",
            Self::Ended(Ending::Revoked) => "The account was disabled, or its password changed; log in again",
            Self::Ended(Ending::Broken) => "The server made a mistake and has to end this session; nothing is lost",
            Self::IdledTooLong => "You have been idle for very long; come back any time",
            Self::SilentTooLong => "Autologout: nothing heard for half an hour",
            Self::NoLogin => "Log in sooner next time",
            Self::TooManyFailedLogins => "Too many failed logins",
            Self::NoWebServer => "This is no web server",
            Self::TooManyBadCommands => "Too many commands that are none",
            Self::TooMuchAtOnce => "Too much was sent ahead",
            Self::BrokenPromise => "Stored data cannot be read; the administrator can run `posthorn check`",
        }
    }
}

/// The last words to a client whose session has no say, because it never began or broke (RFC 9051 §7.1.5).
pub fn farewell(why: Dismissal) -> &'static [u8] {
    match why {
        Dismissal::Full => b"* BYE Too many connections; try again later\r\n",
        Dismissal::MakeRoom => b"* BYE Too many connections are waiting to log in\r\n",
        Dismissal::Broken => b"* BYE The server made a mistake and has to end this session\r\n",
    }
}

/// What the client is to go on with: `+`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GoOn {
    /// An argument's octets.
    Argument,
    /// A message's octets.
    Message,
    /// DONE, some time (RFC 2177).
    Idling,
    /// Its response to this, in base64 (RFC 9051 §6.2.2).
    Challenge(String),
}

impl GoOn {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Argument => "Go on",
            Self::Message => "Send it",
            Self::Idling => "idling",
            Self::Challenge(challenge) => challenge,
        }
    }
}

/// A search that cannot be made.
impl From<search::Unsearchable> for Answer {
    fn from(problem: search::Unsearchable) -> Self {
        match problem {
            search::Unsearchable::Charset => {
                let charsets = search::CHARSETS.iter().map(|name| (*name).to_owned()).collect();
                Self::no(Code::BadCharset(charsets), "That charset is not understood here")
            }
            search::Unsearchable::TooMuch => Self::no(Code::Limit, "Too much is looked for at once"),
        }
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
            Refusal::TooManyCombinations => (
                Code::Limit,
                "The messages of the mailbox have as many combinations of keywords as they may; use one that is there",
            ),
            Refusal::AccountFull => (Code::Limit, "The account has as many messages as it may have; delete some first"),
            Refusal::TooManyMessages => (Code::Limit, "Too many messages at once; take them there in parts"),
            Refusal::OutOfNumbers => (Code::Limit, "The mailbox has given its last UID; move its mail to a new one"),
            Refusal::NoSuchMessage => (Code::NonExistent, "The message is not there any more"),
            Refusal::NotAllowed => (Code::NoPerm, "You have not the right to do that here"),
            Refusal::NotEmpty => (Code::Cannot, "The mailbox is not empty"),
        };
        Self::no(code, text)
    }
}

/// The store could not. The log is told why; what to tell the client is whether trying again helps.
impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        let answer = match error {
            // OVERQUOTA would be about the user's own quota (RFC 9051 §7.1).
            Error::Full => Self::no(Code::Unavailable, "The server's disk is full; nothing was changed"),
            Error::ReadOnly => {
                Self::no(Code::Unavailable, "The server's disk can only be read now; nothing was changed")
            }
            Error::Unsettled(_) | Error::Replaced { .. } => Self::no(
                Code::Unavailable,
                "The store failed while it wrote; it may have been stored: look before you try again",
            ),
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
        };
        answer.because(error)
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
