//! Listeners: they let connections in, up to the limits, and hand them on.

use std::fs::{self, Permissions};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gate::Dismissal;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::sync::watch;
use tracing::warn;

use crate::config::Listen;
use crate::connection::{self, Reception};
use crate::descriptors;
use crate::door::{Door, Security};
use crate::registry::{Full, Registry};
use crate::wire::{Socket, Wire};

/// How many connections the kernel keeps for us until we take them: a whole town of phones after a power cut.
const BACKLOG: u32 = 4096;

/// How often one complaint is repeated, at most.
const COMPLAINTS: Duration = Duration::from_secs(10);

/// A socket that listens.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Begins to listen.
    pub(crate) fn bind(at: &Listen) -> io::Result<Self> {
        match at {
            Listen::Tcp(address) => bind_tcp(*address).map(Self::Tcp),
            Listen::Unix(path) => Ok(Self::Unix(bind_unix(path)?, path.clone())),
        }
    }

    /// Where it listens in fact, port 0 having been replaced by the one that was free.
    pub(crate) fn address(&self) -> io::Result<Listen> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Listen::Tcp),
            Self::Unix(_, path) => Ok(Listen::Unix(path.clone())),
        }
    }

    async fn accept(&self) -> io::Result<(Socket, Option<IpAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok((Socket::from(stream), Some(address.ip().to_canonical())))
            }
            Self::Unix(listener, _) => Ok((Socket::from(listener.accept().await?.0), None)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            let _gone = fs::remove_file(path);
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(v6) => match TcpSocket::new_v6() {
            // All addresses of a machine without IPv6 are its IPv4 ones.
            Err(_) if v6.ip().is_unspecified() => return bind_tcp((Ipv4Addr::UNSPECIFIED, v6.port()).into()),
            socket => socket?,
        },
    };
    socket.set_reuseaddr(true)?;
    // Linux hands these on to the sockets that `accept` gives.
    let keepalive = TcpKeepalive::new().with_time(Duration::from_mins(5)).with_interval(Duration::from_mins(1));
    SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
    SockRef::from(&socket).set_tcp_nodelay(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Anybody who can reach the path may connect: the folder that it is in says who that is.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    // A socket that nobody answers is left over from a server that was killed.
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| {
        use std::os::unix::fs::FileTypeExt;
        found.file_type().is_socket()
    });
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o666))?;
    Ok(listener)
}

/// Takes connections until the server stops.
pub(crate) async fn listen(
    listener: Listener,
    door: Door,
    registry: Arc<Registry>,
    reception: Arc<Reception>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut complaint = Complaint::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        let (socket, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if let Some(times) = complaint.due() {
                    warn!(listener = door.name(), %error, times, "cannot take connections");
                }
                // Without descriptors, accounts that nobody uses give theirs back; if there are none, all wait.
                if descriptors::are_missing(&error) {
                    let store = reception.store.clone();
                    let _closed = tokio::task::spawn_blocking(move || store.give_back()).await;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        match registry.enter(door, address) {
            Ok(seat) => {
                tokio::spawn(connection::serve(socket, seat, reception.clone()));
            }
            Err(full) => {
                if let Some(times) = complaint.due() {
                    let limit = match full {
                        Full::Server => "limits.connections",
                        Full::Address => "limits.connections_per_address",
                    };
                    let address = crate::log::Address(address);
                    warn!(%address, listener = door.name(), limit, times, "connections refused: the limit is reached");
                }
                refuse(socket, door, &reception);
            }
        }
    }
}

/// Says why, as far as a client that speaks no TLS yet can be told, and closes.
fn refuse(socket: Socket, door: Door, reception: &Reception) {
    let words: &[u8] = match door.tls() {
        Security::AtOnce => b"",
        Security::WhenAsked | Security::Never => (reception.protocol.farewell)(Dismissal::Full),
    };
    let mut wire = Wire::new(socket);
    // An empty send buffer takes as little as this, or the client is gone.
    let _sent = wire.try_write(words);
    wire.finish();
}

/// Something that goes wrong again and again, and is told now and then.
#[derive(Default)]
struct Complaint {
    told: Option<Instant>,
    times: u64,
}

impl Complaint {
    /// How many times since it was last told, if it is to be told now.
    fn due(&mut self) -> Option<u64> {
        self.times += 1;
        let now = Instant::now();
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < COMPLAINTS) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.times))
    }
}
