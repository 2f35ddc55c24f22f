//! One message on its way from MAIL to the disk (RFC 5321 §3.3).

use std::collections::HashMap;

use account::plan::{self, NewMessage};
use account::{Flags, Limits, Permit, Planned, Refusal, State};
use gate::Peer;
use imap::InternalDate;
use store::{AccountId, Actor, CommitError, Message, Upload};

use crate::command::Mail;
use crate::reply::Reply;
use crate::route::{self, Target};
use crate::trace::Trace;
use crate::{Event, Settings, limits};

/// What has been said since MAIL.
pub(crate) struct Transaction {
    /// What MAIL said.
    pub(crate) mail: Mail,
    /// Those who were accepted, in order.
    pub(crate) recipients: Vec<Target>,
    /// The message.
    pub(crate) body: MailData,
    /// The octets of BDAT's chunk under way.
    chunk: u64,
}

/// The message's octets.
pub(crate) enum MailData {
    /// Neither DATA nor BDAT came.
    NotBegun,
    /// They come in: so many from the client so far, and where they go.
    Begun(u64, Box<Upload>),
    /// They cannot be stored; what comes is read and thrown away.
    Failed(Reply),
}

impl MailData {
    pub(crate) fn is_begun(&self) -> bool {
        !matches!(self, Self::NotBegun)
    }
}

impl Transaction {
    pub(crate) fn new(mail: Mail) -> Self {
        Self { mail, recipients: Vec::new(), body: MailData::NotBegun, chunk: 0 }
    }

    /// Begins the message with its trace fields.
    pub(crate) fn begin(&mut self, settings: &Settings, client: &str, (peer, number): (&Peer, u64), now: i64) {
        let trace = Trace {
            from: self.mail.from.as_ref(),
            client,
            address: peer.address,
            hostname: &settings.hostname,
            header: self.mail.header,
            id: (peer.session, number),
            now,
        };
        let fields = trace.to_string();
        self.body = MailData::Begun(0, Box::new(settings.store.upload()));
        self.store(fields.as_bytes(), settings, peer);
    }

    /// Adds octets to the message.
    pub(crate) fn push(&mut self, octets: &[u8], settings: &Settings, peer: &Peer) {
        let MailData::Begun(received, _) = &mut self.body else { return };
        *received = received.saturating_add(octets.len() as u64);
        if *received > settings.size_limit {
            self.body = MailData::Failed(Reply::TooLarge);
        } else {
            self.store(octets, settings, peer);
        }
    }

    fn store(&mut self, octets: &[u8], settings: &Settings, peer: &Peer) {
        let MailData::Begun(_, upload) = &mut self.body else { return };
        if let Err(error) = upload.push(octets) {
            self.body = MailData::Failed(failed(settings, peer, error));
        }
    }

    /// Whether so many octets more are only put by, neither compressed nor written.
    pub(crate) fn puts_by(&self, octets: usize) -> bool {
        match &self.body {
            MailData::Begun(_, upload) => octets < upload.room(),
            MailData::NotBegun | MailData::Failed(_) => true,
        }
    }

    /// Why the message cannot be stored, as far as is known.
    pub(crate) fn failure(&self) -> Option<Reply> {
        match self.body {
            MailData::Failed(reply) => Some(reply),
            MailData::NotBegun | MailData::Begun(..) => None,
        }
    }

    /// A chunk of that size begins.
    pub(crate) fn begin_chunk(&mut self, octets: u64) {
        self.chunk = octets;
    }

    /// The size of the chunk that has ended.
    pub(crate) fn chunk(&self) -> u64 {
        self.chunk
    }

    /// Stores the message for all recipients: an answer for each.
    pub(crate) fn deliver(self, settings: &Settings, peer: &Peer, now: i64) -> Vec<Reply> {
        let count = self.recipients.len();
        let message = match self.body {
            MailData::Failed(reply) => return vec![reply; count],
            MailData::NotBegun => return Vec::new(),
            MailData::Begun(_, upload) => upload.finish(),
        };
        match message {
            Ok(message) => Delivery { settings, message, peer, now }.to_all(self.recipients),
            Err(error) => vec![failed(settings, peer, error); count],
        }
    }
}

