//! The bottom of a connection: one of the two kinds of socket that a client comes by.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, Interest, ReadBuf, Ready};
use tokio::net::{TcpStream, UnixStream};

use super::layer::{FarEnd, Layer};

/// How long an urgent octet hides that the client has gone.
const URGENT: Duration = Duration::from_secs(1);

/// A socket. Its buffers are the kernel's.
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Layer for Socket {
    fn poll_open(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(match self {
            Self::Tcp(tcp) => {
                let read = Pin::new(&mut *tcp).poll_read(cx, &mut buf);
                if read.is_ready() {
                    acknowledge_at_once(tcp);
                }
                read
            }
            Self::Unix(unix) => Pin::new(unix).poll_read(cx, &mut buf),
        })?;
        Poll::Ready(Ok(buf.filled().len()))
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
            Self::Tcp(tcp) => socket2::SockRef::from(&*tcp).shutdown(Shutdown::Write),
            Self::Unix(unix) => socket2::SockRef::from(&*unix).shutdown(Shutdown::Write),
        };
    }
}

impl Socket {
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
    let _wished = socket2::SockRef::from(tcp).set_tcp_quickack(true);
    #[cfg(not(target_os = "linux"))]
    let _: &TcpStream = tcp;
}

fn or_none(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}
