//! The announcement of a literal at the end of a line: `{n}`, `{n+}`, `~{n}` (RFC 9051 §4.3, RFC 7888, RFC 3516).

/// Whether a client waits before it sends a literal's octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sync {
    /// `{n}`: it waits for a continuation request.
    Waits,
    /// `{n+}`: the octets come at once (RFC 7888 §4), wanted or not.
    Comes,
}

/// A literal as announced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Announced {
    /// How many octets. As many as `u64` can say if the number was larger.
    pub len: u64,
    /// Whether the client waits.
    pub sync: Sync,
}

/// The longest announcement that is looked for: 20 digits are more than any number needs.
pub(super) const LONGEST: usize = 26;

/// The announcement that a line (without its end) ends with.
pub(super) fn find(line: &[u8]) -> Option<Announced> {
    let inner = line.strip_suffix(b"}")?;
    let tail = inner.get(inner.len().saturating_sub(LONGEST)..)?;
    let open = tail.iter().rposition(|b| *b == b'{')?;
    let text = tail.get(open + 1..)?;
    let (digits, sync) = match text.split_last()? {
        // `{n-}` is not in the RFCs' grammar; a client that takes LITERAL- for it does not wait either.
        (b'+' | b'-', digits) => (digits, Sync::Comes),
        _ => (text, Sync::Waits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let len = digits.iter().fold(0_u64, |n, d| n.saturating_mul(10).saturating_add(u64::from(d - b'0')));
    Some(Announced { len, sync })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_are_found_at_the_end_only() {
        for (line, expected) in [
            ("a LOGIN {5}", Some((5, Sync::Waits))),
            ("a LOGIN {5+}", Some((5, Sync::Comes))),
            ("a LOGIN {5-}", Some((5, Sync::Comes))),
            ("a APPEND x ~{0}", Some((0, Sync::Waits))),
            ("{99999999999999999999}", Some((u64::MAX, Sync::Waits))),
            ("a {5} ", None),
            ("a {}", None),
            ("a {+}", None),
            ("a {x}", None),
            ("a 5}", None),
            ("", None),
            ("}", None),
        ] {
            assert_eq!(find(line.as_bytes()).map(|a| (a.len, a.sync)), expected, "{line}");
        }
    }
}
