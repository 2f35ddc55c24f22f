//! The log's `changes`: what one commit did.

use std::collections::HashMap;
use std::sync::Arc;

use imap::{InternalDate, Keyword, MailboxName, SpecialUse, StoreMode, Uid, UidValidity};

use super::chunk::{CANNOT_BE, Dates, write_dates};
use super::column::{self, BLOCK, Column};
use super::foreign::{read_foreign, write_foreign};
use super::varint::{self, Reader};
use super::{Damaged, Format};
use crate::{Added, Change, EmailId, Flags, MailboxId, Origin, SystemFlags};

/// The first byte of each change.
mod kind {
    pub(super) const MAILBOX_CREATED: u8 = 1;
    pub(super) const MAILBOX_RENAMED: u8 = 2;
    pub(super) const MAILBOX_DELETED: u8 = 3;
    pub(super) const SPECIAL_USE_SET: u8 = 4;
    pub(super) const SUBSCRIBED: u8 = 5;
    pub(super) const UNSUBSCRIBED: u8 = 6;
    pub(super) const MESSAGES_ADDED: u8 = 7;
    pub(super) const FLAGS_CHANGED: u8 = 8;
    pub(super) const EXPUNGED: u8 = 9;
    pub(super) const NUMBERS_TAKEN: u8 = 10;
    pub(super) const ORIGIN_GIVEN: u8 = 11;
}

/// The changes of one commit, in order. They have been made to [fit](Format::fit) the format.
pub fn write_commit(format: Format, changes: &[Change]) -> Vec<u8> {
    let mut out = vec![format.number()];
    varint::write_len(&mut out, changes.len());
    for change in changes {
        write_change(&mut out, format, change);
    }
    out
}

/// Reads what [`write_commit`] wrote. What the format has no place for is left empty.
pub fn read_changes(bytes: &[u8]) -> Result<Vec<Change>, Damaged> {
    let mut reader = Reader::new(bytes);
    let format = reader.format()?;
    let changes = (0..reader.count()?).map(|_| read_change(&mut reader, format)).collect::<Result<_, _>>()?;
    reader.end()?;
    Ok(changes)
}

fn write_change(out: &mut Vec<u8>, format: Format, change: &Change) {
    match change {
        Change::MailboxCreated { id, name, uid_validity, special_use } => {
            start(out, kind::MAILBOX_CREATED, *id);
            varint::write_text(out, name.as_str());
            varint::write(out, uid_validity.get().into());
            write_special_use(out, special_use);
        }
        Change::MailboxRenamed { id, name } => {
            start(out, kind::MAILBOX_RENAMED, *id);
            varint::write_text(out, name.as_str());
        }
        Change::MailboxDeleted { id, emails } => {
            start(out, kind::MAILBOX_DELETED, *id);
            if format >= Format::Two {
                write_emails(out, emails);
            }
        }
        Change::SpecialUseSet { id, special_use } => {
            start(out, kind::SPECIAL_USE_SET, *id);
            write_special_use(out, special_use);
        }
        Change::Subscribed { name } => {
            out.push(kind::SUBSCRIBED);
            varint::write_text(out, name.as_str());
        }
        Change::Unsubscribed { name } => {
            out.push(kind::UNSUBSCRIBED);
            varint::write_text(out, name.as_str());
        }
        Change::MessagesAdded { mailbox, messages } => {
            start(out, kind::MESSAGES_ADDED, *mailbox);
            write_added(out, messages);
            if format >= Format::Two {
                let foreign = (0..).zip(messages).filter_map(|(place, message)| Some((place, message.foreign?)));
                write_foreign(out, &foreign.collect::<Vec<_>>());
            }
        }
        Change::FlagsChanged { mailbox, uids, mode, flags } => {
            start(out, kind::FLAGS_CHANGED, *mailbox);
            varint::write_uids(out, uids);
            out.push(mode_code(*mode));
            write_flags(out, flags);
        }
        Change::Expunged { mailbox, uids, emails } => {
            start(out, kind::EXPUNGED, *mailbox);
            varint::write_uids(out, uids);
            write_emails(out, emails);
        }
        Change::NumbersTaken { mailbox, uid_validity, uid_next } => {
            start(out, kind::NUMBERS_TAKEN, *mailbox);
            varint::write(out, uid_validity.get().into());
            varint::write(out, uid_next.get().into());
        }
        Change::OriginGiven { origin } => {
            out.push(kind::ORIGIN_GIVEN);
            varint::write(out, origin.get());
        }
    }
}

fn start(out: &mut Vec<u8>, kind: u8, mailbox: MailboxId) {
    out.push(kind);
    varint::write(out, mailbox.get());
}

