//! A checkpoint's mailboxes: everything but the messages.

use std::sync::Arc;

use imap::ModSeq;

use super::commit::{keyword, mailbox_id, mailbox_name, read_special_use, uid_validity, write_special_use};
use super::varint::{self, Reader};
use super::{Damaged, Format};
use crate::{FlagTable, KeywordId, Mailbox, Messages, SystemFlags, Vanished};

/// All of a mailbox but its messages: those are in its chunks.
pub fn write_mailbox(format: Format, mailbox: &Mailbox) -> Vec<u8> {
    let mut out = vec![format.number()];
    varint::write(&mut out, mailbox.id.get());
    varint::write_text(&mut out, mailbox.name.as_str());
    varint::write(&mut out, mailbox.uid_validity.get().into());
    varint::write(&mut out, mailbox.uid_next.map_or(0, |uid| uid.get().into()));
    varint::write(&mut out, mailbox.modseq.get());
    write_special_use(&mut out, &mailbox.special_use);
    write_flag_table(&mut out, format, &mailbox.flags);
    write_vanished(&mut out, &mailbox.vanished);
    out
}

/// Reads what [`write_mailbox`] wrote. The messages are those of its chunks; a combination of flags that one of them
/// names and the table does not have is "no flags" to everybody who asks.
pub fn read_mailbox(bytes: &[u8], messages: Messages) -> Result<Mailbox, Damaged> {
    let mut reader = Reader::new(bytes);
    let format = reader.format()?;
    let mailbox = Mailbox {
        id: mailbox_id(&mut reader)?,
        name: mailbox_name(&mut reader)?,
        uid_validity: uid_validity(&mut reader)?,
        uid_next: imap::Uid::new(reader.small()?),
        modseq: reader.modseq()?,
        special_use: read_special_use(&mut reader)?,
        messages,
        flags: shared(read_flag_table(&mut reader, format)?, FlagTable::none()),
        vanished: shared(read_vanished(&mut reader)?, Vanished::none()),
    };
    reader.end()?;
    Ok(mailbox)
}

/// What was read; where it is nothing, what all have that have nothing.
fn shared<T: PartialEq>(read: T, nothing: Arc<T>) -> Arc<T> {
    if read == *nothing { nothing } else { Arc::new(read) }
}

/// From format 2 on the last number of the tables before; the keywords by number, then the combinations by number from the
/// second on: the first is always "no flags".
fn write_flag_table(out: &mut Vec<u8>, format: Format, table: &FlagTable) {
    if format >= Format::Two {
        varint::write(out, table.before().into());
    }
    varint::write_len(out, table.keywords().len());
    for keyword in table.keywords() {
        varint::write_text(out, keyword.as_str());
    }
    varint::write_len(out, table.sets().len().saturating_sub(1));
    for set in table.sets().iter().skip(1) {
        out.push(set.system.bits());
        varint::write_len(out, set.keywords().len());
        let mut next = 0;
        for KeywordId(number) in set.keywords() {
            varint::write(out, u64::from(*number) - next);
            next = u64::from(*number) + 1;
        }
    }
}

fn read_flag_table(reader: &mut Reader<'_>, format: Format) -> Result<FlagTable, Damaged> {
    let mut table = FlagTable::numbered_after(if format >= Format::Two { reader.small()? } else { 0 });
    for _ in 0..reader.count()? {
        let keyword = keyword(reader)?;
        if table.keyword(&keyword).is_some() || table.learn(&keyword).is_none() {
            return Err(Damaged("a table has a keyword twice, or too many"));
        }
    }
    for place in 1..=reader.count()? {
        let system = SystemFlags::from_bits(reader.byte()?);
        let mut keywords = Vec::new();
        let mut next: u64 = 0;
        for _ in 0..reader.count()? {
            let keyword = next.saturating_add(reader.number()?);
            let known = u16::try_from(keyword).ok().filter(|n| usize::from(*n) < table.keywords().len());
            keywords.push(KeywordId(known.ok_or(Damaged("flags name a keyword that their table does not have"))?));
            next = keyword + 1;
        }
        let number = table.intern_parts(system, keywords);
        if table.place(number) != place {
            return Err(Damaged("a table has the same flags twice"));
        }
    }
    Ok(table)
}

fn write_vanished(out: &mut Vec<u8>, vanished: &Vanished) {
    let entries = vanished.entries();
    varint::write_len(out, entries.len());
    let mut before = 0;
    for (modseq, uids) in entries {
        varint::write(out, modseq.get() - before);
        varint::write_uids(out, uids);
        before = modseq.get();
    }
}

fn read_vanished(reader: &mut Reader<'_>) -> Result<Vanished, Damaged> {
    let mut entries = Vec::new();
    let mut before: u64 = 0;
    for _ in 0..reader.count()? {
        let after = reader.number()?;
        let modseq = before.checked_add(after).filter(|_| after > 0).and_then(ModSeq::new);
        let modseq = modseq.ok_or(Damaged("the modseqs of what vanished do not ascend"))?;
        entries.push((modseq, reader.uids()?));
        before = modseq.get();
    }
    Ok(Vanished::from_entries(entries))
}
