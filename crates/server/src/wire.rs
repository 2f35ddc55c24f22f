//! A socket, with TLS over it or not, without buffers of its own: an idle connection holds what its kernel and rustls
//! hold, and nothing else.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::{ProtocolVersion, ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// One of the two kinds of socket that a client comes by.
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(match self {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, &mut buf),
            Self::Unix(unix) => Pin::new(unix).poll_read(cx, &mut buf),
        })?;
        Poll::Ready(Ok(buf.filled().len()))
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.try_write(bytes),
            Self::Unix(unix) => unix.try_write(bytes),
        }
    }

    fn try_write_vectored(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.try_write_vectored(bytes),
            Self::Unix(unix) => unix.try_write_vectored(bytes),
        }
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(tcp) => tcp.poll_write_ready(cx),
            Self::Unix(unix) => unix.poll_write_ready(cx),
        }
    }

    fn shutdown(&self) {
        // Closing what the other side has closed already is no error worth telling.
        let _closed = match self {
            Self::Tcp(tcp) => socket2::SockRef::from(tcp).shutdown(Shutdown::Write),
            Self::Unix(unix) => socket2::SockRef::from(unix).shutdown(Shutdown::Write),
        };
    }
}

/// The other end, as far as it shows without reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// It may have more to say.
    Speaks,
    /// It has said all it will ever say. It may be listening still.
    HasClosed,
}

/// A connection's octets, in and out.
pub(crate) struct Wire {
    socket: Socket,
    tls: Option<Box<ServerConnection>>,
}

impl Wire {
    pub(crate) fn new(socket: Socket) -> Self {
        Self { socket, tls: None }
    }

    /// Begins TLS: what is read from here on is its handshake. Nothing that was read before is kept anywhere.
    pub(crate) fn start_tls(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let tls = ServerConnection::new(config).map_err(io::Error::other)?;
        self.tls = Some(Box::new(tls));
        Ok(())
    }

    /// Goes on with the handshake; ready when it is done.
    pub(crate) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(tls) = &mut self.tls else { return Poll::Ready(Ok(())) };
        loop {
            while tls.wants_write() {
                match tls.write_tls(&mut Writer(&self.socket)) {
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        ready!(self.socket.poll_write_ready(cx))?;
                    }
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            if !tls.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            let read = tls.read_tls(&mut Reader { socket: &mut self.socket, cx });
            match read {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
            if let Err(error) = tls.process_new_packets() {
                // The alert tells the client what is wrong; if it cannot be sent, so be it.
                let _alert = tls.write_tls(&mut Writer(&self.socket));
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
            }
        }
    }

    /// The channel binding `tls-exporter` (RFC 9266 §2). With TLS 1.2 it needs the extended master secret, of which
    /// rustls does not say whether it was used: so there is none then.
    pub(crate) fn exporter(&self) -> Option<[u8; 32]> {
        let tls = self.tls.as_deref()?;
        if tls.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
            return None;
        }
        tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok()
    }

    /// Reads what the client sent; 0 at its end.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let Some(tls) = &mut self.tls else { return self.socket.poll_read(cx, buf) };
        loop {
            match tls.reader().read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Many clients just close the connection: to us that is its end, with close_notify or without.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Poll::Ready(Ok(0)),
                other => return Poll::Ready(other),
            }
            match tls.read_tls(&mut Reader { socket: &mut self.socket, cx }) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
            if let Err(error) = tls.process_new_packets() {
                let _alert = tls.write_tls(&mut Writer(&self.socket));
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
            }
        }
    }

    /// Looks whether the client is there still, without reading. A Unix socket does not show it.
    pub(crate) fn peer(&self, cx: &mut Context<'_>) -> io::Result<Peer> {
        let Socket::Tcp(tcp) = &self.socket else { return Ok(Peer::Speaks) };
        let mut octet = [0; 1];
        match tcp.poll_peek(cx, &mut ReadBuf::new(&mut octet)) {
            Poll::Ready(Ok(0)) => Ok(Peer::HasClosed),
            Poll::Ready(Ok(_)) | Poll::Pending => Ok(Peer::Speaks),
            Poll::Ready(Err(error)) => Err(error),
        }
    }

    /// Sends as much as the kernel takes now, and says how much; may be less than all.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return or_none(self.socket.try_write(bytes));
        };
        let mut sent = 0;
        loop {
            sent += tls.writer().write(&bytes[sent..])?;
            while tls.wants_write() {
                match tls.write_tls(&mut Writer(&self.socket)) {
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(sent),
                    Err(error) => return Err(error),
                }
            }
            if sent == bytes.len() {
                return Ok(sent);
            }
        }
    }

    /// Whether TLS holds octets that the kernel did not take yet.
    pub(crate) fn holds(&self) -> bool {
        self.tls.as_deref().is_some_and(|tls| tls.wants_write())
    }

    /// Ready when the kernel takes more.
    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_write_ready(cx)
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _farewell = tls.write_tls(&mut Writer(&self.socket));
        }
        self.socket.shutdown();
    }
}

fn or_none(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}

/// A socket as rustls reads it.
struct Reader<'a, 'b, 'c> {
    socket: &'a mut Socket,
    cx: &'b mut Context<'c>,
}

impl Read for Reader<'_, '_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.socket.poll_read(self.cx, buf) {
            Poll::Ready(read) => read,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// A socket as rustls writes it.
struct Writer<'a>(&'a Socket);

impl Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
