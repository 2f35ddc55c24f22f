//! What a layer of a connection is.
//!
//! A connection is a stack: a socket at the bottom, and above it what changes the octets on their way through, each
//! without knowing what is above or below. Nothing in it waits: what cannot be done now is told, and done later.

use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

/// The other end, as far as it shows without reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FarEnd {
    /// It may have more to say.
    Speaks,
    /// It has said all it will ever say. It may be listening still.
    HasClosed,
}

/// A place in the stack as the one above it sees it: octets in, octets out.
pub(crate) trait Layer {
    /// Goes on with what comes before the first octet of the layer above, such as a handshake; ready when it is done.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads what the client sent; 0 at its end.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Takes as much as it can now, and says how much: 0 if the kernel has to take something first.
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// The same for octets that lie in several places.
    fn try_write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        match bytes.iter().find(|slice| !slice.is_empty()) {
            Some(first) => self.try_write(first),
            None => Ok(0),
        }
    }

    /// Nothing more comes for now: hands down what was taken and is still held, as far as that goes.
    fn push(&mut self) -> io::Result<()>;

    /// Whether it holds octets that the kernel did not take yet.
    fn holds(&self) -> bool;

    /// Ready when the kernel takes more.
    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Looks whether the client is there still, without reading.
    fn far_end(&self, cx: &mut Context<'_>) -> io::Result<FarEnd>;

    /// Waits until the client has said all it will ever say, without reading what of it is still on its way.
    fn closed(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Says that nothing more will be sent.
    fn finish(&mut self);
}

/// What changes octets on their way through a stack. Its methods are those of [`Layer`] with the layer below at hand.
/// It keeps no buffer while nothing is under way: an idle connection is one of thousands.
pub(crate) trait Transform {
    /// See [`Layer::poll_open`]; the layer below is open.
    fn poll_open(&mut self, below: &mut impl Layer, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// See [`Layer::poll_read`].
    fn poll_read(&mut self, below: &mut impl Layer, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;

    /// See [`Layer::try_write`].
    fn try_write(&mut self, below: &mut impl Layer, bytes: &[u8]) -> io::Result<usize>;

    /// See [`Layer::push`]; the layer below is pushed afterwards.
    fn push(&mut self, below: &mut impl Layer) -> io::Result<()>;

    /// Whether it holds octets itself.
    fn holds(&self) -> bool;

    /// Its own last words; the layer below has its say afterwards.
    fn finish(&mut self, below: &mut impl Layer);
}

/// A layer that may have a transform, and without one passes octets on as they are: a connection gets TLS when its
/// client says STARTTLS. Where there is none it takes the room of a pointer.
pub(crate) struct Over<T, L> {
    transform: Option<Box<T>>,
    below: L,
}

impl<T, L> Over<T, L> {
    /// Passes octets on as they are.
    pub(crate) fn new(below: L) -> Self {
        Self { transform: None, below }
    }

    /// From here on, octets go through this.
    pub(crate) fn begin(&mut self, transform: T) {
        self.transform = Some(Box::new(transform));
    }

    /// The layer below, to begin something there.
    #[cfg(test)]
    pub(crate) fn below_mut(&mut self) -> &mut L {
        &mut self.below
    }

    /// What octets go through.
    pub(crate) fn transform(&self) -> Option<&T> {
        self.transform.as_deref()
    }
}

impl<T: Transform, L: Layer> Layer for Over<T, L> {
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.below.poll_open(cx))?;
        match &mut self.transform {
            Some(transform) => transform.poll_open(&mut self.below, cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        match &mut self.transform {
            Some(transform) => transform.poll_read(&mut self.below, cx, buf),
            None => self.below.poll_read(cx, buf),
        }
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.transform {
            Some(transform) => transform.try_write(&mut self.below, bytes),
            None => self.below.try_write(bytes),
        }
    }

    fn try_write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        match (&mut self.transform, bytes.iter().find(|slice| !slice.is_empty())) {
            (None, _) => self.below.try_write_vectored(bytes),
            (Some(transform), Some(first)) => transform.try_write(&mut self.below, first),
            (Some(_), None) => Ok(0),
        }
    }

    fn push(&mut self) -> io::Result<()> {
        if let Some(transform) = &mut self.transform {
            transform.push(&mut self.below)?;
        }
        self.below.push()
    }

    fn holds(&self) -> bool {
        self.transform.as_ref().is_some_and(|transform| transform.holds()) || self.below.holds()
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.below.poll_write_ready(cx)
    }

    fn far_end(&self, cx: &mut Context<'_>) -> io::Result<FarEnd> {
        self.below.far_end(cx)
    }

    fn closed(&self) -> impl Future<Output = io::Result<()>> + Send {
        self.below.closed()
    }

    fn finish(&mut self) {
        if let Some(transform) = &mut self.transform {
            transform.finish(&mut self.below);
        }
        self.below.finish();
    }
}
