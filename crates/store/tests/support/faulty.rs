//! An engine that fails when it is told to.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use account::EmailId;
use account::codec::Format;
use imap::ModSeq;
use parking_lot::Mutex;
use store::engine::{
    Batch, BodyRef, Checkpoint, Derived, Engine, Generation, Mark, Memory, Row, SeeCell, VisitChunk, VisitEmail,
    VisitId, Written,
};
use store::{Error, Message};

/// What the next write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The disk is full: nothing is written.
    Full,
    /// An error before anything is written.
    Lost,
    /// An error after all was written: the caller cannot know.
    Torn,
    /// The same, and the next look at the log fails, too.
    Unknown,
    /// A mistake of ours: it panics.
    Panic,
}

/// How many writes there is power for, of all that share it.
#[derive(Clone, Debug)]
pub(crate) struct Power(Arc<AtomicU64>);

impl Power {
    pub(crate) fn unlimited() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }

    pub(crate) fn fails_after(&self, writes: u64) {
        self.0.store(writes, Ordering::SeqCst);
    }

    /// One write; none gets through any more once the power has gone.
    pub(crate) fn spend(&self) -> Result<(), Error> {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| std::io::Error::other("no power").into())
    }
}

type Act = Box<dyn FnOnce() + Send>;

/// What another process does right before an account is made here.
#[derive(Clone, Default)]
pub(crate) struct Meanwhile(Arc<Mutex<Option<Act>>>);

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meanwhile")
    }
}

impl Meanwhile {
    /// It does this, once.
    pub(crate) fn set(&self, act: impl FnOnce() + Send + 'static) {
        *self.0.lock() = Some(Box::new(act));
    }

    fn happens(&self) {
        let act = self.0.lock().take();
        if let Some(act) = act {
            // Another process's locks are its own.
            std::thread::spawn(act).join().unwrap();
        }
    }
}

/// An engine with faults, slow where that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    inner: Arc<dyn Engine>,
    power: Power,
    faults: Arc<Mutex<Vec<Fault>>>,
    /// A fault after so many writes.
    later: Arc<Mutex<Option<(u64, Fault)>>>,
    /// Whether the next look at the log fails.
    blind: Arc<AtomicBool>,
    slow: Duration,
    pub(crate) meanwhile: Meanwhile,
    pub(crate) appends: Arc<AtomicU64>,
    /// How often the checkpoint was read: once for each opening.
    pub(crate) loads: Arc<AtomicU64>,
    /// How often rows of the log were read.
    pub(crate) pages: Arc<AtomicU64>,
}

/// In memory.
impl Default for Faulty {
    fn default() -> Self {
        Self::over(Arc::new(Memory::default()), Power::unlimited())
    }
}

impl Faulty {
    pub(crate) fn over(inner: Arc<dyn Engine>, power: Power) -> Self {
        let (faults, later, slow) = (Arc::default(), Arc::default(), Duration::ZERO);
        Self {
            inner,
            power,
            faults,
            later,
            blind: Arc::default(),
            slow,
            meanwhile: Meanwhile::default(),
            appends: Arc::default(),
            loads: Arc::default(),
            pages: Arc::default(),
        }
    }

    pub(crate) fn slow(slow: Duration) -> Self {
        Self { slow, ..Self::default() }
    }

    /// The write after so many others fails; whether the one before was met.
    pub(crate) fn fail_after(&self, writes: u64, fault: Fault) -> bool {
        self.later.lock().replace((writes, fault)).is_none()
    }

    /// One without faults.
    pub(crate) fn counting(inner: Memory, loads: Arc<AtomicU64>) -> Self {
        Self { loads, ..Self::over(Arc::new(inner), Power::unlimited()) }
    }

    pub(crate) fn fail_next(&self, fault: Fault) {
        self.faults.lock().push(fault);
    }

    fn is_due(&self) -> Option<Fault> {
        let mut later = self.later.lock();
        match &mut *later {
            Some((0, fault)) => {
                let fault = *fault;
                *later = None;
                Some(fault)
            }
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    fn write(&self, write: impl FnOnce() -> Result<Written, Error>) -> Result<Written, Error> {
        self.power.spend()?;
        let broken = || Error::from(std::io::Error::other("a broken disk"));
        let fault = self.faults.lock().pop().or_else(|| self.is_due());
        match fault {
            None => write(),
            Some(Fault::Full) => Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into()),
            Some(Fault::Lost) => Err(broken()),
            Some(Fault::Panic) => panic!("a mistake in the engine"),
            Some(fault @ (Fault::Torn | Fault::Unknown)) => {
                let _ = write()?;
                self.blind.store(fault == Fault::Unknown, Ordering::SeqCst);
                Err(broken())
            }
        }
    }
}

impl Engine for Faulty {
    fn create(&self, format: Format) -> Result<(), Error> {
        self.meanwhile.happens();
        self.inner.create(format)
    }

