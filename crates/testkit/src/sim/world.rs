//! What there is in a life: processes, connections, and the data beneath.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use parking_lot::Mutex;
use session::Now;
use store::backend::{self, Backend, Files};
use store::engine::{self, Engine};
use store::{AccountId, Error, Options, Store};
use testkit_vfs::Disk;

use super::actor::Line;
use super::away::{Away, Gap};
use super::dice::Dice;
use super::engine::{NextFault, Saved, SteppedBackend};
use super::process::Process;
use super::truth::{Failures, Truth};
use crate::model::Features;
use crate::suite::Folder;

/// Where the account is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In memory, which processes share.
    Memory,
    /// In a folder, on a disk that fails and loses power.
    Folder,
}

thread_local! {
    /// The origin that the next new account gets: a life is on one thread.
    static ORIGIN: Cell<u64> = const { Cell::new(1) };
}

/// What the processes share.
enum Data {
    Memory(Arc<dyn Backend>),
    Folder(Folder, Disk),
}

/// All there is.
pub(super) struct World {
    pub(super) truth: Arc<Mutex<Truth>>,
    pub(super) processes: Vec<Arc<Process>>,
    /// What each process's next write does.
    pub(super) faults: Vec<NextFault>,
    saved: Saved,
    /// The last number of a session.
    sessions: Arc<AtomicU64>,
    /// Connections, each with its process.
    pub(super) lines: Vec<(usize, Arc<Mutex<Line>>)>,
    data: Data,
    /// The account's files, while they are away.
    away: Option<Away>,
    options: Options,
}

impl World {
    pub(super) fn new(kind: Kind, retention: Duration, dice: &mut Dice, now: Now) -> Result<Self, String> {
        let data = match kind {
            Kind::Memory => {
                let kept: Mutex<BTreeMap<AccountId, engine::Memory>> = Mutex::default();
                let engines = move |id| -> Arc<dyn Engine> { Arc::new(kept.lock().entry(id).or_default().clone()) };
                Data::Memory(Arc::new(backend::Memory::with_engines(engines)))
            }
            Kind::Folder => {
                let folder = Folder::new();
                let disk = Disk::new(folder.path(), dice.seed());
                Data::Folder(folder, disk)
            }
        };
        ORIGIN.set(1);
        let options = options(dice, retention);
        let truth = data.backend().map_err(|error| error.to_string())?;
        let mut world = Self {
            truth: Arc::new(Mutex::new(Truth::new(truth, data.disk().cloned()))),
            processes: Vec::new(),
            faults: vec![NextFault::default(), NextFault::default()],
            saved: Saved::default(),
            sessions: Arc::default(),
            lines: Vec::new(),
            data,
            away: None,
            options,
        };
        world.start()?;
        world.processes[0].found(now.unix, &world.truth)?;
        for process in [0, 0, 1].into_iter().take(1 + dice.below(3)) {
            let features = dice.of(&[Features::Plain, Features::Rev2, Features::Condstore, Features::Qresync]);
            let line = Line::new(&world.processes[process], features, now);
            world.lines.push((process, Arc::new(Mutex::new(line))));
        }
        Ok(world)
    }

    /// Starts the processes.
    fn start(&mut self) -> Result<(), String> {
        for fault in &self.faults {
            self.processes.push(Arc::new(self.process(fault)?));
        }
        Ok(())
    }

    fn process(&self, fault: &NextFault) -> Result<Process, String> {
        let backend = self.data.backend().map_err(|error| format!("the data cannot be opened: {error}"))?;
        let stepped = SteppedBackend::new(backend, fault.clone(), self.saved.clone(), self.disk().cloned());
        let store = Store::with_backend(self.options.clone(), Arc::new(stepped));
        let store = store.map_err(|error| format!("the store cannot be opened: {error}"))?;
        Ok(Process::new(store, self.sessions.clone()))
    }

    /// One more process on the same data.
    pub(super) fn another(&self) -> Result<Process, String> {
        self.process(&NextFault::default())
    }

    /// The disk, if there is one.
    pub(super) fn disk(&self) -> Option<&Disk> {
        self.data.disk()
    }

    /// Where the account is kept, once it has been made.
    pub(super) fn place(&self) -> Option<PathBuf> {
        self.processes[0].made()
    }

    /// Moves the account's files away, if it has any and they are there. What is acknowledged from now on is lost.
    pub(super) fn take_away(&mut self, gap: Gap) -> Result<(), String> {
        let Some(database) = self.place().filter(|_| self.away.is_none()) else { return Ok(()) };
        let mut truth = self.truth.lock();
        truth.follow()?;
        truth.away = true;
        truth.failures = Failures::Expected;
        self.away = Some(Away::take(&database, gap).map_err(|error| format!("nothing can be moved: {error}"))?);
        Ok(())
    }

    /// Brings the files back, if they are away, and starts all processes anew.
    pub(super) fn bring_back(&mut self, now: Now) -> Result<(), String> {
        let Some(away) = self.away.take() else { return Ok(()) };
        self.stop();
        away.put_back().map_err(|error| format!("nothing comes back: {error}"))?;
        self.truth.lock().away = false;
        self.start_anew(now).map_err(|what| format!("after the files came back: {what}"))
    }

    /// The power is back: all processes start anew, and all clients connect again. Nobody works.
    pub(super) fn restart(&mut self, now: Now) -> Result<(), String> {
        self.stop();
        if let Some(disk) = self.disk() {
            disk.restore().map_err(|error| format!("the disk cannot be restored: {error}"))?;
        }
        self.start_anew(now).map_err(|what| format!("after a loss of power: {what}"))
    }

    /// Nobody has anything open any more.
    fn stop(&mut self) {
        self.lines.iter().for_each(|(_, line)| line.lock().hang_up());
        self.processes.clear();
        self.truth.lock().read_from(Arc::new(backend::Memory::default()));
        // Power may take a checkpoint that nobody built upon.
        self.saved.lock().clear();
    }

    fn start_anew(&mut self, now: Now) -> Result<(), String> {
        self.faults.iter().for_each(|fault| *fault.lock() = None);
        self.start()?;
        let mut truth = self.truth.lock();
        truth.read_from(self.data.backend().map_err(|error| error.to_string())?);
        truth.look()?;
        drop(truth);
        for (process, line) in &self.lines {
            line.lock().again(&self.processes[*process], now);
        }
        self.truth.lock().follow()
    }
}

impl Data {
    fn backend(&self) -> Result<Arc<dyn Backend>, Error> {
        Ok(match self {
            Self::Memory(memory) => memory.clone(),
            Self::Folder(folder, _) => Arc::new(Files::set_up(folder.path(), &store::Options::default())?),
        })
    }

    fn disk(&self) -> Option<&Disk> {
        match self {
            Self::Memory(_) => None,
            Self::Folder(_, disk) => Some(disk),
        }
    }
}

/// Settings under which much happens in a short life.
fn options(dice: &mut Dice, retention: Duration) -> Options {
    Options {
        retention,
        open_accounts: 1,
        memory: dice.of(&[0, 256 << 20, 256 << 20]),
        idle: Duration::from_mins(1),
        tail: dice.of(&[1, 4, 500]),
        // A seed replays.
        random: || Ok(ORIGIN.replace(ORIGIN.get() + 1)),
        ..Options::default()
    }
}
