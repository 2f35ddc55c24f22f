//! The folders of a Maildir, and the messages of each.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use account::Flags;
use anyhow::{Context, Result, bail};
use imap::{Keyword, MailboxName, Uid};

use super::uidlist::UidList;
use super::{file_name, names};

/// How deep LAYOUT=fs is followed: as many levels as a mailbox name may have.
const DEPTH: usize = 32;

/// One folder: a mailbox.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) name: MailboxName,
    path: PathBuf,
}

/// A message in a folder.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) flags: Flags,
    /// From `dovecot-uidlist`.
    pub(crate) uid: Option<Uid>,
    /// When the file was written, unix seconds.
    pub(crate) received: i64,
    pub(crate) octets: u64,
}

/// All folders of a Maildir, INBOX first.
pub(crate) fn folders(root: &Path) -> Result<Vec<Folder>> {
    let mut found = Vec::new();
    if is_folder(root) {
        found.push(Folder { name: MailboxName::Inbox, path: root.to_owned() });
    }
    for (name, path) in subfolders(root)? {
        match name.strip_prefix('.') {
            Some(name) if is_folder(&path) => {
                found.extend(names::mailbox(name.split('.')).map(|name| Folder { name, path }));
            }
            Some(_) => {}
            None => nested(&path, &mut vec![name], &mut found)?,
        }
    }
    if found.is_empty() {
        bail!("{} is no Maildir: it has no folder `cur`, and neither has any folder in it", root.display());
    }
    found.sort_by(|a, b| {
        (a.name != MailboxName::Inbox, a.name.as_str()).cmp(&(b.name != MailboxName::Inbox, b.name.as_str()))
    });
    Ok(found)
}

/// LAYOUT=fs: a folder, and those in it.
fn nested(path: &Path, levels: &mut Vec<String>, found: &mut Vec<Folder>) -> Result<()> {
    if is_folder(path) {
        let name = names::mailbox(levels.iter().map(String::as_str));
        found.extend(name.map(|name| Folder { name, path: path.to_owned() }));
    }
    if levels.len() >= DEPTH {
        return Ok(());
    }
    for (name, path) in subfolders(path)? {
        if !name.starts_with('.') {
            levels.push(name);
            nested(&path, levels, found)?;
            levels.pop();
        }
    }
    Ok(())
}

fn is_folder(path: &Path) -> bool {
    path.join("cur").is_dir()
}

/// The folders in a folder that are not Maildir's own three. Links are not followed: they could lead anywhere.
fn subfolders(path: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() && !["cur", "new", "tmp", ".", ".."].contains(&name.as_str()) {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

impl Folder {
    /// `dovecot-uidlist`, where there is one that can be read.
    pub(crate) fn uid_list(&self) -> Option<UidList> {
        let text = fs::read(self.path.join("dovecot-uidlist")).ok()?;
        UidList::parse(&String::from_utf8_lossy(&text))
    }

    /// The messages: first those that have a UID, by it; then the others by name, that is by time.
    pub(crate) fn entries(&self, list: Option<&UidList>) -> Result<Vec<Entry>> {
        let keywords = self.keywords();
        let mut found = Vec::new();
        for part in ["cur", "new"] {
            let path = self.path.join(part);
            let Ok(files) = fs::read_dir(&path) else { continue };
            for file in files {
                let file = file.with_context(|| format!("cannot read {}", path.display()))?;
                let name = file.file_name().to_string_lossy().into_owned();
                if name.starts_with('.') || !file.file_type()?.is_file() {
                    continue;
                }
                // A server that is still running may move or remove it meanwhile.
                let Ok(metadata) = file.metadata() else { continue };
                let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
                found.push(Entry {
                    path: file.path(),
                    flags: file_name::flags(&name, &keywords),
                    uid: list.and_then(|list| list.uids.get(file_name::base(&name)).copied()),
                    received: modified.and_then(|at| i64::try_from(at.as_secs()).ok()).unwrap_or(0),
                    octets: metadata.len(),
                });
            }
        }
        found.sort_by(|a, b| {
            let key = |entry: &Entry| (entry.uid.is_none(), entry.uid);
            key(a).cmp(&key(b)).then_with(|| a.path.file_name().cmp(&b.path.file_name()))
        });
        Ok(found)
    }

    /// `dovecot-keywords`: `0 Work`, for the letter `a`.
    fn keywords(&self) -> Vec<Option<Keyword>> {
        let text = fs::read(self.path.join("dovecot-keywords")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let numbered = text.lines().filter_map(|line| {
            let (number, name) = line.split_once(' ')?;
            Some((number.parse::<usize>().ok()?, Keyword::new(name)?))
        });
        let numbered: HashMap<usize, Keyword> = numbered.collect();
        (0..26).map(|number| numbered.get(&number).cloned()).collect()
    }
}
