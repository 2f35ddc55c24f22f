//! A client with one connection, which obeys.

use std::collections::BTreeMap;

use super::picture::{Phase, Picture};
use super::response::{Response, Status, read};
use super::{FlagSet, Key};
use crate::gate::{PASSWORD, USER};
use crate::memory::Memory;
use crate::network::{Network, Patience, Received};

/// What a client turns on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Features {
    /// Nothing: IMAP4rev1.
    Plain,
    /// `IMAP4rev2`
    Rev2,
    /// `CONDSTORE`
    Condstore,
    /// `QRESYNC`
    Qresync,
}

/// How a command ended, and what was said while it ran.
#[derive(Clone, Debug)]
pub struct Completed {
    /// OK, NO or BAD.
    pub status: Status,
    /// The words of the tagged response's code.
    pub code: Vec<String>,
    /// All that was said before it.
    pub said: Vec<Response>,
}

/// What a client that was cut off keeps of a mailbox.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Which mailbox it was, by name.
    pub name: String,
    /// Its UIDVALIDITY.
    pub uid_validity: u64,
    /// HIGHESTMODSEQ.
    pub highest: u64,
    /// The messages.
    pub messages: BTreeMap<u32, FlagSet>,
}

/// A client.
pub struct Client {
    name: String,
    features: Features,
    tags: u32,
    rest: Vec<u8>,
    /// What it has selected, and how that looks to it.
    pub selected: Option<(Key, Picture)>,
    /// Whether it was opened with EXAMINE.
    pub read_only: bool,
    idle: Option<String>,
}

impl Client {
    /// Connects, logs in and turns its features on.
    pub fn connect(name: &str, features: Features, network: &mut Memory) -> Result<Self, String> {
        network.connect(name)?;
        let mut client = Self {
            name: name.to_owned(),
            features,
            tags: 0,
            rest: Vec::new(),
            selected: None,
            read_only: false,
            idle: None,
        };
        client.listen(network)?;
        client.must(network, &format!("LOGIN {USER} {PASSWORD}"))?;
        match features {
            Features::Plain => {}
            Features::Rev2 => client.must(network, "ENABLE IMAP4rev2")?,
            Features::Condstore => client.must(network, "ENABLE CONDSTORE")?,
            Features::Qresync => client.must(network, "ENABLE QRESYNC")?,
        }
        Ok(client)
    }

    /// What it has turned on.
    pub fn features(&self) -> Features {
        self.features
    }

    /// Whether it waits in IDLE.
    pub fn is_idle(&self) -> bool {
        self.idle.is_some()
    }

    /// How it sees what it has selected.
    pub fn picture(&self) -> Option<&Picture> {
        self.selected.as_ref().map(|(_, picture)| picture)
    }

    /// Does a command that has to be OK.
    pub fn must(&mut self, network: &mut Memory, command: &str) -> Result<(), String> {
        let done = self.command(network, command)?;
        if done.status == Status::Ok { Ok(()) } else { Err(format!("{command} ended with {done:?}")) }
    }

    /// Does a command and obeys what is said.
    pub fn command(&mut self, network: &mut Memory, command: &str) -> Result<Completed, String> {
        self.pieces(network, &[command.as_bytes()])
    }

    /// Does a command that is sent in several pieces, each but the last ending with a literal that does not wait.
    pub fn pieces(&mut self, network: &mut Memory, pieces: &[&[u8]]) -> Result<Completed, String> {
        self.tags += 1;
        let tag = format!("{}{}", self.name.to_ascii_lowercase(), self.tags);
        let mut octets = format!("{tag} ").into_bytes();
        for piece in pieces {
            octets.extend_from_slice(piece);
        }
        octets.extend_from_slice(b"\r\n");
        network.send(&self.name, &octets)?;
        let phase = phase(pieces[0]);
        let responses = self.listen(network)?;
        self.complete(&tag, responses, phase)
    }

    /// IDLE, until [`done`](Self::done).
    pub fn idle(&mut self, network: &mut Memory) -> Result<(), String> {
        self.tags += 1;
        let tag = format!("{}{}", self.name.to_ascii_lowercase(), self.tags);
        network.send(&self.name, format!("{tag} IDLE\r\n").as_bytes())?;
        let responses = self.listen(network)?;
        if !responses.contains(&Response::Continue) {
            return Err(format!("IDLE got {responses:?}"));
        }
        self.idle = Some(tag);
        self.obey_all(&responses, Phase::NumbersMayShift)
    }

    /// Obeys what is said while it idles, or says that something was said out of turn.
    pub fn overhear(&mut self, network: &mut Memory) -> Result<(), String> {
        let responses = self.listen(network)?;
        match self.idle {
            Some(_) => self.obey_all(&responses, Phase::NumbersMayShift),
            // EXPUNGE and VANISHED may not come while no command runs; all else might (RFC 9051 §7).
            None => self.obey_all(&responses, Phase::NumbersHold),
        }
    }

