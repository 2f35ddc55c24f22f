//! What a server says, as far as a client's picture depends on it.

use super::FlagSet;
use crate::pattern::Node;
use crate::pattern::tree;

/// OK, NO or BAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Done.
    Ok,
    /// Refused.
    No,
    /// Not understood.
    Bad,
}

/// One response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// The end of a command, with the words of its response code.
    Tagged(String, Status, Vec<String>),
    /// `* OK [...]`, with the words of its response code.
    Code(Vec<String>),
    /// `* n EXISTS`
    Exists(usize),
    /// `* n EXPUNGE`
    Expunge(usize),
    /// `* VANISHED uids`
    Vanished(Vec<u32>),
    /// `* VANISHED (EARLIER) uids`
    VanishedEarlier(Vec<u32>),
    /// `* n FETCH (...)`
    Fetch {
        /// The message's number.
        seq: usize,
        /// UID, if told.
        uid: Option<u32>,
        /// FLAGS, if told.
        flags: Option<FlagSet>,
        /// MODSEQ, if told.
        modseq: Option<u64>,
    },
    /// `* SEARCH numbers`
    Search(Vec<u32>),
    /// `+ ...`
    Continue,
    /// `* BYE ...`
    Bye,
    /// Any other.
    Other,
}

/// Takes the whole responses off the front of what has come.
pub fn read(octets: &mut Vec<u8>) -> Result<Vec<Response>, String> {
    let mut responses = Vec::new();
    while let Some(length) = whole(octets) {
        let line: Vec<u8> = octets.drain(..length).collect();
        responses.push(one(&line)?);
    }
    Ok(responses)
}

/// How long the first response is, with its literals and its line end; `None` if it has not come whole.
fn whole(octets: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let end = from + octets.get(from..)?.windows(2).position(|w| w == b"\r\n")?;
        match literal(&octets[from..end]) {
            Some(length) => from = end + 2 + length,
            None => return Some(end + 2),
        }
    }
}

fn literal(line: &[u8]) -> Option<usize> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|o| *o == b'{')?;
    std::str::from_utf8(&inner[open + 1..]).ok()?.parse().ok()
}

/// Reads a response. Literals are put aside: no picture depends on what a message says.
fn one(response: &[u8]) -> Result<Response, String> {
    let mut line = Vec::new();
    let mut rest = response;
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        line.extend_from_slice(&rest[..end]);
        rest = &rest[end + 2..];
        if let Some(length) = literal(&line) {
            let open = line.iter().rposition(|o| *o == b'{').unwrap_or(0);
            line.truncate(open);
            line.extend_from_slice(b"\"literal\"");
            rest = rest.get(length..).unwrap_or_default();
        }
    }
    let shown = || String::from_utf8_lossy(&line).into_owned();
    let nodes = tree::parse(&line);
    let words: Vec<String> = nodes.iter().map(text).collect();
    let word = |at: usize| words.get(at).map(String::as_str).unwrap_or_default();
    let number = |at: usize| word(at).parse::<usize>().map_err(|_| format!("a number was due in {:?}", shown()));
    Ok(match (word(0), word(1), word(2)) {
        ("+", ..) => Response::Continue,
        ("*", "OK", _) => Response::Code(code(nodes.get(2))),
        ("*", "BYE", _) => Response::Bye,
        ("*", "NO" | "BAD" | "PREAUTH", _) => return Err(format!("not due: {:?}", shown())),
        ("*", "VANISHED", _) => match nodes.get(2) {
            Some(Node::List(..)) => Response::VanishedEarlier(set(word(3))?),
            _ => Response::Vanished(set(word(2))?),
        },
        ("*", "SEARCH", _) => {
            let numbers = words[2..].iter().filter(|w| !w.is_empty());
            Response::Search(numbers.map(|w| w.parse().map_err(|_| shown())).collect::<Result<_, _>>()?)
        }
        ("*", _, "EXISTS") => Response::Exists(number(1)?),
        ("*", _, "EXPUNGE") => Response::Expunge(number(1)?),
        ("*", _, "FETCH") => fetch(number(1)?, nodes.get(3)).ok_or_else(|| format!("no FETCH: {:?}", shown()))?,
        ("*", ..) => Response::Other,
        (tag, status, _) => {
            let status = match status {
                "OK" => Status::Ok,
                "NO" => Status::No,
                "BAD" => Status::Bad,
                _ => return Err(format!("not a response: {:?}", shown())),
            };
            Response::Tagged(tag.to_owned(), status, code(nodes.get(2)))
        }
    })
}

fn fetch(seq: usize, list: Option<&Node>) -> Option<Response> {
    let Some(Node::List(b'(', items)) = list else { return None };
    let (mut uid, mut flags, mut modseq) = (None, None, None);
    for pair in items.chunks(2) {
        let [name, value] = pair else { return None };
        match (text(name).as_str(), value) {
            ("UID", value) => uid = Some(text(value).parse().ok()?),
            ("FLAGS", Node::List(_, list)) => {
                flags = Some(list.iter().map(|f| text(f).to_ascii_lowercase()).filter(|f| f != "\\recent").collect());
            }
            ("MODSEQ", Node::List(_, list)) => modseq = Some(text(list.first()?).parse().ok()?),
            _ => {}
        }
    }
    Some(Response::Fetch { seq, uid, flags, modseq })
}

/// The words of a response code, those in a list of its among them; none if there is none.
fn code(node: Option<&Node>) -> Vec<String> {
    let words = |node: &Node| match node {
        Node::List(_, nodes) => nodes.iter().map(text).collect(),
        word @ Node::Word(..) => vec![text(word)],
    };
    match node {
        Some(Node::List(b'[', nodes)) => nodes.iter().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

/// A word; a list is an empty one.
fn text(node: &Node) -> String {
    match node {
        Node::Word(word, _) => String::from_utf8_lossy(word).into_owned(),
        Node::List(..) => String::new(),
    }
}

/// A UID set. Sets of more than a million are nothing that these tests make.
pub fn set(text: &str) -> Result<Vec<u32>, String> {
    let mut uids = Vec::new();
    for range in text.split(',') {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        let bound = |text: &str| text.parse::<u32>().map_err(|_| format!("{text:?} is no UID"));
        let (from, to) = (bound(from)?, bound(to)?);
        if from > to || to - from > 1_000_000 {
            return Err(format!("{range:?} is no range as a server writes it"));
        }
        uids.extend(from..=to);
    }
    Ok(uids)
}

#[cfg(test)]
mod tests {
    use super::{Response, Status, read};

    #[test]
    fn responses_are_read_when_they_are_whole() {
        let mut octets =
            b"* 2 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen \\Recent A) BODY[] {3}\r\n\r\n) UID 7)\r\na1 OK [HIGHES".to_vec();
        let seen = ["\\seen", "a"].map(str::to_owned).into_iter().collect();
        let fetch = Response::Fetch { seq: 1, uid: Some(7), flags: Some(seen), modseq: None };
        assert_eq!(read(&mut octets).unwrap(), [Response::Exists(2), fetch]);
        octets.extend_from_slice(b"TMODSEQ 9] done\r\n* VANISHED (EARLIER) 1:2,5\r\n");
        let code = vec!["HIGHESTMODSEQ".to_owned(), "9".to_owned()];
        let tagged = Response::Tagged("a1".to_owned(), Status::Ok, code);
        assert_eq!(read(&mut octets).unwrap(), [tagged, Response::VanishedEarlier(vec![1, 2, 5])]);
    }
}
