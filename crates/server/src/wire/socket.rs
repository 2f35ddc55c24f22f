//! The bottom of a connection: one of the two kinds of socket that a client comes by.

use std::io::{self, IoSlice, Read};
use std::net::Shutdown;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{Interest, Ready};
use tokio::net::{TcpStream, UnixStream};

use super::layer::{FarEnd, Layer};

/// How long an urgent octet hides that the client has gone.
const URGENT: Duration = Duration::from_secs(1);

/// A socket. Its buffers are the kernel's.
pub(crate) enum Socket {
    Tcp(Arc<TcpStream>),
    Unix(Arc<UnixStream>),
}

/// Somebody's view of a connection that is another's: whether the client is there still, from any thread.
#[derive(Debug)]
pub(crate) enum Sight {
    Tcp(Weak<TcpStream>),
    Unix(Weak<UnixStream>),
}

impl Sight {
    /// Whether the client has closed its side, or all of it is over.
    pub(crate) fn has_closed(&self) -> bool {
        let socket = match self {
            Self::Tcp(tcp) => tcp.upgrade().map(Socket::Tcp),
            Self::Unix(unix) => unix.upgrade().map(Socket::Unix),
        };
        let far_end = |socket: Socket| socket.far_end(&mut Context::from_waker(Waker::noop()));
        !socket.is_some_and(|socket| matches!(far_end(socket), Ok(FarEnd::Speaks)))
    }
}

impl Layer for Socket {
    fn poll_open(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(match self {
                Self::Tcp(tcp) => tcp.poll_read_ready(cx),
                Self::Unix(unix) => unix.poll_read_ready(cx),
            })?;
            let mut read = 0;
            let room = buf.len();
            let mut once = |socket: SockRef<'_>| {
                read = (&*socket).read(buf)?;
                // Less than there was room for: what the kernel had is read, and waiting needs no second look at it.
                if (1..room).contains(&read) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            };
            let done = match self {
                Self::Tcp(tcp) => tcp.try_io(Interest::READABLE, || once(SockRef::from(&**tcp))),
                Self::Unix(unix) => unix.try_io(Interest::READABLE, || once(SockRef::from(&**unix))),
            };
            match done {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && read == 0 => {}
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
                _ => {
                    if let Self::Tcp(tcp) = self {
                        acknowledge_at_once(tcp);
                    }
                    return Poll::Ready(Ok(read));
                }
            }
        }
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        or_none(match self {
            Self::Tcp(tcp) => tcp.try_write(bytes),
            Self::Unix(unix) => unix.try_write(bytes),
        })
    }

    fn try_write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        or_none(match self {
            Self::Tcp(tcp) => tcp.try_write_vectored(bytes),
            Self::Unix(unix) => unix.try_write_vectored(bytes),
        })
    }

    fn push(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn holds(&self) -> bool {
        false
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(tcp) => tcp.poll_write_ready(cx),
            Self::Unix(unix) => unix.poll_write_ready(cx),
        }
    }

    fn far_end(&self, cx: &mut Context<'_>) -> io::Result<FarEnd> {
        match pin!(self.readiness()).poll(cx) {
            Poll::Ready(Ok(ready)) if ready.is_read_closed() => Ok(FarEnd::HasClosed),
            Poll::Ready(Ok(_)) | Poll::Pending => Ok(FarEnd::Speaks),
            Poll::Ready(Err(error)) => Err(error),
        }
    }

    async fn closed(&self) -> io::Result<()> {
        while !self.readiness().await?.is_read_closed() {
            // An urgent octet, of which no protocol here knows: it would be told again at once.
            tokio::time::sleep(URGENT).await;
        }
        Ok(())
    }

    fn finish(&mut self) {
        // Closing what the other side has closed already is no error worth telling.
        let _closed = match self {
            Self::Tcp(tcp) => SockRef::from(&**tcp).shutdown(Shutdown::Write),
            Self::Unix(unix) => SockRef::from(&**unix).shutdown(Shutdown::Write),
        };
    }
}

impl From<TcpStream> for Socket {
    fn from(tcp: TcpStream) -> Self {
        Self::Tcp(Arc::new(tcp))
    }
}

impl From<UnixStream> for Socket {
    fn from(unix: UnixStream) -> Self {
        Self::Unix(Arc::new(unix))
    }
}

impl Socket {
    /// A view of it for others.
    pub(crate) fn sight(&self) -> Sight {
        match self {
            Self::Tcp(tcp) => Sight::Tcp(Arc::downgrade(tcp)),
            Self::Unix(unix) => Sight::Unix(Arc::downgrade(unix)),
        }
    }

    /// What the kernel tells of the other end beside its octets, which may wait unread.
    async fn readiness(&self) -> io::Result<Ready> {
        match self {
            Self::Tcp(tcp) => tcp.ready(Interest::PRIORITY).await,
            Self::Unix(unix) => unix.ready(Interest::PRIORITY).await,
        }
    }
}

/// A client that writes a command in several small pieces waits, by Nagle's algorithm, for each piece to be acknowledged,
/// and the kernel waits some 40 ms to do so with an answer. It forgets the wish, so it is told after each read (tcp(7)).
fn acknowledge_at_once(tcp: &TcpStream) {
    // It is a wish: without it things are slow, not wrong.
    #[cfg(target_os = "linux")]
    let _wished = SockRef::from(tcp).set_tcp_quickack(true);
    #[cfg(not(target_os = "linux"))]
    let _: &TcpStream = tcp;
}

fn or_none(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}
