//! The form in which strings are compared: case folded, white space in runs as one space.

/// Folds text that comes in pieces: lower case (of `char::to_lowercase`), runs of white space as one space, so that a phrase is found
/// across line breaks. Characters that nobody sees (soft hyphens, zero-width spaces) are dropped.
#[derive(Default)]
pub struct Fold {
    space: Space,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Space {
    #[default]
    No,
    Written,
}

impl Fold {
    /// Appends the folded text of the next piece.
    pub fn push(&mut self, piece: &str, out: &mut Vec<u8>) {
        let mut space = [0; 4];
        for c in piece.chars() {
            if c.is_ascii() && !c.is_ascii_whitespace() {
                self.space = Space::No;
                out.extend(u8::try_from(c).map(|octet| octet.to_ascii_lowercase()));
            } else if c.is_whitespace() {
                if self.space == Space::No {
                    out.push(b' ');
                    self.space = Space::Written;
                }
            } else if !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}') {
                self.space = Space::No;
                for lower in c.to_lowercase() {
                    out.extend_from_slice(lower.encode_utf8(&mut space).as_bytes());
                }
            }
        }
    }
}

/// Folds a whole text; see [`Fold`].
pub fn fold(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    Fold::default().push(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_folded() {
        assert_eq!(fold("Grün  ÄÖ\r\n\tX\u{ad}y"), "grün äö xy".as_bytes());
        assert_eq!(fold("ПРИВЕТ"), "привет".as_bytes());
    }
}
