use std::future::poll_fn;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::task::ready;
use std::thread;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::layer::Transform;
use super::*;
use crate::testing::Folder;
use crate::tls::{Files, Tls, self_signed};

/// A layer as small as one can be: it opens with an octet that names its key, changes octets with that, and like a
/// compressor keeps what it is given until it is pushed or has enough.
struct Mask {
    key: Option<u8>,
    held: Vec<u8>,
}

/// How much a [`Mask`] keeps.
const ENOUGH: usize = 5000;

impl Mask {
    fn new() -> Self {
        Self { key: None, held: Vec::new() }
    }

    fn key(&self) -> u8 {
        self.key.expect("a layer is open before it is used")
    }
}

impl Transform for Mask {
    fn poll_open(&mut self, below: &mut impl Layer, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut octet = [0];
        while self.key.is_none() {
            if ready!(below.poll_read(cx, &mut octet))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            self.key = Some(octet[0]);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, below: &mut impl Layer, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = ready!(below.poll_read(cx, buf))?;
        buf[..read].iter_mut().for_each(|octet| *octet ^= self.key());
        Poll::Ready(Ok(read))
    }

    fn try_write(&mut self, below: &mut impl Layer, bytes: &[u8]) -> io::Result<usize> {
        if self.held.len() >= ENOUGH {
            self.push(below)?;
        }
        let key = self.key();
        let taken = bytes.len().min(ENOUGH.saturating_sub(self.held.len()));
        self.held.extend(bytes[..taken].iter().map(|octet| octet ^ key));
        Ok(taken)
    }

    fn push(&mut self, below: &mut impl Layer) -> io::Result<()> {
        while !self.held.is_empty() {
            let taken = below.try_write(&self.held)?;
            if taken == 0 {
                return Ok(());
            }
            self.held.drain(..taken);
        }
        Ok(())
    }

    fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    fn finish(&mut self, below: &mut impl Layer) {
        let _farewell = self.push(below);
    }
}

/// What a client does over its own stream for a [`Mask`] on our side.
struct Masked<S> {
    key: u8,
    stream: S,
}

impl<S: Write> Masked<S> {
    fn open(key: u8, mut stream: S) -> Self {
        stream.write_all(&[key]).unwrap();
        Self { key, stream }
    }
}

impl<S: Read> Read for Masked<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buf)?;
        buf[..read].iter_mut().for_each(|octet| *octet ^= self.key);
        Ok(read)
    }
}

impl<S: Write> Write for Masked<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let masked: Vec<u8> = bytes.iter().map(|octet| octet ^ self.key).collect();
        self.stream.write_all(&masked)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A certificate of our own, and a client that trusts it alone.
fn certificate(folder: &Folder) -> (Arc<ServerConfig>, ClientConnection) {
    let files = Files::in_data(folder.path());
    self_signed(&files, "localhost").unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&files.certificate).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(client), ServerName::try_from("localhost").unwrap()).unwrap();
    (Tls::load(files).unwrap().config().load_full(), client)
}

/// One end for a client that blocks, the other for a stack; has to be called on a runtime.
fn pair() -> (UnixStream, Socket) {
    let (client, server) = UnixStream::pair().unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    server.set_nonblocking(true).unwrap();
    (client, Socket::from(tokio::net::UnixStream::from_std(server).unwrap()))
}

/// Sends all, as a connection's turn does.
async fn send(stack: &mut impl Layer, mut bytes: &[u8]) {
    loop {
        let taken = stack.try_write(bytes).unwrap();
        bytes = &bytes[taken..];
        if bytes.is_empty() {
            stack.push().unwrap();
            if !stack.holds() {
                return;
            }
        } else if taken > 0 {
            continue;
        }
        poll_fn(|cx| stack.poll_write_ready(cx)).await.unwrap();
    }
}