fn read_change(reader: &mut Reader<'_>, format: Format) -> Result<Change, Damaged> {
    let change = match reader.byte()? {
        kind::MAILBOX_CREATED => Change::MailboxCreated {
            id: mailbox_id(reader)?,
            name: mailbox_name(reader)?,
            uid_validity: uid_validity(reader)?,
            special_use: read_special_use(reader)?,
        },
        kind::MAILBOX_RENAMED => Change::MailboxRenamed { id: mailbox_id(reader)?, name: mailbox_name(reader)? },
        kind::MAILBOX_DELETED => Change::MailboxDeleted {
            id: mailbox_id(reader)?,
            emails: if format >= Format::Two { read_emails(reader)? } else { Vec::new() },
        },
        kind::SPECIAL_USE_SET => {
            Change::SpecialUseSet { id: mailbox_id(reader)?, special_use: read_special_use(reader)? }
        }
        kind::SUBSCRIBED => Change::Subscribed { name: mailbox_name(reader)? },
        kind::UNSUBSCRIBED => Change::Unsubscribed { name: mailbox_name(reader)? },
        kind::MESSAGES_ADDED => {
            Change::MessagesAdded { mailbox: mailbox_id(reader)?, messages: read_added(reader, format)? }
        }
        kind::FLAGS_CHANGED => Change::FlagsChanged {
            mailbox: mailbox_id(reader)?,
            uids: reader.uids()?,
            mode: read_mode(reader)?,
            flags: read_flags(reader)?,
        },
        kind::EXPUNGED => {
            let (mailbox, uids) = (mailbox_id(reader)?, reader.uids()?);
            let emails = read_emails(reader)?;
            if emails.len() as u64 != uids.len() {
                return Err(Damaged("not as many emails as messages were expunged"));
            }
            Change::Expunged { mailbox, uids, emails }
        }
        kind::NUMBERS_TAKEN => Change::NumbersTaken {
            mailbox: mailbox_id(reader)?,
            uid_validity: uid_validity(reader)?,
            uid_next: reader.uid()?,
        },
        kind::ORIGIN_GIVEN if format >= Format::Two => {
            Change::OriginGiven { origin: Origin::new(reader.number()?).ok_or(Damaged("an origin is 0"))? }
        }
        _ => return Err(Damaged("a change is of an unknown kind")),
    };
    Ok(change)
}

/// Messages by column. The column of sizes comes first and is never short, so that the bytes bound how many there are.
fn write_added(out: &mut Vec<u8>, messages: &[Added]) {
    varint::write_len(out, messages.len());
    column::write_spread(out, &messages.iter().map(|m| m.size.into()).collect::<Vec<_>>());
    column::write_deltas(out, messages.iter().map(|m| m.uid.get().into()));
    column::write_deltas(out, messages.iter().map(|m| m.email.get()));
    write_dates(out, messages.iter().map(|m| m.internal_date));
    column::write_deltas(out, messages.iter().map(|m| m.save_date.cast_unsigned()));
    let mut table: Vec<&Flags> = Vec::new();
    let mut numbers: HashMap<Spelling<'_>, u64> = HashMap::new();
    // Messages that came together share their flags: those are told apart without a look at any keyword.
    let mut shared: HashMap<*const Flags, u64> = HashMap::new();
    let mut column = Vec::with_capacity(messages.len());
    for message in messages {
        let number = shared.entry(Arc::as_ptr(&message.flags)).or_insert_with(|| {
            *numbers.entry(spelling(&message.flags)).or_insert_with(|| {
                table.push(&message.flags);
                table.len() as u64 - 1
            })
        });
        column.push(*number);
    }
    varint::write_len(out, table.len());
    for flags in table {
        write_flags(out, flags);
    }
    column::write(out, &column);
}

/// What tells two combinations of flags apart: the case of keywords too, since the first spelling is kept.
type Spelling<'a> = (u8, Vec<&'a str>);

fn spelling(flags: &Flags) -> Spelling<'_> {
    (flags.system.bits(), flags.keywords().iter().map(Keyword::as_str).collect())
}

