//! PREVIEW (RFC 8970): the beginning of what a person would read.

use crate::text::{charset, html::HtmlText};
use crate::transfer::{Decoder, Encoding};

/// Octets of a text part that are kept for the preview. HTML begins with much that is not read.
pub(crate) const PLAIN: usize = 4 << 10;
pub(crate) const HTML: usize = 48 << 10;

/// What a text part holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Markup {
    Plain,
    Html,
}

/// The beginning of a text part's body, as it stands in the message.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) markup: Markup,
    pub(crate) encoding: Encoding,
    pub(crate) charset: Vec<u8>,
    pub(crate) octets: Vec<u8>,
}

impl Sample {
    pub(crate) fn limit(&self) -> usize {
        match self.markup {
            Markup::Plain => PLAIN,
            Markup::Html => HTML,
        }
    }

    /// The first `limit` characters of its text, white space in runs as one space.
    pub(crate) fn text(&self, limit: usize) -> String {
        let Ok(mut transfer) = Decoder::new(self.encoding) else { return String::new() };
        let mut charset = charset::Decoder::new(&self.charset);
        let mut html = HtmlText::default();
        let mut collapsed = Collapsed { text: String::new(), left: limit, gap: Gap::No };
        // In pieces: most previews are full long before the sample ends.
        for piece in self.octets.chunks(512) {
            let (mut octets, mut decoded, mut stripped) = (Vec::new(), String::new(), String::new());
            transfer.push(piece, &mut octets);
            charset.push(&octets, &mut decoded);
            match self.markup {
                Markup::Plain => collapsed.push(&decoded),
                Markup::Html => {
                    html.push(&decoded, &mut stripped);
                    collapsed.push(&stripped);
                }
            }
            if collapsed.left == 0 {
                return collapsed.text;
            }
        }
        let (mut octets, mut decoded, mut stripped) = (Vec::new(), String::new(), String::new());
        transfer.finish(&mut octets);
        charset.push(&octets, &mut decoded);
        if self.octets.len() < self.limit() {
            // A character that the limit cut is no broken one.
            charset.finish(&mut decoded);
        }
        match self.markup {
            Markup::Plain => collapsed.push(&decoded),
            Markup::Html => {
                html.push(&decoded, &mut stripped);
                html.finish(&mut stripped);
                collapsed.push(&stripped);
            }
        }
        collapsed.text
    }
}

/// White space was read that is written if a word follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    No,
    Open,
}

struct Collapsed {
    text: String,
    left: usize,
    gap: Gap,
}

impl Collapsed {
    fn push(&mut self, piece: &str) {
        for c in piece.chars() {
            if c.is_whitespace() || c.is_control() {
                self.gap = if self.text.is_empty() { Gap::No } else { Gap::Open };
                continue;
            }
            // Zero-width characters are padding that senders of newsletters put into previews.
            if matches!(c, '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{34f}' | '\u{feff}') {
                continue;
            }
            let wanted = if self.gap == Gap::Open { 2 } else { 1 };
            if self.left < wanted {
                self.left = 0;
                return;
            }
            if self.gap == Gap::Open {
                self.text.push(' ');
                self.gap = Gap::No;
            }
            self.text.push(c);
            self.left -= wanted;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preview(markup: Markup, encoding: Encoding, text: &str) -> String {
        Sample { markup, encoding, charset: b"utf-8".to_vec(), octets: text.as_bytes().to_vec() }.text(20)
    }

    #[test]
    fn previews() {
        assert_eq!(preview(Markup::Plain, Encoding::Identity, "  Hello,\r\n\r\n  w\u{f6}rld \r\n"), "Hello, wörld");
        assert_eq!(preview(Markup::Plain, Encoding::Base64, "SGVsbG8="), "Hello");
        assert_eq!(preview(Markup::Plain, Encoding::QuotedPrintable, "gr=C3=BC=\r\nn"), "grün");
        assert_eq!(preview(Markup::Html, Encoding::Identity, "<p>Hello&nbsp;<b>you</b>"), "Hello you");
        assert_eq!(preview(Markup::Plain, Encoding::Identity, &"word ".repeat(100)), "word word word word");
        assert_eq!(preview(Markup::Plain, Encoding::Unknown, "abc"), "");
    }
}
