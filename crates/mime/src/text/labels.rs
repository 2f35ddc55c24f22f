//! What charset a label means: the WHATWG's names, and those that real mail has beside them.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, ISO_2022_JP, KOI8_U, MACINTOSH, SHIFT_JIS, WINDOWS_874};

use super::octets::Page;
use super::wide::Order;

/// What a label means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    /// None, ASCII, UTF-8, or something that nobody knows: it is read as what it looks like.
    Guess,
    Utf7,
    /// One of the WHATWG's.
    Known(&'static Encoding),
    /// One octet a character.
    Octets(Page),
    /// Two octets a code unit; `None` is for the text to say.
    Utf16(Option<Order>),
    /// Four octets a character.
    Utf32(Option<Order>),
    /// HZ (RFC 1843).
    Hz,
    /// ISO-2022-KR (RFC 1557).
    Iso2022Kr,
}

/// Of names that are not the WHATWG's, in lower case and without what separates their words, those that mean one of its
/// encodings.
#[rustfmt::skip]
const ALIASES: &[(&[&str], &Encoding)] = &[
    (&["cp932", "ms932", "932", "windows932", "sjiswin", "cswindows31j", "sjisx0213", "shiftjisx0213", "shiftjis2004", "sjis2004", "mskanji"], SHIFT_JIS),
    (&["eucjp", "eucjpms", "eucjpwin", "ujis", "eucjis2004", "eucjisx0213", "eucjpnet"], EUC_JP),
    (&["iso2022jp1", "iso2022jp2", "iso2022jp3", "iso2022jp2004", "iso2022jpext", "iso2022jpms", "cp50220", "cp50221", "cp50222", "cp5022x"], ISO_2022_JP),
    (&["cp949", "949", "ms949", "uhc", "euckr", "xwindows949", "ksc5601", "ksx1001", "ks5601"], EUC_KR),
    (&["cp936", "936", "ms936", "windows936", "euccn", "eucgb2312cn", "gb231280", "xeuccn"], GBK),
    (&["cp950", "950", "ms950", "windows950", "big5", "xbig5", "big5tw", "big5eten"], BIG5),
    (&["koi8ru", "koi8t"], KOI8_U),
    (&["macroman", "mac", "macintosh"], MACINTOSH),
    (&["cp874", "ibm874", "874", "tis620", "iso885911", "thai"], WINDOWS_874),
];

/// What a label means, however it is written.
pub(super) fn meaning(label: &[u8]) -> Meaning {
    let label = label.trim_ascii();
    let guessed = [&b""[..], b"us-ascii", b"ascii", b"utf-8", b"utf8", b"unknown-8bit", b"x-unknown"];
    let is = |name: &&[u8]| label.eq_ignore_ascii_case(name);
    if guessed.iter().any(is) {
        return Meaning::Guess;
    }
    let kept = label.iter().filter(|octet| octet.is_ascii_alphanumeric()).take(LONGEST);
    let name: String = kept.map(|octet| char::from(octet.to_ascii_lowercase())).collect();
    if let Some(meaning) = of_unicode(&name).or_else(|| by_escapes(&name)) {
        return meaning;
    }
    if let Some(encoding) = Encoding::for_label_no_replacement(label).or_else(|| by_alias(&name)) {
        return Meaning::Known(encoding);
    }
    Page::named(&name).map_or(Meaning::Guess, Meaning::Octets)
}

/// More of a label is no name of anything.
const LONGEST: usize = 40;

fn of_unicode(name: &str) -> Option<Meaning> {
    Some(match name {
        "utf8mb4" | "utf8n" | "cp65001" | "utf8sig" | "cesu8" => Meaning::Guess,
        "utf7" | "unicode11utf7" | "csunicode11utf7" | "cp65000" => Meaning::Utf7,
        "utf16" | "utf16bom" | "ucs2" | "iso10646ucs2" | "csunicode" | "unicode" => Meaning::Utf16(None),
        "utf16be" | "ucs2be" | "unicodefffe" => Meaning::Utf16(Some(Order::Big)),
        "utf16le" | "ucs2le" | "unicodefeff" => Meaning::Utf16(Some(Order::Little)),
        "utf32" | "ucs4" | "iso10646ucs4" | "csucs4" => Meaning::Utf32(None),
        "utf32be" | "ucs4be" => Meaning::Utf32(Some(Order::Big)),
        "utf32le" | "ucs4le" => Meaning::Utf32(Some(Order::Little)),
        _ => return None,
    })
}

