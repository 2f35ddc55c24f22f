//! Words that mean one thing each, in one place (STYLE: 6), and the one place that chooses words for clients (STYLE: 5).

use std::collections::BTreeMap;

use crate::sources::SourceFile;
use crate::tidy::code;

/// Types and constants that readers meet in several crates, and that are defined once each.
const ONE_PLACE: [&str; 10] =
    ["Body", "CHUNK", "Next", "Now", "Octets", "Peer", "Progress", "Shared", "Source", "Stored"];

/// What begins a definition.
const DEFINES: [&str; 6] = ["struct ", "enum ", "trait ", "type ", "const ", "static "];

/// What a crate writes into mails (RFC 5321 §4.4) is no word to a client.
const IN_MAIL: &str = "/trace.rs";

/// Crates that speak to clients: each has a `reply.rs` that alone chooses its words.
const SPEAKERS: [&str; 2] = ["crates/session/src/", "crates/delivery/src/"];

/// What is wrong with words.
pub(crate) fn check(sources: &[SourceFile]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.path.contains("/src/")) {
        let exempt = ["/reply.rs", IN_MAIL].iter().any(|file| source.path.ends_with(file));
        let speaks = !exempt && SPEAKERS.iter().any(|speaker| source.path.starts_with(speaker));
        for (at, line) in code(&source.text) {
            if let Some(word) = defined(line) {
                places.entry(word).or_default().push(format!("{}:{at}", source.path));
            }
            if speaks && says_something(line) {
                wrong.push(format!("{}:{at}: words for clients are chosen in `reply.rs`", source.path));
            }
        }
    }
    for (word, places) in places.iter().filter(|(_, places)| places.len() > 1) {
        wrong.push(format!("`{word}` means more than one thing: {}", places.join(", ")));
    }
    wrong
}

/// The word of [`ONE_PLACE`] that a line defines.
fn defined(line: &str) -> Option<&'static str> {
    let line = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
    let line = line.trim_start_matches("pub ");
    let rest = DEFINES.iter().find_map(|begin| line.strip_prefix(begin))?;
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    ONE_PLACE.into_iter().find(|word| *word == name)
}

/// Whether a line has a sentence in quotes: a capital, a space, a small letter.
fn says_something(line: &str) -> bool {
    let line = line.split(" // ").next().unwrap_or(line).replace("\\\"", "'");
    let quoted = line.split('"').skip(1).step_by(2);
    let sentence =
        |text: &str| text.starts_with(char::is_uppercase) && text.contains(' ') && text.contains(char::is_lowercase);
    // What our own mistakes are called is for logs.
    !line.contains("expect(") && !line.contains("assert") && quoted.into_iter().any(sentence)
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, check};

    fn wrong(files: &[(&str, &str)]) -> usize {
        let file = |(path, text): &(&str, &str)| SourceFile { path: (*path).to_owned(), text: (*text).to_owned() };
        check(&files.iter().map(file).collect::<Vec<_>>()).len()
    }

    #[test]
    fn a_word_that_means_two_things_is_found() {
        assert_eq!(wrong(&[("crates/a/src/a.rs", "pub struct Peer {}\n"), ("crates/b/src/b.rs", "use a::Peer;\n")]), 0);
        assert_eq!(wrong(&[("crates/a/src/a.rs", "pub struct Peer;\n"), ("crates/b/src/b.rs", "enum Peer {}\n")]), 1);
        assert_eq!(wrong(&[("crates/a/src/a.rs", "struct Peers;\n"), ("crates/b/src/b.rs", "enum Peer {}\n")]), 0);
    }

    #[test]
    fn words_for_clients_stand_in_one_place() {
        let says = "let answer = Answer::ok(\"That is all\");\n";
        assert_eq!(wrong(&[("crates/session/src/reply.rs", says), ("crates/store/src/a.rs", says)]), 0);
        assert_eq!(wrong(&[("crates/session/src/command/list.rs", says)]), 1);
        assert_eq!(wrong(&[("crates/session/src/table.rs", "row(\"UID FETCH\", \"Posthorn\", \"no sentence\")\n")]), 0);
    }
}
