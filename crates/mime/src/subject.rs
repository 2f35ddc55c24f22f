//! The base subject, by which SORT and THREAD compare (RFC 5256 §2.1).

/// Whether the subject says that the message answers or forwards another one (RFC 5256 §3, THREAD).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    No,
    Yes,
}

/// The base subject of a decoded subject whose white space is single spaces (steps 2 to 7 of RFC 5256 §2.1).
///
/// It is always a piece of what was given: the procedure only removes from both ends.
pub fn base_subject(subject: &str) -> &str {
    extract(subject).0
}

pub(crate) fn extract(subject: &str) -> (&str, Reply) {
    let mut reply = Reply::No;
    let mut text = subject;
    loop {
        text = without_trailers(text, &mut reply);
        text = without_leaders(text, &mut reply);
        // Step 6: "[fwd: ... ]" is unwrapped, and all begins again.
        let inner = strip_prefix_no_case(text, "[fwd:").and_then(|inner| inner.strip_suffix(']'));
        let Some(inner) = inner else { return (text, reply) };
        reply = Reply::Yes;
        text = inner;
    }
}

/// Step 2: `subj-trailer = "(fwd)" / WSP`.
fn without_trailers<'a>(mut text: &'a str, reply: &mut Reply) -> &'a str {
    loop {
        text = text.trim_end_matches([' ', '\t']);
        let cut = text.len().saturating_sub("(fwd)".len());
        match text.split_at_checked(cut) {
            Some((rest, end)) if end.eq_ignore_ascii_case("(fwd)") => {
                *reply = Reply::Yes;
                text = rest;
            }
            _ => return text,
        }
    }
}

/// Steps 3 to 5: `subj-leader = (*subj-blob subj-refwd) / WSP`, and blobs that leave something behind them.
fn without_leaders<'a>(mut text: &'a str, reply: &mut Reply) -> &'a str {
    loop {
        text = text.trim_start_matches([' ', '\t']);
        // Blobs in a row end at one place, wherever one begins among them: so they are read once, which keeps this linear.
        let mut last_blob = text;
        let mut after = text;
        while let Some(rest) = strip_blob(after) {
            last_blob = after;
            after = rest;
        }
        if let Some(rest) = strip_refwd(after) {
            *reply = Reply::Yes;
            text = rest;
        } else if after.len() < text.len() {
            // Step 4 removes a blob only where a base is left.
            return if after.is_empty() { last_blob } else { after };
        } else {
            return text;
        }
    }
}

/// `subj-blob = "[" *BLOBCHAR "]" *WSP`; a BLOBCHAR is any character but brackets.
fn strip_blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(['[', ']'])?;
    let rest = inner.get(end..)?.strip_prefix(']')?;
    Some(rest.trim_start_matches([' ', '\t']))
}

/// `subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"`.
fn strip_refwd(text: &str) -> Option<&str> {
    let rest = ["re", "fwd", "fw"].iter().find_map(|word| strip_prefix_no_case(text, word))?;
    let rest = rest.trim_start_matches([' ', '\t']);
    strip_blob(rest).unwrap_or(rest).strip_prefix(':')
}

fn strip_prefix_no_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_subjects() {
        let table = [
            ("hello", "hello", Reply::No),
            ("Re: hello", "hello", Reply::Yes),
            ("RE [3] : hello", "hello", Reply::Yes),
            ("Re[2]: hello", "hello", Reply::Yes),
            ("fw: Fwd: re: hello (fwd) (FWD) ", "hello", Reply::Yes),
            ("[list] Re: [list] hello", "hello", Reply::Yes),
            ("[list] hello", "hello", Reply::No),
            ("[list]", "[list]", Reply::No),
            ("[a] [b]", "[b]", Reply::No),
            ("Re: [list]", "[list]", Reply::Yes),
            ("[fwd: hello]", "hello", Reply::Yes),
            ("[Fwd: Re: [fwd: hello (fwd)]]", "hello", Reply::Yes),
            ("[fwd: hello] x", "x", Reply::No),
            ("Re:", "", Reply::Yes),
            ("(fwd)", "", Reply::Yes),
            ("", "", Reply::No),
            ("Regarding: x", "Regarding: x", Reply::No),
            ("AW: x", "AW: x", Reply::No),
            ("[open re: x", "[open re: x", Reply::No),
            ("ré: grün", "ré: grün", Reply::No),
        ];
        for (text, wanted, reply) in table {
            assert_eq!(extract(text), (wanted, reply), "{text:?}");
        }
    }

    #[test]
    fn many_blobs_are_read_once() {
        let started = "[a]".repeat(300_000);
        assert_eq!(base_subject(&started), "[a]");
        let fwd = "[fwd: ".repeat(100_000) + "x" + &"]".repeat(100_000);
        assert_eq!(base_subject(&fwd), "x");
    }
}
