//! HTML to the text that a person would read, in one pass and without a tree.

use super::references::character_of;

/// Strips markup from HTML that comes in pieces.
///
/// Tags go (those of blocks leave a space), so do comments and the contents of `script`, `style`, `head`'s `title` and `template`;
/// character references become characters. It is for search and previews: it makes no attempt at layout.
#[derive(Default)]
pub struct HtmlText {
    state: State,
    /// The name of the tag, the reference, or the last characters of a comment: bounded by `NAME`.
    name: String,
    /// The element whose contents are skipped.
    skipping: Option<&'static str>,
}

/// Longest name that is told from others.
const NAME: usize = 32;

const SKIPPED: [&str; 4] = ["script", "style", "title", "template"];

/// Inline elements, around which words go on: all others separate them.
const INLINE: [&str; 20] = [
    "a", "abbr", "b", "bdi", "bdo", "big", "code", "em", "font", "i", "ins", "del", "mark", "s", "small", "span",
    "strong", "sub", "sup", "u",
];

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After `<`, reading the name.
    TagName,
    /// In a tag, behind the name.
    Tag,
    /// In an attribute's value, in which `>` is no end.
    Quoted(char),
    Comment,
    /// After `&`.
    Reference,
}

impl HtmlText {
    /// Appends the text of the next piece.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        for c in piece.chars() {
            self.character(c, out);
        }
    }

    /// The document has ended: appends what was held back.
    pub fn finish(mut self, out: &mut String) {
        if self.state == State::Reference {
            self.reference(out, "");
        }
    }

    fn character(&mut self, c: char, out: &mut String) {
        match self.state {
            State::Text => match c {
                '<' => self.enter(State::TagName),
                '&' if self.skipping.is_none() => self.enter(State::Reference),
                _ => self.text(c, out),
            },
            State::TagName => self.tag_name(c, out),
            State::Tag => match c {
                '>' => self.tag(out),
                '"' | '\'' => self.state = State::Quoted(c),
                _ => {}
            },
            State::Quoted(quote) => {
                if c == quote {
                    self.state = State::Tag;
                }
            }
            State::Comment => {
                if c == '>' && self.name.ends_with("--") {
                    self.state = State::Text;
                } else if c == '-' {
                    self.name(c);
                } else {
                    self.name.clear();
                }
            }
            State::Reference => {
                if c == ';' {
                    self.reference(out, ";");
                } else if (c.is_ascii_alphanumeric() || c == '#') && self.name.len() < NAME {
                    self.name.push(c);
                } else {
                    self.reference(out, "");
                    self.character(c, out);
                }
            }
        }
    }

    fn enter(&mut self, state: State) {
        self.name.clear();
        self.state = state;
    }

    fn name(&mut self, c: char) {
        if self.name.len() >= NAME {
            self.name.clear();
        }
        self.name.push(c);
    }

    fn text(&mut self, c: char, out: &mut String) {
        if self.skipping.is_none() {
            out.push(c);
        }
    }

    fn tag_name(&mut self, c: char, out: &mut String) {
        match c {
            '>' => self.tag(out),
            '/' if self.name.is_empty() => self.name.push('/'),
            '-' if self.name == "!-" => {
                // The two hyphens may close it at once: `<!-->`.
                self.enter(State::Comment);
                self.name.push_str("--");
            }
            _ if self.name.is_empty() && !c.is_ascii_alphabetic() && !matches!(c, '!' | '?') => {
                // "a < b" is no tag.
                self.state = State::Text;
                self.text('<', out);
                self.character(c, out);
            }
            _ if c.is_whitespace() || c == '/' => self.state = State::Tag,
            '"' | '\'' => self.state = State::Quoted(c),
            _ if self.name.len() < NAME => self.name.push(c.to_ascii_lowercase()),
            _ => {}
        }
    }

    fn tag(&mut self, out: &mut String) {
        self.state = State::Text;
        let (name, closing) = match self.name.strip_prefix('/') {
            Some(name) => (name, Some(name)),
            None => (self.name.as_str(), None),
        };
        if let Some(skipped) = self.skipping {
            if closing == Some(skipped) {
                self.skipping = None;
            }
            return;
        }
        if closing.is_none() {
            self.skipping = SKIPPED.into_iter().find(|skipped| *skipped == name);
        }
        if self.skipping.is_none() && !INLINE.contains(&name) {
            out.push(' ');
        }
    }

    fn reference(&mut self, out: &mut String, end: &str) {
        self.state = State::Text;
        match character_of(&self.name) {
            // Soft hyphens and zero-width characters are what senders hide preview text behind.
            Some('\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{34f}') => {}
            Some('\u{a0}') => out.push(' '),
            Some(c) => out.push(c),
            None => {
                out.push('&');
                out.push_str(&self.name);
                out.push_str(end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(html: &str) -> String {
        let (mut strip, mut out) = (HtmlText::default(), String::new());
        strip.push(html, &mut out);
        strip.finish(&mut out);
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn text_of_real_mail() {
        let table = [
            ("<p>Hello <b>W</b>orld</p><p>Next", "Hello World Next"),
            ("a<br>b", "a b"),
            ("<style>p > a { x: '<' }</style>text<SCRIPT>if (a < b) {}</script>!", "text!"),
            ("<title>no</title>yes", "yes"),
            ("<!-- no --> a<!---->b<!-->c", "abc"),
            ("<a href=\"x>y\">link</a>", "link"),
            ("gr&uuml;n &euro;5 &#228;&#xe4; &amp;lt; &nope; AT&T", "grün €5 ää &lt; &nope; AT&T"),
            ("1 &ndash; 2 &Scaron;kola &alpha;&#150;&#x99; &copy 2020 &hearts;", "1 – 2 Škola α–™ © 2020 ♥"),
            ("1 < 2 &", "1 < 2 &"),
            ("a&zwnj;&nbsp;&zwnj;b", "a b"),
            ("<div", ""),
            ("<!DOCTYPE html><html>x", "x"),
        ];
        for (html, wanted) in table {
            assert_eq!(stripped(html), wanted, "{html}");
        }
    }
}
