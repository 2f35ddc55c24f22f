//! Address lists, with the obsolete and broken forms of real mail (RFC 5322 §3.4, §4.4).

use crate::cursor::{Cursor, is_space};
use crate::encoded_word;
use crate::wire;

/// One element of an address list, as ENVELOPE shows it (RFC 9051 §7.5.2).
///
/// `host` is `None` only for the two markers of a group: its beginning (with the group's name as `mailbox`) and its end (all
/// `None`). An address without a domain has an empty `host`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The display name, encoded words still encoded; from a comment where there is no phrase (`a@b (Name)`).
    pub name: Option<Vec<u8>>,
    /// The source route of obsolete syntax, `@a,@b`.
    pub route: Option<Vec<u8>>,
    /// The local part, or a group's name.
    pub mailbox: Option<Vec<u8>>,
    /// The domain.
    pub host: Option<Vec<u8>>,
}

impl Address {
    /// Whether it marks the beginning or the end of a group.
    pub fn is_marker(&self) -> bool {
        self.host.is_none()
    }

    /// The sort value of DISPLAYFROM and DISPLAYTO (RFC 5957 §3).
    pub fn display(&self) -> String {
        let name = self.name.as_deref().map(encoded_word::decode).unwrap_or_default();
        if !name.is_empty() {
            return name;
        }
        let mailbox = String::from_utf8_lossy(self.mailbox.as_deref().unwrap_or_default()).into_owned();
        match self.host.as_deref() {
            Some(host) if !host.is_empty() => mailbox + "@" + &String::from_utf8_lossy(host),
            _ => mailbox,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let members = [&self.name, &self.route, &self.mailbox, &self.host];
        for (member, before) in members.into_iter().zip([b'(', b' ', b' ', b' ']) {
            out.push(before);
            wire::nstring(out, member.as_deref());
        }
        out.push(b')');
    }
}

/// Reads at most `limit` elements of an address list; never fails, as a broken list still says something.
pub fn parse(value: &[u8], limit: usize) -> Vec<Address> {
    let mut parser = Parser { cursor: Cursor::new(value), found: Vec::new(), place: Place::List, route_end: None };
    while parser.found.len() < limit && parser.element() {}
    if parser.place == Place::Group {
        parser.found.push(Address::default());
    }
    parser.found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    List,
    Group,
}

/// What stood before a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Space,
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    found: Vec<Address>,
    place: Place,
    /// The cursor at the `:` or `>` (or end) that was last looked for ahead: the same ends all routes that begin before
    /// it, so that a thousand of them are not a thousand searches.
    route_end: Option<Cursor<'a>>,
}

/// What was read of an element before its `<`, `,` or end, in both readings: as a phrase and as an address.
#[derive(Default)]
struct Words {
    /// Words with one space where white space stood.
    phrase: Vec<u8>,
    /// The last of them as an address, without the white space around dots and `@`: `john . doe @ example.org` (RFC 5322 §4.4).
    address: Vec<u8>,
    /// Where in `address` its last `@` stands.
    at: Option<usize>,
    /// How much of `phrase` stands before the address: `Big Ben ben@example.org`.
    lead: usize,
    /// Words follow the address, and are none of it.
    over: bool,
    comment: Vec<u8>,
}

impl<'a> Parser<'a> {
    /// Reads one element; false at the end of the list.
    fn element(&mut self) -> bool {
        let mut words = Words::default();
        loop {
            match self.word(&mut words) {
                Some(b'<') => {
                    let end = match self.angle(&words) {
                        Some(b'>') => self.after_angle(),
                        end => end,
                    };
                    if end == Some(b';') {
                        self.end_group();
                    }
                    return true;
                }
                Some(b':') if self.place == Place::List && words.at.is_none() => {
                    self.found.push(Address { mailbox: Some(words.phrase), ..Address::default() });
                    self.place = Place::Group;
                    return true;
                }
                Some(end @ (b',' | b';')) => {
                    self.push_words(words);
                    if end == b';' {
                        self.end_group();
                    }
                    return true;
                }
                Some(_) => {}
                None => {
                    self.push_words(words);
                    return false;
                }
            }
        }
    }

