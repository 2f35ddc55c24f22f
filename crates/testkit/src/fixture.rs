//! Stores that older versions wrote (`tests/fixtures`), with what those versions answered about them.

pub mod play;
pub mod record;

use std::path::{Path, PathBuf};

use self::record::Record;
use crate::suite::Folder;

/// Tar keeps everything in blocks of so many octets.
const BLOCK: usize = 512;

/// A store of an older version, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    /// The version that wrote it, and its name: `0.1/many`.
    pub name: String,
    packed: PathBuf,
}

/// All of them, of all versions.
pub fn all() -> Result<Vec<Fixture>, String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let mut found = Vec::new();
    for version in children(&root)? {
        for packed in children(&version).unwrap_or_default() {
            let name = packed.strip_prefix(&root).map_err(|error| error.to_string())?.display().to_string();
            if let Some(name) = name.strip_suffix(".tar.zst").map(str::to_owned) {
                found.push(Fixture { name, packed });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

impl Fixture {
    /// Unpacks it into a folder of its own.
    pub fn unpack(&self) -> Result<Folder, String> {
        let wrong = |error: std::io::Error| format!("{}: {error}", self.name);
        let packed = std::fs::File::open(&self.packed).map_err(wrong)?;
        let octets = zstd::decode_all(packed).map_err(wrong)?;
        let folder = Folder::new();
        untar(&octets, folder.path()).map_err(|what| format!("{}: {what}", self.name))?;
        Ok(folder)
    }

    /// What the version that wrote it answered.
    pub fn record(&self) -> Result<Record, String> {
        let path = self.packed.with_file_name(format!("{}.txt", self.name.rsplit('/').next().unwrap_or_default()));
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Record::parse(&text).map_err(|what| format!("{}: {what}", path.display()))
    }
}

/// Writes the files of an archive (POSIX's ustar, as `make.py` writes it: files with short names and nothing else).
fn untar(octets: &[u8], folder: &Path) -> Result<(), String> {
    let mut rest = octets;
    while let Some((head, after)) = rest.split_at_checked(BLOCK).filter(|(head, _)| head[0] != 0) {
        let name = field(&head[..100])?;
        let size = usize::from_str_radix(field(&head[124..136])?, 8).map_err(|error| format!("{name}: {error}"))?;
        let path = folder.join(name);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let content = after.get(..size).ok_or_else(|| format!("{name}: it is cut off"))?;
        written.and_then(|()| std::fs::write(&path, content)).map_err(|error| format!("{name}: {error}"))?;
        rest = after.get(size.next_multiple_of(BLOCK)..).unwrap_or_default();
    }
    Ok(())
}

/// A text in a header, which a NUL ends.
fn field(octets: &[u8]) -> Result<&str, String> {
    let octets = octets.split(|octet| *octet == 0).next().unwrap_or_default();
    std::str::from_utf8(octets).map_err(|error| error.to_string())
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::read_dir(folder).map_err(wrong)?.map(|entry| entry.map(|entry| entry.path()).map_err(wrong)).collect()
}
