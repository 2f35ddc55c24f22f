//! The charsets in which a client may send what it looks for (RFC 9051 §6.4.4, CHARSET).

use super::Unsearchable;

/// The charsets that are understood, for BADCHARSET (RFC 9051 §7.1). UTF-8 and US-ASCII must be; the others are those
/// that clients of the last decades had for their users' scripts.
pub const CHARSETS: &[&str] = &[
    "UTF-8",
    "US-ASCII",
    "ISO-8859-1",
    "ISO-8859-2",
    "ISO-8859-3",
    "ISO-8859-4",
    "ISO-8859-5",
    "ISO-8859-6",
    "ISO-8859-7",
    "ISO-8859-8",
    "ISO-8859-9",
    "ISO-8859-10",
    "ISO-8859-13",
    "ISO-8859-14",
    "ISO-8859-15",
    "ISO-8859-16",
    "WINDOWS-1250",
    "WINDOWS-1251",
    "WINDOWS-1252",
    "WINDOWS-1253",
    "WINDOWS-1254",
    "WINDOWS-1255",
    "WINDOWS-1256",
    "WINDOWS-1257",
    "WINDOWS-1258",
    "KOI8-R",
    "KOI8-U",
    "ISO-2022-JP",
    "SHIFT_JIS",
    "EUC-JP",
    "EUC-KR",
    "GB2312",
    "GBK",
    "GB18030",
    "BIG5",
];

/// How the strings of one command become text.
#[derive(Clone, Copy)]
pub(super) struct Charset(&'static str);

impl Charset {
    /// By its name in any case; UTF-8 if none is named.
    pub(super) fn named(name: Option<&str>) -> Result<Self, Unsearchable> {
        let wanted = match name.unwrap_or("UTF-8") {
            name if name.eq_ignore_ascii_case("UTF8") => "UTF-8",
            name if name.eq_ignore_ascii_case("ASCII") => "US-ASCII",
            name => name,
        };
        CHARSETS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(wanted))
            .map(|known| Self(known))
            .ok_or(Unsearchable::Charset)
    }

    /// Whether the octets are in this charset, as far as can be told: those that ASCII does not have say nothing in it.
    pub(super) fn has(self, octets: &[u8]) -> bool {
        self.0 != "US-ASCII" || octets.is_ascii()
    }

    pub(super) fn text(self, octets: &[u8]) -> String {
        mime::text::charset::decode(self.0.as_bytes(), octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_charset_that_is_offered_is_understood() {
        for name in CHARSETS {
            let charset = Charset::named(Some(&name.to_ascii_lowercase())).unwrap();
            assert_eq!(charset.text(b"plain"), "plain", "{name}");
            // An octet that ASCII does not have means something in each but the two that have it no other way.
            let decoded = charset.text(b"\xe1\xe2");
            assert!(*name == "ISO-2022-JP" || !decoded.contains('\u{fffd}'), "{name}: {decoded:?}");
        }
        assert_eq!(Charset::named(None).unwrap().text("отпуск".as_bytes()), "отпуск");
        assert_eq!(Charset::named(Some("KOI8-R")).unwrap().text(b"\xcf\xd4\xd0\xd5\xd3\xcb"), "отпуск");
        for (name, octets, has) in [("utf8", "ü".as_bytes(), true), ("ASCII", b"u", true), ("us-ascii", b"\xfc", false)]
        {
            assert_eq!(Charset::named(Some(name)).unwrap().has(octets), has, "{name}");
        }
        assert!(Charset::named(Some("X-UNKNOWN")).is_err());
    }
}
