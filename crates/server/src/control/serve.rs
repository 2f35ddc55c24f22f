//! The server's end of the control socket.

use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use store::AccountId;
use tracing::{info, warn};

use super::{AccountCost, Connected, Reply, Request};
use crate::core::Core;
use crate::link::{Link, Order, Transcript};
use crate::log::Address;

/// The socket's name in the data folder.
pub(super) const NAME: &str = "control.sock";

/// The longest request.
const LONGEST: u64 = 4096;

/// How long a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many callers are answered at once: more are closed unheard.
const CALLERS: usize = 32;

/// How long `who` waits for sessions that are at work.
const REPORTS: Duration = Duration::from_millis(100);

/// The control socket, open.
pub(crate) struct Control {
    path: PathBuf,
    closed: Arc<AtomicBool>,
}

impl Control {
    /// Opens the control socket of a data folder. An error of kind `AddrInUse` tells of another server there.
    pub(crate) fn open(data: &Path, core: &Arc<Core>) -> io::Result<Self> {
        let path = data.join(NAME);
        if UnixStream::connect(&path).is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let listener = bind(data, &path)?;
        let closed = Arc::new(AtomicBool::new(false));
        let (core, stop) = (core.clone(), closed.clone());
        let callers = Arc::new(());
        thread::Builder::new().name("control".to_owned()).stack_size(256 * 1024).spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                if Arc::strong_count(&callers) > CALLERS {
                    drop(stream);
                    continue;
                }
                let (core, caller) = (core.clone(), callers.clone());
                let answering = thread::Builder::new().name("control".to_owned()).stack_size(256 * 1024);
                match stream.map(|stream| answering.spawn(move || (answer(&core, stream), drop(caller)))) {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) | Err(error) => {
                        warn!(%error, "the control socket failed for one caller");
                        thread::sleep(Duration::from_millis(100));
                    }
                }
            }
        })?;
        Ok(Self { path, closed })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
        // Wakes the thread that accepts, so that it sees that it is closed.
        let _woken = UnixStream::connect(&self.path);
        let _gone = fs::remove_file(&self.path);
    }
}

/// Binds in a folder of our own first: never for a moment can anybody else connect.
fn bind(data: &Path, path: &Path) -> io::Result<UnixListener> {
    let nursery = data.join("control.new");
    let _left_behind = fs::remove_dir_all(&nursery);
    fs::create_dir(&nursery)?;
    fs::set_permissions(&nursery, Permissions::from_mode(0o700))?;
    let new = nursery.join("s");
    let listener = UnixListener::bind(&new)?;
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    fs::rename(&new, path)?;
    fs::remove_dir(&nursery)?;
    Ok(listener)
}

fn answer(core: &Core, stream: UnixStream) {
    let patient = stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
    if patient.is_err() {
        return;
    }
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        match (&mut stream).take(LONGEST).read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let reply = match serde_json::from_str(&line) {
            Ok(request) => carry_out(core, &request),
            Err(error) => Reply { error: Some(format!("this is no request: {error}")), ..Reply::default() },
        };
        let Ok(mut text) = serde_json::to_vec(&reply) else { return };
        text.push(b'\n');
        if stream.get_mut().write_all(&text).is_err() {
            return;
        }
    }
}

fn carry_out(core: &Core, request: &Request) -> Reply {
    match request {
        Request::Who => return Reply { sessions: Some(who(core)), ..Reply::default() },
        Request::Accounts => return Reply { accounts: Some(accounts(core)), ..Reply::default() },
        Request::Changed { account } => {
            if let Err(error) = core.ring(*account) {
                return Reply { error: Some(error.to_string()), ..Reply::default() };
            }
        }
        Request::DirectoryChanged => core.look_at_directory(),
        Request::Transcript { account, on } => {
            let transcript = if *on { Transcript::On } else { Transcript::Off };
            info!(account_id = account, on, "protocol transcript");
            core.transcribe(*account, transcript);
        }
        Request::Stop => {
            info!("told to stop on the control socket");
            core.stop();
        }
    }
    Reply::default()
}

/// Asks all sessions what they do. Those that are busy do not answer at once; of them we know what the registry knows.
fn who(core: &Core) -> Vec<Connected> {
    let links = core.registry.links();
    for link in &links {
        let _stale = link.reported();
        link.order(Order::Report);
    }
    let until = Instant::now() + REPORTS;
    let mut found: Vec<Connected> = Vec::with_capacity(links.len());
    let mut busy = links;
    loop {
        busy.retain(|link| match link.reported() {
            Some(facts) => {
                found.push(connected(link, Some(&facts)));
                false
            }
            None => true,
        });
        if busy.is_empty() || Instant::now() >= until {
            break;
        }
        thread::sleep(Duration::from_millis(2));
    }
    found.extend(busy.iter().map(|link| connected(link, None)));
    found.sort_unstable_by_key(|one| one.session);
    found
}

fn connected(link: &Link, facts: Option<&gate::Facts>) -> Connected {
    Connected {
        session: link.id,
        listener: link.door.name().to_owned(),
        address: Address(link.address).to_string(),
        account: link.login().map(|login| login.name.to_string()),
        mailbox: facts.and_then(|facts| facts.mailbox.clone()),
        client: facts.map(|facts| facts.client.clone()).unwrap_or_default(),
        command: facts.map_or("(at work)", |facts| facts.command).to_owned(),
        seconds: link.since.elapsed().as_secs(),
        cpu_ms: milliseconds(link.cost.worked()),
        waited_ms: milliseconds(link.cost.waited()),
        memory: link.cost.kept() as u64,
    }
}

/// The sums of what sessions cost, by account, with what the accounts themselves have in memory.
fn accounts(core: &Core) -> Vec<AccountCost> {
    let mut found: HashMap<AccountId, (AccountCost, Duration, Duration)> = HashMap::new();
    for link in core.registry.links() {
        let Some(login) = link.login() else { continue };
        let (cost, worked, waited) = found.entry(login.account).or_default();
        cost.account = login.name.to_string();
        cost.sessions += 1;
        cost.memory += link.cost.kept() as u64;
        *worked += link.cost.worked();
        *waited += link.cost.waited();
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable_by_key(|(id, (_, worked, _))| (std::cmp::Reverse(*worked), *id));
    let with_sums = |(id, (cost, worked, waited)): (AccountId, (AccountCost, Duration, Duration))| AccountCost {
        cpu_ms: milliseconds(worked),
        waited_ms: milliseconds(waited),
        memory: cost.memory + core.store.account(id).map_or(0, |account| account.memory() as u64),
        ..cost
    };
    found.into_iter().map(with_sums).collect()
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
