//! An account in memory: for tests, and for a server that is only tried out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use account::EmailId;
use account::codec::Format;
use imap::ModSeq;

use super::cells::Cells;
use super::{
    Batch, BodyRef, Checkpoint, Derived, Email, Engine, Generation, Mark, Packed, Row, SeeCell, VisitChunk, VisitEmail,
    VisitId, Written,
};
use crate::lock::{Lock, Rank};
use crate::{Error, Message};

/// An account that is forgotten with its last user. Clones share it, as processes share a file.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Lock<Data>>);

impl Default for Memory {
    fn default() -> Self {
        Self(Arc::new(Lock::new(Rank::Memory, Data::default())))
    }
}

#[derive(Debug, Default)]
struct Data {
    /// `None`: it has not been made.
    format: Option<Format>,
    log: BTreeMap<ModSeq, Row>,
    cells: Cells,
    marks: Vec<Mark>,
    emails: BTreeMap<EmailId, (i64, BodyRef)>,
    /// Octets by their names, as an object store has them: they are there before any row names them.
    objects: HashMap<BodyRef, Message>,
    named: u64,
    doomed: BTreeMap<EmailId, ModSeq>,
    /// Structures that stand in the place of those that came with the messages.
    renewed: BTreeMap<EmailId, Vec<u8>>,
    derived: Option<Derived>,
}

impl Data {
    fn newest(&self) -> Option<ModSeq> {
        self.log.keys().next_back().copied()
    }

    fn append(&mut self, batch: &Batch) -> Written {
        if self.newest() != batch.after {
            return Written::TooLate;
        }
        self.log.extend(batch.rows.iter().map(|row| (row.modseq, row.clone())));
        let emails = batch.emails.iter();
        self.emails.extend(emails.map(|email| (email.id, (email.received_at, email.body.clone()))));
        Written::Durably
    }

    fn save(&mut self, checkpoint: &Checkpoint) -> Written {
        if self.newest() < Some(checkpoint.modseq) { Written::TooLate } else { self.cells.save(checkpoint) }
    }
}

impl Memory {
    fn read<T>(&self, read: impl FnOnce(&mut Data) -> Result<T, Error>) -> Result<T, Error> {
        let mut data = self.0.lock();
        if data.format.is_some() { read(&mut data) } else { Err(Error::NoSuchAccount) }
    }

    fn message(&self, id: EmailId) -> Result<(i64, Message), Error> {
        self.read(|data| {
            let (received_at, body) = data.emails.get(&id).ok_or(Error::NoSuchEmail(id))?;
            let message = data.objects.get(body).ok_or_else(|| Error::damaged(format!("octets of email {id}")))?;
            Ok((*received_at, message.clone()))
        })
    }
}

impl Engine for Memory {
    fn create(&self, format: Format) -> Result<(), Error> {
        self.0.lock().format.get_or_insert(format);
        Ok(())
    }

    fn format(&self) -> Result<Format, Error> {
        self.0.lock().format.ok_or(Error::NoSuchAccount)
    }

    fn upgrade(&self, format: Format, batch: &Batch, checkpoint: &Checkpoint) -> Result<Written, Error> {
        self.read(|data| {
            if data.append(batch) == Written::TooLate {
                return Ok(Written::TooLate);
            }
            data.format = Some(format);
            Ok(data.save(checkpoint))
        })
    }

    fn checkpoint(&self, see: SeeCell<'_>) -> Result<(), Error> {
        self.read(|data| {
            data.cells.checkpoint(see);
            Ok(())
        })
    }

    fn newest(&self) -> Result<Option<ModSeq>, Error> {
        self.read(|data| Ok(data.newest()))
    }

    fn log(&self, after: Option<ModSeq>, limit: usize) -> Result<Vec<Row>, Error> {
        let from = after.map_or(ModSeq::MIN, ModSeq::next);
        self.read(|data| {
            let mut octets = 0;
            let rows = data.log.range(from..).take(limit).map(|(_, row)| row);
            let fit = rows.take_while(|row| super::fits(&mut octets, row));
            Ok(fit.cloned().collect())
        })
    }

    fn put(&self, message: &Message) -> Result<BodyRef, Error> {
        let mut data = self.0.lock();
        data.named += 1;
        let name = BodyRef(data.named.to_le_bytes().into());
        data.objects.insert(name.clone(), message.clone());
        Ok(name)
    }

    fn discard(&self, body: &BodyRef) -> Result<(), Error> {
        self.0.lock().objects.remove(body);
        Ok(())
    }

    fn append(&self, batch: &Batch) -> Result<Written, Error> {
        self.read(|data| Ok(data.append(batch)))
    }

    fn save(&self, checkpoint: &Checkpoint) -> Result<Written, Error> {
        self.read(|data| Ok(data.save(checkpoint)))
    }

