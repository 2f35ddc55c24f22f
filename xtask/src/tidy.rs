//! The rules of layout that no lint knows (STYLE: 1, 6, 8).

use std::path::Path;

use crate::layers::{self, PURE};
use crate::sources::{self, SourceFile};
use crate::words;

/// Files longer than this are named.
const LONG: usize = 500;

/// Files longer than this are an error.
const TOO_LONG: usize = 550;

/// Words that say nothing in the name of a file or a type.
const EMPTY_WORDS: [&str; 4] = ["utils", "util", "helpers", "common"];

/// Ends of type names that say nothing.
const EMPTY_ENDS: [&str; 2] = ["Manager", "Helper"];

/// Checks everything and says all that is wrong.
pub(crate) fn run(root: &Path) -> Result<String, String> {
    let sources = sources::rust(root)?;
    let mut wrong = layers::check(root)?;
    wrong.extend(words::check(&sources));
    let mut long = Vec::new();
    for source in &sources {
        wrong.extend(check(source));
        let lines = source.text.lines().count();
        if lines > TOO_LONG {
            wrong.push(format!("{}: {lines} lines; split it (at most {TOO_LONG})", source.path));
        } else if lines > LONG {
            long.push(format!("{}: {lines} lines, which is rather long", source.path));
        }
    }
    let told = format!("{} files, {} of them over {LONG} lines", sources.len(), long.len());
    long.push(told);
    match wrong.as_slice() {
        [] => Ok(long.join("\n")),
        _ => Err(format!("{}\n{}", wrong.join("\n"), long.join("\n"))),
    }
}

fn check(source: &SourceFile) -> Vec<String> {
    let mut wrong = Vec::new();
    let path = source.path.as_str();
    let parts: Vec<&str> = path.split('/').collect();
    let stem = parts.last().map_or("", |file| file.trim_end_matches(".rs"));
    if EMPTY_WORDS.iter().any(|word| stem == *word || parts.contains(word)) {
        wrong.push(format!("{path}: its name says nothing"));
    }
    if matches!(stem, "lib" | "main") && !source.text.starts_with("//!") {
        wrong.push(format!("{path}: it does not begin by saying what it is (//!)"));
    }
    if let ["crates", krate, "src", ..] = parts.as_slice() {
        wrong.extend(check_code(krate, source));
    }
    wrong
}

fn check_code(krate: &str, source: &SourceFile) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |line: usize, what: String| wrong.push(format!("{}:{line}: {what}", source.path));
    for (at, line) in code(&source.text) {
        if PURE.contains(&krate) && line.contains("std::fs") {
            say(at, format!("`{krate}` does no I/O, but here is std::fs"));
        }
        // A file's time of change is compared with the clock of the file system that made it; and a disk that had no room
        // is left alone for a while, whoever asks.
        let of_disks = ["store/src/engine/sqlite/footing.rs", "store/src/disk.rs"];
        if !matches!(krate, "server" | "cli" | "testkit")
            && !of_disks.iter().any(|file| source.path.ends_with(file))
            && ["Instant::now(", "SystemTime::now("].iter().any(|c| line.contains(c))
        {
            say(at, "only `server` and `cli` read the clock".to_owned());
        }
        if !matches!(krate, "session" | "imap" | "testkit") && krate != "account" && line.contains("SeqNum") {
            say(at, "sequence numbers never leave `session`".to_owned());
        }
        // Disks that fail stand beneath SQLite, and open no file of their own.
        if !matches!(krate, "store" | "testkit-vfs") && line.contains("rusqlite") {
            say(at, "only `store` opens mail files".to_owned());
        }
        let with_words = ["response::tagged(", "response::untagged(", "response::continuation("];
        if krate == "session" && !source.path.ends_with("/outbox.rs") && with_words.iter().any(|f| line.contains(f)) {
            say(at, "`reply.rs` alone chooses words for clients, and the outbox tells them".to_owned());
        }
        if krate == "session" && !source.path.ends_with("session/src/place.rs") && line.contains(".named(") {
            say(at, "only `place.rs` looks names up".to_owned());
        }
        for word in ["todo!(", "unimplemented!(", "#[ignore"] {
            if line.contains(word) {
                say(at, format!("{word} in place of what was promised"));
            }
        }
        for kind in ["struct ", "enum ", "trait "] {
            let Some(name) =
                line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ").strip_prefix(kind)
            else {
                continue;
            };
            let name: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
            if EMPTY_ENDS.iter().any(|end| name.ends_with(end)) {
                say(at, format!("{name}: its name says nothing"));
            }
        }
        let trimmed = line.trim_start();
        if ["fn get_", "pub fn get_", "pub(crate) fn get_"].iter().any(|start| trimmed.starts_with(start)) {
            say(at, "`get_` says nothing".to_owned());
        }
    }
    wrong
}

/// The lines that are code and no unit test, with their numbers.
pub(crate) fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = text.lines().position(|line| line.starts_with("mod tests")).unwrap_or(usize::MAX);
    let lines = text.lines().enumerate().take(tests);
    lines.filter(|(_, line)| !line.trim_start().starts_with("//")).map(|(at, line)| (at + 1, line))
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, check};

    fn wrong(path: &str, text: &str) -> usize {
        check(&SourceFile { path: path.to_owned(), text: text.to_owned() }).len()
    }

    #[test]
    fn what_is_wrong_is_found() {
        assert_eq!(wrong("crates/imap/src/lib.rs", "//! Words.\nfn one() {}\n"), 0);
        assert_eq!(wrong("crates/imap/src/lib.rs", "fn one() {}\n"), 1);
        assert_eq!(wrong("crates/imap/src/utils.rs", ""), 1);
        assert_eq!(wrong("crates/imap/src/set.rs", "use std::fs;\n"), 1);
        assert_eq!(wrong("crates/imap/src/set.rs", "// std::fs is not for us\nmod tests {\nuse std::fs;\n"), 0);
        assert_eq!(wrong("crates/store/src/time.rs", "use std::fs;\nlet n = SystemTime::now();\n"), 1);
        assert_eq!(
            wrong("crates/session/src/command/a.rs", "response::untagged(out, Condition::Ok, None, \"Hi\");\n"),
            1
        );
        assert_eq!(
            wrong("crates/session/src/outbox.rs", "response::untagged(&mut self.0, condition, code, text);\n"),
            0
        );
        assert_eq!(wrong("crates/session/src/command/list.rs", "let id = state.named(&name);\n"), 1);
        assert_eq!(wrong("crates/session/src/place.rs", "let id = state.named(&name);\n"), 0);
        assert_eq!(wrong("crates/server/src/a.rs", "pub struct LoginManager;\nfn get_it() {}\n"), 2);
        assert_eq!(wrong("crates/server/src/a.rs", "let x: SeqNum = y;\n    todo!()\n"), 2);
    }
}
