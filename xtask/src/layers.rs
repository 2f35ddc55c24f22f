//! Which crate may use which: one uses only those above it in this list.

use std::path::Path;

/// The path of the data, from bytes to the binary.
const ORDER: [&str; 10] =
    ["mime", "imap", "account", "store", "gate", "session", "delivery", "console", "server", "cli"];

/// Crates that do neither I/O nor look at a clock.
pub(crate) const PURE: [&str; 6] = ["mime", "imap", "account", "gate", "session", "delivery"];

/// Dev only, beside the path: what tests use, and the disks beneath SQLite, which alone may hold `unsafe`.
const KITS: [&str; 2] = ["testkit", "testkit-vfs"];

/// What is wrong with the manifests.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    let folder = root.join("crates");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned())).collect();
    names.sort();
    for name in names {
        let path = folder.join(&name).join("Cargo.toml");
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        wrong.extend(of_manifest(&name, &text));
    }
    Ok(wrong)
}

fn of_manifest(name: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let place = |name: &str| ORDER.iter().position(|n| *n == name);
    let own = place(name);
    if own.is_none() && !KITS.contains(&name) {
        wrong.push(format!("crates/{name}: not a room of the house; put it into the order in xtask/src/layers.rs"));
    }
    for (section, dependency) in dependencies(text) {
        let kit = KITS.contains(&dependency.as_str());
        let Some(used) = place(&dependency).or(kit.then_some(ORDER.len())) else { continue };
        let dev = section.contains("dev-dependencies");
        let allowed = match (own, dev) {
            // Tests may use the kit, and what is above them.
            (Some(own), true) => used < own || kit,
            (Some(own), false) => used < own,
            (None, _) => true,
        };
        if !allowed {
            wrong.push(format!("crates/{name}/Cargo.toml: [{section}] uses {dependency}, which is not above it"));
        }
    }
    wrong
}

/// The names of dependencies with the sections in which they stand.
fn dependencies(text: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            name.trim_end_matches(']').clone_into(&mut section);
        } else if section.ends_with("dependencies") && !line.starts_with('#') {
            let name: String = line.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect();
            if !name.is_empty() {
                found.push((section.clone(), name));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::of_manifest;

    #[test]
    fn a_crate_uses_only_what_is_above_it() {
        assert!(of_manifest("store", "[dependencies]\naccount.workspace = true\nblake3 = \"1\"\n").is_empty());
        assert_eq!(of_manifest("account", "[dependencies]\nstore.workspace = true\n").len(), 1);
        assert_eq!(of_manifest("session", "[dependencies]\ntestkit = { path = \"x\" }\n").len(), 1);
        assert!(of_manifest("session", "[dev-dependencies]\ntestkit.workspace = true\n").is_empty());
        assert_eq!(of_manifest("session", "[dev-dependencies]\nserver.workspace = true\n").len(), 1);
        assert_eq!(of_manifest("cellar", "").len(), 1);
    }
}