    /// Ends IDLE.
    pub fn done(&mut self, network: &mut Memory) -> Result<(), String> {
        let Some(tag) = self.idle.take() else { return Ok(()) };
        network.send(&self.name, b"DONE\r\n")?;
        let responses = self.listen(network)?;
        let done = self.complete(&tag, responses, Phase::NumbersMayShift)?;
        if done.status == Status::Ok { Ok(()) } else { Err(format!("DONE got {done:?}")) }
    }

    /// Drops the connection.
    pub fn hang_up(self, network: &mut Memory) {
        network.hang_up(&self.name);
    }

    /// Selects a mailbox. `cache` is what a QRESYNC client kept of it; the picture begins with what is still true of it.
    pub fn select(
        &mut self,
        network: &mut Memory,
        (name, key): (&str, Option<Key>),
        examine: Option<()>,
        cache: Option<&Cache>,
    ) -> Result<Completed, String> {
        self.selected = None;
        let verb = if examine.is_some() { "EXAMINE" } else { "SELECT" };
        let parameter = cache.map(|c| format!(" (QRESYNC ({} {}))", c.uid_validity, c.highest)).unwrap_or_default();
        let mut picture = Picture::for_features(self.features);
        let done = self.command(network, &format!("{verb} {name}{parameter}"))?;
        let Some(key) = key.filter(|_| done.status == Status::Ok) else { return Ok(done) };
        let mut vanished = Vec::new();
        for response in &done.said {
            match response {
                Response::VanishedEarlier(uids) if cache.is_some() => vanished.extend(uids),
                Response::VanishedEarlier(_) => return Err("VANISHED (EARLIER) without QRESYNC".to_owned()),
                response => picture.obey(response, Phase::Selecting)?,
            }
        }
        picture.obey(&Response::Tagged(String::new(), Status::Ok, done.code.clone()), Phase::Selecting)?;
        if let Some(cache) = cache.filter(|cache| cache.uid_validity == picture.uid_validity) {
            resume(&mut picture, cache, &vanished)?;
        }
        self.read_only = examine.is_some();
        self.selected = Some((key, picture));
        Ok(done)
    }

    fn complete(&mut self, tag: &str, mut said: Vec<Response>, phase: Phase) -> Result<Completed, String> {
        match said.pop() {
            Some(Response::Tagged(name, status, code)) if name == tag => {
                if phase != Phase::Selecting {
                    self.obey_all(&said, phase)?;
                    let tagged = Response::Tagged(name, status, code.clone());
                    self.obey_all(&[tagged], phase)?;
                }
                Ok(Completed { status, code, said })
            }
            last => Err(format!("the end of {tag} was due, but {last:?} came, after {said:?}")),
        }
    }

    fn obey_all(&mut self, responses: &[Response], phase: Phase) -> Result<(), String> {
        let Some((_, picture)) = &mut self.selected else { return Ok(()) };
        responses.iter().try_for_each(|response| picture.obey(response, phase))
    }

    fn listen(&mut self, network: &mut Memory) -> Result<Vec<Response>, String> {
        while let Received::Octets(octets) = network.receive(&self.name, Patience::Due)? {
            self.rest.extend_from_slice(&octets);
        }
        let responses = read(&mut self.rest)?;
        if self.rest.is_empty() { Ok(responses) } else { Err(format!("half a response: {:?}", self.rest)) }
    }
}

/// What was kept, less what has vanished, with what was told: it has to be all of the mailbox as SELECT describes it
/// (RFC 7162 §3.2.5.1).
fn resume(picture: &mut Picture, cache: &Cache, vanished: &[u32]) -> Result<(), String> {
    let mut all: BTreeMap<u32, FlagSet> = cache.messages.clone();
    all.retain(|uid, _| !vanished.contains(uid));
    for known in picture.messages.iter().filter(|known| known.uid.is_some() || known.flags.is_some()) {
        let (Some(uid), Some(flags), Some(_)) = (known.uid, &known.flags, known.modseq) else {
            return Err("a FETCH response of QRESYNC without UID, FLAGS or MODSEQ".to_owned());
        };
        all.insert(uid, flags.clone());
    }
    // What came in while SELECT was answered has been told by EXISTS alone.
    if all.len() > picture.messages.len() {
        return Err(format!(
            "after QRESYNC: {} messages, but the client knows {:?}",
            picture.messages.len(),
            all.keys()
        ));
    }
    for (known, (uid, flags)) in picture.messages.iter_mut().zip(all) {
        if known.uid.is_some_and(|told| told != uid) {
            return Err(format!("after QRESYNC: UID {:?} where {uid} should be", known.uid));
        }
        known.uid = Some(uid);
        known.flags = Some(flags);
    }
    Ok(())
}

fn phase(command: &[u8]) -> Phase {
    let begins = |word: &[u8]| command.starts_with(word);
    if begins(b"FETCH") || begins(b"STORE") || begins(b"SEARCH") {
        Phase::NumbersHold
    } else if begins(b"SELECT") || begins(b"EXAMINE") {
        Phase::Selecting
    } else {
        Phase::NumbersMayShift
    }
}
