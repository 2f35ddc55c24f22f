//! The end: signals, and what the service manager is told (`sd_notify(3)`).

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the service manager is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// All listeners are open.
    Ready,
    /// Shutting down.
    Stopping,
}

/// Tells the service manager, where there is one.
pub(crate) fn notify(notice: Notice) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let text: &[u8] = match notice {
        Notice::Ready => b"READY=1",
        Notice::Stopping => b"STOPPING=1",
    };
    if let Err(error) = send(path.as_encoded_bytes(), text) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}

fn send(path: &[u8], text: &[u8]) -> io::Result<()> {
    let address = match path.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(std::path::Path::new(&*String::from_utf8_lossy(path)))?,
    };
    UnixDatagram::unbound()?.send_to_addr(text, &address).map(drop)
}

/// The signals that concern us.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// SIGTERM, SIGINT.
    Stop,
    /// SIGHUP: look at the certificate now.
    Look,
}

impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Look,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_reaches_a_path_and_an_abstract_name() {
        let folder = crate::testing::Folder::new();
        let path = folder.path().join("notify");
        let name = format!("@posthorn-{}", std::process::id());
        let abstract_address = SocketAddr::from_abstract_name(&name.as_bytes()[1..]).unwrap();
        let sockets = [
            (path.to_str().unwrap().to_owned(), UnixDatagram::bind(&path).unwrap()),
            (name, UnixDatagram::bind_addr(&abstract_address).unwrap()),
        ];
        for (path, socket) in sockets {
            send(path.as_bytes(), b"READY=1").unwrap();
            let mut got = [0; 20];
            let n = socket.recv(&mut got).unwrap();
            assert_eq!(&got[..n], b"READY=1");
        }
    }
}
