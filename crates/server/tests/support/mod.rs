//! A server in this process on free ports, and clients that block.

#![allow(dead_code, reason = "each test file uses another part of it")]
#![allow(clippy::unwrap_used, reason = "it is a test's")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use server::{Config, Door, Listen, Overrides, Running};
use store::{AccountId, Store};
use tokio::runtime::Runtime;

/// A temporary folder that goes away.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("posthorn-it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// A server with its store.
pub(crate) struct Server {
    pub(crate) folder: Folder,
    pub(crate) store: Store,
    running: Option<Running>,
    pub(crate) runtime: Runtime,
}

impl Server {
    /// A server in memory that takes passwords without TLS.
    pub(crate) fn trusting() -> Self {
        Self::start("plaintext_login = true")
    }

    /// A server in memory with this configuration, its listeners on free ports.
    pub(crate) fn start(toml: &str) -> Self {
        static LOG: Once = Once::new();
        LOG.call_once(|| {
            if let Ok(level) = std::env::var("POSTHORN_TEST_LOG") {
                let log = server::config::Log { level: Some(level), ..Default::default() };
                server::log::start(&log).unwrap();
            }
        });
        let folder = Folder::new();
        let file = folder.path().join("posthorn.toml");
        std::fs::write(&file, toml).unwrap();
        let local = || vec!["127.0.0.1:0".parse().unwrap()];
        let flags = Overrides {
            data: Some(folder.path().join("data")),
            imap: local(),
            imaps: local(),
            lmtp: local(),
            ..Overrides::default()
        };
        let config = Config::load(Some(&file), flags).unwrap();
        let store = Store::memory();
        let runtime = server::runtime().unwrap();
        let running = runtime.block_on(server::serve_store(&config, store.clone())).unwrap();
        Self { folder, store, running: Some(running), runtime }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub(crate) fn user(&self, name: &str, password: &str) -> AccountId {
        self.store.directory().add(name, Some(&server::credentials(password).unwrap()), 0).unwrap()
    }

    pub(crate) fn imap(&self) -> Client {
        Client::plain(tcp(&self.running().listening(Door::Imap)[0]))
    }

    pub(crate) fn imaps(&self) -> Client {
        Client::tls(tcp(&self.running().listening(Door::Imaps)[0])).unwrap()
    }

    pub(crate) fn lmtp(&self) -> Client {
        Client::plain(tcp(&self.running().listening(Door::Lmtp)[0]))
    }

    /// Stops; says how long it took.
    pub(crate) fn stop(&mut self) -> Duration {
        let began = Instant::now();
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
        began.elapsed()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn address(at: &Listen) -> SocketAddr {
    match at {
        Listen::Tcp(address) => *address,
        Listen::Unix(_) => panic!("a TCP listener"),
    }
}

pub(crate) fn tcp(at: &Listen) -> TcpStream {
    let stream = TcpStream::connect(address(at)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A TLS handshake that trusts anybody.
pub(crate) fn handshake(stream: &mut TcpStream) -> std::io::Result<ClientConnection> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(stream)?;
    }
    Ok(tls)
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A client that reads lines.
pub(crate) struct Client {
    stream: BufReader<Box<dyn Stream>>,
    /// The certificate that the server showed.
    pub(crate) certificate: Option<Vec<u8>>,
    /// The channel binding.
    pub(crate) exporter: Option<[u8; 32]>,
}

impl Client {
    pub(crate) fn plain(stream: TcpStream) -> Self {
        Self { stream: BufReader::new(Box::new(stream)), certificate: None, exporter: None }
    }

    /// A TLS handshake that trusts anybody.
    pub(crate) fn tls(mut stream: TcpStream) -> std::io::Result<Self> {
        let tls = handshake(&mut stream)?;
        let certificate = tls.peer_certificates().map(|chain| chain[0].to_vec());
        let exporter = tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok();
        Ok(Self { stream: BufReader::new(Box::new(StreamOwned::new(tls, stream))), certificate, exporter })
    }

    pub(crate) fn send(&mut self, text: &str) {
        // What was cut off shows when the answer is read.
        let _sent = self.stream.get_mut().write_all(text.as_bytes());
        let _sent = self.stream.get_mut().flush();
    }

    /// The next line without its end; empty at the end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end_matches(['\r', '\n']).to_owned()
    }

    /// Sends a command and gives all lines up to its tagged answer, that one included.
    pub(crate) fn command(&mut self, command: &str) -> Vec<String> {
        self.send(&format!("{command}\r\n"));
        let tag = command.split(' ').next().unwrap();
        self.until(&format!("{tag} "))
    }

    /// All lines up to the first that begins so.
    pub(crate) fn until(&mut self, beginning: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "the connection ended before {beginning:?}; it said {lines:?}");
            let found = line.starts_with(beginning);
            lines.push(line);
            if found {
                return lines;
            }
        }
    }

    /// Whatever comes until the server closes.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        // A reset ends it as well.
        let _end = self.stream.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }
}

#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
