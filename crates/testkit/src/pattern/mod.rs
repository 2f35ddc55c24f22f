//! What a line from the server must be like: text, `…` for any rest, `<name>` for a value to remember.

pub(crate) mod tree;

use std::collections::BTreeMap;

pub(crate) use tree::Node;

/// What has been captured so far, by name.
pub type Captures = BTreeMap<String, Vec<u8>>;

/// A line to expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: Vec<u8>,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// These octets and no others.
    Exact,
    /// With wildcards; lists whose order means nothing may come in any order.
    Loose { whole: Glob, tree: Vec<Node> },
}

/// Text with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Rest,
    Capture { name: String, above: Option<String> },
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, String> {
        let whole = Glob::parse(text)?;
        let tree = tree::parse(text.as_bytes());
        Ok(Self { text: text.as_bytes().to_vec(), kind: Kind::Loose { whole, tree } })
    }

    /// These octets and no others.
    pub fn exact(octets: &[u8]) -> Self {
        Self { text: octets.to_vec(), kind: Kind::Exact }
    }

    /// Whether a line (without CRLF) is as expected. Captures are made or compared only if it is.
    pub fn matches(&self, line: &[u8], captures: &mut Captures) -> bool {
        match &self.kind {
            Kind::Exact => self.text == line,
            Kind::Loose { whole, tree } => {
                let mut tried = captures.clone();
                if whole.matches(line, &mut tried) {
                    *captures = tried;
                    return true;
                }
                let mut tried = captures.clone();
                // No response ends with a space, however its words are arranged.
                let same = !line.ends_with(b" ") && tree::same(tree, &tree::parse(line), &mut tried);
                if same {
                    *captures = tried;
                }
                same
            }
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text))
    }
}

/// Puts captured values in place of their `<name>`s.
pub fn substitute(octets: &[u8], captures: &Captures) -> Vec<u8> {
    let mut out = octets.to_vec();
    for (name, value) in captures {
        let hole = format!("<{name}>").into_bytes();
        while let Some(at) = out.windows(hole.len()).position(|w| w == hole) {
            out.splice(at..at + hole.len(), value.iter().copied());
        }
    }
    out
}

impl Glob {
    /// Reads a text in which `…` and `<name>` are special.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let special = match c {
                '…' => Some((Part::Rest, c.len_utf8())),
                '<' => capture(rest)?,
                _ => None,
            };
            if let Some((part, length)) = special {
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(part);
                rest = &rest[length..];
            } else {
                literal.extend_from_slice(&rest.as_bytes()[..c.len_utf8()]);
                rest = &rest[c.len_utf8()..];
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }

    /// Whether it is `…` alone.
    pub(crate) fn is_rest(&self) -> bool {
        self.0 == [Part::Rest]
    }

    /// Whether the octets are as this says.
    pub(crate) fn matches(&self, octets: &[u8], captures: &mut Captures) -> bool {
        parts_match(&self.0, octets, captures)
    }
}

fn parts_match(parts: &[Part], octets: &[u8], captures: &mut Captures) -> bool {
    let Some((part, later)) = parts.split_first() else { return octets.is_empty() };
    match part {
        Part::Text(text) => octets.strip_prefix(text.as_slice()).is_some_and(|o| parts_match(later, o, captures)),
        Part::Rest => {
            let mut tried = captures.clone();
            (0..=octets.len()).any(|at| {
                tried.clone_from(captures);
                let found = parts_match(later, &octets[at..], &mut tried);
                if found {
                    *captures = std::mem::take(&mut tried);
                }
                found
            })
        }
        Part::Capture { name, above } => {
            let value = |o: &&u8| !b" ()[]\"<>\r\n".contains(*o);
            let (value, rest) = octets.split_at(octets.iter().take_while(value).count());
            if value.is_empty() || captures.get(name).is_some_and(|known| known != value) {
                return false;
            }
            let number = |octets: &[u8]| std::str::from_utf8(octets).ok().and_then(|s| s.parse::<u64>().ok());
            if let Some(other) = above {
                let (Some(low), Some(high)) = (captures.get(other).and_then(|o| number(o)), number(value)) else {
                    return false;
                };
                if high <= low {
                    return false;
                }
            }
            captures.insert(name.clone(), value.to_vec());
            parts_match(later, rest, captures)
        }
    }
}

