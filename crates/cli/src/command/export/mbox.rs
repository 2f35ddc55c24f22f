//! `posthorn export mbox`

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use account::{Mailbox, Record, State};
use anyhow::{Context, Result};

use super::{Exported, Format};
use crate::mbox::writer::{EndsOf, Writer};

/// A folder of mboxes that is written: `Lists` has the messages of that mailbox, `Lists.sbd` those below it, as
/// Thunderbird has them.
pub(super) struct Export {
    pub(super) root: PathBuf,
}

impl Format for Export {
    fn mailbox(&mut self, source: &mut Exported, mailbox: &Mailbox) -> Result<()> {
        let mut path = self.root.clone();
        let mut levels = mailbox.name.components().peekable();
        while let Some(level) = levels.next() {
            path.push(if levels.peek().is_some() { format!("{level}.sbd") } else { level.to_owned() });
        }
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut out = BufWriter::with_capacity(256 * 1024, file);
        for record in mailbox.messages.iter() {
            match message(source, mailbox, record, &mut out) {
                Ok(()) => source.wrote(record),
                Err(error) if error.is::<store::Error>() => source.damaged(mailbox, record, &error),
                Err(error) => return Err(error.context(format!("cannot write {}", path.display()))),
            }
        }
        out.flush().with_context(|| format!("cannot write {}", path.display()))
    }

    fn finish(&mut self, _: &State) -> Result<()> {
        Ok(())
    }
}

/// Reads a message twice: how its lines end stands before it.
fn message(source: &mut Exported, mailbox: &Mailbox, record: &Record, out: &mut impl Write) -> Result<()> {
    let mut ends = EndsOf::new();
    source.body(record, &mut |octets| {
        ends.push(octets);
        Ok(())
    })?;
    let flags = mailbox.flags.flags(record.flags);
    let mut writer = Writer::new(out, record.internal_date, &flags, ends.finish())?;
    source.body(record, &mut |octets| Ok(writer.push(octets)?))?;
    Ok(writer.finish()?)
}
