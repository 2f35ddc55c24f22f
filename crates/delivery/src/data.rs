//! The text of a message after DATA: where it ends, and the dots that were put before its lines (RFC 5321 §4.5.2).
//!
//! Only CR LF "." CR LF ends it, and only a dot after CR LF is taken away. A bare LF or CR is an octet like any other
//! (RFC 5321 §2.3.8): what one server takes for the end and another does not is how messages are smuggled.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// What must be looked at while a text streams by: a dot at the start of a line.
static DOT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\r\n."));

/// Where in the text the next octet stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// At the start of a line.
    #[default]
    LineStart,
    /// After a dot at the start of a line, which is kept back.
    Dot,
    /// After a dot at the start of a line and a CR, both kept back.
    DotCr,
    /// After a CR.
    Cr,
    /// Anywhere else.
    Middle,
}

/// Undoes dot-stuffing and finds the end of a message that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct Unstuff {
    place: Place,
}

/// How far a piece went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The whole piece belongs to the message, and more will come.
    More,
    /// The message ended; that many octets of the piece belonged to it.
    Ended(usize),
}

impl Unstuff {
    /// Takes a piece of what the client sent; `sink` gets the message's octets, in slices as long as they come.
    pub(crate) fn push(&mut self, input: &[u8], mut sink: impl FnMut(&[u8])) -> Taken {
        let mut rest = input;
        while let Some((&first, after)) = rest.split_first() {
            match (self.place, first) {
                (Place::LineStart, b'.') => (self.place, rest) = (Place::Dot, after),
                (Place::Dot, b'\r') => (self.place, rest) = (Place::DotCr, after),
                (Place::DotCr, b'\n') => {
                    self.place = Place::LineStart;
                    return Taken::Ended(input.len() - after.len());
                }
                (Place::DotCr, _) => {
                    // The dot was one too many, the CR is the message's own.
                    sink(b"\r");
                    self.place = Place::Cr;
                }
                (Place::Cr, b'\n') => {
                    sink(b"\n");
                    (self.place, rest) = (Place::LineStart, after);
                }
                (Place::LineStart | Place::Dot | Place::Cr | Place::Middle, _) => rest = self.middle(rest, &mut sink),
            }
        }
        Taken::More
    }

    /// Passes on octets up to the next line that begins with a dot. The first octet of `rest` is neither such a dot
    /// nor the LF of a CR that was passed on before.
    fn middle<'a>(&mut self, rest: &'a [u8], sink: &mut impl FnMut(&[u8])) -> &'a [u8] {
        if let Some(at) = DOT.find(rest) {
            let (text, after) = rest.split_at(at + 2);
            sink(text);
            self.place = Place::LineStart;
            return after;
        }
        sink(rest);
        self.place = match rest {
            [.., b'\r', b'\n'] => Place::LineStart,
            [.., b'\r'] => Place::Cr,
            _ => Place::Middle,
        };
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message and what is left over, or `None` if it has not ended.
    fn whole(input: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        pieces(&[input])
    }

    fn pieces(pieces: &[&[u8]]) -> Option<(Vec<u8>, Vec<u8>)> {
        let (mut unstuff, mut message) = (Unstuff::default(), Vec::new());
        for (n, piece) in pieces.iter().enumerate() {
            match unstuff.push(piece, |octets| message.extend(octets)) {
                Taken::More => {}
                Taken::Ended(at) => {
                    let left = [&piece[at..], &pieces[n + 1..].concat()].concat();
                    return Some((message, left));
                }
            }
        }
        None
    }

    const ENDED: &[(&[u8], &[u8], &[u8])] = &[
        (b".\r\n", b"", b""),
        (b".\r\nQUIT\r\n", b"", b"QUIT\r\n"),
        (b"a\r\n.\r\n", b"a\r\n", b""),
        (b"a\r\n..\r\n.\r\nx", b"a\r\n.\r\n", b"x"),
        (b"..a\r\n...\r\n.\r\n", b".a\r\n..\r\n", b""),
        (b".a\r\n.\r\n", b"a\r\n", b""),
        (b"\r\n.\r\n", b"\r\n", b""),
        (b"\r\r\n.\r\n", b"\r\r\n", b""),
        (b".\r\r\n.\r\n", b"\r\r\n", b""),
        (b".\ra\r\n.\r\n", b"\ra\r\n", b""),
        (b".\r.\r\n.\r\n", b"\r.\r\n", b""),
        (b"a\0\xff\r\n.\r\n", b"a\0\xff\r\n", b""),
    ];

    /// None of these is the end: each stands before the true one, which alone ends the message.
    const SMUGGLED: &[(&[u8], &[u8])] = &[
        (b"a\n.\n", b"a\n.\n"),
        (b"a\n.\r\n", b"a\n.\r\n"),
        (b"a\r.\r", b"a\r.\r"),
        (b"a\r.\r\n", b"a\r.\r\n"),
        (b"a\r\n.\n", b"a\r\n\n"),
        (b"a\r\n.\r", b"a\r\n\r"),
        (b"a\n\r.\r\n", b"a\n\r.\r\n"),
        (b"a\r\n\0.\r\n", b"a\r\n\0.\r\n"),
        (b"a\r\n.\0\r\n", b"a\r\n\0\r\n"),
        (b"a\n\n.\n\n", b"a\n\n.\n\n"),
        (b"a\r\r.\r\r", b"a\r\r.\r\r"),
        (b"a\r\n .\r\n", b"a\r\n .\r\n"),
        (b"a\r\n. \r\n", b"a\r\n \r\n"),
    ];

    #[test]
    fn a_message_ends_at_a_dot_between_two_cr_lf() {
        for (input, message, left) in ENDED {
            assert_eq!(whole(input), Some((message.to_vec(), left.to_vec())), "{}", input.escape_ascii());
        }
    }

    #[test]
    fn nothing_else_ends_it() {
        for (input, message) in SMUGGLED {
            assert_eq!(whole(input), None, "{}", input.escape_ascii());
            let input = [*input, b"MAIL FROM:<x@y>\r\n.\r\nNOOP\r\n"].concat();
            let message = [*message, b"MAIL FROM:<x@y>\r\n"].concat();
            assert_eq!(whole(&input), Some((message, b"NOOP\r\n".to_vec())), "{}", input.escape_ascii());
        }
    }

    #[test]
    fn it_does_not_matter_where_the_pieces_are_cut() {
        let smuggled = SMUGGLED.iter().map(|(input, _)| [*input, b"x\r\n.\r\n"].concat());
        for input in ENDED.iter().map(|(input, ..)| input.to_vec()).chain(smuggled) {
            let expected = whole(&input);
            for a in 0..=input.len() {
                for b in a..=input.len() {
                    assert_eq!(pieces(&[&input[..a], &input[a..b], &input[b..]]), expected, "{}", input.escape_ascii());
                }
            }
        }
    }
}
