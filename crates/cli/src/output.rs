//! What is written to the terminal: lines, tables, JSON, and errors of one line.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

/// How a command shows what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// `--json`
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Output {
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

impl Output {
    pub(crate) fn form(self) -> Form {
        if self.json { Form::Json } else { Form::Text }
    }
}

/// Writes to the standard output stream. Whoever reads it may stop reading: that is no error.
pub(crate) fn text(text: &str) -> Result<()> {
    let written = io::stdout().lock().write_all(text.as_bytes());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A line on the standard output stream.
pub(crate) fn line(line: impl AsRef<str>) -> Result<()> {
    text(&format!("{}\n", line.as_ref()))
}

/// One JSON value, in lines that people can read, too.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    line(serde_json::to_string_pretty(value)?)
}

/// One JSON value on a line of its own, where there are many.
pub(crate) fn json_line(value: &impl Serialize) -> Result<()> {
    line(serde_json::to_string(value)?)
}

/// Something to know that is no failure, on the standard error stream.
pub(crate) fn note(text: impl AsRef<str>) {
    // If even that cannot be written, nothing can be said about it.
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

/// A failure, on one line: the causes after the last thing that was tried.
pub(crate) fn error(error: &anyhow::Error) {
    let mut said = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        // A cause is often in the words of what it caused already.
        if !said.contains(&cause) {
            said.push_str(if said.is_empty() { "" } else { ": " });
            said.push_str(&cause);
        }
    }
    note(format!("posthorn: {}", said.replace('\n', " ")));
}

/// Rows under headings, in columns; a column of numbers is aligned at the right.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(headings.get(column).map(|heading| heading.len())).max().unwrap_or(0)
    };
    let numbers = |column: usize| {
        let number = |cell: &String| cell.bytes().all(|byte| byte.is_ascii_digit());
        !rows.is_empty() && rows.iter().filter_map(|row| row.get(column)).all(number)
    };
    let shape: Vec<_> = (0..headings.len()).map(|column| (width(column), numbers(column))).collect();
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let mut out = String::new();
    for row in std::iter::once(&headings).chain(rows) {
        let cells = row.iter().zip(&shape).map(|(cell, (width, numbers))| match numbers {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    text(&out)
}

/// Octets as people say them.
pub(crate) fn size(octets: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let (mut whole, mut rest, mut unit) = (octets, 0, "octets");
    for next in UNITS {
        if whole < 1024 {
            break;
        }
        (whole, rest, unit) = (whole / 1024, whole % 1024 * 10 / 1024, next);
    }
    if unit == "octets" { format!("{whole} {unit}") } else { format!("{whole}.{rest} {unit}") }
}

/// A number with its noun, which takes an s.
pub(crate) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said() {
        for (octets, said) in [(0, "0 octets"), (1023, "1023 octets"), (1024, "1.0 KiB"), (1_600_000, "1.5 MiB")] {
            assert_eq!(size(octets), said);
        }
        assert_eq!(size(u64::MAX), "16777215.9 TiB");
    }
}