/// `<name>` or `<name above other>`; anything else that begins with `<` is text.
fn capture(text: &str) -> Result<Option<(Part, usize)>, String> {
    let Some(end) = text.find('>') else { return Ok(None) };
    let inner = &text[1..end];
    let is_name = |s: &str| {
        s.starts_with(|c: char| c.is_ascii_lowercase())
            && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let part = match inner.split_once(" above ") {
        None if is_name(inner) => Part::Capture { name: inner.to_owned(), above: None },
        Some((name, other)) if is_name(name) && is_name(other) => {
            Part::Capture { name: name.to_owned(), above: Some(other.to_owned()) }
        }
        Some(_) => return Err(format!("<{inner}>: a name was due after `above`")),
        None => return Ok(None),
    };
    Ok(Some((part, end + 1)))
}

#[cfg(test)]
mod tests {
    use super::{Captures, Pattern, substitute};

    fn hears(pattern: &str, line: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(line.as_bytes(), &mut Captures::new())
    }

    #[test]
    fn the_rest_is_free() {
        assert!(hears("a1 OK …", "a1 OK done"));
        assert!(hears("* OK [UIDNEXT 4] …", "* OK [UIDNEXT 4] next"));
        assert!(!hears("a1 OK …", "a1 NO done"));
        assert!(!hears("* 2 EXISTS", "* 2 EXISTS "));
    }

    #[test]
    fn order_means_nothing_where_the_rfc_gives_none() {
        assert!(hears("* 1 FETCH (UID 1 FLAGS (\\Seen X))", "* 1 FETCH (FLAGS (X \\Seen) UID 1)"));
        assert!(!hears("* 1 FETCH (UID 1 FLAGS (\\Seen))", "* 1 FETCH (UID 1 FLAGS (\\Seen X))"));
        assert!(!hears("* 1 FETCH (UID 1)", "* 1 FETCH (UID 1 FLAGS ())"));
        assert!(hears("* 1 FETCH (UID 1 …)", "* 1 FETCH (FLAGS () UID 1)"));
        assert!(hears("* SEARCH 2 3", "* SEARCH 3 2"));
        assert!(hears("* STATUS x (MESSAGES 1 UIDNEXT 2)", "* STATUS x (UIDNEXT 2 MESSAGES 1)"));
        assert!(hears("* ESEARCH (TAG \"a\") MIN 1 MAX 3", "* ESEARCH (TAG \"a\") MAX 3 MIN 1"));
        assert!(!hears("* ESEARCH (TAG \"a\") MIN 1", "* ESEARCH (TAG \"a\") MAX 3 MIN 1"));
        assert!(hears("* LIST (\\A \\B) \"/\" x", "* LIST (\\B \\A) \"/\" x"));
        assert!(hears("* 1 FETCH (ENVELOPE (\"a\" (\"b c\")))", "* 1 FETCH (ENVELOPE (\"a\" (\"b c\")))"));
        assert!(!hears("* 1 FETCH (BODY (a b))", "* 1 FETCH (BODY (b a))"));
    }

    #[test]
    fn captures_hold() {
        let mut captures = Captures::new();
        let first = Pattern::parse("* OK [HIGHESTMODSEQ <m>] …").unwrap();
        assert!(first.matches(b"* OK [HIGHESTMODSEQ 41] x", &mut captures));
        let again = Pattern::parse("* 1 FETCH (MODSEQ (<m>))").unwrap();
        assert!(!again.matches(b"* 1 FETCH (MODSEQ (42))", &mut captures));
        let higher = Pattern::parse("* 1 FETCH (MODSEQ (<m2 above m>))").unwrap();
        assert!(!higher.matches(b"* 1 FETCH (MODSEQ (41))", &mut captures));
        assert!(higher.matches(b"* 1 FETCH (MODSEQ (42))", &mut captures));
        assert_eq!(substitute(b"(<m> <m2> <x>)", &captures), b"(41 42 <x>)");
    }
}
