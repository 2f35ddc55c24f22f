//! APPEND, MULTIAPPEND and REPLACE (RFC 9051 §6.3.12; RFC 3502; RFC 8508).
//!
//! A message's octets stream into the store as they come; the session never holds a message. Nothing names them until
//! the commit, which adds all messages of the command or none.

use account::plan::{self, NewMessage};
use account::{Flags, MailboxId};
use imap::command::{Append as Command, AppendMessage, AppendNext, Replace};
use imap::response::{self, Code};
use imap::{Announced, Event, InternalDate, MailboxName, Sync, Tag, Uid};
use store::{Message, Upload};

use crate::limits;
use crate::reply::Answer;
use crate::session::Session;
use crate::work::{Progress, Work};

/// An APPEND or REPLACE whose messages are coming in.
pub(crate) struct Append {
    tag: Tag,
    mailbox: MailboxName,
    /// What REPLACE takes out.
    replaces: Option<(MailboxId, Uid)>,
    /// The messages that are in.
    messages: Vec<(AppendMessage, Message)>,
    /// The one that is coming in.
    current: AppendMessage,
    upload: Option<Upload>,
    /// What went wrong; the rest is read and dropped.
    failed: Option<Answer>,
}

/// Begins an APPEND.
pub(crate) fn start(
    session: &mut Session,
    tag: &Tag,
    command: Command,
    replaces: Option<(MailboxId, Uid)>,
    announced: Option<Announced>,
) -> Result<Work, Answer> {
    let announced = announced.ok_or_else(|| Answer::bad("The message is missing: APPEND ends with a literal"))?;
    // Told before the octets come, if the client waits for that.
    if session.account()?.state()?.named(&command.mailbox).is_none() {
        return Err(account::Refusal::NoSuchDestination.into());
    }
    let append = Append {
        tag: tag.clone(),
        mailbox: command.mailbox,
        replaces,
        messages: Vec::new(),
        current: command.message,
        upload: None,
        failed: None,
    };
    append.accept(session, announced)
}

/// Begins a REPLACE: which message it is about is settled now, in the numbers that the client knows.
pub(crate) fn start_replace(
    session: &mut Session,
    tag: &Tag,
    command: Replace,
    announced: Option<Announced>,
) -> Result<Work, Answer> {
    let view = super::writable(session)?;
    let uids = view.resolve(&command.target)?;
    let uid = uids.first().filter(|_| uids.len() == 1);
    // RFC 8508 §3.3: what is not there cannot be replaced.
    let uid = uid.ok_or_else(|| Answer::from(account::Refusal::NoSuchMessage))?;
    let replaces = Some((view.id, uid));
    start(session, tag, command.append, replaces, announced)
}

impl Append {
    /// Takes the message that is announced, if it is not too big.
    fn accept(mut self, session: &mut Session, announced: Announced) -> Result<Work, Answer> {
        let limit = session.settings.append_limit;
        if announced.len > limit {
            let text = format!("The message is too big: the limit is {limit} octets");
            return Err(Answer::no(Code::TooBig, text)); // RFC 7889 §4
        }
        if self.messages.len() >= limits::APPEND_MESSAGES {
            return Err(Answer::no(Code::Limit, "Too many messages in one APPEND; send the rest in another one"));
        }
        self.upload = Some(session.settings.store.upload());
        session.framer.accept();
        if announced.sync == Sync::Waits {
            response::continuation(&mut session.out, "Send it");
        }
        Ok(Work::Append(Box::new(self)))
    }

    pub(crate) fn go(mut self: Box<Self>, session: &mut Session) -> Progress {
        let next = match session.framer.next() {
            None => return Progress::Wait(Work::Append(self)),
            Some(Event::Octets(octets)) => {
                if let Some(Err(error)) = self.upload.as_mut().map(|upload| upload.push(octets)) {
                    self.upload = None;
                    self.failed = Some(error.into());
                }
                return Progress::Again(Work::Append(self));
            }
            Some(Event::Message { head, announced }) => {
                AppendNext::parse(head, self.current.form).map(|next| (next, Some(announced)))
            }
            Some(Event::Tail(tail)) => AppendNext::parse(tail, self.current.form).map(|next| (next, None)),
            Some(_) => {
                let answer = Answer::bad("The command is too long").with(Code::TooBig);
                return self.end(session, &answer);
            }
        };
        if let Err(answer) = self.finish_message() {
            self.failed.get_or_insert(answer);
        }
        match next {
            Err(error) => {
                session.framer.refuse();
                self.end(session, &Answer::from(&error))
            }
            Ok((AppendNext::End, _)) => {
                let answer = match self.failed.take() {
                    Some(answer) => answer,
                    None => self.commit(session).unwrap_or_else(|answer| answer),
                };
                self.end(session, &answer)
            }
            Ok((AppendNext::Message(message), announced)) => self.next_message(session, message, announced),
        }
    }

    fn next_message(
        mut self: Box<Self>,
        session: &mut Session,
        message: AppendMessage,
        announced: Option<Announced>,
    ) -> Progress {
        self.current = message;
        let tag = self.tag.clone();
        let accepted = match (self.failed.take(), announced) {
            (Some(answer), _) => Err(answer),
            (None, None) => Err(Answer::bad("The message is missing")),
            (None, Some(announced)) => self.accept(session, announced),
        };
        match accepted {
            Ok(work) => Progress::Again(work),
            Err(answer) => {
                session.framer.refuse();
                session.finish(&tag, &answer);
                Progress::Done
            }
        }
    }

    /// All octets of a message are in.
    fn finish_message(&mut self) -> Result<(), Answer> {
        let Some(upload) = self.upload.take() else { return Ok(()) };
        if upload.is_empty() {
            // RFC 3502 §2: that is how a client gives up.
            return Err(Answer::no(Code::Cannot, "A message without octets is none; nothing was appended"));
        }
        let message = upload.finish()?;
        self.messages.push((self.current.clone(), message));
        Ok(())
    }

    /// Names the messages, all or none, and says their UIDs (RFC 4315 §3).
    fn commit(&mut self, session: &mut Session) -> Result<Answer, Answer> {
        let now = session.now.unix;
        let (mut new, mut emails) = (Vec::new(), Vec::new());
        for (announced, message) in self.messages.drain(..) {
            new.push(NewMessage {
                size: message.size(),
                internal_date: announced.date.unwrap_or(InternalDate::new(now, 0)),
                flags: Flags::from_wire(&announced.flags),
                uid: None,
                foreign: None,
            });
            emails.push(message);
        }
        let (name, replaces) = (self.mailbox.clone(), self.replaces);
        let done = session.commit(emails, move |state| {
            let to = state.named(&name).map(|m| m.id);
            match (replaces, new.first()) {
                (Some(old), Some(message)) => plan::replace(state, old, to, message, now),
                _ => plan::append(state, to, &new, now),
            }
        })?;
        let code = Code::AppendUid(done.outcome.uid_validity, done.outcome.uids);
        if self.replaces.is_none() {
            return Ok(Answer::ok("Appended").with(code));
        }
        // RFC 8508 §3.1: the new UID is told before the old message is told to have gone.
        response::untagged(&mut session.out, response::Condition::Ok, Some(&code), "Replaced by this");
        Ok(Answer::ok("Replaced"))
    }

    fn end(self: Box<Self>, session: &mut Session, answer: &Answer) -> Progress {
        session.finish(&self.tag, answer);
        Progress::Done
    }
}
