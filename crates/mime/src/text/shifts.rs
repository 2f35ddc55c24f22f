//! Seven-bit charsets that shift between ASCII and two octets a character: HZ (RFC 1843) and ISO-2022-KR (RFC 1557). What
//! is shifted is that of GB 2312 or KS X 1001 without its high bits, so the web's decoders of these read it.

use encoding_rs::{EUC_KR, GBK};

/// Decodes either in pieces.
pub(super) struct Shifts {
    kind: Kind,
    set: Set,
    /// After `~` in HZ; within an escape sequence of ISO-2022-KR, with its octets so far.
    escape: Vec<u8>,
    /// The first octet of a character.
    first: Option<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hz,
    Iso2022Kr,
}

/// What octets mean at present.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Ascii,
    /// Two octets a character.
    Double,
}

/// `ESC $ ) C` says that KS X 1001 may come: four octets.
const DESIGNATION: usize = 4;

impl Shifts {
    pub(super) fn hz() -> Self {
        Self { kind: Kind::Hz, set: Set::Ascii, escape: Vec::new(), first: None }
    }

    pub(super) fn iso_2022_kr() -> Self {
        Self { kind: Kind::Iso2022Kr, ..Self::hz() }
    }

    pub(super) fn push(&mut self, piece: &[u8], out: &mut String) {
        for octet in piece {
            self.octet(*octet, out);
        }
    }

    pub(super) fn finish(self, out: &mut String) {
        out.extend(self.escape.into_iter().chain(self.first).map(plain));
    }

    fn octet(&mut self, octet: u8, out: &mut String) {
        if self.escaped(octet, out) {
            return;
        }
        // A line begins in ASCII in both.
        if octet == b'\n' {
            self.set = Set::Ascii;
        }
        match self.first.take() {
            None if self.set == Set::Double && octet.is_ascii_graphic() => self.first = Some(octet),
            None => out.push(plain(octet)),
            Some(first) if octet.is_ascii_graphic() => {
                let pair = [first | 0x80, octet | 0x80];
                let encoding = if self.kind == Kind::Hz { GBK } else { EUC_KR };
                out.push_str(&encoding.decode_without_bom_handling(&pair).0);
            }
            Some(first) => out.extend([plain(first), plain(octet)]),
        }
    }

    /// Whether the octet was part of an escape or a shift.
    fn escaped(&mut self, octet: u8, out: &mut String) -> bool {
        match (self.kind, self.escape.as_slice(), octet) {
            (Kind::Hz, [], b'~') if self.first.is_none() => self.escape.push(octet),
            (Kind::Hz, [_], b'{') | (Kind::Iso2022Kr, [], 0x0e) => self.shift(Set::Double),
            (Kind::Hz, [_], b'}') | (Kind::Iso2022Kr, [], 0x0f) => self.shift(Set::Ascii),
            (Kind::Hz, [_], b'\n') => self.escape.clear(),
            (Kind::Hz, [_], b'~') => {
                self.escape.clear();
                out.push('~');
            }
            (Kind::Hz, [tilde], _) => {
                out.push(plain(*tilde));
                self.escape.clear();
                return false;
            }
            (Kind::Iso2022Kr, [], 0x1b) => self.escape.push(octet),
            (Kind::Iso2022Kr, [_, ..], _) => {
                self.escape.push(octet);
                if self.escape.len() == DESIGNATION {
                    self.escape.clear();
                }
            }
            _ => return false,
        }
        true
    }

    fn shift(&mut self, set: Set) {
        self.set = set;
        self.escape.clear();
        self.first = None;
    }
}

fn plain(octet: u8) -> char {
    if octet.is_ascii() { char::from(octet) } else { char::REPLACEMENT_CHARACTER }
}
