//! Octets that a line of text cannot hold: `"a1 NOOP\r\n" * 3 "\x00"`.

/// Reads strings with escapes, one after another, each perhaps repeated by `* n`.
pub(super) fn octets(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let inner = rest.strip_prefix('"').ok_or_else(|| format!("a string in quotes was due at {rest:?}"))?;
        let (piece, after) = string(inner)?;
        rest = after.trim_start();
        let mut times = 1;
        if let Some(after) = rest.strip_prefix('*') {
            let after = after.trim_start();
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            times = after[..digits].parse().map_err(|_| format!("a number was due after *, at {after:?}"))?;
            rest = after[digits..].trim_start();
        }
        (0..times).for_each(|_| out.extend_from_slice(&piece));
    }
    Ok(out)
}

fn string(text: &str) -> Result<(Vec<u8>, &str), String> {
    let mut out = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((out, &text[at + 1..])),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('r') => out.push(b'\r'),
                Some('n') => out.push(b'\n'),
                Some('t') => out.push(b'\t'),
                Some('0') => out.push(0),
                Some(c @ ('\\' | '"')) => out.push(c as u8),
                Some('x') => {
                    let hex: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                    out.push(u8::from_str_radix(&hex, 16).map_err(|_| format!("\\x{hex} is no octet"))?);
                }
                other => return Err(format!("\\{} is no escape", other.unwrap_or(' '))),
            },
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err("the string has no end".to_owned())
}

#[cfg(test)]
mod tests {
    use super::octets;

    #[test]
    fn strings_repeat_and_escape() {
        assert_eq!(octets(r#""a\r\n" "(" * 3 "\x00é""#).unwrap(), b"a\r\n(((\x00\xc3\xa9");
        assert!(octets(r#""open"#).is_err());
        assert!(octets("bare").is_err());
    }
}
