//! Messages coming in: what APPEND and REPLACE share (RFC 9051 §6.3.12; RFC 3502; RFC 8508).
//!
//! A message's octets stream into the store as they come; the session never holds a message. Nothing names them until
//! the commit, which adds all messages of the command or none.

use account::Flags;
use account::plan::{self, NewMessage};
use imap::command::{AppendMessage, AppendNext};
use imap::{Announced, Event, Framer, InternalDate, Sync};
use store::{Message, Room, Upload};

use crate::context::Context;
use crate::limits;
use crate::place::Place;
use crate::reply::{Answer, GoOn, Wrong};
use crate::work::Then;

/// The messages of a command.
pub(super) struct Uploads {
    /// Those that are in.
    messages: Vec<(AppendMessage, Message)>,
    /// The one that is coming in.
    current: AppendMessage,
    upload: Option<Upload>,
    /// Where the octets of all of them wait; with the upload while there is one.
    room: Option<Room>,
    /// What went wrong; the rest is read and dropped.
    failed: Option<Answer>,
    may_have: Many,
}

/// How many messages a command may bring.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Many {
    /// REPLACE: one takes the place of one (RFC 8508 §5).
    One,
    /// MULTIAPPEND (RFC 3502 §2).
    Several,
}

/// All messages are in.
pub(super) struct Arrived {
    /// What is to be known of each.
    pub(super) new: Vec<NewMessage>,
    /// The messages themselves.
    pub(super) emails: Vec<Message>,
}

impl Uploads {
    /// Takes the first message in, if it can go where the command says.
    pub(super) fn begin(
        context: &mut Context,
        to: &Place,
        message: AppendMessage,
        announced: Option<Announced>,
    ) -> Result<Self, Answer> {
        let announced = announced.ok_or(Wrong::NoLiteral)?;
        // A refusal is told before the octets come, if the client waits for that.
        let state = to.account.state()?;
        plan::append(&state, to.permit(&state), &[], context.now.unix)?;
        let may_have = Many::Several;
        let mut uploads =
            Self { messages: Vec::new(), current: message, upload: None, room: None, failed: None, may_have };
        uploads.expect(context, announced)?;
        Ok(uploads)
    }

    /// More than one message would be wrong.
    pub(super) fn single(self) -> Self {
        Self { may_have: Many::One, ..self }
    }

    /// Expects the message that is announced, if it is not too big.
    fn expect(&mut self, context: &mut Context, announced: Announced) -> Result<(), Answer> {
        let limit = context.settings.append_limit;
        if announced.len > limit {
            return Err(Wrong::MessageTooBig(limit).into());
        }
        let octets: u64 = self.messages.iter().map(|(_, message)| u64::from(message.size())).sum();
        // A message that may come alone may come as the first.
        let too_many = !self.messages.is_empty() && octets + announced.len > context.settings.append_octets;
        if too_many || self.messages.len() >= limits::APPEND_MESSAGES {
            return Err(Wrong::TooManyMessages.into());
        }
        let store = &context.settings.store;
        let room = self.room.take().unwrap_or_else(|| store.room());
        self.upload = Some(store.upload_into(room));
        if announced.sync == Sync::Waits {
            context.out.go_on(&GoOn::Message);
        }
        Ok(())
    }

    /// Takes in what the client sent, until all is there. Until then, it says what comes next.
    pub(super) fn go(&mut self, context: &mut Context, input: &mut Framer) -> Result<Arrived, Then> {
        // Whatever was announced until now is expected: what is not ends the command.
        input.accept();
        let next = match input.next() {
            None => return Err(Then::Wait),
            Some(Event::Octets(octets)) => {
                if let Some(Err(error)) = self.upload.as_mut().map(|upload| upload.push(octets)) {
                    self.upload = None;
                    self.failed = Some(error.into());
                }
                return Err(Then::Again);
            }
            Some(Event::Message { head, announced }) => {
                AppendNext::parse(head, self.current.form).map(|next| (next, Some(announced)))
            }
            Some(Event::Tail(tail)) => AppendNext::parse(tail, self.current.form).map(|next| (next, None)),
            Some(_) => return Err(Answer::from(Wrong::TooLong).into()),
        };
        let (next, announced) = next.map_err(|error| Answer::from(&error))?;
        if let Err(answer) = self.finish_message() {
            self.failed.get_or_insert(answer);
        }
        if let Some(answer) = self.failed.take() {
            return Err(answer.into());
        }
        match next {
            AppendNext::End => Ok(self.arrived(context.now.unix)),
            AppendNext::Message(_) if self.may_have == Many::One => Err(Answer::from(Wrong::OneMessage).into()),
            AppendNext::Message(message) => {
                self.current = message;
                self.expect(context, announced.ok_or(Answer::from(Wrong::NoMessage))?)?;
                Err(Then::Again)
            }
        }
    }

    /// All octets of a message are in.
    fn finish_message(&mut self) -> Result<(), Answer> {
        let Some(upload) = self.upload.take() else { return Ok(()) };
        if upload.is_empty() {
            return Err(Wrong::EmptyMessage.into());
        }
        let (message, room) = upload.finish_with_room()?;
        self.room = Some(room);
        self.messages.push((self.current.clone(), message));
        Ok(())
    }

    fn arrived(&mut self, now: i64) -> Arrived {
        let describe = |announced: AppendMessage, message: &Message| NewMessage {
            size: message.size(),
            internal_date: announced.date.unwrap_or(InternalDate::new(now, 0)),
            flags: Flags::from_wire(&announced.flags),
            uid: None,
            foreign: None,
        };
        let described = self.messages.drain(..).map(|(announced, message)| (describe(announced, &message), message));
        let (new, emails) = described.unzip();
        Arrived { new, emails }
    }
}