    /// Reads words up to a special character, which it returns.
    fn word(&mut self, words: &mut Words) -> Option<u8> {
        let mut gap = Gap::None;
        loop {
            let octet = self.cursor.peek()?;
            match octet {
                _ if is_space(octet) => {
                    self.cursor.skip_space();
                    gap = Gap::Space;
                }
                b'(' => {
                    self.cursor.next();
                    words.comment.clear();
                    self.cursor.comment(&mut words.comment);
                    gap = Gap::Space;
                }
                b'"' => {
                    self.cursor.next();
                    let mut text = Vec::new();
                    self.cursor.quoted_string(&mut text);
                    words.add(&text, gap);
                    gap = Gap::None;
                }
                b'@' => {
                    self.cursor.next();
                    words.add(b"@", gap);
                    gap = Gap::None;
                }
                b'[' if words.at.is_some() => {
                    let literal = self.domain_literal();
                    words.add(&literal, gap);
                    gap = Gap::None;
                }
                b'<' | b',' | b';' | b':' | b'>' | b')' => {
                    self.cursor.next();
                    return Some(octet);
                }
                _ => {
                    let atom = self.cursor.take_while(|octet| !is_space(octet) && !b"()<>@,;:\"".contains(&octet));
                    words.add(atom, gap);
                    gap = Gap::None;
                }
            }
        }
    }

    /// `[127.0.0.1]`, `[IPv6:::1]`: the colon inside is no group's.
    fn domain_literal(&mut self) -> Vec<u8> {
        let mut literal = self.cursor.take_while(|octet| !matches!(octet, b']' | b',' | b'>')).to_vec();
        if self.cursor.eat(b']') {
            literal.push(b']');
        }
        literal.retain(|&octet| !is_space(octet) && octet != 0);
        literal
    }

    /// Reads `[obs-route] addr-spec ">"` after its `<`; says what ended it.
    fn angle(&mut self, before: &Words) -> Option<u8> {
        let mut address = Address { name: before.name(), ..Address::default() };
        self.cursor.skip_cfws();
        if self.cursor.peek() == Some(b'@') {
            // obs-route: "@a,@b:" stands before the address (RFC 5322 §4.4).
            address.route = self.route();
        }
        let mut words = Words::default();
        let end = loop {
            match self.word(&mut words) {
                // A separator where `>` should be: the element ends here all the same.
                end @ (Some(b'>' | b',' | b';') | None) => break end,
                Some(b':') => words.add(b":", Gap::None),
                Some(_) => {}
            }
        };
        (address.mailbox, address.host) = words.mailbox_and_host();
        self.found.push(address);
        end
    }

    /// After `>` nothing counts but the separator, which it reads.
    fn after_angle(&mut self) -> Option<u8> {
        loop {
            let before = self.cursor;
            match self.word(&mut Words::default()) {
                end @ (Some(b',' | b';') | None) => return end,
                // `<a@b> Name <c@d>`: the comma is missing.
                Some(b'<') => {
                    self.cursor = before;
                    return None;
                }
                Some(_) => {}
            }
        }
    }

    /// Reads a route and its `:`, if one comes before the address ends.
    fn route(&mut self) -> Option<Vec<u8>> {
        let mut end = self.end_of_route();
        let length = self.cursor.left() - end.left();
        if !end.eat(b':') {
            return None;
        }
        let mut route = self.cursor.take(length).to_vec();
        route.retain(|&octet| !is_space(octet) && octet != 0);
        self.cursor = end;
        Some(route)
    }

    fn end_of_route(&mut self) -> Cursor<'a> {
        match self.route_end {
            Some(end) if end.left() <= self.cursor.left() => end,
            _ => {
                let mut end = self.cursor;
                end.take_while(|octet| !matches!(octet, b':' | b'>'));
                *self.route_end.insert(end)
            }
        }
    }

    fn end_group(&mut self) {
        if self.place == Place::Group {
            self.found.push(Address::default());
            self.place = Place::List;
        }
    }

    fn push_words(&mut self, words: Words) {
        if words.phrase.is_empty() {
            return;
        }
        let comment = Some(words.comment.clone()).filter(|comment| !comment.is_empty());
        if words.at.is_none() && words.phrase.contains(&b' ') {
            // A name, and no address to it.
            let (mailbox, host) = (Some(Vec::new()), Some(Vec::new()));
            self.found.push(Address { name: Some(words.phrase), route: None, mailbox, host });
            return;
        }
        let lead = words.phrase.get(..words.lead).filter(|lead| !lead.is_empty()).map(<[u8]>::to_vec);
        let (mailbox, host) = words.mailbox_and_host();
        self.found.push(Address { name: lead.or(comment), route: None, mailbox, host });
    }
}

