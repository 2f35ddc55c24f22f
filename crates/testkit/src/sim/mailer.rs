//! A client that says one thing after the other, obeys what it hears, and holds what it was promised against the truth.

use std::collections::BTreeMap;

use store::AccountId;

use super::ledger::{Fate, Ledger, message, named};
use super::promise::{Answer, Held, Promise, object_id, words};
use super::truth::{Failures, Moment, Truth};
use super::wish::{OPENING, Which, Wish};
use crate::gate::{PASSWORD, USER};
use crate::model::{Features, Phase, Picture, Response, Status, read};

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
    /// The MAILBOXID that SELECT told.
    mailbox_id: String,
    picture: Option<Picture>,
    pending: Option<Pending>,
    idle: bool,
    /// Its session's number, and whose mail it has there.
    session: u64,
    account: Option<AccountId>,
    /// When it logged in: what was durable then it has to see at once.
    since: Moment,
    /// The HIGHESTMODSEQ that each mailbox was last said to have, by MAILBOXID.
    highest: BTreeMap<String, u64>,
}

impl Mailer {
    /// One that has just connected.
    pub(super) fn new(features: Features, session: u64) -> Self {
        Self {
            features,
            tags: 0,
            opened: 0,
            rest: Vec::new(),
            mailbox: "INBOX",
            mailbox_id: String::new(),
            picture: None,
            pending: None,
            idle: false,
            session,
            account: None,
            since: Moment::default(),
            highest: BTreeMap::new(),
        }
    }

