//! Response codes (RFC 9051 §7.1; RFC 5530; RFC 4315; RFC 7162; RFC 6154; RFC 7889; RFC 8474).

use super::{astring, number};
use crate::{Flag, ModSeq, SeqNum, SeqSet, Uid, UidSet, UidValidity};

/// What a status response says to programs, in its brackets (RFC 9051 §7.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Code {
    /// `ALERT`
    Alert,
    /// `ALREADYEXISTS`
    AlreadyExists,
    /// `APPENDUID`: where APPEND and its like put the messages (RFC 4315 §3).
    AppendUid(UidValidity, UidSet),
    /// `AUTHENTICATIONFAILED`
    AuthenticationFailed,
    /// `AUTHORIZATIONFAILED`
    AuthorizationFailed,
    /// `BADCHARSET`, with the charsets that are known; may be none.
    BadCharset(Vec<String>),
    /// `CANNOT`
    Cannot,
    /// `CAPABILITY`
    Capability(Vec<String>),
    /// `CLIENTBUG`
    ClientBug,
    /// `CLOSED`: the mailbox that was selected until now is no more (RFC 7162 §3.2.11).
    Closed,
    /// `CONTACTADMIN`
    ContactAdmin,
    /// `COPYUID`: which messages COPY and MOVE took, and where they are now, both ascending (RFC 4315 §3).
    CopyUid {
        /// UIDVALIDITY of the destination.
        uid_validity: UidValidity,
        /// The UIDs that were copied.
        from: UidSet,
        /// The UIDs that they got, as many and in the same order.
        to: UidSet,
    },
    /// `CORRUPTION`
    Corruption,
    /// `EXPIRED`
    Expired,
    /// `EXPUNGEISSUED`
    ExpungeIssued,
    /// `HASCHILDREN`
    HasChildren,
    /// `HIGHESTMODSEQ` (RFC 7162 §3.1.2.1)
    HighestModSeq(ModSeq),
    /// `INUSE`
    InUse,
    /// `LIMIT`
    Limit,
    /// `MAILBOXID` (RFC 8474 §4.1)
    MailboxId(String),
    /// `MODIFIED`: by UID STORE (RFC 7162 §3.1.3)
    ModifiedUids(UidSet),
    /// `MODIFIED`: by STORE (RFC 7162 §3.1.3)
    ModifiedSeqs(SeqSet),
    /// `NOMODSEQ` (RFC 7162 §3.1.2.2)
    NoModSeq,
    /// `NONEXISTENT`
    NonExistent,
    /// `NOPERM`
    NoPerm,
    /// `NOTSAVED` (RFC 5182 §2.1)
    NotSaved,
    /// `OVERQUOTA`
    OverQuota,
    /// `PARSE`
    Parse,
    /// `PERMANENTFLAGS`
    PermanentFlags {
        /// The flags that can be stored.
        flags: Vec<Flag>,
        /// Whether new keywords can be made: `\*`.
        new_keywords: NewKeywords,
    },
    /// `PRIVACYREQUIRED`
    PrivacyRequired,
    /// `READ-ONLY`
    ReadOnly,
    /// `READ-WRITE`
    ReadWrite,
    /// `SERVERBUG`
    ServerBug,
    /// `TOOBIG` (RFC 7889 §4)
    TooBig,
    /// `TRYCREATE`
    TryCreate,
    /// `UIDNEXT`
    UidNext(Uid),
    /// `UIDNOTSTICKY`
    UidNotSticky,
    /// `UIDVALIDITY`
    UidValidity(UidValidity),
    /// `UNAVAILABLE`
    Unavailable,
    /// `UNKNOWN-CTE` (RFC 3516 §4.3)
    UnknownCte,
    /// `UNSEEN`: the first message without `\Seen` (RFC 3501 §7.1)
    Unseen(SeqNum),
    /// `USEATTR` (RFC 6154 §3)
    UseAttr,
}

/// Whether a client can make keywords in a mailbox (RFC 9051 §7.1 PERMANENTFLAGS).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NewKeywords {
    /// `\*` is told.
    Allowed,
    /// It is not.
    Refused,
}

