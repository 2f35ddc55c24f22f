//! `posthorn export maildir`

use std::collections::HashMap;
use std::fs::{self, File, FileTimes};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use account::{Mailbox, Record, State};
use anyhow::{Context, Result};
use imap::{Keyword, MailboxName, Uid};

use super::{Exported, Format};
use crate::maildir::names::{self, Layout};
use crate::maildir::{file_name, subscriptions, uidlist};
use crate::output;

/// The most keywords that file names of a folder have letters for.
const LETTERS: usize = 26;

/// A Maildir that is written.
pub(super) struct Export {
    pub(super) root: PathBuf,
    pub(super) layout: Layout,
}

impl Format for Export {
    fn mailbox(&mut self, source: &mut Exported, mailbox: &Mailbox) -> Result<()> {
        let folder = self.root.join(names::folder(&mailbox.name, self.layout));
        for part in ["cur", "new", "tmp"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        if mailbox.name != MailboxName::Inbox && self.layout == Layout::PlusPlus {
            fs::write(folder.join("maildirfolder"), "")?;
        }
        let keywords = keywords(mailbox);
        let numbered = keywords.iter().enumerate().map(|(number, keyword)| format!("{number} {}\n", keyword.as_str()));
        write(&folder.join("dovecot-keywords"), &numbered.collect::<String>())?;
        let mut there = files(&folder.join("cur"))?;
        let mut entries = Vec::with_capacity(mailbox.messages.len());
        for record in mailbox.messages.iter() {
            let base = base(mailbox, record);
            let info = file_name::info(&mailbox.flags.flags(record.flags), &keywords);
            let place = folder.join("cur").join(format!("{base}{info}"));
            let written = match there.remove(&base) {
                Some(old) => fs::rename(old, &place).map_err(Into::into),
                None => message(source, record, &folder.join("tmp").join(&base), &place),
            };
            match written {
                Ok(()) => {
                    entries.push((record.uid, base));
                    source.wrote(record);
                }
                Err(error) if error.is::<store::Error>() => source.damaged(mailbox, record, &error),
                Err(error) => return Err(error.context(format!("cannot write {}", place.display()))),
            }
        }
        // What is left was written by an earlier export, and has gone since.
        for path in there.into_values() {
            fs::remove_file(path)?;
        }
        let guid = format!("{:032x}", u128::from(mailbox.id.get()) << 64 | u128::from(mailbox.uid_validity.get()));
        let list = uidlist::write(mailbox.uid_validity, mailbox.uid_next_shown(), &guid, &entries);
        write(&folder.join("dovecot-uidlist"), &list)
    }

    fn finish(&mut self, state: &State) -> Result<()> {
        write(&self.root.join("subscriptions"), &subscriptions::write(state.subscriptions()))
    }
}

/// The keywords that get a letter: the first ones that the mailbox has known.
fn keywords(mailbox: &Mailbox) -> Vec<Keyword> {
    let mut keywords: Vec<_> =
        mailbox.flags.keywords().iter().filter(|keyword| !file_name::is_forwarded(keyword)).cloned().collect();
    if keywords.len() > LETTERS {
        let lost: Vec<_> = keywords.split_off(LETTERS).iter().map(|keyword| keyword.as_str().to_owned()).collect();
        output::note(format!("{}: a Maildir has no letters for the keywords {}", mailbox.name, lost.join(" ")));
    }
    keywords
}

/// The same message has the same name in each export.
fn base(mailbox: &Mailbox, record: &Record) -> String {
    let seconds = record.internal_date.seconds();
    let uid: Uid = record.uid;
    format!("{seconds}.V{}U{uid}.posthorn,S={}", mailbox.uid_validity, record.size)
}

/// The files of an earlier export by name without flags. Others are left alone.
fn files(folder: &Path) -> Result<HashMap<String, PathBuf>> {
    let mut found = HashMap::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if file_name::base(&name).contains(".posthorn,S=") {
            found.insert(file_name::base(&name).to_owned(), file.path());
        }
    }
    Ok(found)
}

/// Writes a message beside its place, dates it, and moves it there: a Maildir never has half a message.
fn message(source: &mut Exported, record: &Record, beside: &Path, place: &Path) -> Result<()> {
    let mut file = File::create(beside)?;
    let written = source.body(record, &mut |octets| Ok(file.write_all(octets)?));
    if written.is_err() {
        drop(file);
        fs::remove_file(beside)?;
        return written;
    }
    if let Ok(seconds) = u64::try_from(record.internal_date.seconds()) {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        file.set_times(FileTimes::new().set_modified(at).set_accessed(at))?;
    }
    fs::rename(beside, place)?;
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
