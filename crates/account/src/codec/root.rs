//! A checkpoint's root: everything of an account but its mailboxes.

use imap::ModSeq;

use super::chunk::CANNOT_BE;
use super::commit::{mailbox_id, mailbox_name};
use super::foreign::{read_foreign, write_foreign};
use super::varint::{self, Reader};
use super::{Damaged, Format};
use crate::{EmailId, ObjectIds, Origin, Parts};

/// All of an account but its mailboxes: each has a row of its own.
pub fn write_root(format: Format, parts: &Parts) -> Vec<u8> {
    let mut out = vec![format.number()];
    varint::write(&mut out, parts.modseq.map_or(0, ModSeq::get));
    varint::write(&mut out, parts.next_mailbox.get());
    varint::write(&mut out, parts.next_email.get());
    varint::write(&mut out, parts.last_uid_validity.into());
    varint::write_len(&mut out, parts.subscriptions.len());
    for name in &parts.subscriptions {
        varint::write_text(&mut out, name.as_str());
    }
    if format >= Format::Two {
        varint::write(&mut out, parts.ids.origin().map_or(0, Origin::get));
        write_foreign(
            &mut out,
            &parts.ids.foreign().map(|(email, foreign)| (email.get(), foreign)).collect::<Vec<_>>(),
        );
    }
    out
}

/// Reads what [`write_root`] wrote. There are no mailboxes in it: they are for the caller to put in.
pub fn read_root(bytes: &[u8]) -> Result<Parts, Damaged> {
    let mut reader = Reader::new(bytes);
    let format = reader.format()?;
    let modseq = match reader.number()? {
        0 => None,
        n => Some(ModSeq::new(n).ok_or(Damaged("a modseq is not from 1 to 2^63-1"))?),
    };
    let mut parts = Parts {
        modseq,
        next_mailbox: mailbox_id(&mut reader)?,
        next_email: EmailId::new(reader.number()?).ok_or(Damaged("an email's id is 0"))?,
        last_uid_validity: reader.small()?,
        mailboxes: Vec::new(),
        subscriptions: (0..reader.count()?).map(|_| mailbox_name(&mut reader)).collect::<Result<_, _>>()?,
        ids: ObjectIds::default(),
    };
    if format >= Format::Two {
        let origin = Origin::new(reader.number()?);
        let foreign = read_foreign(&mut reader)?.into_iter();
        let foreign = foreign.map(|(email, foreign)| EmailId::new(email).zip(Some(foreign)).ok_or(CANNOT_BE));
        parts.ids = ObjectIds::new(origin, foreign.collect::<Result<Vec<_>, _>>()?);
    }
    reader.end()?;
    Ok(parts)
}
