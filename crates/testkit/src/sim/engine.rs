//! An engine at whose calls others may go first, and that fails when it is told to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use account::EmailId;
use account::codec::Format;
use imap::ModSeq;
use parking_lot::Mutex;
use store::backend::{Backend, Changed, Rows, Spool};
use store::engine::{
    Batch, BodyRef, Checkpoint, Derived, Engine, Generation, Mark, Row, SeeCell, VisitChunk, VisitEmail, VisitId,
    Written,
};
use store::turn::{Stop, pass};
use store::{AccountId, Directory, Error, Message};
use testkit_vfs::Disk;

use super::directory;

/// What the next write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The disk is full: nothing is written.
    Full,
    /// An error before anything is written.
    Before,
    /// An error after all was written: the caller cannot know.
    After,
}

/// The fault that waits for the next write, if any.
pub(super) type NextFault = Arc<Mutex<Option<Fault>>>;

/// The newest checkpoint of each account that anybody has written; 0 before the first.
pub(super) type Saved = Arc<Mutex<BTreeMap<AccountId, Arc<AtomicU64>>>>;

/// A backend whose directory stops, and whose engines stop and fail.
#[derive(Debug)]
pub(super) struct SteppedBackend {
    /// What it stands before.
    inner: Arc<dyn Backend>,
    directory: directory::Stepped,
    /// What the next write to an account does.
    fault: NextFault,
    /// What all processes have saved.
    saved: Saved,
    /// The disk beneath, if there is one.
    disk: Option<Disk>,
}

impl SteppedBackend {
    pub(super) fn new(inner: Arc<dyn Backend>, fault: NextFault, saved: Saved, disk: Option<Disk>) -> Self {
        Self { directory: directory::Stepped(inner.clone()), inner, fault, saved, disk }
    }
}

impl Backend for SteppedBackend {
    fn directory(&self) -> &dyn Directory {
        &self.directory
    }

    fn engine(&self, id: AccountId) -> Arc<dyn Engine> {
        let saved = self.saved.lock().entry(id).or_default().clone();
        Arc::new(Stepped { inner: self.inner.engine(id), fault: self.fault.clone(), saved, disk: self.disk.clone() })
    }

    fn rows(&self) -> &dyn Rows {
        self.inner.rows()
    }

    fn spool(&self) -> Spool {
        self.inner.spool()
    }

    fn changed(&self) -> Result<Changed, Error> {
        self.inner.changed()
    }
}

/// An engine with stops and faults.
#[derive(Debug)]
struct Stepped {
    inner: Arc<dyn Engine>,
    fault: NextFault,
    saved: Arc<AtomicU64>,
    disk: Option<Disk>,
}

impl Stepped {
    fn write<T>(&self, name: &'static str, write: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        pass(Stop::Engine(name));
        let fault = self.fault.lock().take();
        let broken = || Error::from(std::io::Error::other("a broken disk"));
        match fault {
            None => write(),
            Some(Fault::Full) => Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into()),
            Some(Fault::Before) => Err(broken()),
            Some(Fault::After) => write().and_then(|_| Err(broken())),
        }
    }

    fn read(&self, name: &'static str) -> &dyn Engine {
        pass(Stop::Engine(name));
        &*self.inner
    }
}

impl Engine for Stepped {
    fn create(&self, format: Format) -> Result<(), Error> {
        self.read("create").create(format)
    }

    fn format(&self) -> Result<Format, Error> {
        self.inner.format()
    }

    fn put(&self, message: &Message) -> Result<BodyRef, Error> {
        self.read("put").put(message)
    }

    fn discard(&self, body: &BodyRef) -> Result<(), Error> {
        self.read("discard").discard(body)
    }

    fn checkpoint(&self, see: SeeCell<'_>) -> Result<(), Error> {
        self.read("checkpoint").checkpoint(see)
    }

    fn newest(&self) -> Result<Option<ModSeq>, Error> {
        self.read("newest").newest()
    }

