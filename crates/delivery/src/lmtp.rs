//! The LMTP session: a value with four doors (RFC 2033).

use std::sync::Arc;
use std::time::Instant;

use gate::{Next, Now, Peer};

use crate::command::{self, Chunk, ChunkPlace, Command, Header, Mail};
use crate::data::{Taken, Unstuff};
use crate::line::{Line, Lines};
use crate::path::Address;
use crate::reply::{self, Reply};
use crate::route::Route;
use crate::transaction::{MailData, Transaction};
use crate::{Event, Settings, limits};

/// An LMTP session.
pub struct Lmtp {
    settings: Arc<Settings>,
    peer: Peer,
    /// What the client called itself at LHLO.
    client: Option<String>,
    transaction: Option<Transaction>,
    reading: Reading,
    lines: Lines,
    /// What the client sent and was not looked at yet.
    waiting: Waiting,
    out: Vec<u8>,
    phase: Phase,
    /// Told to end: it does what is begun, and no more.
    ending: bool,
    now: Now,
    /// When the client was last heard of.
    heard: Instant,
    /// How many messages have begun.
    begun: u64,
    patience: Patience,
}

/// What the next octets from the client are.
enum Reading {
    /// A command.
    Line,
    /// The text after DATA.
    Text(Unstuff),
    /// What BDAT announced, or what is left of it.
    Chunk(Chunk),
}

/// How far the session is.
enum Phase {
    /// It reads.
    Open,
    /// The next step may wait for the disk.
    Due(Step),
    /// The last answer has been written.
    Closing,
}

/// A step that may wait for the disk.
enum Step {
    /// RCPT: to look an address up.
    Recipient(Address),
    /// A message is whole: to store it.
    Message,
}

/// Octets from the client, and how many of them have been looked at.
#[derive(Default)]
struct Waiting {
    octets: Vec<u8>,
    at: usize,
}

impl Waiting {
    fn rest(&self) -> &[u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }
}

/// Counts what a mail server does not do.
#[derive(Default)]
struct Patience {
    commands: u32,
    errors: u32,
}

impl Lmtp {
    /// A session whose client has just connected. Its greeting waits in [`transmit`](Self::transmit).
    pub fn new(settings: Arc<Settings>, peer: Peer, now: Now) -> Self {
        let mut out = Vec::new();
        reply::write_greeting(&settings.hostname, &mut out);
        Self {
            settings,
            peer,
            client: None,
            transaction: None,
            reading: Reading::Line,
            lines: Lines::default(),
            waiting: Waiting::default(),
            out,
            phase: Phase::Open,
            ending: false,
            now,
            heard: now.monotonic,
            begun: 0,
            patience: Patience::default(),
        }
    }

    /// The client spoke: what it said waits for [`transmit`](Self::transmit). That is as much as one read gives, since
    /// nothing is read before `transmit` has used it up and says [`Next::Read`]: a client that sends faster than its
    /// mail can be stored is held up by its own socket.
    pub fn receive(&mut self, bytes: &[u8], now: Now) {
        self.now = now;
        self.heard = now.monotonic;
        if !matches!(self.phase, Phase::Closing) {
            self.waiting.octets.extend_from_slice(bytes);
        }
    }

    /// How many octets of memory hold what the client sent and was not worked on.
    pub fn held(&self) -> usize {
        self.waiting.octets.capacity()
    }

    /// Time passed: ends the session if the client has been silent for too long (RFC 5321 §4.5.3.2.7).
    pub fn wake(&mut self, now: Now) {
        self.now = now;
        if self.listens() && now.monotonic >= self.heard + limits::SILENCE {
            self.close(Reply::TooSilent);
        }
    }

    /// The server shuts down. A message that is whole is stored and answered first; the client sends any other again.
    pub fn end(&mut self, now: Now) {
        self.now = now;
        self.ending = true;
    }

    /// Works on what the client sent, and adds what is to be sent to `out`: one step that may wait for the disk, if
    /// one is due, and what comes after it up to the next.
    pub fn transmit(&mut self, out: &mut Vec<u8>) -> Next {
        match std::mem::replace(&mut self.phase, Phase::Open) {
            Phase::Open => {}
            Phase::Due(step) => self.carry_out(step),
            Phase::Closing => self.phase = Phase::Closing,
        }
        self.digest();
        if self.ending && self.listens() {
            self.close(Reply::ShuttingDown);
        }
        // Answers to commands that came together go together (RFC 2920 §3.2).
        if matches!(self.phase, Phase::Due(Step::Recipient(_))) && self.out.len() < limits::OUTPUT {
            return Next::Write;
        }
        out.append(&mut self.out);
        match self.phase {
            Phase::Closing => Next::Close,
            Phase::Open if self.waiting.rest().is_empty() => Next::Read,
            Phase::Open | Phase::Due(_) => Next::Write,
        }
    }

