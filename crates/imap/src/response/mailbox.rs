//! What is told about mailboxes (RFC 9051 §7.2, §7.3, §7.4).

use super::{mailbox, number, quoted, words};
use crate::{Flag, MailboxName, NameForm, SeqNum, SpecialUse};

/// An attribute of a mailbox in LIST (RFC 9051 §7.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attribute {
    /// `\HasChildren`
    HasChildren,
    /// `\HasNoChildren`
    HasNoChildren,
    /// `\Inbox`: in XLIST only.
    Inbox,
    /// `\Marked`
    Marked,
    /// `\NoInferiors`
    NoInferiors,
    /// `\NonExistent`
    NonExistent,
    /// `\Noselect`
    NoSelect,
    /// `\Remote`
    Remote,
    /// `\Subscribed`
    Subscribed,
    /// `\Unmarked`
    Unmarked,
    /// What the mailbox is for.
    Use(SpecialUse),
}

impl Attribute {
    /// As it goes on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HasChildren => "\\HasChildren",
            Self::HasNoChildren => "\\HasNoChildren",
            Self::Inbox => "\\Inbox",
            Self::Marked => "\\Marked",
            Self::NoInferiors => "\\NoInferiors",
            Self::NonExistent => "\\NonExistent",
            Self::NoSelect => "\\Noselect",
            Self::Remote => "\\Remote",
            Self::Subscribed => "\\Subscribed",
            Self::Unmarked => "\\Unmarked",
            Self::Use(special_use) => special_use.as_str(),
        }
    }
}

/// The word that a LIST response begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListWord {
    /// `LIST`
    List,
    /// `LSUB`
    Lsub,
    /// `XLIST`
    Xlist,
}

/// A LIST response (RFC 9051 §7.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListLine<'a> {
    /// Its word.
    pub word: ListWord,
    /// The mailbox's attributes.
    pub attributes: &'a [Attribute],
    /// Its name.
    pub name: &'a MailboxName,
    /// `CHILDINFO`: the selection options that children of it matched (RFC 5258 §3.5): just `SUBSCRIBED` as yet.
    pub child_info: &'a [&'a str],
    /// `OLDNAME`: what it was called (RFC 9051 §6.3.9.7).
    pub old_name: Option<&'a MailboxName>,
}