    fn emails(&self, ids: &mut dyn Iterator<Item = EmailId>, visit: VisitEmail<'_>) -> Result<(), Error> {
        for id in ids {
            let (received_at, message) = self.message(id)?;
            let renewed = self.read(|data| Ok(data.renewed.get(&id).cloned()))?;
            let structure = renewed.as_deref().unwrap_or(message.0.structure.as_bytes());
            let email = Email { id, size: message.size(), hash: *message.hash(), received_at, structure };
            if visit(email).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn ids(&self, from: EmailId, visit: VisitId<'_>) -> Result<(), Error> {
        let ids: Vec<_> = self.read(|data| Ok(data.emails.range(from..).map(|(id, _)| *id).collect()))?;
        let _ = ids.into_iter().try_for_each(visit);
        Ok(())
    }

    fn first_chunks(&self, ids: &mut dyn Iterator<Item = EmailId>, visit: VisitChunk<'_>) -> Result<(), Error> {
        let mut bytes = Vec::new();
        for id in ids {
            bytes.clear();
            self.message(id)?.1.write_chunk(id, 0, &mut bytes)?;
            if visit(id, Packed::read((id, 0), &bytes)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn chunk(&self, id: EmailId, number: u32, out: &mut Vec<u8>) -> Result<(), Error> {
        let mut bytes = Vec::new();
        self.message(id)?.1.write_chunk(id, number, &mut bytes)?;
        Packed::read((id, number), &bytes)?.unpack(out)
    }

    fn generations(&self) -> Result<Vec<Generation>, Error> {
        self.read(|data| Ok(data.cells.generations()))
    }

    fn generation(&self, modseq: ModSeq, see: SeeCell<'_>) -> Result<(), Error> {
        self.read(|data| data.cells.generation(modseq, see))
    }

    fn superseded(&self, see: SeeCell<'_>) -> Result<(), Error> {
        self.read(|data| {
            data.cells.superseded(see);
            Ok(())
        })
    }

    fn shrink(&self) -> Result<bool, Error> {
        Ok(false)
    }

    fn forget(&self, before: ModSeq) -> Result<(), Error> {
        self.read(|data| {
            data.cells.forget(before);
            Ok(())
        })
    }

    fn marks(&self) -> Result<Vec<Mark>, Error> {
        self.read(|data| Ok(data.marks.clone()))
    }

    fn mark(&self, mark: &Mark, from: ModSeq) -> Result<(), Error> {
        self.read(|data| {
            data.marks.retain(|old| old.moment.count == mark.moment.count && old.modseq >= from);
            data.marks.retain(|old| old.modseq != mark.modseq);
            data.marks.push(*mark);
            data.marks.sort_by_key(|mark| mark.modseq);
            Ok(())
        })
    }

    fn expire(&self, upto: ModSeq, doomed: &[(EmailId, ModSeq)]) -> Result<Written, Error> {
        self.read(|data| {
            if data.cells.saved < Some(upto) || data.newest() <= Some(upto) {
                return Ok(Written::TooLate);
            }
            data.log = data.log.split_off(&upto.next());
            for (id, modseq) in doomed {
                let last = data.doomed.entry(*id).or_insert(*modseq);
                *last = (*last).max(*modseq);
            }
            Ok(Written::Durably)
        })
    }

    fn doomed(&self, after: Option<EmailId>, limit: usize) -> Result<Vec<(EmailId, ModSeq)>, Error> {
        let from = after.map_or(EmailId::FIRST, EmailId::next);
        self.read(|data| Ok(data.doomed.range(from..).take(limit).map(|(id, modseq)| (*id, *modseq)).collect()))
    }

    fn remove(&self, after: Option<ModSeq>, emails: &[EmailId], spared: &[EmailId]) -> Result<Written, Error> {
        self.read(|data| {
            if data.newest() != after {
                return Ok(Written::TooLate);
            }
            for id in emails {
                if let Some((_, body)) = data.emails.remove(id) {
                    data.objects.remove(&body);
                }
                data.renewed.remove(id);
            }
            for id in emails.iter().chain(spared) {
                data.doomed.remove(id);
            }
            Ok(Written::Durably)
        })
    }

    fn derived(&self) -> Result<Option<Derived>, Error> {
        self.read(|data| Ok(data.derived))
    }

    fn rederive(&self, structures: &[(EmailId, Vec<u8>)], derived: Derived) -> Result<Written, Error> {
        self.read(|data| {
            if !derived.is_news(data.derived) {
                return Ok(Written::TooLate);
            }
            for (id, structure) in structures {
                if data.emails.contains_key(id) {
                    data.renewed.insert(*id, structure.clone());
                }
            }
            data.derived = Some(derived);
            Ok(Written::Durably)
        })
    }

    fn examine(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    fn glance(&self) -> Result<Option<ModSeq>, Error> {
        self.newest()
    }

    fn close(&self) -> Result<(), Error> {
        Ok(())
    }

    fn destroy(&self) -> Result<(), Error> {
        *self.0.lock() = Data::default();
        Ok(())
    }
}
