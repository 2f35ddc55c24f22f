//! Puts a server together, and takes it apart again.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gate::Gate;
use store::backend::Fault;
use store::{Options, Store};
use tokio::runtime::{Builder, Runtime};
use tracing::{error, info, warn};

use crate::auth::Doorkeeper;
use crate::claim::Claim;
use crate::config::{Config, Listen};
use crate::connection::{Patience, Reception};
use crate::control::Control;
use crate::core::Core;
use crate::descriptors;
use crate::door::Door;
use crate::duties::Duties;
use crate::lanes::THREADS;
use crate::link::Order;
use crate::listen::{self, Listener};
use crate::log;
use crate::protocol::Protocols;
use crate::registry::Registry;
use crate::risk;
use crate::shutdown::{Asked, Notice, Signals, notify};
use crate::tls::{Files, Made, Tls, TlsError};

/// How long sessions may take to end.
const SESSIONS: Duration = Duration::from_secs(6);

/// How long the store may take to close, after that.
const STORE: Duration = Duration::from_secs(3);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made or written.
    #[error("cannot use the data folder {}: {error}", path.display())]
    Folder {
        /// The folder, or a file in it.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The store does not open.
    #[error("cannot open the mail in {}: {}", path.display(), told(error))]
    Store {
        /// The data folder.
        path: PathBuf,
        /// Why.
        error: store::Error,
    },
    /// Another server serves the folder.
    #[error("a server is serving {} already; stop it first, or choose another folder with --data", path.display())]
    Running {
        /// The data folder.
        path: PathBuf,
    },
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A listener.
    #[error("cannot listen at {at}: {}", advice(error))]
    Listen {
        /// Where.
        at: Listen,
        /// Why.
        error: io::Error,
    },
    /// The system gives no random numbers, threads or signals.
    #[error("the system gives no {what}: {error}")]
    System {
        /// What it does not give.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
}

/// The folder is named already.
fn told(error: &store::Error) -> String {
    match error {
        store::Error::Folder { fault: fault @ Fault::NotSetUp, .. } => format!(
            "{fault}; set one up with `posthorn quickstart` or `posthorn user add`, or name the right folder with --data"
        ),
        store::Error::Folder { fault, .. } => fault.to_string(),
        error => error.to_string(),
    }
}

fn advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("{error}; ports below 1024 are for root: start it by systemd, or choose a higher port")
        }
        io::ErrorKind::AddrInUse => format!("{error}; another program listens there: stop it, or choose another port"),
        io::ErrorKind::AddrNotAvailable => format!("{error}; this machine does not have that address"),
        _ => error.to_string(),
    }
}

/// A server that runs.
pub struct Running {
    /// Where it listens in fact.
    listening: Vec<(Door, Listen)>,
    /// The self-signed certificate, if one was made just now.
    pub made: Option<Made>,
    core: Arc<Core>,
    duties: Duties,
    control: Option<Control>,
    claim: Option<Claim>,
}

/// Starts a server on the data folder of the configuration. Has to be called on a tokio runtime; see [`run`].
pub async fn serve(config: &Config) -> Result<Running, StartError> {
    /// How many files are looked into before mail is served: some tenths of a second.
    const FIRST: usize = 1000;
    let store = open(config, Store::open)?;
    if let Some(put_right) = store.directory().put_right() {
        warn!("{put_right}");
    }
    let lost = store.directory().lost().map_err(|error| StartError::Store { path: config.data().to_owned(), error })?;
    for id in lost {
        let place = store.directory().place(id);
        error!(account_id = id.get(), "{}", store::Error::Missing { what: place });
    }
    let strange = store.directory().strange(FIRST);
    let strange = strange.map_err(|error| StartError::Store { path: config.data().to_owned(), error })?;
    for (id, error) in strange {
        error!(account_id = id.get(), "{error}");
    }
    serve_store(config, store).await
}

/// Sets up a store in the data folder of the configuration if that is absent or empty, and says so in the log.
pub fn set_up(config: &Config) -> Result<(), StartError> {
    let path = config.data();
    match Store::open(path, config.store.options(&config.limits)) {
        Err(store::Error::Folder { fault: Fault::NotSetUp, .. }) => {}
        // What is there is opened when it is served.
        _ => return Ok(()),
    }
    open(config, Store::set_up)?;
    info!(folder = %path.display(), "there was nothing in the data folder: a new store is set up");
    Ok(())
}

