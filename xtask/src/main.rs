//! Chores of the workspace. `cargo xtask tidy` holds the rules of layout that no lint knows; `cargo xtask rfc` makes
//! `docs/rfc.md`, the table of which RFC is kept where, and with `--check` says whether it is up to date.

mod layers;
mod rfc;
mod sources;
mod tidy;
mod words;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy | rfc [--check]";

fn main() -> ExitCode {
    let root = root();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = match words.as_slice() {
        ["tidy"] => tidy::run(&root),
        ["rfc"] => rfc::write(&root),
        ["rfc", "--check"] => rfc::check(&root),
        _ => Err(USAGE.to_owned()),
    };
    let (text, code) = match told {
        Ok(text) => (text, ExitCode::SUCCESS),
        Err(text) => (text, ExitCode::FAILURE),
    };
    // Where nobody listens any more there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
    code
}

/// The workspace: the folder above this package.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
