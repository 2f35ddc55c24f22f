//! Reads a transcript's text.

use std::time::Duration;

use super::{Action, Mail, Step, Transcript, escape, given};
use crate::mail;
use crate::pattern::Pattern;

/// A line that says nothing that we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// Reads a transcript.
pub fn parse(text: &str) -> Result<Transcript, Mistake> {
    let lines: Vec<&str> = text.lines().collect();
    let mut transcript = Transcript::default();
    let mut at = 0;
    // The place in `steps` and in its octets where `{n}` waits for its block, with the session that spoke.
    while at < lines.len() {
        let line = at + 1;
        let text = lines[at];
        at += 1;
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let mistake = |what: String| Mistake { line, what };
        if let Some(rest) = text.strip_prefix("given ") {
            let rest = rest.split("  #").next().unwrap_or(rest);
            transcript.givens.push(given::parse(rest).map_err(mistake)?);
            continue;
        }
        let block = block(&lines, &mut at).map_err(mistake)?;
        let action = action(text, block.as_deref(), &mut transcript.steps).map_err(mistake)?;
        for action in action {
            transcript.steps.push(Step { line, action });
        }
    }
    match transcript.steps.iter().find(|step| matches!(&step.action, Action::Send(_, b) if waits(b).is_some())) {
        Some(step) => Err(Mistake { line: step.line, what: "{n} without a block".to_owned() }),
        None => Ok(transcript),
    }
}

/// The indented lines that follow, each with CRLF; `@name` alone is a mail's octets.
fn block(lines: &[&str], at: &mut usize) -> Result<Option<Vec<u8>>, String> {
    let mut octets = Vec::new();
    let mut found = false;
    while let Some(line) = lines.get(*at) {
        let inner = match line.strip_prefix("    ") {
            Some(inner) => inner,
            // An empty line belongs to the block if the block goes on after it.
            None if found && line.is_empty() && goes_on(&lines[*at..]) => "",
            None => break,
        };
        found = true;
        *at += 1;
        if let Some(name) = inner.strip_prefix('@') {
            octets.extend(mail::named(name)?);
        } else {
            octets.extend_from_slice(inner.as_bytes());
            octets.extend_from_slice(b"\r\n");
        }
    }
    Ok(found.then_some(octets))
}

fn goes_on(lines: &[&str]) -> bool {
    lines.iter().find(|line| !line.is_empty()).is_some_and(|line| line.starts_with("    "))
}

fn action(text: &str, block: Option<&[u8]>, before: &mut [Step]) -> Result<Vec<Action>, String> {
    if let Some(rest) = text.strip_prefix("clock +") {
        return Ok(vec![Action::Clock(duration(rest)?)]);
    }
    if let Some(rest) = text.strip_prefix("deliver ") {
        return Ok(vec![match rest.split_once(" mail ") {
            Some((mailbox, name)) => Action::Deliver(mailbox.to_owned(), Mail::Named(name.to_owned())),
            None => Action::Deliver(rest.to_owned(), Mail::Numbered),
        }]);
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (session, rest) = text.split_at(end);
    let session = session.to_owned();
    if session.is_empty() || !session.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Err(format!("{text:?}: a session's name was due"));
    }
    match rest {
        " hangs up" => return Ok(vec![Action::HangUp(session)]),
        " starts TLS" => return Ok(vec![Action::StartTls(session)]),
        _ => {}
    }
    let (kind, words) = match rest.find(' ') {
        Some(space) => (&rest[..space], &rest[space + 1..]),
        None => (rest, ""),
    };
    match kind {
        ":" => send(session, words, block, before),
        "=" => Ok(vec![Action::Send(session, escape::octets(words)?)]),
        "<" => hear(session, words, block),
        "<=" => Ok(vec![Action::Hear(session, Pattern::exact(&escape::octets(words)?))]),
        "~" => Ok(hear_all(session, Pattern::parse(words)?, before).into_iter().collect()),
        _ => Err(format!("{text:?}: `:`, `=`, `<`, `<=` or `~` was due after the session's name")),
    }
}