fn open(config: &Config, how: impl FnOnce(&Path, Options) -> Result<Store, store::Error>) -> Result<Store, StartError> {
    let path = config.data();
    let mut options = config.store.options(&config.limits);
    descriptors::fit(&mut options);
    how(path, options).map_err(|error| StartError::Store { path: path.to_owned(), error })
}

/// Starts a server on a store that is open, such as one in memory. Certificate and control socket are in the data
/// folder all the same.
// Binding needs the runtime that this is called on, whether it waits for anything or not.
#[allow(clippy::unused_async)]
pub async fn serve_store(config: &Config, store: Store) -> Result<Running, StartError> {
    descriptors::raise();
    let data = config.data();
    make_folder(data)?;
    let claim = claim(data)?;
    let registry = Arc::new(Registry::new(config.limits.clone()));
    let no_random = |error: getrandom::Error| StartError::System { what: "random numbers", error: error.into() };
    let doorkeeper = Doorkeeper::new(store.clone(), registry.clone(), secret(data)?).map_err(no_random)?;
    let doorkeeper = Arc::new(doorkeeper);
    let (files, made) = Files::resolve(config)?;
    let core = Arc::new(Core::new(store.clone(), registry, doorkeeper.clone(), Tls::load(files)?));
    let control = open_control(data, &core)?;
    let protocols = protocols(config, store, doorkeeper);
    // All are bound before any is served: a server that half works is worse than one that says what is wrong.
    let mut bound = Vec::new();
    for door in Door::ALL {
        for at in door.places(config) {
            let listener = Listener::bind(&at).map_err(|error| StartError::Listen { at: at.clone(), error })?;
            let address = listener.address().map_err(|error| StartError::Listen { at, error })?;
            bound.push((door, listener, address));
        }
    }
    let duties = Duties::begin(&core).map_err(|error| StartError::System { what: "threads", error })?;
    let mut running = Running { listening: Vec::new(), made, core, duties, control, claim };
    for (door, listener, address) in bound {
        info!(listener = door.name(), %address, "listening");
        running.listening.push((door, address));
        let reception = Arc::new(Reception {
            protocol: protocols.of(door.tongue()),
            store: running.core.store.clone(),
            tls: running.core.tls.config(),
            plaintext_login: config.plaintext_login,
            patience: Patience::default(),
        });
        let (registry, stopping) = (running.core.registry.clone(), running.core.stopping());
        tokio::spawn(listen::listen(listener, door, registry, reception, stopping));
    }
    running.core.look_at_disk();
    for risk in risk::all(config, &running.listening) {
        warn!("{risk}");
    }
    Ok(running)
}

fn protocols(config: &Config, store: Store, gate: Arc<dyn Gate>) -> Protocols {
    let routing = delivery::Routing::new(config.delivery.separator(), config.delivery.domains.clone());
    let size_limit = config.append_limit.0;
    let append_octets = config.limits.append_octets.0;
    let place = {
        let store = store.clone();
        move |id| store.directory().place(id)
    };
    let journal: session::Journal = {
        let place = place.clone();
        Arc::new(move |peer, failed| log::failed(peer, failed, &place))
    };
    let imap = session::Settings { gate, append_limit: size_limit, append_octets, store: store.clone(), journal };
    let hostname = config.hostname();
    let lmtp = delivery::Settings {
        store,
        hostname,
        size_limit,
        routing,
        journal: Arc::new(move |peer, event| log::delivery(peer, &event, &place)),
    };
    Protocols::new(imap, lmtp)
}

/// A control socket that cannot be opened is no reason not to serve mail, unless another server has it.
fn open_control(data: &Path, core: &Arc<Core>) -> Result<Option<Control>, StartError> {
    match Control::open(data, core) {
        Ok(control) => Ok(Some(control)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(StartError::Running { path: data.to_owned() }),
        Err(error) => {
            warn!(%error, "no control socket: `posthorn who` will not work, and changes are seen a second later");
            Ok(None)
        }
    }
}

/// Where a file system has no locks, the control socket alone tells who serves.
fn claim(data: &Path) -> Result<Option<Claim>, StartError> {
    match Claim::take(data) {
        Ok(Some(claim)) => Ok(Some(claim)),
        Ok(None) => Err(StartError::Running { path: data.to_owned() }),
        Err(error) => {
            warn!(%error, "control.lock cannot be locked: `posthorn upgrade` knows of this server by its socket only");
            Ok(None)
        }
    }
}

fn make_folder(path: &Path) -> Result<(), StartError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| StartError::Folder { path: path.to_owned(), error })
}