/// The answer to a failure that is no single account's.
fn failed(settings: &Settings, peer: &Peer, error: store::Error) -> Reply {
    let reply = Reply::from(&error);
    (settings.journal)(peer, Event::Failed { account: None, error: &CommitError::Failed(error) });
    reply
}

/// A message that is whole, on its way into accounts.
struct Delivery<'a> {
    settings: &'a Settings,
    message: Message,
    peer: &'a Peer,
    now: i64,
}

/// An account with the recipients that lead to it.
struct Share {
    account: AccountId,
    /// The details of their addresses.
    details: Vec<Option<Box<str>>>,
    answer: Reply,
}

impl Delivery<'_> {
    /// An answer for each recipient, in their order.
    fn to_all(&self, recipients: Vec<Target>) -> Vec<Reply> {
        let mut shares: Vec<Share> = Vec::new();
        let mut places = HashMap::new();
        let mut of_recipient = Vec::with_capacity(recipients.len());
        for Target { account, detail } in recipients {
            let at = *places.entry(account).or_insert(shares.len());
            if at == shares.len() {
                shares.push(Share { account, details: Vec::new(), answer: Reply::Failed });
            }
            if let Some(share) = shares.get_mut(at) {
                share.details.push(detail);
            }
            of_recipient.push(at);
        }
        self.commit_all(&mut shares);
        of_recipient.into_iter().map(|at| shares.get(at).map_or(Reply::Failed, |share| share.answer)).collect()
    }

    /// Commits of different accounts run in parallel: each waits for the disk most of the time.
    fn commit_all(&self, shares: &mut [Share]) {
        if let [only] = shares {
            only.answer = self.commit(only);
            return;
        }
        let each = shares.len().div_ceil(limits::PARALLEL).max(1);
        std::thread::scope(|scope| {
            for some in shares.chunks_mut(each) {
                scope.spawn(move || some.iter_mut().for_each(|share| share.answer = self.commit(share)));
            }
        });
    }

    fn commit(&self, share: &Share) -> Reply {
        let account = share.account;
        let committed = self.committed(share);
        if let Err(CommitError::Failed(store::Error::NoSuchAccount)) = committed {
            // What is remembered of addresses is from before it was removed. If it cannot be looked at, the server does so
            // in a moment.
            let _newest = self.settings.store.directory().refresh();
        }
        let (event, reply) = match &committed {
            Ok(()) => (Event::Delivered { account, size: self.message.size() }, Reply::Delivered),
            Err(error) => match Reply::from(error) {
                reply if reply.is_permanent() => (Event::Refused { account, error }, reply),
                reply => (Event::Failed { account: Some(account), error }, reply),
            },
        };
        (self.settings.journal)(self.peer, event);
        reply
    }

    fn committed(&self, share: &Share) -> Result<(), CommitError> {
        let account = self.settings.store.account(share.account)?;
        let new = NewMessage {
            size: self.message.size(),
            internal_date: InternalDate::new(self.now, 0),
            flags: Flags::default(),
            uid: None,
            foreign: None,
        };
        let who = Actor {
            session: self.peer.session,
            client: "lmtp".into(),
            credential: String::new(),
            address: self.peer.address,
        };
        let (now, details, limits) = (self.now, share.details.clone(), account.limits());
        let plan = move |state: &State| deliver(state, (&details, limits), &new, now);
        account.commit(&who, now, vec![self.message.clone()], plan).map(|_| ())
    }
}

/// Puts one email into each mailbox that the details lead to. Two addresses of one mailbox bring it there once.
fn deliver(
    state: &State,
    (details, limits): (&[Option<Box<str>>], Limits),
    new: &NewMessage,
    now: i64,
) -> Result<Planned<()>, Refusal> {
    let mut mailboxes = Vec::with_capacity(1);
    for detail in details {
        let mailbox = route::mailbox(state, detail.as_deref()).ok_or(Refusal::NoSuchDestination)?;
        if !mailboxes.contains(&mailbox) {
            mailboxes.push(mailbox);
        }
    }
    let mut changes = Vec::with_capacity(mailboxes.len());
    for mailbox in mailboxes {
        // Each is planned against the same state, so each names the commit's one email.
        let to = Permit { limits, ..Permit::owner(mailbox) };
        changes.extend(plan::deliver(state, Some(to), std::slice::from_ref(new), now)?.changes);
    }
    Ok(Planned { changes, outcome: () })
}
