//! `posthorn import maildir`

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use imap::{InternalDate, MailboxName, Uid};

use super::file;
use super::target::{About, Destination, Into, Kept, Totals};
use crate::maildir::folder::{self, Entry, Folder};
use crate::maildir::subscriptions;
use crate::output;
use crate::progress::Progress;

/// Takes a Maildir over, folder by folder.
pub(super) fn import(into: &mut Into, root: &Path) -> Result<Totals> {
    if !root.is_dir() {
        bail!("{} is no folder: name the folder that has `cur` and `new` in it", root.display());
    }
    let folders = folder::folders(root)?;
    let mut total = 0;
    for folder in &folders {
        total += folder.entries(None)?.iter().map(|entry| entry.octets).sum::<u64>();
    }
    let mut progress = Progress::new(total);
    for folder in &folders {
        let done = one(into, folder, &mut progress);
        if done.is_err() {
            progress.finish();
        }
        done?;
    }
    progress.finish();
    subscribe(into, root, &folders)?;
    Ok(into.totals)
}

fn one(into: &mut Into, folder: &Folder, progress: &mut Progress) -> Result<()> {
    let mut mailbox = into.mailbox(into.name(&folder.name)?)?;
    let mut list = folder.uid_list();
    // UIDNEXT is raised at the end: until then it is what the messages say.
    let mut next = None;
    if let Some(found) = &list {
        match into.take_numbers(&mailbox, found.validity, Uid::MIN)? {
            Kept::Yes => next = Some(found.next),
            Kept::No => {
                output::note(format!("{} has had messages of its own: they all get new UIDs", mailbox.name()));
                list = None;
            }
        }
    }
    for entry in folder.entries(list.as_ref())? {
        if let Err(error) = message(into, &mut mailbox, &entry, next) {
            // What fails before the message is whole is the file's fault, what fails after it is ours.
            if error.is::<Unreadable>() {
                into.refuse(&entry.path.display().to_string(), &error);
            } else {
                return Err(error);
            }
        }
        progress.item();
        progress.octets(entry.octets);
    }
    into.flush(&mut mailbox)?;
    if let (Some(list), Some(next)) = (&list, next) {
        into.take_numbers(&mailbox, list.validity, next)?;
    }
    Ok(())
}

/// A file that cannot be read.
#[derive(Debug)]
struct Unreadable(String);

impl std::error::Error for Unreadable {}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Adds one message. One without a UID comes after all that were ever given.
fn message(into: &mut Into, mailbox: &mut Destination, entry: &Entry, next: Option<Uid>) -> Result<()> {
    if !Into::fits(entry.octets) {
        return Err(Unreadable("it is larger than 4 GiB".to_owned()).into());
    }
    let mut upload = into.upload();
    let mut stored = Ok(());
    let fed = file::feed(&entry.path, into.fidelity, &mut |octets| {
        if stored.is_ok() {
            stored = upload.push(octets);
        }
        Ok(())
    });
    if let Err(store::Error::TooLarge) = stored {
        return Err(Unreadable("it is larger than 4 GiB".to_owned()).into());
    }
    stored?;
    fed.map_err(|error| Unreadable(format!("{error:#}")))?;
    let about =
        About { flags: entry.flags.clone(), date: Some(InternalDate::new(entry.received, 0)), uid: entry.uid.or(next) };
    into.add(mailbox, upload, about)
}

/// What was subscribed there is subscribed here; without a file that says so, everything is.
fn subscribe(into: &Into, root: &Path, folders: &[Folder]) -> Result<()> {
    let subscribed: Vec<MailboxName> = match fs::read(root.join("subscriptions")) {
        Ok(text) => subscriptions::parse(&String::from_utf8_lossy(&text)),
        Err(_) => folders.iter().map(|folder| folder.name.clone()).collect(),
    };
    subscribed.iter().try_for_each(|name| into.subscribe(&into.name(name)?))
}
