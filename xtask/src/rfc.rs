//! Which RFC is kept where: `docs/rfc.md`, made from the citations `RFC n §s` in the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use crate::sources;

const FILE: &str = "docs/rfc.md";

/// A section of an RFC, sorted as in its table of contents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Section(Vec<u32>, String);

/// By RFC, by section (`None`: the whole RFC), the files that cite it.
type Table = BTreeMap<u32, BTreeMap<Option<Section>, BTreeSet<String>>>;

/// Writes the table.
pub(crate) fn write(root: &Path) -> Result<String, String> {
    let text = table(root)?;
    std::fs::write(root.join(FILE), text).map_err(|error| format!("{FILE}: {error}"))?;
    Ok(format!("{FILE} is written"))
}

/// Whether the table is what the sources say.
pub(crate) fn check(root: &Path) -> Result<String, String> {
    let there = std::fs::read_to_string(root.join(FILE)).map_err(|error| format!("{FILE}: {error}"))?;
    if there == table(root)? {
        Ok(format!("{FILE} is up to date"))
    } else {
        Err(format!("{FILE} is old: cargo xtask rfc"))
    }
}

fn table(root: &Path) -> Result<String, String> {
    let mut table = Table::new();
    for source in sources::rust(root)? {
        // The chores and the fuzz targets keep no RFC.
        if !source.path.starts_with("crates/") || source.path.contains("/tests/") {
            continue;
        }
        for (rfc, section) in citations(&source.text) {
            table.entry(rfc).or_default().entry(section).or_default().insert(source.path.clone());
        }
    }
    Ok(show(&table))
}

fn show(table: &Table) -> String {
    let mut text = String::from(
        "# Which RFC is kept where\n\nMade by `cargo xtask rfc` from the citations in the sources; `.ci/run` checks that it is up to date.\n",
    );
    for (rfc, sections) in table {
        let _ = write!(text, "\n## RFC {rfc}\n\n| section | files |\n| --- | --- |\n");
        for (section, files) in sections {
            let name = section.as_ref().map_or(String::new(), |section| format!("§{}", section.1));
            let files: Vec<String> =
                files.iter().map(|file| format!("`{}`", file.trim_start_matches("crates/"))).collect();
            let _ = writeln!(text, "| {name} | {} |", files.join(", "));
        }
    }
    text
}

/// The citations in the comments of a file: `RFC 9051 §6.4.6`, `RFC 7162 §3.2.5, §3.2.6`, `RFC 4959`.
fn citations(text: &str) -> Vec<(u32, Option<Section>)> {
    let comments = text.lines().filter_map(|line| line.split_once("//").map(|(_, comment)| comment));
    let words: Vec<String> = comments
        .flat_map(|comment| comment.trim_start_matches(['/', '!']).split_whitespace())
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '§').to_owned())
        .collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at + 1 < words.len() {
        let number = (words[at] == "RFC").then(|| words[at + 1].parse::<u32>().ok()).flatten();
        at += 1;
        let Some(rfc) = number else { continue };
        at += 1;
        let before = found.len();
        while let Some(section) = words.get(at).and_then(|word| word.strip_prefix('§')) {
            found.extend(parse(section).map(|section| (rfc, Some(section))));
            // "§3.2.5 and §3.2.6", "§3.1 to §3.3"
            at += 1;
            let joins = matches!(words.get(at).map(String::as_str), Some("and" | "to"));
            if joins && words.get(at + 1).is_some_and(|word| word.starts_with('§')) {
                at += 1;
            }
        }
        if found.len() == before {
            found.push((rfc, None));
        }
    }
    found
}

fn parse(text: &str) -> Option<Section> {
    let text = text.trim_end_matches("'s");
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(text.len());
    let text = text[..end].trim_end_matches('.');
    let numbers = text.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect();
    (!text.is_empty()).then(|| Section(numbers, text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Section, citations};

    #[test]
    fn citations_are_found() {
        let text = "//! STORE (RFC 9051 §6.4.6, §7.5.2;\n/// RFC 4959).\nfn f() {} // RFC 7162 §3.1 and §3.2.10.\nlet s = \"RFC 1 §1\";\n";
        let section = |s: &str| Some(Section(s.split('.').map(|n| n.parse().unwrap()).collect(), s.to_owned()));
        let expected = [
            (9051, section("6.4.6")),
            (9051, section("7.5.2")),
            (4959, None),
            (7162, section("3.1")),
            (7162, section("3.2.10")),
        ];
        assert_eq!(citations(text), expected);
    }

    #[test]
    fn sections_sort_by_number() {
        let parse = |s| super::parse(s).unwrap();
        assert!(parse("3.2.5") < parse("3.2.10"));
        assert!(parse("6") < parse("6.1"));
    }
}
