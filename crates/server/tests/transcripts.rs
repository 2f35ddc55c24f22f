//! Every conversation of `tests/transcripts` that does not depend on the clock, over TCP and over TLS.

mod support;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};
use server::Door;
use store::Credentials;
use support::{Server, handshake, tcp};
use testkit::gate::PASSWORD;
use testkit::network::{Network, Patience, Received};
use testkit::run::run;
use testkit::suite::{self, File};
use testkit::transcript::{Action, Given};
use testkit::world::World;

/// How long what is due may take.
const DUE: Duration = Duration::from_secs(10);

/// How long nothing has to come for.
const NONE_DUE: Duration = Duration::from_millis(40);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Tcp,
    Tls,
}

#[test]
fn over_tcp() {
    over(Over::Tcp);
}

#[test]
fn over_tls() {
    over(Over::Tls);
}

fn over(way: Over) {
    let (files, failures) = suite::files();
    let files: Vec<File> = files.into_iter().filter(|file| can(file, way)).collect();
    if let Err(failures) = suite::each(&files, failures, |file| one(file, way)) {
        panic!("{failures}");
    }
}

fn can(file: &File, way: Over) -> bool {
    let transcript = &file.transcript;
    let starts_tls = transcript.steps.iter().any(|step| matches!(step.action, Action::StartTls(_)));
    let plain_only = starts_tls || transcript.has(&Given::PlaintextRefused);
    !(transcript.has(&Given::OnlyInMemory) || plain_only && way == Over::Tls)
}

fn one(file: &File, way: Over) -> Result<(), String> {
    static CREDENTIALS: OnceLock<Credentials> = OnceLock::new();
    let credentials = CREDENTIALS.get_or_init(|| server::credentials(PASSWORD).expect("a password"));
    let transcript = &file.transcript;
    let limit = transcript.givens.iter().find_map(|given| match given {
        Given::AppendLimit(octets) => Some(format!("append_limit = {octets}\n")),
        _ => None,
    });
    let trusting = !transcript.has(&Given::PlaintextRefused);
    let server = Server::start(&format!("plaintext_login = {trusting}\n{}", limit.unwrap_or_default()));
    let mut world = World::with_password(server.store.clone(), Some(credentials))?;
    world.prepare(transcript)?;
    let mut sockets = Sockets { server: &server, way, open: BTreeMap::new() };
    run(transcript, &mut sockets, &mut world).map_err(|failure| format!("line {}: {}", failure.line, failure.what))?;
    drop(sockets);
    world.check()
}

/// Connections to a server in this process, by name.
struct Sockets<'a> {
    server: &'a Server,
    way: Over,
    open: BTreeMap<String, Socket>,
}

enum Socket {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Socket {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        }
    }

    fn stream(&mut self) -> &mut (dyn ReadWrite + 'static) {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream,
        }
    }
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

impl Sockets<'_> {
    fn get(&mut self, name: &str) -> Result<&mut Socket, String> {
        self.open.get_mut(name).ok_or_else(|| format!("{name} is not connected"))
    }
}

impl Network for Sockets<'_> {
    fn connect(&mut self, name: &str) -> Result<(), String> {
        let running = self.server.running();
        let socket = match self.way {
            Over::Tcp => Socket::Plain(tcp(&running.listening(Door::Imap)[0])),
            Over::Tls => {
                let mut stream = tcp(&running.listening(Door::Imaps)[0]);
                let tls = handshake(&mut stream).map_err(|error| error.to_string())?;
                Socket::Tls(Box::new(StreamOwned::new(tls, stream)))
            }
        };
        self.open.insert(name.to_owned(), socket);
        Ok(())
    }

    fn send(&mut self, name: &str, octets: &[u8]) -> Result<(), String> {
        let stream = self.get(name)?.stream();
        // A server that has said BYE may have closed already: what it said shows when it is read.
        let _sent = stream.write_all(octets).and_then(|()| stream.flush());
        Ok(())
    }

    fn receive(&mut self, name: &str, patience: Patience) -> Result<Received, String> {
        let wait = if patience == Patience::Due { DUE } else { NONE_DUE };
        let socket = self.get(name)?;
        socket.tcp().set_read_timeout(Some(wait)).map_err(|error| error.to_string())?;
        let mut octets = vec![0; 64 * 1024];
        match socket.stream().read(&mut octets) {
            Ok(0) => Ok(Received::End),
            Ok(length) => {
                octets.truncate(length);
                Ok(Received::Octets(octets))
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Ok(Received::Nothing),
                io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => Ok(Received::End),
                _ => Err(error.to_string()),
            },
        }
    }

    fn start_tls(&mut self, name: &str) -> Result<(), String> {
        let Some(Socket::Plain(mut stream)) = self.open.remove(name) else {
            return Err("not a plain socket".to_owned());
        };
        stream.set_read_timeout(Some(DUE)).map_err(|error| error.to_string())?;
        let tls = handshake(&mut stream).map_err(|error| error.to_string())?;
        self.open.insert(name.to_owned(), Socket::Tls(Box::new(StreamOwned::new(tls, stream))));
        Ok(())
    }

    fn hang_up(&mut self, name: &str) {
        self.open.remove(name);
    }

    fn pass(&mut self, _: Duration) -> Result<(), String> {
        Err("over sockets the clock does not move: `given only in memory`".to_owned())
    }
}