/// The secret that fakes are made of, the same over restarts.
fn secret(data: &Path) -> Result<[u8; 32], StartError> {
    let path = data.join("secret");
    let wrong = |error| StartError::Folder { path: path.clone(), error };
    if let Ok(kept) = fs::read(&path)
        && let Ok(secret) = kept.try_into()
    {
        return Ok(secret);
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| StartError::System { what: "random numbers", error: error.into() })?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(wrong)?;
    file.write_all(&secret).and_then(|()| file.sync_all()).map_err(wrong)?;
    Ok(secret)
}

impl Running {
    /// Where a door is in fact, port 0 having been replaced by one that was free.
    pub fn listening(&self, door: Door) -> Vec<Listen> {
        self.listening.iter().filter(|(at, _)| *at == door).map(|(_, address)| address.clone()).collect()
    }

    /// Waits until somebody stops the server by the control socket.
    pub async fn stopped(&self) {
        // The sender lives in `core`, so waiting cannot fail while we live.
        let mut stopping = self.core.stopping();
        let _stopped = stopping.wait_for(|stop| *stop).await;
    }

    /// Looks at the certificate's files now.
    pub fn look_at_certificate(&self) {
        self.core.tls.look();
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.core.registry.len()
    }

    /// Stops: no new connections, BYE to all, commits that are under way finished, accounts closed. Takes ten seconds
    /// at most.
    pub async fn stop(self) {
        self.core.stop();
        let began = Instant::now();
        let mut told = 0;
        while self.core.registry.len() > 0 && began.elapsed() < SESSIONS {
            // Again and again: one may have been on its way in.
            if told % 20 == 0 {
                for link in self.core.registry.links() {
                    link.order(Order::Shutdown);
                }
            }
            told += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let left = self.core.registry.len();
        if left > 0 {
            warn!(sessions = left, "sessions that did not end in time are cut off");
        }
        let Self { core, duties, control, claim, .. } = self;
        let closing = tokio::task::spawn_blocking(move || {
            drop(control);
            duties.end();
            core.doorkeeper.keep();
            let closed = core.store.close();
            drop(claim);
            closed
        });
        match tokio::time::timeout(STORE, closing).await {
            Ok(Ok(Ok(()))) => info!("stopped; everything is closed"),
            Ok(Ok(Err(error))) => warn!(%error, "stopped; some checkpoints were not written, the log has it all"),
            Ok(Err(_)) | Err(_) => warn!("stopped; closing took too long, the log has it all"),
        }
    }
}

/// The runtime that a server runs on.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().max_blocking_threads(THREADS).build()
}

/// Runs a server until SIGTERM, SIGINT or the control socket ends it. `ready` is called once it listens.
pub fn run(config: &Config, ready: impl FnOnce(&Running)) -> Result<(), StartError> {
    let runtime = runtime().map_err(|error| StartError::System { what: "threads", error })?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(|error| StartError::System { what: "signals", error })?;
        let running = serve(config).await?;
        if let Some(made) = &running.made {
            let note = "made a self-signed certificate: clients will ask whether to trust it; \
                        name a real one in `tls.certificate` and `tls.key`";
            info!(sha256 = made.fingerprint, "{note}");
        }
        ready(&running);
        notify(Notice::Ready);
        loop {
            tokio::select! {
                asked = signals.next() => match asked {
                    Asked::Stop => break,
                    Asked::Look => running.look_at_certificate(),
                },
                () = running.stopped() => break,
            }
        }
        info!("stopping");
        notify(Notice::Stopping);
        tokio::select! {
            () = running.stop() => {}
            // Whoever asks twice does not want to wait.
            () = async { while signals.next().await != Asked::Stop {} } => warn!("cut short"),
        }
        Ok(())
    });
    runtime.shutdown_timeout(Duration::from_millis(500));
    ended
}