impl Words {
    fn add(&mut self, text: &[u8], gap: Gap) {
        if gap == Gap::Space && !self.phrase.is_empty() {
            let joins = |octet: Option<&u8>| matches!(octet, Some(b'.' | b'@'));
            if !joins(self.address.last()) && !joins(text.first()) {
                if self.at.is_some() {
                    self.over = true;
                } else {
                    self.lead = self.phrase.len();
                    self.address.clear();
                }
            }
            self.phrase.push(b' ');
        }
        if text == b"@" && !self.over {
            self.at = Some(self.address.len());
        }
        self.phrase.extend(text.iter().filter(|&&octet| octet != 0));
        if !self.over {
            self.address.extend(text.iter().filter(|&&octet| octet != 0));
        }
    }

    fn name(&self) -> Option<Vec<u8>> {
        Some(self.phrase.clone()).filter(|phrase| !phrase.is_empty())
    }

    fn mailbox_and_host(self) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        match self.at.and_then(|at| self.address.split_at_checked(at)) {
            Some((mailbox, host)) => (Some(mailbox.to_vec()), Some(host.get(1..).unwrap_or_default().to_vec())),
            // Not NIL: that would make it a group (RFC 9051 §7.5.2).
            None => (Some(self.phrase), Some(Vec::new())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(text: &str) -> String {
        let mut out = Vec::new();
        for address in parse(text.as_bytes(), 1000) {
            address.write(&mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lists_of_real_mail() {
        let table = [
            ("", ""),
            (" , ,", ""),
            ("a@b", r#"(NIL NIL "a" "b")"#),
            ("A B <a@b>, c@d", r#"("A B" NIL "a" "b")(NIL NIL "c" "d")"#),
            (r#""A, \"B\" C" <a@b>"#, r#"("A, \"B\" C" NIL "a" "b")"#),
            ("a@b (Name (nick) \\) x)", r#"("Name (nick) ) x" NIL "a" "b")"#),
            ("john . doe @ example . org", r#"(NIL NIL "john.doe" "example.org")"#),
            (r#""john doe"@x"#, r#"(NIL NIL "john doe" "x")"#),
            ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", r#"("Pete" NIL "pete" "silly.test")"#),
            (
                "Group:A <a@b>,c@d;, e@f",
                r#"(NIL NIL "Group" NIL)("A" NIL "a" "b")(NIL NIL "c" "d")(NIL NIL NIL NIL)(NIL NIL "e" "f")"#,
            ),
            ("undisclosed-recipients:;", r#"(NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL)"#),
            ("G: a@b", r#"(NIL NIL "G" NIL)(NIL NIL "a" "b")(NIL NIL NIL NIL)"#),
            ("Mary <@a.test,@b:mary@c>", r#"("Mary" "@a.test,@b" "mary" "c")"#),
            ("a@b <a@b>", r#"("a@b" NIL "a" "b")"#),
            ("a <b@c", r#"("a" NIL "b" "c")"#),
            ("a <b@c, d@e", r#"("a" NIL "b" "c")(NIL NIL "d" "e")"#),
            ("<a@b> <c@d>", r#"(NIL NIL "a" "b")(NIL NIL "c" "d")"#),
            ("a@[IPv6:::1]", r#"(NIL NIL "a" "[IPv6:::1]")"#),
            ("=?utf-8?q?Gr=C3=BCn?= <a@b>", r#"("=?utf-8?q?Gr=C3=BCn?=" NIL "a" "b")"#),
            ("root", r#"(NIL NIL "root" "")"#),
            ("Mary Smith, a@b", r#"("Mary Smith" NIL "" "")(NIL NIL "a" "b")"#),
            ("Big Ben ben@x", r#"("Big Ben" NIL "ben" "x")"#),
            ("a@b c@d, e@f", r#"(NIL NIL "a" "b")(NIL NIL "e" "f")"#),
            ("<>", r#"(NIL NIL "" "")"#),
            ("a@b; c@d", r#"(NIL NIL "a" "b")(NIL NIL "c" "d")"#),
            ("\"open <a@b>", r#"("open <a@b>" NIL "" "")"#),
            ("(open <a@b>", ""),
        ];
        for (text, wanted) in table {
            assert_eq!(wire(text), wanted, "{text}");
        }
    }

    #[test]
    fn display_values() {
        let display = |text: &str| parse(text.as_bytes(), 1).first().map(Address::display).unwrap();
        assert_eq!(display("=?utf-8?q?Gr=C3=BCn?= <a@b>"), "Grün");
        assert_eq!(display("a@b"), "a@b");
        assert_eq!(display("root"), "root");
        assert_eq!(display("Friends: a@b;"), "Friends");
    }

    #[test]
    fn the_number_of_addresses_is_bounded() {
        assert_eq!(parse("a@b,".repeat(5000).as_bytes(), 1000).len(), 1000);
    }
}