/// Writes a LIST response.
pub fn list(out: &mut Vec<u8>, line: &ListLine<'_>, form: NameForm) {
    out.extend_from_slice(match line.word {
        ListWord::List => b"* LIST (",
        ListWord::Lsub => b"* LSUB (",
        ListWord::Xlist => b"* XLIST (",
    });
    words(out, line.attributes.iter().map(|a| a.as_str()));
    out.extend_from_slice(b") \"/\" ");
    mailbox(out, line.name, form);
    let mut open = " (";
    if !line.child_info.is_empty() {
        out.extend_from_slice(open.as_bytes());
        out.extend_from_slice(b"\"CHILDINFO\" (");
        for (i, option) in line.child_info.iter().enumerate() {
            if i > 0 {
                out.push(b' ');
            }
            quoted(out, option);
        }
        out.push(b')');
        open = " ";
    }
    if let Some(old) = line.old_name {
        out.extend_from_slice(open.as_bytes());
        out.extend_from_slice(b"\"OLDNAME\" (");
        mailbox(out, old, form);
        out.push(b')');
        open = " ";
    }
    if open == " " {
        out.push(b')');
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes the answer to `LIST "" ""`: the hierarchy separator (RFC 9051 §6.3.9).
pub fn list_separator(out: &mut Vec<u8>, word: ListWord) {
    out.extend_from_slice(match word {
        ListWord::List => b"* LIST (\\Noselect) \"/\" \"\"\r\n".as_slice(),
        ListWord::Lsub => b"* LSUB (\\Noselect) \"/\" \"\"\r\n",
        ListWord::Xlist => b"* XLIST (\\Noselect) \"/\" \"\"\r\n",
    });
}

/// A value of a STATUS response (RFC 9051 §7.3.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StatusValue<'a> {
    /// `MESSAGES`
    Messages(u64),
    /// `RECENT`
    Recent(u64),
    /// `UIDNEXT`
    UidNext(crate::Uid),
    /// `UIDVALIDITY`
    UidValidity(crate::UidValidity),
    /// `UNSEEN`
    Unseen(u64),
    /// `DELETED`
    Deleted(u64),
    /// `SIZE`
    Size(u64),
    /// `HIGHESTMODSEQ`
    HighestModSeq(crate::ModSeq),
    /// `MAILBOXID`
    MailboxId(&'a str),
    /// `APPENDLIMIT`; `None` is `NIL` (RFC 7889 §5).
    AppendLimit(Option<u64>),
}

/// Writes a STATUS response.
pub fn status(out: &mut Vec<u8>, name: &MailboxName, form: NameForm, values: &[StatusValue<'_>]) {
    out.extend_from_slice(b"* STATUS ");
    mailbox(out, name, form);
    out.extend_from_slice(b" (");
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        status_value(out, value);
    }
    out.extend_from_slice(b")\r\n");
}

fn status_value(out: &mut Vec<u8>, value: &StatusValue<'_>) {
    let (word, n) = match value {
        StatusValue::Messages(n) => ("MESSAGES ", *n),
        StatusValue::Recent(n) => ("RECENT ", *n),
        StatusValue::UidNext(uid) => ("UIDNEXT ", uid.get().into()),
        StatusValue::UidValidity(validity) => ("UIDVALIDITY ", validity.get().into()),
        StatusValue::Unseen(n) => ("UNSEEN ", *n),
        StatusValue::Deleted(n) => ("DELETED ", *n),
        StatusValue::Size(n) => ("SIZE ", *n),
        StatusValue::HighestModSeq(modseq) => ("HIGHESTMODSEQ ", modseq.get()),
        StatusValue::AppendLimit(Some(n)) => ("APPENDLIMIT ", *n),
        StatusValue::AppendLimit(None) => return out.extend_from_slice(b"APPENDLIMIT NIL"),
        StatusValue::MailboxId(id) => {
            out.extend_from_slice(b"MAILBOXID (");
            out.extend_from_slice(id.as_bytes());
            return out.push(b')');
        }
    };
    out.extend_from_slice(word.as_bytes());
    number(out, n);
}

/// Writes `* FLAGS (...)` (RFC 9051 §7.3.5).
pub fn flags<'a>(out: &mut Vec<u8>, flags: impl IntoIterator<Item = &'a Flag>) {
    out.extend_from_slice(b"* FLAGS (");
    words(out, flags.into_iter().map(Flag::as_str));
    out.extend_from_slice(b")\r\n");
}

/// Writes `* n EXISTS` (RFC 9051 §7.4.1).
pub fn exists(out: &mut Vec<u8>, n: u64) {
    counted(out, n, b" EXISTS\r\n");
}

/// Writes `* n RECENT` (RFC 3501 §7.3.2).
pub fn recent(out: &mut Vec<u8>, n: u64) {
    counted(out, n, b" RECENT\r\n");
}

/// Writes `* n EXPUNGE` (RFC 9051 §7.5.1).
pub fn expunge(out: &mut Vec<u8>, seq: SeqNum) {
    counted(out, seq.get().into(), b" EXPUNGE\r\n");
}

fn counted(out: &mut Vec<u8>, n: u64, word: &[u8]) {
    out.extend_from_slice(b"* ");
    number(out, n);
    out.extend_from_slice(word);
}

/// When the UIDs of a VANISHED response went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gone {
    /// Just now: sequence numbers shift by it.
    Now,
    /// `(EARLIER)`: before the client selected the mailbox.
    Earlier,
}

/// Writes `* VANISHED ` (RFC 7162 §3.2.10). The set, which is not empty, and the [line end](super::line_end) are for the
/// caller to write, a part at a time if the set is long.
pub fn vanished(out: &mut Vec<u8>, gone: Gone) {
    out.extend_from_slice(match gone {
        Gone::Now => b"* VANISHED ".as_slice(),
        Gone::Earlier => b"* VANISHED (EARLIER) ",
    });
}
