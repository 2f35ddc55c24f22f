//! A connection's octets: a stack of layers, without buffers of its own. An idle connection holds what its kernel and
//! rustls hold, and nothing else.
//!
//! In reading order: `layer` (what a layer is), `socket` (the bottom), `tls`. A layer more is a file with a
//! [`Transform`](layer::Transform) and a line in [`Stack`].

mod layer;
mod socket;
#[cfg(test)]
mod tests;
mod tls;

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ServerConfig;

pub(crate) use layer::FarEnd;
use layer::{Layer, Over};
pub(crate) use socket::{Sight, Socket};
use tls::Records;

/// The layers, the session's end first.
type Stack = Over<Records, Socket>;

/// A connection's octets, in and out.
pub(crate) struct Wire {
    stack: Stack,
}

impl Wire {
    pub(crate) fn new(socket: Socket) -> Self {
        Self { stack: Over::new(socket) }
    }

    /// Begins TLS: what is read from here on is its handshake. Nothing that was read before is kept anywhere.
    pub(crate) fn start_tls(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        self.stack.begin(Records::new(config)?);
        Ok(())
    }

    /// Goes on with what a layer has to say before the session speaks; ready when it is done.
    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stack.poll_open(cx)
    }

    /// The channel binding of the connection's TLS, if it has one.
    pub(crate) fn exporter(&self) -> Option<[u8; 32]> {
        self.stack.transform()?.exporter()
    }

    /// Reads what the client sent; 0 at its end.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.stack.poll_read(cx, buf)
    }

    /// Looks whether the client is there still, without reading.
    pub(crate) fn far_end(&self, cx: &mut Context<'_>) -> io::Result<FarEnd> {
        self.stack.far_end(cx)
    }

    /// Waits until the client has said all it will ever say, without reading what of it is still on its way.
    pub(crate) async fn closed(&self) -> io::Result<()> {
        self.stack.closed().await
    }

    /// Takes as much as it can now, and says how much: 0 if the kernel has to take something first.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stack.try_write(bytes)
    }

    /// Nothing more comes for now: sends what was taken and is still held. Whether the kernel took it all.
    pub(crate) fn push(&mut self) -> io::Result<bool> {
        self.stack.push()?;
        Ok(!self.stack.holds())
    }

    /// Ready when the kernel takes more.
    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stack.poll_write_ready(cx)
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        self.stack.finish();
    }
}