fn send(session: String, words: &str, block: Option<&[u8]>, before: &mut [Step]) -> Result<Vec<Action>, String> {
    let mut octets = words.as_bytes().to_vec();
    // `A:` with a block is the block alone: the literal that the server has asked for by now.
    if words.is_empty()
        && let Some(block) = block
    {
        let waiting = before.iter_mut().rev().find_map(|step| match &mut step.action {
            Action::Send(name, octets) if *name == session && waits(octets).is_some() => Some(octets),
            _ => None,
        });
        if let Some(waiting) = waiting {
            fill(waiting, block.len());
        }
        return Ok(vec![Action::Send(session, block.to_vec())]);
    }
    octets.extend_from_slice(b"\r\n");
    if let Some(block) = block {
        if waits(&octets).is_none() {
            return Err("a block without {n} before it".to_owned());
        }
        fill(&mut octets, block.len());
        octets.extend_from_slice(block);
    }
    Ok(vec![Action::Send(session, octets)])
}

/// Where `{n}` or `{n+}` stands, waiting for its number.
fn waits(octets: &[u8]) -> Option<usize> {
    octets.windows(3).position(|w| w == b"{n}" || w == b"{n+")
}

fn fill(octets: &mut Vec<u8>, length: usize) {
    if let Some(at) = waits(octets) {
        octets.splice(at + 1..at + 2, length.to_string().into_bytes());
    }
}

fn hear(session: String, words: &str, block: Option<&[u8]>) -> Result<Vec<Action>, String> {
    match words {
        "(nothing)" => return Ok(vec![Action::HearNothing(session)]),
        "(end)" => return Ok(vec![Action::HearEnd(session)]),
        "…" => return Ok(vec![Action::Skip(session)]),
        _ => {}
    }
    let Some(block) = block else { return Ok(vec![Action::Hear(session, Pattern::parse(words)?)]) };
    let words = words.replace("{n}", &format!("{{{}}}", block.len()));
    let mut actions = vec![Action::Hear(session.clone(), Pattern::parse(&words)?)];
    let lines = block.strip_suffix(b"\r\n").ok_or("an expected literal must end in CRLF")?;
    actions.extend(split_crlf(lines).into_iter().map(|l| Action::Hear(session.clone(), Pattern::exact(l))));
    Ok(actions)
}

/// Joins to the lines before it that may come in any order.
fn hear_all(session: String, pattern: Pattern, before: &mut [Step]) -> Option<Action> {
    if let Some(Action::HearAll(name, patterns)) = before.last_mut().map(|step| &mut step.action)
        && *name == session
    {
        patterns.push(pattern);
        return None;
    }
    Some(Action::HearAll(session, vec![pattern]))
}

/// Splits at CRLF.
fn split_crlf(octets: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = octets;
    while let Some(at) = rest.windows(2).position(|w| w == b"\r\n") {
        lines.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    lines.push(rest);
    lines
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let n: u64 = digits.parse().map_err(|_| format!("{text}: a number and s, m, h or d were due"))?;
    let unit = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        other => return Err(format!("{other:?} is none of s, m, h, d")),
    };
    Ok(Duration::from_secs(n * unit))
}

#[cfg(test)]
mod tests {
    use super::{Action, parse};
    use crate::transcript::Opening;

    fn sent(text: &str) -> Vec<Vec<u8>> {
        let steps = parse(text).unwrap().steps.into_iter();
        steps.filter_map(|s| if let Action::Send(_, octets) = s.action { Some(octets) } else { None }).collect()
    }

    #[test]
    fn a_block_is_a_literal() {
        let now = "A: a1 APPEND INBOX {n+}\n    Hi\n\n    there\nA:\n";
        assert_eq!(sent(now), [b"a1 APPEND INBOX {13+}\r\nHi\r\n\r\nthere\r\n".to_vec(), b"\r\n".to_vec()]);
        let later = "A: a1 APPEND INBOX {n}\nA< + …\nA:\n    Hi\nA:\n";
        assert_eq!(sent(later), [b"a1 APPEND INBOX {4}\r\n".to_vec(), b"Hi\r\n".to_vec(), b"\r\n".to_vec()]);
        assert!(parse("A: a1 APPEND INBOX {n}\n").is_err());
    }

    #[test]
    fn sessions_begin_as_given() {
        let t = parse("given INBOX with 2 messages  # both select it\nA: x\nB: y\ngiven B connects\n").unwrap();
        assert_eq!(t.sessions(), ["A", "B"]);
        assert_eq!(t.opening("A"), [Opening::LoggedIn, Opening::Selected("INBOX".into())]);
        assert_eq!(t.opening("B"), [Opening::Connects]);
    }

    #[test]
    fn nonsense_is_named() {
        for text in ["given INBOX has mail", "a: lower", "A; what", "clock +3x", "A~ * 1 FETCH (<x above >)"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
