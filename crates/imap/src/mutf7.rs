//! Modified UTF-7 (RFC 3501 §5.1.3): how mailbox names beyond ASCII are spelt for clients without UTF-8.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// In modified UTF-7: always the same for the same text.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut shifted = Vec::new();
    for c in text.chars() {
        if matches!(c, ' '..='~') {
            unshift(&mut out, &mut shifted);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            shifted.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        }
    }
    unshift(&mut out, &mut shifted);
    out
}

/// Writes what was collected as one `&...-` and empties it.
fn unshift(out: &mut String, units: &mut Vec<u16>) {
    if units.is_empty() {
        return;
    }
    out.push('&');
    let (mut bits, mut count) = (0_u32, 0);
    let push = |out: &mut String, six: u32| {
        let at = usize::try_from(six & 63).unwrap_or(0);
        out.push(char::from(ALPHABET.get(at).copied().unwrap_or(b'A')));
    };
    for unit in units.drain(..) {
        bits = (bits << 16 | u32::from(unit)) & 0x003f_ffff;
        count += 16;
        while count >= 6 {
            count -= 6;
            push(out, bits >> count);
        }
    }
    if count > 0 {
        push(out, bits << (6 - count));
    }
    out.push('-');
}

/// From modified UTF-7; `None` if this is not exactly how [`encode`] would have spelt it, so that no mailbox has two
/// names.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at)?);
        let shifted = rest.get(at + 1..)?;
        let end = shifted.find('-')?;
        match shifted.get(..end)? {
            "" => out.push('&'),
            encoded => decode_shifted(encoded, &mut out)?,
        }
        rest = shifted.get(end + 1..)?;
    }
    out.push_str(rest);
    (encode(&out) == text).then_some(out)
}

fn decode_shifted(encoded: &str, out: &mut String) -> Option<()> {
    let mut units = Vec::with_capacity(encoded.len() * 3 / 8 + 1);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in encoded.bytes() {
        let six = u32::try_from(ALPHABET.iter().position(|b| *b == byte)?).ok()?;
        bits = (bits << 6 | six) & 0x003f_ffff;
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push(u16::try_from(bits >> count & 0xffff).ok()?);
        }
    }
    for c in char::decode_utf16(units) {
        out.push(c.ok()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for (text, encoded) in [
            ("", ""),
            ("INBOX", "INBOX"),
            ("A&B", "A&-B"),
            ("&", "&-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("☺!", "&Jjo-!"),
            ("😀", "&2D3eAA-"),
            ("Отправленные", "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"),
            ("\u{1}", "&AAE-"),
        ] {
            assert_eq!(encode(text), encoded);
            assert_eq!(decode(encoded).as_deref(), Some(text));
        }
    }

    #[test]
    fn only_the_one_spelling_is_decoded() {
        for wrong in [
            "&",
            "A&B",
            "&Jjo!",
            "&Jjo",
            "&AGE-",
            "&U,BTFw-&ZeVnLIqe-",
            "&2D0-",
            "&Jjp-",
            "&A-",
            "&==-",
            "&ADF-",
            "ü",
            "&Jj/-",
        ] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