    fn format(&self) -> Result<Format, Error> {
        self.inner.format()
    }

    fn upgrade(&self, format: Format, batch: &Batch, checkpoint: &Checkpoint) -> Result<Written, Error> {
        self.write(|| self.inner.upgrade(format, batch, checkpoint))
    }

    fn put(&self, message: &Message) -> Result<BodyRef, Error> {
        self.inner.put(message)
    }

    fn discard(&self, body: &BodyRef) -> Result<(), Error> {
        self.inner.discard(body)
    }

    fn checkpoint(&self, see: SeeCell<'_>) -> Result<(), Error> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.inner.checkpoint(see)
    }

    fn newest(&self) -> Result<Option<ModSeq>, Error> {
        if self.blind.swap(false, Ordering::SeqCst) {
            return Err(std::io::Error::other("a broken disk").into());
        }
        self.inner.newest()
    }

    fn log(&self, after: Option<ModSeq>, limit: usize) -> Result<Vec<Row>, Error> {
        self.pages.fetch_add(1, Ordering::Relaxed);
        self.inner.log(after, limit)
    }

    fn append(&self, batch: &Batch) -> Result<Written, Error> {
        self.appends.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(self.slow);
        self.write(|| self.inner.append(batch))
    }

    fn save(&self, checkpoint: &Checkpoint) -> Result<Written, Error> {
        self.write(|| self.inner.save(checkpoint))
    }

    fn emails(&self, ids: &mut dyn Iterator<Item = EmailId>, visit: VisitEmail<'_>) -> Result<(), Error> {
        self.inner.emails(ids, visit)
    }

    fn ids(&self, from: EmailId, visit: VisitId<'_>) -> Result<(), Error> {
        self.inner.ids(from, visit)
    }

    fn first_chunks(&self, ids: &mut dyn Iterator<Item = EmailId>, visit: VisitChunk<'_>) -> Result<(), Error> {
        self.inner.first_chunks(ids, visit)
    }

    fn chunk(&self, id: EmailId, number: u32, out: &mut Vec<u8>) -> Result<(), Error> {
        self.inner.chunk(id, number, out)
    }

    fn generations(&self) -> Result<Vec<Generation>, Error> {
        self.inner.generations()
    }

    fn generation(&self, modseq: ModSeq, see: SeeCell<'_>) -> Result<(), Error> {
        self.inner.generation(modseq, see)
    }

    fn superseded(&self, see: SeeCell<'_>) -> Result<(), Error> {
        self.inner.superseded(see)
    }

    fn shrink(&self) -> Result<bool, Error> {
        self.inner.shrink()
    }

    fn forget(&self, before: ModSeq) -> Result<(), Error> {
        let _always = self.write(|| self.inner.forget(before).map(|()| Written::Durably))?;
        Ok(())
    }

    fn marks(&self) -> Result<Vec<Mark>, Error> {
        self.inner.marks()
    }

    fn mark(&self, mark: &Mark, from: ModSeq) -> Result<(), Error> {
        let _always = self.write(|| self.inner.mark(mark, from).map(|()| Written::Durably))?;
        Ok(())
    }

    fn expire(&self, upto: ModSeq, doomed: &[(EmailId, ModSeq)]) -> Result<Written, Error> {
        self.write(|| self.inner.expire(upto, doomed))
    }

    fn doomed(&self, after: Option<EmailId>, limit: usize) -> Result<Vec<(EmailId, ModSeq)>, Error> {
        self.inner.doomed(after, limit)
    }

    fn remove(&self, after: Option<ModSeq>, emails: &[EmailId], spared: &[EmailId]) -> Result<Written, Error> {
        self.write(|| self.inner.remove(after, emails, spared))
    }

    fn derived(&self) -> Result<Option<Derived>, Error> {
        self.inner.derived()
    }

    fn rederive(&self, structures: &[(EmailId, Vec<u8>)], derived: Derived) -> Result<Written, Error> {
        self.write(|| self.inner.rederive(structures, derived))
    }

    fn examine(&self) -> Result<Vec<String>, Error> {
        self.inner.examine()
    }

    fn glance(&self) -> Result<Option<ModSeq>, Error> {
        self.inner.glance()
    }

    fn close(&self) -> Result<(), Error> {
        self.inner.close()
    }

    fn destroy(&self) -> Result<(), Error> {
        self.inner.destroy()
    }
}
