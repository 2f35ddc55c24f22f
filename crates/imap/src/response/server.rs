//! What the server tells of itself (RFC 9051 §7.2; RFC 2971).

use super::{nstring, quoted, string, words};

/// Writes `* CAPABILITY ...` (RFC 9051 §7.2.2).
pub fn capability<'a>(out: &mut Vec<u8>, names: impl IntoIterator<Item = &'a str>) {
    out.extend_from_slice(b"* CAPABILITY ");
    words(out, names);
    out.extend_from_slice(b"\r\n");
}

/// Writes `* ENABLED ...` (RFC 9051 §7.2.1).
pub fn enabled<'a>(out: &mut Vec<u8>, names: impl IntoIterator<Item = &'a str>) {
    out.extend_from_slice(b"* ENABLED");
    for name in names {
        out.push(b' ');
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes `* ID (...)` (RFC 2971 §3.2); `NIL` if there is nothing to tell.
pub fn id(out: &mut Vec<u8>, fields: &[(&str, Option<&str>)]) {
    if fields.is_empty() {
        out.extend_from_slice(b"* ID NIL\r\n");
        return;
    }
    out.extend_from_slice(b"* ID (");
    for (i, (name, value)) in fields.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        string(out, name.as_bytes());
        out.push(b' ');
        nstring(out, value.map(str::as_bytes));
    }
    out.extend_from_slice(b")\r\n");
}

/// Writes `* NAMESPACE ...` (RFC 9051 §7.3.2): the prefixes of the user's own, other users' and shared mailboxes.
/// The separator is `/` in all.
pub fn namespace(out: &mut Vec<u8>, personal: &[&str], others: &[&str], shared: &[&str]) {
    out.extend_from_slice(b"* NAMESPACE");
    for prefixes in [personal, others, shared] {
        if prefixes.is_empty() {
            out.extend_from_slice(b" NIL");
            continue;
        }
        out.extend_from_slice(b" (");
        for prefix in prefixes {
            out.push(b'(');
            quoted(out, prefix);
            out.extend_from_slice(b" \"/\")");
        }
        out.push(b')');
    }
    out.extend_from_slice(b"\r\n");
}