    /// It was cut off and has connected again.
    pub(super) fn again(&mut self, session: u64) {
        let highest = std::mem::take(&mut self.highest);
        *self = Self { highest, tags: self.tags, ..Self::new(self.features, session) };
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

    /// What it has selected, and whose that is.
    pub(super) fn picture(&self) -> Option<(AccountId, &Picture)> {
        self.account.zip(self.picture.as_ref()).filter(|_| self.opened == OPENING.len())
    }

    /// What it says for a wish.
    pub(super) fn say(&mut self, wish: &Wish, truth: &mut Truth) -> Vec<u8> {
        if *wish == Wish::Done {
            self.idle = false;
            return b"DONE\r\n".to_vec();
        }
        let since = truth.moment();
        truth.asks(self.session, wish);
        if *wish == Wish::Login {
            self.since = since.clone();
        }
        self.tags += 1;
        let tag = format!("c{}", self.tags);
        let selected = self.picture.as_ref().map_or(0, |picture| picture.uid_validity);
        let (command, uids) = self.command(wish);
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
        let promise = Promise { wish: wish.clone(), since, selected, uids };
        self.pending = Some(Pending { tag, promise, phase, said: Vec::new(), octets: Vec::new() });
        octets
    }

    /// The words of a command, and the UIDs in it that the client knows.
    fn command(&self, wish: &Wish) -> (String, Vec<u32>) {
        let about = |which, (before, after): (&str, String)| {
            let (set, uids) = self.resolve(which);
            (format!("{before} {set} {after}"), uids)
        };
        let plain = match wish {
            Wish::Keyword(which, number) => return about(*which, ("UID STORE", format!("+FLAGS (k{number})"))),
            Wish::Mark(which) => return about(*which, ("UID STORE", "+FLAGS (\\Deleted)".to_owned())),
            Wish::Copy(which, to) => return about(*which, ("UID COPY", (*to).to_owned())),
            Wish::Move(which, to) => return about(*which, ("UID MOVE", (*to).to_owned())),
            Wish::Login => format!("LOGIN {USER} {PASSWORD}"),
            Wish::Enable => match self.features {
                Features::Plain => "CAPABILITY",
                Features::Rev2 => "ENABLE IMAP4rev2",
                Features::Condstore => "ENABLE CONDSTORE",
                Features::Qresync => "ENABLE QRESYNC",
            }
            .to_owned(),
            Wish::Select(name) => format!("SELECT {name}"),
            Wish::Append(name, mark) => format!("APPEND {name} {{{}+}}\r\n", message(*mark).len()),
            Wish::Expunge => "EXPUNGE".to_owned(),
            Wish::Noop | Wish::Done => "NOOP".to_owned(),
            Wish::Idle => "IDLE".to_owned(),
            Wish::Fetch => "UID FETCH 1:* (UID FLAGS)".to_owned(),
            Wish::List => "LIST \"\" *".to_owned(),
            Wish::Subscriptions => "LIST (SUBSCRIBED) \"\" *".to_owned(),
            Wish::Status(name) => format!("STATUS {name} (MESSAGES UIDNEXT HIGHESTMODSEQ MAILBOXID)"),
            Wish::Create(name) => format!("CREATE {name}"),
            Wish::Delete(name) => format!("DELETE {name}"),
            Wish::Rename(from, to) => format!("RENAME {from} {to}"),
            Wish::Subscribe(name) => format!("SUBSCRIBE {name}"),
            Wish::Unsubscribe(name) => format!("UNSUBSCRIBE {name}"),
        };
        (plain, Vec::new())
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

    /// Hears what the server says. `account` is whose session it is.
    pub(super) fn hear(&mut self, octets: &[u8], account: Option<AccountId>, truth: &mut Truth) -> Result<(), String> {
        self.account = account;
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
        let ledger =
            |mailer: &Self| mailer.account.ok_or("nobody is logged in".to_owned()).and_then(|id| truth.ledger(id));
        match response {
            Response::Exists(count) => {
                let login = self.account.filter(|_| self.is_selecting()).map(|id| self.since.of(id));
                match (login, &self.picture) {
                    (Some(login), _) => ledger(self)?.count(self.mailbox, login, *count)?,
                    (None, Some(picture)) => ledger(self)?.count_in(picture.uid_validity, *count)?,
                    (None, None) => return Err("EXISTS, and nothing is selected".to_owned()),
                }
            }
            Response::Fetch { modseq: Some(modseq), .. } => ledger(self)?.tell(*modseq)?,
            Response::Code(words) | Response::Tagged(_, _, words) => match &words[..] {
                [name, number, ..] if name == "HIGHESTMODSEQ" => {
                    ledger(self)?.tell(number.parse().map_err(|_| format!("{number} is no modseq"))?)?;
                }
                [name, id] if name == "MAILBOXID" && self.is_selecting() => self.mailbox_id.clone_from(id),
                _ => {}
            },
            _ => {}
        }
        let Some(picture) = &mut self.picture else { return Ok(()) };
        let phase = self.pending.as_ref().map_or(Phase::NumbersHold, |pending| pending.phase);
        picture.obey(response, phase)
    }

    fn is_selecting(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.phase == Phase::Selecting)
    }

    fn answered(&mut self, pending: &Pending, status: Status, code: &[String], truth: &Truth) -> Result<(), String> {
        let said = || format!("{:?}", String::from_utf8_lossy(&pending.octets));
        let is_select = matches!(pending.promise.wish, Wish::Select(_));
        self.opened = match status {
            Status::Ok => OPENING.len().min(self.opened + 1),
            _ if is_select => OPENING.len() - 1,
            _ => self.opened,
        };
        if is_select && status != Status::Ok {
            self.picture = None;
        }
        match status {
            Status::Ok => self.kept(pending, code, truth).map_err(|what| format!("{what}\n  after {}", said())),
            Status::No if self.may_be_refused(&pending.promise, truth)? => Ok(()),
            _ => Err(format!("not done: {}", said())),
        }
    }

    fn held<'a>(&self, account: AccountId, ledger: &'a Ledger, promise: &Promise) -> Held<'a> {
        let (since, login) = (promise.since.of(account), self.since.of(account));
        Held { ledger, since, login, session: self.session }
    }

    fn may_be_refused(&self, promise: &Promise, truth: &Truth) -> Result<bool, String> {
        if truth.failures == Failures::Expected {
            return Ok(true);
        }
        let Some(account) = self.account else { return Ok(!truth.was_there(&promise.since)) };
        let ledger = truth.ledger(account)?;
        let held = self.held(account, ledger, promise);
        Ok(ledger.fate != Fate::Kept || promise.may_be_refused(&held))
    }

    /// Whether what was promised is so.
    fn kept(&mut self, pending: &Pending, code: &[String], truth: &Truth) -> Result<(), String> {
        let promise = &pending.promise;
        let account = self.account.ok_or("nobody is logged in")?;
        let ledger = truth.ledger(account)?;
        let held = self.held(account, ledger, promise);
        if promise.since.has_lost(account) && promise.writes() {
            return Err(format!("account {account} was removed before"));
        }
        if let Wish::Select(name) = promise.wish {
            return self.selected(name, &held, truth.failures);
        }
        let copied = pending.said.iter().find_map(|said| match said {
            Response::Code(told) => words(told, "COPYUID").ok().flatten(),
            _ => None,
        });
        let text = String::from_utf8_lossy(&pending.octets);
        promise.is_kept(&Answer { code, copied, text: &text }, &held)
    }

    /// A mailbox is selected: it is the one that had the name, and not older than before, nor than at the login.
    fn selected(&mut self, name: &str, held: &Held, failures: Failures) -> Result<(), String> {
        let Some(picture) = &self.picture else { return Ok(()) };
        let (ledger, id) = (held.ledger, &self.mailbox_id);
        let valid = ledger.valid(picture.uid_validity);
        if !ledger.was(held.login, |state| object_id(state, name).as_ref() == Some(id) && named(state, name) == valid) {
            return Err(format!("{name} never was {id} with UIDVALIDITY {}", picture.uid_validity));
        }
        let highest = self.highest.entry(id.clone()).or_default();
        if *highest > picture.highest && picture.highest != 0 {
            return Err(format!("HIGHESTMODSEQ was {highest} and is {}", picture.highest));
        }
        *highest = picture.highest;
        let at_login = self.account.map(|account| ledger.at(self.since.of(account)));
        let modseq = at_login.zip(valid).and_then(|(state, id)| state.mailbox(id)).map(|mailbox| mailbox.modseq);
        match modseq {
            Some(modseq) if modseq.get() > picture.highest && failures == Failures::NoneDue => {
                Err(format!("{name} was at {modseq} at the login"))
            }
            _ => Ok(()),
        }
    }
}