fn read_added(reader: &mut Reader<'_>, format: Format) -> Result<Vec<Added>, Damaged> {
    let n = reader.count()?;
    let mut sizes = Column::read_spread(reader, n)?;
    let mut uids = Column::read(reader, n)?;
    let mut emails = Column::read(reader, n)?;
    let mut dates = Dates::read(reader, n)?;
    let mut save_dates = Column::read(reader, n)?;
    let table = (0..reader.count()?).map(|_| read_flags(reader).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    let mut flags = Column::read(reader, n)?;
    let mut messages = Vec::with_capacity(n);
    while messages.len() < n {
        let mut numbers = [[0u64; BLOCK]; 5];
        let mut internal_dates = [InternalDate::new(0, 0); BLOCK];
        let block = ..BLOCK.min(n - messages.len());
        uids.sums(&mut numbers[0][block]);
        emails.sums(&mut numbers[1][block]);
        sizes.block(&mut numbers[2][block]);
        save_dates.sums(&mut numbers[3][block]);
        flags.block(&mut numbers[4][block]);
        dates.block(&mut internal_dates[block])?;
        for (i, internal_date) in internal_dates[block].iter().enumerate() {
            let [uid, email, size, save_date, set] = numbers.map(|column| column[i]);
            messages.push(Added {
                uid: u32::try_from(uid).ok().and_then(Uid::new).ok_or(CANNOT_BE)?,
                email: EmailId::new(email).ok_or(CANNOT_BE)?,
                size: u32::try_from(size).map_err(|_| CANNOT_BE)?,
                internal_date: *internal_date,
                save_date: save_date.cast_signed(),
                flags: usize::try_from(set).ok().and_then(|set| table.get(set)).ok_or(CANNOT_BE)?.clone(),
                foreign: None,
            });
        }
    }
    [sizes, uids, emails, save_dates, flags].iter().try_for_each(Column::end)?;
    dates.end()?;
    let foreign = if format >= Format::Two { read_foreign(reader)? } else { Vec::new() };
    for (place, foreign) in foreign {
        let message = usize::try_from(place).ok().and_then(|place| messages.get_mut(place)).ok_or(CANNOT_BE)?;
        message.foreign = Some(foreign);
    }
    Ok(messages)
}

/// A column that is never short, so that the bytes bound how many there are.
fn write_emails(out: &mut Vec<u8>, emails: &[EmailId]) {
    varint::write_len(out, emails.len());
    column::write_spread(out, &column::deltas(emails.iter().map(|e| e.get())));
}

fn read_emails(reader: &mut Reader<'_>) -> Result<Vec<EmailId>, Damaged> {
    let n = reader.count()?;
    let mut column = Column::read_spread(reader, n)?;
    let mut emails = vec![0; n];
    emails.chunks_mut(BLOCK).for_each(|block| column.sums(block));
    column.end()?;
    emails.into_iter().map(|email| EmailId::new(email).ok_or(CANNOT_BE)).collect()
}

fn write_flags(out: &mut Vec<u8>, flags: &Flags) {
    out.push(flags.system.bits());
    varint::write_len(out, flags.keywords().len());
    for keyword in flags.keywords() {
        varint::write_text(out, keyword.as_str());
    }
}

fn read_flags(reader: &mut Reader<'_>) -> Result<Flags, Damaged> {
    let system = SystemFlags::from_bits(reader.byte()?);
    let keywords = (0..reader.count()?).map(|_| keyword(reader)).collect::<Result<_, _>>()?;
    Ok(Flags::new(system, keywords))
}

pub(super) fn keyword(reader: &mut Reader<'_>) -> Result<Keyword, Damaged> {
    Keyword::new(reader.text()?).ok_or(Damaged("a keyword is none"))
}

pub(super) fn mailbox_id(reader: &mut Reader<'_>) -> Result<MailboxId, Damaged> {
    MailboxId::new(reader.number()?).ok_or(Damaged("a mailbox's id is 0"))
}

pub(super) fn mailbox_name(reader: &mut Reader<'_>) -> Result<MailboxName, Damaged> {
    MailboxName::new(reader.text()?).map_err(|_| Damaged("a mailbox's name is none"))
}

pub(super) fn uid_validity(reader: &mut Reader<'_>) -> Result<UidValidity, Damaged> {
    UidValidity::new(reader.small()?).ok_or(Damaged("a UIDVALIDITY is 0"))
}

pub(super) fn write_special_use(out: &mut Vec<u8>, special_use: &[SpecialUse]) {
    varint::write_len(out, special_use.len());
    out.extend(special_use.iter().map(|role| role_code(*role)));
}

pub(super) fn read_special_use(reader: &mut Reader<'_>) -> Result<Vec<SpecialUse>, Damaged> {
    let n = reader.count()?;
    let roles = reader.take(n)?.iter();
    roles.map(|code| role(*code).ok_or(Damaged("a special use is unknown"))).collect()
}

fn mode_code(mode: StoreMode) -> u8 {
    match mode {
        StoreMode::Replace => 0,
        StoreMode::Add => 1,
        StoreMode::Remove => 2,
    }
}

fn read_mode(reader: &mut Reader<'_>) -> Result<StoreMode, Damaged> {
    match reader.byte()? {
        0 => Ok(StoreMode::Replace),
        1 => Ok(StoreMode::Add),
        2 => Ok(StoreMode::Remove),
        _ => Err(Damaged("a way to store flags is unknown")),
    }
}

fn role_code(role: SpecialUse) -> u8 {
    match role {
        SpecialUse::All => 0,
        SpecialUse::Archive => 1,
        SpecialUse::Drafts => 2,
        SpecialUse::Flagged => 3,
        SpecialUse::Junk => 4,
        SpecialUse::Sent => 5,
        SpecialUse::Trash => 6,
        SpecialUse::Important => 7,
    }
}

fn role(code: u8) -> Option<SpecialUse> {
    SpecialUse::ALL.into_iter().find(|role| role_code(*role) == code)
}
