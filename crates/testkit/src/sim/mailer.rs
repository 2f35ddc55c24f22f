//! A client that says one thing after the other, obeys what it hears, and holds what it was promised against the truth.

use std::collections::BTreeMap;
use std::sync::Arc;

use account::State;
use imap::MailboxName;

use super::truth::{Failures, Truth, message};
use crate::gate::{PASSWORD, USER};
use crate::model::{Features, Phase, Picture, Response, Status, read};

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To log in.
    Login,
    /// To turn its features on.
    Enable,
    /// To select a mailbox.
    Select(&'static str),
    /// To append the message of that number.
    Append(&'static str, u64),
    /// To add the keyword of that number to messages.
    Keyword(Which, u64),
    /// To mark messages as deleted.
    Delete(Which),
    /// EXPUNGE.
    Expunge,
    /// COPY to a mailbox.
    Copy(Which, &'static str),
    /// MOVE to a mailbox.
    Move(Which, &'static str),
    /// NOOP.
    Noop,
    /// IDLE.
    Idle,
    /// The end of IDLE.
    Done,
    /// All UIDs and flags.
    Fetch,
    /// LIST.
    List,
    /// STATUS of a mailbox.
    Status(&'static str),
}

/// Some messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// All.
    All,
    /// The one at that place, taken modulo what there is.
    One(usize),
}

/// The things with which every client begins.
pub(super) const OPENING: [Wish; 3] = [Wish::Login, Wish::Enable, Wish::Select("INBOX")];

/// What is to be held against the truth when the answer comes.
enum Promise {
    Nothing,
    Appended(u64),
    Keyword(u64, Vec<u32>, String),
    Copied(u64),
    Moved(u64),
    Selected,
    Listed,
    Status,
    Idle,
}

struct Pending {
    tag: String,
    promise: Promise,
    phase: Phase,
    said: Vec<Response>,
    octets: Vec<u8>,
}

/// The client.
pub(super) struct Mailer {
    features: Features,
    tags: u32,
    opened: usize,
    rest: Vec<u8>,
    mailbox: &'static str,
    picture: Option<Picture>,
    pending: Option<Pending>,
    idle: bool,
    /// What was durable when it logged in: it has to see that at once.
    since: Arc<State>,
    /// The HIGHESTMODSEQ that each UIDVALIDITY was last said to have.
    highest: BTreeMap<u64, u64>,
}

impl Mailer {
    /// One that has just connected.
    pub(super) fn new(features: Features) -> Self {
        Self {
            features,
            tags: 0,
            opened: 0,
            rest: Vec::new(),
            mailbox: "INBOX",
            picture: None,
            pending: None,
            idle: false,
            since: Arc::default(),
            highest: BTreeMap::new(),
        }
    }

    /// It was cut off and has connected again.
    pub(super) fn again(&mut self) {
        let highest = std::mem::take(&mut self.highest);
        *self = Self { highest, tags: self.tags, ..Self::new(self.features) };
    }

    /// How many of the things with which every client begins are done.
    pub(super) fn opened(&self) -> usize {
        self.opened
    }

    /// Whether it waits for an answer.
    pub(super) fn waits(&self) -> bool {
        self.pending.is_some() && !self.idle
    }

    /// Whether it is in IDLE.
    pub(super) fn is_idle(&self) -> bool {
        self.idle
    }

    /// What it has selected.
    pub(super) fn picture(&self) -> Option<&Picture> {
        self.picture.as_ref().filter(|_| self.opened == OPENING.len())
    }

    /// What it says for a wish.
    pub(super) fn say(&mut self, wish: &Wish, durable: &Arc<State>) -> Vec<u8> {
        if *wish == Wish::Login {
            self.since = durable.clone();
        }
        if *wish == Wish::Done {
            self.idle = false;
            return b"DONE\r\n".to_vec();
        }
        self.tags += 1;
        let tag = format!("c{}", self.tags);
        let (command, promise) = self.command(wish);
        let phase = match wish {
            Wish::Select(_) => Phase::Selecting,
            _ => Phase::NumbersMayShift,
        };
        if let Wish::Select(name) = wish {
            self.mailbox = name;
            self.picture = Some(Picture::for_features(self.features));
        }
        let mut octets = format!("{tag} {command}").into_bytes();
        if let Wish::Append(_, mark) = wish {
            octets.extend(message(*mark));
        }
        octets.extend(b"\r\n");
        self.pending = Some(Pending { tag, promise, phase, said: Vec::new(), octets: Vec::new() });
        octets
    }

    fn command(&self, wish: &Wish) -> (String, Promise) {
        let validity = self.picture.as_ref().map_or(0, |picture| picture.uid_validity);
        let plain = |text: &str| (text.to_owned(), Promise::Nothing);
        match wish {
            Wish::Login => (format!("LOGIN {USER} {PASSWORD}"), Promise::Nothing),
            Wish::Enable => plain(match self.features {
                Features::Plain => "CAPABILITY",
                Features::Rev2 => "ENABLE IMAP4rev2",
                Features::Condstore => "ENABLE CONDSTORE",
                Features::Qresync => "ENABLE QRESYNC",
            }),
            Wish::Select(name) => (format!("SELECT {name}"), Promise::Selected),
            Wish::Append(name, mark) => {
                (format!("APPEND {name} {{{}+}}\r\n", message(*mark).len()), Promise::Appended(*mark))
            }
            Wish::Keyword(which, number) => {
                let (set, uids) = self.resolve(*which);
                let keyword = format!("k{number}");
                (format!("UID STORE {set} +FLAGS ({keyword})"), Promise::Keyword(validity, uids, keyword))
            }
            Wish::Delete(which) => {
                let (set, uids) = self.resolve(*which);
                let promise = Promise::Keyword(validity, uids, "\\deleted".to_owned());
                (format!("UID STORE {set} +FLAGS (\\Deleted)"), promise)
            }
            Wish::Copy(which, to) => (format!("UID COPY {} {to}", self.resolve(*which).0), Promise::Copied(validity)),
            Wish::Move(which, to) => (format!("UID MOVE {} {to}", self.resolve(*which).0), Promise::Moved(validity)),
            Wish::Expunge => plain("EXPUNGE"),
            Wish::Noop | Wish::Done => plain("NOOP"),
            Wish::Idle => ("IDLE".to_owned(), Promise::Idle),
            Wish::Fetch => plain("UID FETCH 1:* (UID FLAGS)"),
            Wish::List => ("LIST \"\" *".to_owned(), Promise::Listed),
            Wish::Status(name) => (format!("STATUS {name} (MESSAGES UIDNEXT HIGHESTMODSEQ)"), Promise::Status),
        }
    }

    /// The set to say, and the UIDs in it that the client knows.
    fn resolve(&self, which: Which) -> (String, Vec<u32>) {
        let known = self.picture.iter().flat_map(|picture| picture.messages.iter().filter_map(|known| known.uid));
        let known: Vec<u32> = known.collect();
        match which {
            Which::One(place) if !known.is_empty() => {
                let uid = known[place % known.len()];
                (uid.to_string(), vec![uid])
            }
            _ => ("1:*".to_owned(), known),
        }
    }

    /// Hears what the server says.
    pub(super) fn hear(&mut self, octets: &[u8], truth: &mut Truth) -> Result<(), String> {
        if octets.is_empty() {
            return Ok(());
        }
        truth.follow()?;
        self.rest.extend_from_slice(octets);
        if let Some(pending) = &mut self.pending {
            pending.octets.extend_from_slice(octets);
        }
        let responses = read(&mut self.rest)?;
        for response in responses {
            self.obey(&response, truth)?;
            match response {
                Response::Continue => self.idle = true,
                Response::Tagged(tag, status, code) => {
                    let Some(pending) = self.pending.take().filter(|pending| pending.tag == tag) else {
                        return Err(format!("{tag} was not said"));
                    };
                    self.answered(&pending, status, &code, truth)?;
                }
                other => self.pending.iter_mut().for_each(|pending| pending.said.push(other.clone())),
            }
        }
        Ok(())
    }

    fn obey(&mut self, response: &Response, truth: &Truth) -> Result<(), String> {
        match response {
            Response::Exists(count) => truth.count(self.mailbox, *count)?,
            Response::Fetch { modseq: Some(modseq), .. } => truth.tell(*modseq)?,
            Response::Code(words) | Response::Tagged(_, _, words) => {
                if let Some(modseq) = number_after(words, "HIGHESTMODSEQ") {
                    truth.tell(modseq)?;
                }
            }
            _ => {}
        }
        let Some(picture) = &mut self.picture else { return Ok(()) };
        let phase = self.pending.as_ref().map_or(Phase::NumbersHold, |pending| pending.phase);
        picture.obey(response, phase)
    }

    fn answered(&mut self, pending: &Pending, status: Status, code: &[String], truth: &Truth) -> Result<(), String> {
        let said = || format!("{:?}", String::from_utf8_lossy(&pending.octets));
        let opening = OPENING.len().min(self.opened + 1);
        self.opened = match (&pending.promise, status) {
            (_, Status::Ok) => opening,
            (Promise::Selected, _) => OPENING.len() - 1,
            _ => self.opened,
        };
        match (status, truth.failures) {
            (Status::Ok, _) => {}
            (Status::No, Failures::Expected) => return Ok(()),
            // Others may have expunged what was meant (RFC 2180 §4.2).
            (Status::No, _) if matches!(pending.promise, Promise::Keyword(..)) => return Ok(()),
            _ => return Err(format!("not done: {}", said())),
        }
        self.kept(pending, code, truth).map_err(|what| format!("{what}\n  after {}", said()))
    }

    /// Whether what was promised is so.
    fn kept(&mut self, pending: &Pending, code: &[String], truth: &Truth) -> Result<(), String> {
        let text = || String::from_utf8_lossy(&pending.octets).into_owned();
        match &pending.promise {
            Promise::Appended(mark) => match uids(code, "APPENDUID")?.as_deref() {
                Some([validity, uid]) => truth.holds(number(validity)?, small(uid)?, *mark),
                _ => Err(format!("no APPENDUID in {code:?}")),
            },
            Promise::Keyword(validity, uids, keyword) => truth.has_keyword(*validity, uids, keyword),
            Promise::Copied(from) | Promise::Moved(from) => {
                let untagged = pending.said.iter().find_map(|said| match said {
                    Response::Code(words) => uids(words, "COPYUID").ok().flatten(),
                    _ => None,
                });
                let Some(copied) = untagged.or(uids(code, "COPYUID")?) else { return Ok(()) };
                let moved = matches!(pending.promise, Promise::Moved(_));
                transferred(truth, *from, &copied, moved.then_some(()))
            }
            Promise::Selected => {
                let Some(picture) = &self.picture else { return Ok(()) };
                let highest = self.highest.entry(picture.uid_validity).or_default();
                if *highest > picture.highest && picture.highest != 0 {
                    return Err(format!("HIGHESTMODSEQ was {highest} and is {}", picture.highest));
                }
                *highest = picture.highest;
                let since = MailboxName::new(self.mailbox).ok().and_then(|name| self.since.named(&name).cloned());
                match since {
                    Some(since) if since.modseq.get() > picture.highest && truth.failures == Failures::NoneDue => {
                        Err(format!("{} was at {} at the login", self.mailbox, since.modseq))
                    }
                    _ => Ok(()),
                }
            }
            Promise::Listed if text().contains("INBOX") => Ok(()),
            Promise::Listed => Err("an account without INBOX".to_owned()),
            Promise::Status => {
                let told = text();
                let (_, told) = told.split_once("* STATUS ").ok_or("no STATUS")?;
                let modseq = told.split_once("HIGHESTMODSEQ ").and_then(|(_, rest)| rest.split([')', ' ']).next());
                truth.tell(modseq.and_then(|text| text.parse().ok()).ok_or("no HIGHESTMODSEQ")?)
            }
            Promise::Nothing | Promise::Idle => Ok(()),
        }
    }
}

/// Whether the messages at their new place are those of the old one, and gone from there if they were moved.
fn transferred(truth: &Truth, from: u64, copied: &[String], moved: Option<()>) -> Result<(), String> {
    let [into, old, new] = copied else { return Err(format!("half a COPYUID: {copied:?}")) };
    let (into, old, new) = (number(into)?, crate::model::set(old)?, crate::model::set(new)?);
    if old.len() != new.len() {
        return Err(format!("{old:?} cannot have become {new:?}"));
    }
    for (old, new) in old.into_iter().zip(new) {
        let (was, is) = (truth.email(from, old), truth.email(into, new));
        if was != is || is.is_none() {
            return Err(format!("UID {old} was email {was:?}, and its copy {new} is {is:?}"));
        }
        let stays = truth.valid(from).zip(imap::Uid::new(old)).and_then(|(m, uid)| m.messages.by_uid(uid));
        if moved.and(stays).is_some() {
            return Err(format!("UID {old} was moved and is there"));
        }
    }
    Ok(())
}

/// The words after a code's name, if it has that name.
fn uids(code: &[String], name: &str) -> Result<Option<Vec<String>>, String> {
    match code {
        [first, rest @ ..] if first == name => Ok(Some(rest.to_vec())),
        [first, ..] if first == "BUG" => Err("a bug, as the server says".to_owned()),
        _ => Ok(None),
    }
}

fn number_after(words: &[String], name: &str) -> Option<u64> {
    match words {
        [first, number, ..] if first == name => number.parse().ok(),
        _ => None,
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

fn small(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text:?} is no UID"))
}
