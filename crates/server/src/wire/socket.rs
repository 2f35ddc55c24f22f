//! The bottom of a connection: one of the two kinds of socket that a client comes by.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::layer::{FarEnd, Layer};

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
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, &mut buf),
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

    /// A Unix socket does not show it.
    fn far_end(&self, cx: &mut Context<'_>) -> io::Result<FarEnd> {
        let Self::Tcp(tcp) = self else { return Ok(FarEnd::Speaks) };
        let mut octet = [0; 1];
        match tcp.poll_peek(cx, &mut ReadBuf::new(&mut octet)) {
            Poll::Ready(Ok(0)) => Ok(FarEnd::HasClosed),
            Poll::Ready(Ok(_)) | Poll::Pending => Ok(FarEnd::Speaks),
            Poll::Ready(Err(error)) => Err(error),
        }
    }

    fn finish(&mut self) {
        // Closing what the other side has closed already is no error worth telling.
        let _closed = match self {
            Self::Tcp(tcp) => socket2::SockRef::from(&*tcp).shutdown(Shutdown::Write),
            Self::Unix(unix) => socket2::SockRef::from(&*unix).shutdown(Shutdown::Write),
        };
    }
}

fn or_none(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}
