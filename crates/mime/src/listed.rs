//! The header fields that clients list mailboxes by: their lines are kept beside the structure, so that a list opens no body.

use crate::header::fields;

/// Fields whose lines are kept: what Thunderbird, Apple Mail, K-9, `FairEmail`, mutt, Roundcube, imapflow and mbsync ask for with
/// `HEADER.FIELDS`, as far as it is short. Names that begin with `X-Mozilla-` are kept as well, see [`is_listed`].
pub const LISTED: &[&str] = &[
    "From",
    "To",
    "Cc",
    "Bcc",
    "Subject",
    "Date",
    "Message-ID",
    "References",
    "In-Reply-To",
    "Reply-To",
    "Sender",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Description",
    "Content-Language",
    "MIME-Version",
    "Lines",
    "List-Id",
    "List-Post",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Subscribe",
    "List-Help",
    "X-Priority",
    "Priority",
    "Importance",
    "X-MSMail-Priority",
    "Precedence",
    "Auto-Submitted",
    "Newsgroups",
    "Followup-To",
    "Mail-Followup-To",
    "Mail-Reply-To",
    "Disposition-Notification-To",
    "Return-Receipt-To",
    "X-Original-To",
    "X-Label",
    "X-Keywords",
    "X-Draft-Info",
    "X-K9mail-Identity",
    "Chat-Version",
    "X-Uniform-Type-Identifier",
    "X-Universally-Unique-Identifier",
    "X-Spam-Flag",
];

/// Whether lines of the field `name` are kept, so that it can be answered from the structure (RFC 9051 §6.4.5.1).
pub fn is_listed(name: &[u8]) -> bool {
    const PREFIX: &[u8] = b"X-Mozilla-";
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
        || LISTED.iter().any(|listed| name.eq_ignore_ascii_case(listed.as_bytes()))
}

/// The lines of the listed fields, octet by octet; `None` if they are more than `limit` octets.
pub(crate) fn lines(block: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut lines = Vec::new();
    for field in fields(block).filter(|field| is_listed(field.name)) {
        if lines.len() + field.raw.len() > limit {
            return None;
        }
        lines.extend_from_slice(field.raw);
    }
    Some(lines)
}