impl Code {
    /// Writes it with its brackets.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        if let Some(word) = self.word() {
            out.extend_from_slice(word.as_bytes());
        } else {
            self.write_with_data(out);
        }
        out.push(b']');
    }

    /// The code, where it is all.
    fn word(&self) -> Option<&'static str> {
        Some(match self {
            Self::Alert => "ALERT",
            Self::AlreadyExists => "ALREADYEXISTS",
            Self::AuthenticationFailed => "AUTHENTICATIONFAILED",
            Self::AuthorizationFailed => "AUTHORIZATIONFAILED",
            Self::Cannot => "CANNOT",
            Self::ClientBug => "CLIENTBUG",
            Self::Closed => "CLOSED",
            Self::ContactAdmin => "CONTACTADMIN",
            Self::Corruption => "CORRUPTION",
            Self::Expired => "EXPIRED",
            Self::ExpungeIssued => "EXPUNGEISSUED",
            Self::HasChildren => "HASCHILDREN",
            Self::InUse => "INUSE",
            Self::Limit => "LIMIT",
            Self::NoModSeq => "NOMODSEQ",
            Self::NonExistent => "NONEXISTENT",
            Self::NoPerm => "NOPERM",
            Self::NotSaved => "NOTSAVED",
            Self::OverQuota => "OVERQUOTA",
            Self::Parse => "PARSE",
            Self::PrivacyRequired => "PRIVACYREQUIRED",
            Self::ReadOnly => "READ-ONLY",
            Self::ReadWrite => "READ-WRITE",
            Self::ServerBug => "SERVERBUG",
            Self::TooBig => "TOOBIG",
            Self::TryCreate => "TRYCREATE",
            Self::UidNotSticky => "UIDNOTSTICKY",
            Self::Unavailable => "UNAVAILABLE",
            Self::UnknownCte => "UNKNOWN-CTE",
            Self::UseAttr => "USEATTR",
            _ => return None,
        })
    }

    fn write_with_data(&self, out: &mut Vec<u8>) {
        match self {
            Self::AppendUid(validity, uids) => {
                with_number(out, "APPENDUID", validity.get().into());
                out.push(b' ');
                uids.write_to(out);
            }
            Self::CopyUid { uid_validity, from, to } => {
                with_number(out, "COPYUID", uid_validity.get().into());
                out.push(b' ');
                from.write_to(out);
                out.push(b' ');
                to.write_to(out);
            }
            Self::BadCharset(charsets) => {
                out.extend_from_slice(b"BADCHARSET");
                for (i, charset) in charsets.iter().enumerate() {
                    out.extend_from_slice(if i == 0 { b" (" } else { b" " });
                    astring(out, charset.as_bytes());
                }
                if !charsets.is_empty() {
                    out.push(b')');
                }
            }
            Self::Capability(names) => {
                out.extend_from_slice(b"CAPABILITY");
                for name in names {
                    out.push(b' ');
                    out.extend_from_slice(name.as_bytes());
                }
            }
            Self::HighestModSeq(modseq) => with_number(out, "HIGHESTMODSEQ", modseq.get()),
            Self::MailboxId(id) => {
                out.extend_from_slice(b"MAILBOXID (");
                out.extend_from_slice(id.as_bytes());
                out.push(b')');
            }
            Self::ModifiedUids(set) => {
                out.extend_from_slice(b"MODIFIED ");
                set.write_to(out);
            }
            Self::ModifiedSeqs(set) => {
                out.extend_from_slice(b"MODIFIED ");
                set.write_to(out);
            }
            Self::PermanentFlags { flags, new_keywords } => {
                out.extend_from_slice(b"PERMANENTFLAGS (");
                let more = (*new_keywords == NewKeywords::Allowed).then_some("\\*");
                super::words(out, flags.iter().map(Flag::as_str).chain(more));
                out.push(b')');
            }
            Self::UidNext(uid) => with_number(out, "UIDNEXT", uid.get().into()),
            Self::UidValidity(validity) => with_number(out, "UIDVALIDITY", validity.get().into()),
            Self::Unseen(seq) => with_number(out, "UNSEEN", seq.get().into()),
            _ => {}
        }
    }
}

fn with_number(out: &mut Vec<u8>, word: &str, n: u64) {
    out.extend_from_slice(word.as_bytes());
    out.push(b' ');
    number(out, n);
}
