//! The door by which all that a session says leaves, and which knows how much may wait there.

use imap::Tag;
use imap::response::{self, Condition};

use crate::limits;
use crate::reply::{Answer, Farewell, GoOn, Notice};

/// Octets to send, in order. What makes a long answer asks [`Outbox::is_full`] after each response, and goes on when
/// the client has taken what there is.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Vec<u8>);

impl Outbox {
    /// Whether as much waits as may: what is written now is to be the last for the time being.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= limits::TRANSMIT
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes one response, or a part of one: what `response` appends.
    #[inline]
    pub(crate) fn write<T>(&mut self, response: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        response(&mut self.0)
    }

    /// A command's last response.
    pub(crate) fn tagged(&mut self, tag: &Tag, answer: &Answer) {
        let (condition, code, text) = answer.told();
        response::tagged(&mut self.0, tag, condition, code, text);
    }

    /// The answer to what has no tag.
    pub(crate) fn untagged(&mut self, answer: &Answer) {
        let (condition, code, text) = answer.told();
        response::untagged(&mut self.0, condition, code, text);
    }

    /// `* OK`
    pub(crate) fn notice(&mut self, notice: Notice) {
        if let Some((code, text)) = notice.told() {
            response::untagged(&mut self.0, Condition::Ok, code.as_ref(), text);
        }
    }

    /// `* BYE`
    pub(crate) fn bye(&mut self, farewell: Farewell) {
        response::untagged(&mut self.0, Condition::Bye, None, farewell.text());
    }

    /// `+`
    pub(crate) fn go_on(&mut self, with: &GoOn) {
        response::continuation(&mut self.0, with.text());
    }

    /// Writes into the buffer of who sends, behind what is there, so that nothing is copied twice.
    pub(crate) fn borrow(&mut self, buffer: &mut Vec<u8>) {
        if buffer.is_empty() {
            buffer.append(&mut self.0);
            std::mem::swap(buffer, &mut self.0);
        }
    }

    /// Gives the buffer back, with all that has been written.
    pub(crate) fn give_back(&mut self, buffer: &mut Vec<u8>) {
        if buffer.is_empty() {
            std::mem::swap(buffer, &mut self.0);
        } else {
            buffer.append(&mut self.0);
        }
    }
}