    /// When to call [`wake`](Self::wake) if nothing happens.
    pub fn deadline(&self) -> Option<Instant> {
        self.listens().then(|| self.heard + limits::SILENCE)
    }

    /// Whether the next [`transmit`](Self::transmit) does not wait for the disk, nor works for long: a command is read,
    /// or octets of a message are put by. Each time that enough of a long one has come together it is compressed, and
    /// may go to a file.
    pub fn light(&self) -> bool {
        let octets = self.waiting.rest().len();
        !matches!(self.phase, Phase::Due(_))
            && octets <= limits::LIGHT
            && self.transaction.as_ref().is_none_or(|transaction| transaction.puts_by(octets))
    }

    /// Whether all that the client sent is dealt with, and more may come.
    fn listens(&self) -> bool {
        matches!(self.phase, Phase::Open) && self.waiting.rest().is_empty()
    }

    /// What the client called itself, once it has.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// Works on what waits until it is used up, a step is due that may wait, or the session closes.
    fn digest(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        while matches!(self.phase, Phase::Open) && self.out.len() < limits::OUTPUT {
            let rest = waiting.rest();
            if rest.is_empty() {
                return;
            }
            waiting.at += match &mut self.reading {
                Reading::Line => self.line(rest),
                Reading::Text(_) => self.text(rest),
                Reading::Chunk(_) => self.chunk(rest),
            };
        }
        if !matches!(self.phase, Phase::Closing) && !waiting.rest().is_empty() {
            self.waiting = waiting;
        }
    }

    fn line(&mut self, input: &[u8]) -> usize {
        let (taken, line) = self.lines.push(input);
        match line {
            None => {}
            Some(Line::Bare) => self.refuse(Reply::BareLineEnd),
            // It may be a request of HTTP with a long path; no mail server begins so.
            Some(Line::TooLong) if self.client.is_none() => self.close(Reply::LineTooLong),
            Some(Line::TooLong) => self.refuse(Reply::LineTooLong),
            Some(Line::Whole(line)) => {
                match command::parse(&line) {
                    Ok(command) => self.command(command),
                    Err(last @ (Reply::BadChunk | Reply::Http)) => self.close(last),
                    Err(refusal) => self.refuse(refusal),
                }
                self.lines.reuse(line);
            }
        }
        taken
    }

    fn text(&mut self, input: &[u8]) -> usize {
        let (Reading::Text(unstuff), Some(transaction)) = (&mut self.reading, &mut self.transaction) else {
            self.reading = Reading::Line;
            return 0;
        };
        match unstuff.push(input, |octets| transaction.push(octets, &self.settings, &self.peer)) {
            Taken::More => input.len(),
            Taken::Ended(taken) => {
                self.reading = Reading::Line;
                self.phase = Phase::Due(Step::Message);
                taken
            }
        }
    }

    fn chunk(&mut self, input: &[u8]) -> usize {
        let Reading::Chunk(chunk) = &mut self.reading else { return 0 };
        let taken = usize::try_from(chunk.octets).map_or(input.len(), |octets| octets.min(input.len()));
        chunk.octets -= taken as u64;
        let left = *chunk;
        if let (Some(transaction), Some(octets)) = (&mut self.transaction, input.get(..taken)) {
            transaction.push(octets, &self.settings, &self.peer);
        }
        if left.octets == 0 {
            self.chunk_ended(left.place);
        }
        taken
    }

    fn chunk_ended(&mut self, place: ChunkPlace) {
        self.reading = Reading::Line;
        let Some(transaction) = &mut self.transaction else { return self.refuse(Reply::MailFirst) };
        if transaction.recipients.is_empty() {
            return self.refuse(Reply::NoRecipients);
        }
        match (place, transaction.failure()) {
            (ChunkPlace::Last, _) => self.phase = Phase::Due(Step::Message),
            (ChunkPlace::Inner, None) => reply::write_chunk(transaction.chunk(), &mut self.out),
            (ChunkPlace::Inner, Some(failure)) => failure.write(&mut self.out),
        }
    }

    fn command(&mut self, command: Command) {
        self.patience.commands += 1;
        if self.patience.commands > limits::COMMANDS_WITHOUT_MESSAGE {
            return self.close(Reply::TooManyErrors);
        }
        match command {
            Command::Lhlo(name) => self.hello(name),
            Command::Mail(mail) => self.mail(mail),
            Command::Rcpt(address) => self.rcpt(address),
            Command::Data => self.data(),
            Command::Bdat(chunk) => self.bdat(chunk),
            Command::Rset => {
                self.transaction = None;
                self.answer(Reply::Ok);
            }
            Command::Noop => self.answer(Reply::Ok),
            Command::Vrfy => self.answer(Reply::CannotVerify),
            Command::Help => self.answer(Reply::Help),
            Command::Quit => self.close(Reply::Bye),
        }
    }

