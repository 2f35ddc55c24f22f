//! UTF-7 (RFC 2152), which no charset library of the web knows any more, and old mail still holds.

use std::char::{REPLACEMENT_CHARACTER, decode_utf16};

/// Decodes UTF-7 in pieces.
#[derive(Default)]
pub(crate) struct Utf7 {
    state: State,
    bits: u32,
    count: u32,
    /// The first half of a surrogate pair.
    high: Option<u16>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Direct,
    /// Just after `+`: `+-` is a plus sign.
    Opened,
    Shifted,
}

impl Utf7 {
    pub(crate) fn push(&mut self, piece: &[u8], out: &mut String) {
        for &octet in piece {
            self.octet(octet, out);
        }
    }

    pub(crate) fn finish(mut self, out: &mut String) {
        self.close(out);
    }

    fn octet(&mut self, octet: u8, out: &mut String) {
        if self.state == State::Direct {
            return match octet {
                b'+' => self.state = State::Opened,
                _ if octet.is_ascii() => out.push(char::from(octet)),
                _ => out.push(REPLACEMENT_CHARACTER),
            };
        }
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => {
                let opened = self.state == State::Opened;
                self.close(out);
                match octet {
                    b'-' if opened => out.push('+'),
                    b'-' => {}
                    _ => self.octet(octet, out),
                }
                return;
            }
        };
        self.state = State::Shifted;
        self.bits = self.bits << 6 | u32::from(value);
        self.count += 6;
        if self.count >= 16 {
            self.count -= 16;
            let [.., high, low] = (self.bits >> self.count).to_be_bytes();
            self.unit(u16::from_be_bytes([high, low]), out);
        }
    }

    fn unit(&mut self, unit: u16, out: &mut String) {
        if let Some(high) = self.high.take() {
            out.extend(decode_utf16([high, unit]).map(|decoded| decoded.unwrap_or(REPLACEMENT_CHARACTER)));
        } else if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
        } else {
            out.push(char::from_u32(u32::from(unit)).unwrap_or(REPLACEMENT_CHARACTER));
        }
    }

    fn close(&mut self, out: &mut String) {
        if self.high.take().is_some() {
            out.push(REPLACEMENT_CHARACTER);
        }
        (self.state, self.bits, self.count) = (State::Direct, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_rfc() {
        let table = [
            ("A+ImIDkQ.", "A\u{2262}\u{391}."),
            ("Hi Mom -+Jjo--!", "Hi Mom -\u{263a}-!"),
            ("+ZeVnLIqe-", "\u{65e5}\u{672c}\u{8a9e}"),
            ("Item 3 is +AKM-1.", "Item 3 is \u{a3}1."),
            ("+2D3eAA-", "\u{1f600}"),
            ("+2D0-x", "\u{fffd}x"),
            ("1 +- 1", "1 + 1"),
        ];
        for (text, wanted) in table {
            let (mut decoder, mut out) = (Utf7::default(), String::new());
            decoder.push(text.as_bytes(), &mut out);
            decoder.finish(&mut out);
            assert_eq!(out, wanted);
        }
    }
}
