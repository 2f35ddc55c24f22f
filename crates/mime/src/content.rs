//! What the Content-* fields of one header block say of a part (RFC 2045, RFC 2183, RFC 3282, RFC 2557, RFC 1864).

use std::borrow::Cow;

use crate::cursor::{Cursor, is_space};
use crate::header::{collapse, fields, unfold};
use crate::limits::Limits;
use crate::param::{Param, extended, params};
use crate::transfer::Encoding;

/// What a part is when its header does not say so (RFC 2046 §5.1.5: `message/rfc822` in a digest).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Default {
    Text,
    Message,
}

/// The fields of a part that BODYSTRUCTURE shows, as they came. Of duplicate fields the first one counts.
#[derive(Clone, Debug, std::default::Default)]
pub(crate) struct Content {
    pub(crate) media: Vec<u8>,
    pub(crate) subtype: Vec<u8>,
    pub(crate) params: Vec<Param>,
    pub(crate) id: Option<Vec<u8>>,
    pub(crate) description: Option<Vec<u8>>,
    pub(crate) encoding: Option<Vec<u8>>,
    pub(crate) md5: Option<Vec<u8>>,
    pub(crate) disposition: Option<(Vec<u8>, Vec<Param>)>,
    pub(crate) language: Vec<Vec<u8>>,
    pub(crate) location: Option<Vec<u8>>,
}

impl Content {
    /// Reads a header block.
    pub(crate) fn read(block: &[u8], default: Default, limits: &Limits) -> Self {
        let mut content = Self::default();
        let mut typed = false;
        for field in fields(block) {
            // "Content-" and MIME-Version are the only names that matter here; most fields are neither.
            let Some(name) = field.name.get(8..).filter(|_| field.name.len() < 30) else { continue };
            if !field.name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-")) {
                continue;
            }
            match name.to_ascii_lowercase().as_slice() {
                b"type" if !typed => {
                    typed = true;
                    content.read_type(field.value, limits);
                }
                b"id" => first(&mut content.id, || unfold(field.value)),
                b"description" => first(&mut content.description, || collapse(field.value)),
                b"transfer-encoding" => first(&mut content.encoding, || token(field.value)),
                b"md5" => first(&mut content.md5, || unfold(field.value)),
                b"location" => first(&mut content.location, || without_space(field.value)),
                b"language" if content.language.is_empty() => content.language = languages(field.value, limits),
                b"disposition" if content.disposition.is_none() => content.read_disposition(field.value, limits),
                _ => {}
            }
        }
        if content.media.is_empty() {
            content.set_default(if typed { Default::Text } else { default });
        }
        content
    }

    /// The content of what was not looked at: beyond a limit.
    pub(crate) fn opaque() -> Self {
        Self { media: b"application".to_vec(), subtype: b"octet-stream".to_vec(), ..Self::default() }
    }

    fn set_default(&mut self, default: Default) {
        match default {
            Default::Message => (self.media, self.subtype) = (b"message".to_vec(), b"rfc822".to_vec()),
            Default::Text => {
                (self.media, self.subtype) = (b"text".to_vec(), b"plain".to_vec());
                // RFC 2045 §5.2: the default is text/plain; charset=us-ascii.
                self.params = vec![(b"charset".to_vec(), b"us-ascii".to_vec())];
            }
        }
    }

    fn read_type(&mut self, value: &[u8], limits: &Limits) {
        let mut cursor = Cursor::new(value);
        let (media, subtype) = media_type(&mut cursor);
        // A type that is none is text/plain (RFC 2045 §5.2).
        if media.is_empty() || subtype.is_empty() {
            return;
        }
        (self.media, self.subtype) = (media, subtype);
        self.params = params(&mut cursor, limits.params);
    }

    fn read_disposition(&mut self, value: &[u8], limits: &Limits) {
        let mut cursor = Cursor::new(value);
        cursor.skip_cfws();
        let kind = cursor.take_while(|octet| !is_space(octet) && !matches!(octet, b';' | b'(' | 0)).to_vec();
        if kind.is_empty() {
            return;
        }
        cursor.skip_cfws();
        self.disposition = Some((kind, params(&mut cursor, limits.params)));
    }

    pub(crate) fn is(&self, media: &str, subtype: &str) -> bool {
        self.is_media(media) && self.subtype.eq_ignore_ascii_case(subtype.as_bytes())
    }

    pub(crate) fn is_media(&self, media: &str) -> bool {
        self.media.eq_ignore_ascii_case(media.as_bytes())
    }

    /// A parameter's value, also of one that is written in the extended form (RFC 2231 §4).
    pub(crate) fn param(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let is = |known: &[u8]| known.eq_ignore_ascii_case(name.as_bytes());
        if let Some((_, value)) = self.params.iter().find(|(known, _)| is(known)) {
            return Some(value.into());
        }
        let (_, value) = self.params.iter().find(|(known, _)| known.strip_suffix(b"*").is_some_and(is))?;
        Some(extended(value).into())
    }

    /// The multipart's boundary. RFC 2046 §5.1.1: it cannot end with white space.
    pub(crate) fn boundary(&self) -> Option<Vec<u8>> {
        let boundary = self.param("boundary")?.trim_ascii_end().to_vec();
        (!boundary.is_empty()).then_some(boundary)
    }

    pub(crate) fn is_disposed(&self, kind: &str) -> bool {
        self.disposition.as_ref().is_some_and(|(known, _)| known.eq_ignore_ascii_case(kind.as_bytes()))
    }

    /// Whether a name for a file is given, in either of the fields that may do so.
    pub(crate) fn has_file_name(&self) -> bool {
        let named = |params: &[Param], name: &str| {
            params
                .iter()
                .any(|(known, _)| known.strip_suffix(b"*").unwrap_or(known).eq_ignore_ascii_case(name.as_bytes()))
        };
        named(&self.params, "name") || self.disposition.as_ref().is_some_and(|(_, params)| named(params, "filename"))
    }

    pub(crate) fn decoding(&self) -> Encoding {
        let Some(name) = &self.encoding else { return Encoding::Identity };
        match name.to_ascii_lowercase().as_slice() {
            b"" | b"7bit" | b"8bit" | b"binary" => Encoding::Identity,
            b"base64" => Encoding::Base64,
            b"quoted-printable" => Encoding::QuotedPrintable,
            _ => Encoding::Unknown,
        }
    }
}