    fn log(&self, after: Option<ModSeq>, limit: usize) -> Result<Vec<Row>, Error> {
        self.read("log").log(after, limit)
    }

    fn append(&self, batch: &Batch) -> Result<Written, Error> {
        self.write("append", || self.inner.append(batch))
    }

    fn upgrade(&self, format: Format, batch: &Batch, checkpoint: &Checkpoint) -> Result<Written, Error> {
        self.write("upgrade", || self.inner.upgrade(format, batch, checkpoint))
    }

    fn save(&self, checkpoint: &Checkpoint) -> Result<Written, Error> {
        let written = self.write("save", || self.inner.save(checkpoint))?;
        if written == Written::Durably {
            let before = self.saved.fetch_max(checkpoint.modseq.get(), Ordering::SeqCst);
            assert!(before <= checkpoint.modseq.get(), "a checkpoint was written over a newer one");
        }
        Ok(written)
    }

    fn emails(&self, ids: &mut dyn Iterator<Item = EmailId>, visit: VisitEmail<'_>) -> Result<(), Error> {
        self.read("emails").emails(ids, visit)
    }

    fn ids(&self, from: EmailId, visit: VisitId<'_>) -> Result<(), Error> {
        self.read("ids").ids(from, visit)
    }

    fn first_chunks(&self, ids: &mut dyn Iterator<Item = EmailId>, visit: VisitChunk<'_>) -> Result<(), Error> {
        self.read("first_chunks").first_chunks(ids, visit)
    }

    fn chunk(&self, id: EmailId, number: u32, out: &mut Vec<u8>) -> Result<(), Error> {
        self.read("chunk").chunk(id, number, out)
    }

    fn generations(&self) -> Result<Vec<Generation>, Error> {
        self.read("generations").generations()
    }

    fn generation(&self, modseq: ModSeq, see: SeeCell<'_>) -> Result<(), Error> {
        self.read("generation").generation(modseq, see)
    }

    fn superseded(&self, see: SeeCell<'_>) -> Result<(), Error> {
        self.read("superseded").superseded(see)
    }

    fn shrink(&self) -> Result<bool, Error> {
        self.write("shrink", || self.inner.shrink())
    }

    fn forget(&self, before: ModSeq) -> Result<(), Error> {
        self.write("forget", || self.inner.forget(before))
    }

    fn marks(&self) -> Result<Vec<Mark>, Error> {
        self.read("marks").marks()
    }

    fn mark(&self, mark: &Mark, from: ModSeq) -> Result<(), Error> {
        self.write("mark", || self.inner.mark(mark, from))
    }

    fn derived(&self) -> Result<Option<Derived>, Error> {
        self.read("derived").derived()
    }

    fn rederive(&self, structures: &[(EmailId, Vec<u8>)], derived: Derived) -> Result<Written, Error> {
        self.write("rederive", || self.inner.rederive(structures, derived))
    }

    fn expire(&self, upto: ModSeq, doomed: &[(EmailId, ModSeq)]) -> Result<Written, Error> {
        self.write("expire", || self.inner.expire(upto, doomed))
    }

    fn doomed(&self, after: Option<EmailId>, limit: usize) -> Result<Vec<(EmailId, ModSeq)>, Error> {
        self.read("doomed").doomed(after, limit)
    }

    fn remove(&self, after: Option<ModSeq>, emails: &[EmailId], spared: &[EmailId]) -> Result<Written, Error> {
        self.write("remove", || self.inner.remove(after, emails, spared))
    }

    fn examine(&self) -> Result<Vec<String>, Error> {
        self.inner.examine()
    }

    fn glance(&self) -> Result<Option<ModSeq>, Error> {
        self.read("glance").glance()
    }

    fn close(&self) -> Result<(), Error> {
        self.read("close").close()
    }

    fn destroy(&self) -> Result<(), Error> {
        self.read("destroy").destroy()?;
        self.disk.iter().for_each(Disk::look);
        Ok(())
    }
}
