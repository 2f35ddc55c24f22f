//! `posthorn import mbox`

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use imap::MailboxName;

use super::target::{About, Into, Totals};
use crate::mbox::reader::{Quoting, Reader};
use crate::output;
use crate::progress::Progress;

/// What Thunderbird calls the folder beside a file that has the mailboxes below it.
const BELOW: &str = ".sbd";

/// How deep folders are followed.
const DEPTH: usize = 32;

/// Takes an mbox over, or a folder of them.
pub(super) fn import(into: &mut Into, path: &Path, quoting: Quoting) -> Result<Totals> {
    let metadata = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut files = Vec::new();
    if metadata.is_dir() {
        find(path, &mut Vec::new(), &mut files)?;
        if files.is_empty() {
            bail!("there is no mbox in {}", path.display());
        }
    } else {
        files.push((MailboxName::Inbox, path.to_owned()));
    }
    files.sort();
    let sizes = files.iter().filter_map(|(_, file)| Some(fs::metadata(file).ok()?.len()));
    let mut progress = Progress::new(sizes.sum());
    for (name, file) in &files {
        let done = one(into, name, (file, quoting), &mut progress);
        if done.is_err() {
            progress.finish();
        }
        done.with_context(|| file.display().to_string())?;
    }
    progress.finish();
    Ok(into.totals)
}

/// Finds all mboxes: files that begin with `From `. The folder beside `Name` is `Name.sbd`, or `Name` has none.
fn find(folder: &Path, levels: &mut Vec<String>, found: &mut Vec<(MailboxName, PathBuf)>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if name.starts_with('.') {
            continue;
        }
        let level = name.strip_suffix(BELOW).filter(|_| kind.is_dir()).unwrap_or(&name).replace(['*', '%'], "_");
        levels.push(level);
        if kind.is_dir() && levels.len() < DEPTH {
            find(&entry.path(), levels, found)?;
        } else if kind.is_file() && is_mbox(&entry.path())? {
            match MailboxName::new(&levels.join("/")) {
                Ok(name) => found.push((name, entry.path())),
                Err(error) => output::note(format!("left out {}: {error}", entry.path().display())),
            }
        }
        levels.pop();
    }
    Ok(())
}

fn is_mbox(path: &Path) -> Result<bool> {
    let mut start = [0; 5];
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    match file.read_exact(&mut start) {
        Ok(()) => Ok(&start == b"From "),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn one(into: &mut Into, name: &MailboxName, (file, quoting): (&Path, Quoting), progress: &mut Progress) -> Result<()> {
    let name = into.name(name)?;
    let input = BufReader::with_capacity(256 * 1024, File::open(file).context("cannot read it")?);
    let Some(mut reader) = Reader::new(input, quoting, into.fidelity)? else { return Ok(()) };
    let mut mailbox = into.mailbox(name.clone())?;
    loop {
        let mut upload = Some(into.upload());
        let read = reader.next(&mut |octets| {
            // One that is too large is read to its end, so that the next one is found.
            upload = upload.take().filter(|upload| Into::fits(upload.len() + octets.len() as u64));
            if let Some(upload) = &mut upload {
                upload.push(octets)?;
            }
            progress.octets(octets.len() as u64);
            Ok(())
        })?;
        let Some(message) = read else { break };
        let about = About { flags: message.flags, date: message.date, uid: None };
        match upload {
            Some(upload) => into.add(&mut mailbox, upload, about)?,
            None => into.refuse("a message", &anyhow!("it is larger than 4 GiB")),
        }
        progress.item();
    }
    into.flush(&mut mailbox)?;
    into.subscribe(&name)
}
