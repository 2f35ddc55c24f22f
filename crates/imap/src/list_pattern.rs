//! The wildcards of LIST (RFC 9051 §6.3.9).

use crate::mailbox_name::SEPARATOR;

/// The most wildcards of a pattern; clients use two or three.
const MAX_WILDCARDS: usize = 100;

/// A pattern with `*` (anything) and `%` (anything but `/`), in UTF-8. INBOX as its first level matches in any case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListPattern {
    pattern: Box<str>,
}

/// A pattern with too many wildcards, or longer than a name can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the pattern is too long or has too many wildcards")]
pub struct PatternTooComplex;

impl ListPattern {
    /// From UTF-8: the reference and the pattern joined, as LIST joins them (RFC 9051 §6.3.9).
    pub fn new(pattern: &str) -> Result<Self, PatternTooComplex> {
        let wildcards = pattern.bytes().filter(|b| matches!(b, b'*' | b'%')).count();
        if wildcards > MAX_WILDCARDS || pattern.len() > 2 * crate::mailbox_name::MAX_OCTETS {
            return Err(PatternTooComplex);
        }
        let (first, rest) = pattern.split_at(pattern.find(SEPARATOR).unwrap_or(pattern.len()));
        let pattern = if first.eq_ignore_ascii_case("INBOX") { format!("INBOX{rest}") } else { pattern.to_owned() };
        Ok(Self { pattern: pattern.into() })
    }

    /// From the octets of a command, in the connection's form of names.
    pub fn from_wire(pattern: &[u8], form: crate::NameForm) -> Result<Self, PatternTooComplex> {
        let text = String::from_utf8_lossy(pattern);
        match (form, text.is_ascii()) {
            (crate::NameForm::Utf7, true) => {
                Self::new(&crate::mutf7::decode(&text).unwrap_or_else(|| text.into_owned()))
            }
            _ => Self::new(&text),
        }
    }

    /// The pattern in UTF-8.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// Whether there is no wildcard in it.
    pub fn is_plain(&self) -> bool {
        !self.pattern.contains(['*', '%'])
    }

    /// Whether the name matches. Takes at most the product of both lengths.
    ///
    /// A trailing `%` or `*` matches what is there and no separator after it: whether `a/%` shows a parent that does
    /// not exist itself is LIST's to say, asking about each [`parent`](crate::MailboxName::parent).
    pub fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (self.pattern.as_bytes(), name.as_bytes());
        // The set of places in the pattern that some way of matching has come to, advanced by one octet at a time:
        // no backtracking, so no pattern is slow.
        let mut here = vec![false; pattern.len() + 1];
        let mut next = vec![false; pattern.len() + 1];
        mark(&mut here, pattern, 0);
        for octet in name {
            next.fill(false);
            let mut alive = false;
            for (at, wanted) in pattern.iter().enumerate() {
                if !here.get(at).copied().unwrap_or(false) {
                    continue;
                }
                let to = match wanted {
                    b'*' => at,
                    b'%' if *octet != b'/' => at,
                    b'%' => continue,
                    _ if wanted == octet => at + 1,
                    _ => continue,
                };
                mark(&mut next, pattern, to);
                alive = true;
            }
            if !alive {
                return false;
            }
            std::mem::swap(&mut here, &mut next);
        }
        here.last().copied().unwrap_or(false)
    }
}

/// Marks a place, and those that it reaches by letting wildcards match nothing.
fn mark(places: &mut [bool], pattern: &[u8], from: usize) {
    for (at, place) in places.iter_mut().enumerate().skip(from) {
        if *place {
            return;
        }
        *place = true;
        if !matches!(pattern.get(at), Some(b'*' | b'%')) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_by_the_rules() {
        for (pattern, yes, no) in [
            ("*", vec!["INBOX", "a", "a/b/c"], vec![]),
            ("%", vec!["INBOX", "a"], vec!["a/b"]),
            ("%/%", vec!["a/b"], vec!["a", "a/b/c"]),
            ("a*", vec!["a", "ab", "a/b"], vec!["b", "ba"]),
            ("*b", vec!["b", "a/b", "bb"], vec!["ba"]),
            ("a/%", vec!["a/b"], vec!["a", "a/b/c", "ab"]),
            ("%b%", vec!["b", "abc"], vec!["a/b", "b/a"]),
            ("a%*c", vec!["ac", "abc", "a/b/c"], vec!["a", "cb"]),
            ("inbox", vec!["INBOX"], vec!["inbox", "INBOX/a"]),
            ("inbox/%", vec!["INBOX/a"], vec!["INBOX"]),
            ("", vec![""], vec!["a"]),
            ("ü%", vec!["üb"], vec!["ub"]),
        ] {
            let compiled = ListPattern::new(pattern).unwrap();
            for name in yes {
                assert!(compiled.matches(name), "{pattern} should match {name}");
            }
            for name in no {
                assert!(!compiled.matches(name), "{pattern} should not match {name}");
            }
        }
    }

    #[test]
    fn hostile_patterns_are_refused_or_fast() {
        assert_eq!(ListPattern::new(&"%".repeat(101)), Err(PatternTooComplex));
        let pattern = ListPattern::new(&"*a".repeat(100)).unwrap();
        let name = "a".repeat(999) + "b";
        let start = std::time::Instant::now();
        assert!(!pattern.matches(&name));
        assert!(start.elapsed() < std::time::Duration::from_secs(1));
    }
}