fn by_escapes(name: &str) -> Option<Meaning> {
    match name {
        "hz" | "hzgb" | "hzgb2312" => Some(Meaning::Hz),
        "iso2022kr" | "csiso2022kr" => Some(Meaning::Iso2022Kr),
        _ => None,
    }
}

fn by_alias(name: &str) -> Option<&'static Encoding> {
    let bare = name.strip_prefix('x').unwrap_or(name);
    let known = |(names, _): &&(&[&str], &Encoding)| names.contains(&name) || names.contains(&bare);
    if let Some((_, encoding)) = ALIASES.iter().find(known) {
        return Some(encoding);
    }
    // `windows1251`, `win-1251`, `cp1251`, `iso88592`, `iso8859_2`, `koi8r`, `latin-2`.
    let numbered = ["windows", "win", "cp", "ms", "ansi"].iter().find_map(|start| bare.strip_prefix(start));
    let spelt = match (bare, numbered) {
        (_, Some(number)) if number.len() == 4 && number.starts_with("125") => format!("windows-{number}"),
        ("koi8r" | "koi8", _) => "koi8-r".to_owned(),
        ("koi8u", _) => "koi8-u".to_owned(),
        _ => match (bare.strip_prefix("iso8859"), bare.strip_prefix("latin")) {
            (Some(number), _) => format!("iso-8859-{number}"),
            (_, Some(number)) => format!("latin{number}"),
            _ => bare.to_owned(),
        },
    };
    Encoding::for_label_no_replacement(spelt.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_real_mail() {
        let known = [
            ("cp932 sjis-win csWindows31J shift_jisx0213 MS932 x-sjis Shift_JIS", SHIFT_JIS),
            ("eucjp eucJP-ms ujis euc-jp", EUC_JP),
            ("iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-jp-ms cp50220 cp50221", ISO_2022_JP),
            ("cp949 uhc euckr ms949 x-windows-949 ks_c_5601-1987", EUC_KR),
            ("cp936 ms936 euc-cn gb2312 x-gbk", GBK),
            ("cp950 x-big5 Big5", BIG5),
            ("koi8r KOI8-R", encoding_rs::KOI8_R),
            ("win-1251 windows1251 cp1251 windows_1251 CP-1251", encoding_rs::WINDOWS_1251),
            ("macroman x-mac-roman", MACINTOSH),
            ("iso8859_2 ISO8859-2 latin-2 latin2", encoding_rs::ISO_8859_2),
            ("tis-620 cp874 ibm874", WINDOWS_874),
        ];
        for (labels, encoding) in known {
            for label in labels.split(' ') {
                assert_eq!(meaning(label.as_bytes()), Meaning::Known(encoding), "{label}");
            }
        }
        for label in ["cp437", "ibm437", "IBM-437", "CP737", "ibm850", "cp852", "cp858", "ibm00858", "cp869", "ptcp154"]
        {
            assert!(matches!(meaning(label.as_bytes()), Meaning::Octets(_)), "{label}");
        }
        assert_eq!(meaning(b"ucs-2"), Meaning::Utf16(None));
        assert_eq!(meaning(b"UTF-32BE"), Meaning::Utf32(Some(Order::Big)));
        assert_eq!(meaning(b"hz-gb-2312"), Meaning::Hz);
        assert_eq!(meaning(b"ISO-2022-KR"), Meaning::Iso2022Kr);
        for label in ["", "UTF-8", "us-ascii", "nonsense", "x", "125", "cp", &"a".repeat(1000)] {
            assert_eq!(meaning(label.as_bytes()), Meaning::Guess, "{label}");
        }
    }
}