fn first(place: &mut Option<Vec<u8>>, value: impl FnOnce() -> Vec<u8>) {
    if place.is_none() {
        *place = Some(value());
    }
}

/// `type "/" subtype`, with the white space and comments that obsolete syntax allows between them.
fn media_type(cursor: &mut Cursor<'_>) -> (Vec<u8>, Vec<u8>) {
    let mut word = || {
        cursor.skip_cfws();
        let word =
            cursor.take_while(|octet| !is_space(octet) && !matches!(octet, b'/' | b';' | b'(' | b'"' | b',' | 0));
        cursor.skip_cfws();
        (word.to_vec(), cursor.eat(b'/'))
    };
    let (media, slash) = word();
    if !slash {
        return (media, Vec::new());
    }
    let (subtype, _) = word();
    (media, subtype)
}

/// The first word of a field: Content-Transfer-Encoding is one token, whatever follows it.
fn token(value: &[u8]) -> Vec<u8> {
    let mut cursor = Cursor::new(value);
    cursor.skip_cfws();
    cursor.eat(b'"');
    cursor.take_while(|octet| !is_space(octet) && !matches!(octet, b';' | b'(' | b'"' | b',' | 0)).to_vec()
}

/// A URL may be folded; white space is no part of it (RFC 2557 §4.4.2).
fn without_space(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(|&octet| !is_space(octet) && octet != 0).collect()
}

/// Language tags, separated by commas (RFC 3282 §2).
fn languages(value: &[u8], limits: &Limits) -> Vec<Vec<u8>> {
    let mut cursor = Cursor::new(value);
    let mut tags = Vec::new();
    while tags.len() < limits.params {
        cursor.skip_cfws();
        let tag = cursor.take_while(|octet| !is_space(octet) && !matches!(octet, b',' | b'(' | 0));
        if !tag.is_empty() {
            tags.push(tag.to_vec());
        } else if cursor.next().is_none() {
            break;
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(block: &str) -> Content {
        Content::read(block.as_bytes(), Default::Text, &Limits::default())
    }

    fn kind(block: &str) -> String {
        let content = read(block);
        String::from_utf8([content.media, b"/".to_vec(), content.subtype].concat()).unwrap()
    }

    #[test]
    fn types_of_real_mail() {
        let table = [
            ("", "text/plain"),
            ("Content-Type: TEXT/Html\r\n", "TEXT/Html"),
            ("Content-Type: text / html (c) ; charset=x\r\n", "text/html"),
            ("Content-Type: text\r\n", "text/plain"),
            ("Content-Type: text/\r\n", "text/plain"),
            ("Content-Type:\r\n", "text/plain"),
            ("Content-Type: image/png\r\nContent-Type: text/html\r\n", "image/png"),
            ("content-type:\r\n\timage/png;\r\n\tname=x\r\n", "image/png"),
        ];
        for (block, wanted) in table {
            assert_eq!(kind(block), wanted, "{block:?}");
        }
    }

    #[test]
    fn other_fields() {
        let content = read(
            "Content-Language: en, de (x), fr\r\nContent-Location: http://a/\r\n b\r\nContent-Disposition: attachment; filename=\"a b\"\r\n\
             Content-Transfer-Encoding: BASE64 (really)\r\nContent-ID:  <a@b>\r\nContent-Description: a\r\n  b\r\nContent-MD5: x==\r\n",
        );
        assert_eq!(content.language, [b"en".to_vec(), b"de".to_vec(), b"fr".to_vec()]);
        assert_eq!(content.location.as_deref(), Some(&b"http://a/b"[..]));
        assert!(content.is_disposed("ATTACHMENT") && content.has_file_name());
        assert_eq!(content.decoding(), Encoding::Base64);
        assert_eq!(content.id.as_deref(), Some(&b"<a@b>"[..]));
        assert_eq!(content.description.as_deref(), Some(&b"a b"[..]));
        assert_eq!(content.md5.as_deref(), Some(&b"x=="[..]));
        assert_eq!(read("Content-Transfer-Encoding: x-uuencode\r\n").decoding(), Encoding::Unknown);
        assert_eq!(read("Content-Type: multipart/mixed; boundary=\" \"\r\n").boundary(), None);
    }
}
