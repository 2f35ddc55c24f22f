//! TLS on the way through a connection, driven by us: rustls holds what has to be held, and no task holds anything.

use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use super::layer::{Layer, Transform};

/// The record layer of one connection (RFC 8446 §5).
pub(crate) struct Records(ServerConnection);

impl Records {
    /// What is read from here on is the handshake.
    pub(crate) fn new(config: Arc<ServerConfig>) -> io::Result<Self> {
        ServerConnection::new(config).map(Self).map_err(io::Error::other)
    }

    /// The channel binding `tls-exporter` (RFC 9266 §2). With TLS 1.2 it needs the extended master secret, of which
    /// rustls does not say whether it was used: so there is none then.
    pub(crate) fn exporter(&self) -> Option<[u8; 32]> {
        if self.0.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
            return None;
        }
        self.0.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok()
    }

    /// Reads records; 0 at the end of the connection.
    fn poll_records(&mut self, below: &mut impl Layer, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let read = match self.0.read_tls(&mut Reader { below, cx }) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            read => read?,
        };
        if let Err(error) = self.0.process_new_packets() {
            // The alert tells the client what is wrong; if it cannot be sent, so be it.
            let _alert = self.0.write_tls(&mut Writer(below));
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
        }
        Poll::Ready(Ok(read))
    }
}

impl Transform for Records {
    fn poll_open(&mut self, below: &mut impl Layer, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.push(below)?;
            below.push()?;
            if self.holds() || below.holds() {
                ready!(below.poll_write_ready(cx))?;
                continue;
            }
            if !self.0.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            if ready!(self.poll_records(below, cx))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    fn poll_read(&mut self, below: &mut impl Layer, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.0.reader().read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Many clients just close the connection: to us that is its end, with close_notify or without.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Poll::Ready(Ok(0)),
                other => return Poll::Ready(other),
            }
            ready!(self.poll_records(below, cx))?;
        }
    }

    /// Takes nothing while it holds something: what it holds is bounded by one buffer of rustls.
    fn try_write(&mut self, below: &mut impl Layer, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        loop {
            self.push(below)?;
            if self.holds() || sent == bytes.len() {
                return Ok(sent);
            }
            sent += self.0.writer().write(&bytes[sent..])?;
        }
    }

    fn push(&mut self, below: &mut impl Layer) -> io::Result<()> {
        while self.0.wants_write() {
            match self.0.write_tls(&mut Writer(below)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn holds(&self) -> bool {
        self.0.wants_write()
    }

    fn finish(&mut self, below: &mut impl Layer) {
        self.0.send_close_notify();
        let _farewell = self.push(below);
    }
}

/// The layer below as rustls reads it.
struct Reader<'a, 'b, 'c, L> {
    below: &'a mut L,
    cx: &'b mut Context<'c>,
}

impl<L: Layer> Read for Reader<'_, '_, '_, L> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.below.poll_read(self.cx, buf) {
            Poll::Ready(read) => read,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// The layer below as rustls writes it.
struct Writer<'a, L>(&'a mut L);

impl<L: Layer> Write for Writer<'_, L> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        taken(self.0.try_write(bytes))
    }

    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        taken(self.0.try_write_vectored(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// rustls never writes nothing, so nothing taken means that the kernel is full.
fn taken(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
        other => other,
    }
}
