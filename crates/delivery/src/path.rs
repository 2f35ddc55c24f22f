//! Envelope addresses: the paths of MAIL and RCPT (RFC 5321 §4.1.2, in UTF-8 by RFC 6531 §3.3).

use std::fmt;

/// An address of an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The part before `@`, without the quotes that it may have come in: `"a b"@x` and `a\ b@x` mean the same.
    pub local: String,
    /// The part after `@`: a domain, or an address literal with its brackets. `None` for an address without `@`, as in
    /// `<postmaster>`.
    pub domain: Option<String>,
}

/// What does not follow the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// As it stands in Return-Path and in answers: quoted where it must be.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = !self.local.is_empty() && self.local.bytes().all(|byte| is_atext(byte) || byte == b'.');
        if plain {
            f.write_str(&self.local)?;
        } else {
            write!(f, "\"{}\"", self.local.replace('\\', "\\\\").replace('"', "\\\""))?;
        }
        match &self.domain {
            Some(domain) => write!(f, "@{domain}"),
            None => Ok(()),
        }
    }
}

impl Address {
    /// Whether it needs SMTPUTF8 (RFC 6531 §3.3).
    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii() && self.domain.as_ref().is_none_or(|domain| domain.is_ascii())
    }
}

/// Reads a `Reverse-path` or `Forward-path` with its angle brackets from the start of `text`. Gives the address, `None`
/// for `<>`, and what comes after. A source route is read and forgotten (RFC 5321 §4.1.1.3).
pub(crate) fn path(text: &str) -> Result<(Option<Address>, &str), Malformed> {
    let rest = text.strip_prefix('<').ok_or(Malformed)?;
    if let Some(after) = rest.strip_prefix('>') {
        return Ok((None, after));
    }
    let rest = if rest.starts_with('@') { source_route(rest)? } else { rest };
    let (local, rest) = local_part(rest)?;
    let (domain, rest) = match rest.strip_prefix('@') {
        Some(rest) => {
            let (domain, rest) = domain(rest)?;
            (Some(domain.to_owned()), rest)
        }
        None => (None, rest),
    };
    let rest = rest.strip_prefix('>').ok_or(Malformed)?;
    Ok((Some(Address { local, domain }), rest))
}

/// `@a,@b:`, of which nothing is kept.
fn source_route(text: &str) -> Result<&str, Malformed> {
    let (route, rest) = text.split_once(':').ok_or(Malformed)?;
    for hop in route.split(',') {
        let (_, after) = domain(hop.strip_prefix('@').ok_or(Malformed)?)?;
        if !after.is_empty() {
            return Err(Malformed);
        }
    }
    Ok(rest)
}

/// A `Dot-string` or `Quoted-string`. Dots may stand anywhere: there are mailboxes at which they do.
fn local_part(text: &str) -> Result<(String, &str), Malformed> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted_string(quoted);
    }
    let end = text.bytes().position(|byte| !is_atext(byte) && byte != b'.').unwrap_or(text.len());
    let (local, rest) = text.split_at(end);
    if local.is_empty() { Err(Malformed) } else { Ok((local.to_owned(), rest)) }
}

fn quoted_string(text: &str) -> Result<(String, &str), Malformed> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        let char = match char {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => chars.next().ok_or(Malformed)?.1,
            _ => char,
        };
        if char.is_control() {
            return Err(Malformed);
        }
        value.push(char);
    }
    Err(Malformed)
}

/// A `Domain` or an `address-literal`, loosely: what it names is looked up, never connected to.
fn domain(text: &str) -> Result<(&str, &str), Malformed> {
    let end = if text.starts_with('[') {
        let end = text.find(']').ok_or(Malformed)? + 1;
        let inside = text.get(1..end - 1).ok_or(Malformed)?;
        if !inside.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-')) {
            return Err(Malformed);
        }
        end
    } else {
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') || byte >= 0x80;
        text.bytes().position(|byte| !in_name(byte)).unwrap_or(text.len())
    };
    let (domain, rest) = text.split_at(end);
    if domain.is_empty() || domain.chars().any(char::is_control) { Err(Malformed) } else { Ok((domain, rest)) }
}

/// RFC 5322 §3.2.3 `atext`, with what is not ASCII (RFC 6531 §3.3). C1 controls are let through here: the line that an
/// address came in has none.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte) || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let table: &[(&str, &str, Option<&str>)] = &[
            ("<a@b.example>", "a", Some("b.example")),
            ("<postmaster>", "postmaster", None),
            ("<user+Lists/Rust@[127.0.0.1]>", "user+Lists/Rust", Some("[127.0.0.1]")),
            ("<x@[IPv6:::1]>", "x", Some("[IPv6:::1]")),
            ("<\"a b\"@c>", "a b", Some("c")),
            ("<\"a\\\"\\\\@>\"@c>", "a\"\\@>", Some("c")),
            ("<\"\"@c>", "", Some("c")),
            ("<@r.example,@s.example:a@b>", "a", Some("b")),
            ("<jürgen@bücher.example>", "jürgen", Some("bücher.example")),
            ("<.a..b.@c>", ".a..b.", Some("c")),
        ];
        for (text, local, domain) in table {
            let address = Address { local: (*local).into(), domain: domain.map(Into::into) };
            assert_eq!(path(text), Ok((Some(address.clone()), "")), "{text}");
            let spelt = format!("<{address}>");
            assert_eq!(path(&spelt), Ok((Some(address), "")), "{text}: what is written is read again");
        }
        assert_eq!(path("<> SIZE=1"), Ok((None, " SIZE=1")));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let table = [
            "",
            "<",
            "a@b",
            "<a@b",
            "<a@>",
            "<@b>",
            "< a@b>",
            "<a@b >",
            "<a b@c>",
            "<\"a@b>",
            "<\"a\"b@c>",
            "<a@[1.2>",
            "<a@[\u{1}]>",
            "<a@b@c>",
            "<@x a@b>",
            "<@x,y:a@b>",
            "<a\u{7}@b>",
            "<\"a\u{7}\"@b>",
            "<a@b<>",
            "<a@[é]>",
        ];
        for text in table {
            assert_eq!(path(text), Err(Malformed), "{text}");
        }
    }
}