    /// LHLO also does what RSET does (RFC 5321 §4.1.4).
    fn hello(&mut self, name: String) {
        self.transaction = None;
        self.client = Some(name);
        reply::write_hello(&self.settings.hostname, self.settings.size_limit, &mut self.out);
    }

    fn mail(&mut self, mail: Mail) {
        if self.client.is_none() {
            self.refuse(Reply::HelloFirst);
        } else if self.transaction.is_some() {
            self.refuse(Reply::AlreadyMail);
        } else if mail.size > self.settings.size_limit {
            self.answer(Reply::TooLarge);
        } else {
            self.transaction = Some(Transaction::new(mail));
            self.answer(Reply::SenderOk);
        }
    }

    fn rcpt(&mut self, address: Address) {
        let Some(transaction) = &mut self.transaction else { return self.refuse(Reply::MailFirst) };
        if transaction.body.is_begun() {
            return self.refuse(Reply::ChunksBegun);
        }
        if transaction.mail.header == Header::Ascii && !address.is_ascii() {
            return self.refuse(Reply::RecipientNeedsUtf8);
        }
        if transaction.recipients.len() >= limits::RECIPIENTS {
            return self.answer(Reply::TooManyRecipients);
        }
        match self.settings.routing.known(self.settings.store.directory(), &address) {
            Some(target) => {
                transaction.recipients.push(target);
                self.answer(Reply::RecipientOk);
            }
            None => self.phase = Phase::Due(Step::Recipient(address)),
        }
    }

    fn data(&mut self) {
        let Some(transaction) = &self.transaction else { return self.refuse(Reply::MailFirst) };
        if transaction.recipients.is_empty() {
            return self.refuse(Reply::NoRecipients);
        }
        if transaction.body.is_begun() {
            return self.refuse(Reply::ChunksBegun);
        }
        self.begin();
        self.reading = Reading::Text(Unstuff::default());
        self.answer(Reply::GoAhead);
    }

    /// The octets that BDAT announces are read whatever is wrong (RFC 3030 §2).
    fn bdat(&mut self, chunk: Chunk) {
        if self.transaction.as_ref().is_some_and(|transaction| !transaction.recipients.is_empty()) {
            self.begin();
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.begin_chunk(chunk.octets);
        }
        if chunk.octets == 0 {
            self.chunk_ended(chunk.place);
        } else {
            self.reading = Reading::Chunk(chunk);
        }
    }

    /// Begins the message with its trace fields, unless it has begun.
    fn begin(&mut self) {
        let Some(transaction) = &mut self.transaction else { return };
        if matches!(transaction.body, MailData::NotBegun) {
            let client = self.client.as_deref().unwrap_or_default();
            self.begun += 1;
            transaction.begin(&self.settings, client, (&self.peer, self.begun), self.now.unix);
        }
    }

    /// Does what may wait for the disk.
    fn carry_out(&mut self, step: Step) {
        match step {
            Step::Recipient(address) => self.look_up(&address),
            Step::Message => self.deliver(),
        }
    }

    /// Finds the account of an address, and answers RCPT.
    fn look_up(&mut self, address: &Address) {
        let Some(transaction) = &mut self.transaction else { return };
        let answer = match self.settings.routing.route(self.settings.store.directory(), address) {
            Ok(Route::To(target)) => {
                transaction.recipients.push(target);
                Reply::RecipientOk
            }
            Ok(Route::Nowhere) => {
                (self.settings.journal)(&self.peer, Event::NobodyThere(address));
                Reply::NoSuchUser
            }
            Err(error) => Reply::from(&error),
        };
        self.answer(answer);
    }

    /// Stores the message that is due and answers for each recipient, in their order (RFC 2033 §4.2).
    fn deliver(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            let answers = transaction.deliver(&self.settings, &self.peer, self.now.unix);
            if answers.contains(&Reply::Delivered) {
                self.patience = Patience::default();
            }
            for answer in answers {
                answer.write(&mut self.out);
            }
        }
        if self.ending {
            self.close(Reply::ShuttingDown);
        }
    }

    fn answer(&mut self, reply: Reply) {
        reply.write(&mut self.out);
    }

    /// Answers what no mail server should have sent.
    fn refuse(&mut self, reply: Reply) {
        self.patience.errors += 1;
        if self.patience.errors > limits::ERRORS { self.close(Reply::TooManyErrors) } else { self.answer(reply) }
    }

    fn close(&mut self, reply: Reply) {
        self.answer(reply);
        self.transaction = None;
        self.waiting = Waiting::default();
        self.phase = Phase::Closing;
    }
}