#[test]
fn layers_stand_above_and_beneath_tls_and_neither_knows_of_the_other() {
    let runtime = crate::serve::runtime().unwrap();
    let folder = Folder::new();
    let (config, trusting) = certificate(&folder);
    // More than the kernel takes at once, so that each layer is left holding something.
    let letter: Vec<u8> = (0..1_500_000_u32).flat_map(u32::to_be_bytes).collect();
    runtime.block_on(async {
        let (client, socket) = pair();
        let talking = thread::spawn(move || {
            let beneath = Masked::open(0x55, client);
            let mut above = Masked::open(0xa3, StreamOwned::new(trusting, beneath));
            above.write_all(b"hello").unwrap();
            let mut heard = Vec::new();
            above.read_to_end(&mut heard).unwrap();
            heard
        });
        let mut stack: Over<Mask, Over<Records, Over<Mask, Socket>>> = Over::new(Over::new(Over::new(socket)));
        stack.below_mut().below_mut().begin(Mask::new());
        stack.below_mut().begin(Records::new(config).unwrap());
        stack.begin(Mask::new());
        poll_fn(|cx| stack.poll_open(cx)).await.unwrap();
        let mut buf = [0; 64];
        let mut heard = Vec::new();
        while heard.len() < 5 {
            let read = poll_fn(|cx| stack.poll_read(cx, &mut buf)).await.unwrap();
            heard.extend_from_slice(&buf[..read]);
        }
        assert_eq!(heard, b"hello");
        send(&mut stack, &letter).await;
        stack.finish();
        drop(stack);
        let heard = tokio::task::spawn_blocking(|| talking.join().unwrap()).await.unwrap();
        assert!(heard == letter, "{} of {} octets came, or others", heard.len(), letter.len());
    });
}

#[test]
fn a_layer_that_has_not_begun_passes_octets_on_and_takes_a_pointer() {
    assert_eq!(size_of::<Over<Mask, Socket>>(), size_of::<Socket>() + size_of::<usize>());
    assert!(size_of::<Wire>() <= 64, "a wire takes {} octets", size_of::<Wire>());
    let runtime = crate::serve::runtime().unwrap();
    runtime.block_on(async {
        let (mut client, socket) = pair();
        let mut stack: Over<Mask, Over<Mask, Socket>> = Over::new(Over::new(socket));
        poll_fn(|cx| stack.poll_open(cx)).await.unwrap();
        send(&mut stack, b"as it is").await;
        let mut heard = [0; 8];
        client.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"as it is");
        // It begins in the middle, as COMPRESS and STARTTLS do: what comes from here on is its own.
        stack.begin(Mask::new());
        client.write_all(&[1, b'b', b'c']).unwrap();
        poll_fn(|cx| stack.poll_open(cx)).await.unwrap();
        let mut buf = [0; 8];
        let read = poll_fn(|cx| stack.poll_read(cx, &mut buf)).await.unwrap();
        assert_eq!(&buf[..read], b"cb");
    });
}

#[test]
fn whether_the_client_is_there_can_be_seen_from_elsewhere() {
    let runtime = crate::serve::runtime().unwrap();
    runtime.block_on(async {
        let (mut client, mut socket) = pair();
        let sight = socket.sight();
        // What it has said and nobody has read does not hide it, neither before it closes nor afterwards.
        client.write_all(b"hello").unwrap();
        assert!(!sight.has_closed());
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let seen = sight;
        let seen = tokio::task::spawn_blocking(move || {
            let began = std::time::Instant::now();
            while !seen.has_closed() {
                assert!(began.elapsed() < Duration::from_secs(10), "it closed, and nobody saw it");
                thread::yield_now();
            }
            seen
        });
        let seen = seen.await.unwrap();
        let mut buf = [0; 8];
        assert_eq!(poll_fn(|cx| socket.poll_read(cx, &mut buf)).await.unwrap(), 5);
        assert_eq!(poll_fn(|cx| socket.poll_read(cx, &mut buf)).await.unwrap(), 0);
        drop(socket);
        assert!(seen.has_closed(), "nobody keeps a connection open to look at it");
    });
}

#[test]
fn what_comes_later_is_read_though_less_came_than_there_was_room_for() {
    let runtime = crate::serve::runtime().unwrap();
    runtime.block_on(async {
        let (mut client, mut socket) = pair();
        let writer = thread::spawn(move || {
            for n in 0..=255_u8 {
                client.write_all(&[n; 3]).unwrap();
                if n % 16 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        let (mut heard, mut buf) = (Vec::new(), [0; 7]);
        loop {
            let read = poll_fn(|cx| socket.poll_read(cx, &mut buf)).await.unwrap();
            if read == 0 {
                break;
            }
            heard.extend_from_slice(&buf[..read]);
        }
        writer.join().unwrap();
        assert!(heard == (0..=255).flat_map(|n| [n; 3]).collect::<Vec<u8>>());
    });
}
