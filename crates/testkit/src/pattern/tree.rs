//! A response as words and lists, to compare what the RFCs give no order.

use super::{Captures, Glob};

/// A word or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Word(Vec<u8>, Glob),
    List(u8, Vec<Node>),
}

/// Reads a line. What cannot be read as words and lists is one word.
pub(crate) fn parse(line: &[u8]) -> Vec<Node> {
    let mut stack: Vec<(u8, Vec<Node>)> = vec![(0, Vec::new())];
    let mut at = 0;
    while at < line.len() {
        match line[at] {
            b' ' => at += 1,
            open @ (b'(' | b'[') => {
                stack.push((open, Vec::new()));
                at += 1;
            }
            b')' | b']' if stack.len() > 1 => {
                let (open, nodes) = stack.pop().unwrap_or_default();
                if let Some((_, outer)) = stack.last_mut() {
                    outer.push(Node::List(open, nodes));
                }
                at += 1;
            }
            _ => {
                let end = word_end(line, at);
                if let Some((_, nodes)) = stack.last_mut() {
                    nodes.push(word(&line[at..end]));
                }
                at = end;
            }
        }
    }
    let mut stack = stack.into_iter();
    match (stack.next(), stack.next()) {
        (Some((_, nodes)), None) => nodes,
        _ => vec![word(line)],
    }
}

fn word(octets: &[u8]) -> Node {
    let glob = Glob::parse(&String::from_utf8_lossy(octets)).unwrap_or_else(|_| Glob(Vec::new()));
    Node::Word(octets.to_vec(), glob)
}

/// A word ends at a space or at a list's end; `BODY[HEADER.FIELDS (TO)]<0>`, `<m2 above m>` and `"a b"` are one.
fn word_end(line: &[u8], start: usize) -> usize {
    let mut at = start;
    let (mut depth, mut quoted, mut angle) = (0_u32, false, false);
    while at < line.len() {
        match line[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'<' if line[at..].contains(&b'>') => angle = true,
            b'>' => angle = false,
            b'[' => depth += 1,
            b']' if depth > 0 => depth -= 1,
            b' ' | b'(' | b')' | b']' if depth == 0 && !angle => return at.max(start + 1),
            _ => {}
        }
        at += 1;
    }
    line.len()
}

/// Whether two lines say the same.
pub(crate) fn same(expected: &[Node], got: &[Node], captures: &mut Captures) -> bool {
    let is = |nodes: &[Node], at: usize, name: &str| matches!(nodes.get(at), Some(Node::Word(word, _)) if word.eq_ignore_ascii_case(name.as_bytes()));
    if !is(expected, 0, "*") || !is(got, 0, "*") {
        return sequence(expected, got, captures);
    }
    let head = |n: usize, captures: &mut Captures| {
        expected.len() >= n && got.len() >= n && sequence(&expected[..n], &got[..n], captures)
    };
    let after_star = ["CAPABILITY", "ENABLED", "SEARCH"].iter().any(|name| is(expected, 1, name));
    if after_star {
        return head(2, captures) && set(&singles(&expected[2..]), &singles(&got[2..]), captures);
    }
    if is(expected, 2, "FETCH") || is(expected, 1, "STATUS") {
        let lists = (expected.get(3), got.get(3));
        let (Some(Node::List(b'(', e)), Some(Node::List(b'(', g))) = lists else { return false };
        return head(3, captures) && expected.len() == 4 && got.len() == 4 && set(&pairs(e), &pairs(g), captures);
    }
    if is(expected, 1, "ESEARCH") {
        let start = |nodes: &[Node]| if is(nodes, 3, "UID") { 4 } else { 3.min(nodes.len()) };
        let from = start(expected);
        return from == start(got)
            && head(from, captures)
            && set(&pairs(&expected[from..]), &pairs(&got[from..]), captures);
    }
    let is_flags = ["FLAGS", "LIST", "LSUB", "XLIST"].iter().any(|name| is(expected, 1, name));
    if is_flags {
        let (Some(Node::List(_, e)), Some(Node::List(_, g))) = (expected.get(2), got.get(2)) else { return false };
        return head(2, captures)
            && set(&singles(e), &singles(g), captures)
            && sequence(&expected[3..], &got[3..], captures);
    }
    sequence(expected, got, captures)
}

fn singles(nodes: &[Node]) -> Vec<&[Node]> {
    nodes.chunks(1).collect()
}

/// Names with their values; `…` stands alone.
fn pairs(nodes: &[Node]) -> Vec<&[Node]> {
    let mut pairs = Vec::new();
    let mut at = 0;
    while at < nodes.len() {
        let length = if is_rest(&nodes[at]) { 1 } else { 2.min(nodes.len() - at) };
        pairs.push(&nodes[at..at + length]);
        at += length;
    }
    pairs
}

fn is_rest(node: &Node) -> bool {
    matches!(node, Node::Word(_, glob) if glob.is_rest())
}

/// Whether the same things are there in any order. `…` among them allows more.
fn set(expected: &[&[Node]], got: &[&[Node]], captures: &mut Captures) -> bool {
    let mut left: Vec<&[Node]> = got.to_vec();
    let mut more = false;
    for item in expected {
        if item.len() == 1 && is_rest(&item[0]) {
            more = true;
            continue;
        }
        let found = left.iter().position(|other| {
            let mut tried = captures.clone();
            let same = sequence(item, other, &mut tried);
            if same {
                *captures = tried;
            }
            same
        });
        match found {
            Some(at) => drop(left.remove(at)),
            None => return false,
        }
    }
    more || left.is_empty()
}

fn sequence(expected: &[Node], got: &[Node], captures: &mut Captures) -> bool {
    let mut got_at = 0;
    for (at, node) in expected.iter().enumerate() {
        if is_rest(node) && at + 1 == expected.len() {
            return true;
        }
        let Some(other) = got.get(got_at) else { return false };
        got_at += 1;
        let same = match (node, other) {
            (Node::Word(_, glob), Node::Word(word, _)) => glob.matches(word, captures),
            (Node::List(a, e), Node::List(b, g)) if a == b => {
                let before = at.checked_sub(1).and_then(|before| expected.get(before));
                match before.is_some_and(names_flags) {
                    true => set(&singles(e), &singles(g), captures),
                    false => sequence(e, g, captures),
                }
            }
            (Node::Word(_, glob), Node::List(..)) => glob.is_rest(),
            _ => false,
        };
        if !same {
            return false;
        }
    }
    got_at == got.len()
}

fn names_flags(node: &Node) -> bool {
    matches!(node, Node::Word(word, _) if matches!(word.as_slice(), b"FLAGS" | b"PERMANENTFLAGS"))
}
