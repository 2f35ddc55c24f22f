//! What is wrong with a configuration, in one line that says what to do.

use std::path::{Path, PathBuf};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The file is not there, or not ours to read.
    #[error("cannot read the configuration {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// Something in the file.
    #[error("{}line {line}: {what}", file.as_ref().map(|f| format!("{}, ", f.display())).unwrap_or_default())]
    Wrong {
        /// The file, where it comes from one.
        file: Option<PathBuf>,
        /// Counted from 1.
        line: usize,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A certificate without its key, or the other way round.
    #[error("`tls.certificate` and `tls.key` go together: set both, or none for a self-signed certificate")]
    HalfTls,
    /// More than one character.
    #[error("`delivery.detail_separator` is one character, such as \"+\", or an empty string")]
    LongSeparator,
}

impl ConfigError {
    pub(super) fn of_file(self, path: &Path) -> Self {
        match self {
            Self::Wrong { line, what, .. } => Self::Wrong { file: Some(path.to_owned()), line, what },
            other => other,
        }
    }
}

/// Turns the TOML reader's error into ours: its line, and for a key that is unknown the one that was probably meant.
pub(super) fn explain(text: &str, wrong: &toml::de::Error) -> ConfigError {
    let at = wrong.span().map_or(0, |span| span.start).min(text.len());
    let line = text[..text.floor_char_boundary(at)].matches('\n').count() + 1;
    let message = wrong.message();
    let what = unknown_key(message).unwrap_or_else(|| message.replace('\n', " "));
    ConfigError::Wrong { file: None, line, what }
}

/// Reads serde's "unknown field `x`, expected one of `a`, `b`".
fn unknown_key(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (key, expected) = rest.split_once('`')?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let nearest = known.iter().map(|k| (distance(key, k), key.len().abs_diff(k.len()), *k)).min();
    Some(match nearest {
        Some((far, _, meant)) if far <= 2.max(key.len() / 3) => {
            format!("there is no key `{key}`; did you mean `{meant}`?")
        }
        _ => format!("there is no key `{key}`; there are {}", known.join(", ")),
    })
}

/// How many letters have to be changed, added, taken away or swapped with their neighbour, `-` and `_` being the same
/// (Damerau's distance, each letter being touched once).
fn distance(a: &str, b: &str) -> usize {
    let fold = |s: &str| s.to_ascii_lowercase().replace('-', "_").into_bytes();
    let (a, b) = (fold(a), fold(b));
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    let swap = if swapped { rows[i - 2][j - 2] + 1 } else { usize::MAX };
                    replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(swap)
                }
            };
        }
    }
    rows[a.len()][b.len()]
}
