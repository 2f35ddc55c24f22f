//! What SORT, THREAD, SEARCH and lists want to know of a message's own header.

use crate::address::Address;
use crate::date::{self, Sent};
use crate::encoded_word;
use crate::envelope::Envelope;
use crate::header::{blank_line, fields};
use crate::limits::Limits;
use crate::listed;
use crate::message_id::ids;

/// Facts of one message, found while it is scanned.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) envelope: Vec<u8>,
    pub(crate) subject: String,
    pub(crate) sent: Option<Sent>,
    pub(crate) message_id: Vec<u8>,
    pub(crate) in_reply_to: Vec<u8>,
    pub(crate) references: Vec<Vec<u8>>,
    pub(crate) first_from: Vec<u8>,
    pub(crate) first_to: Vec<u8>,
    pub(crate) first_cc: Vec<u8>,
    pub(crate) display_from: String,
    pub(crate) display_to: String,
    /// The lines of the listed fields with the blank line; `None` if they could not be kept whole.
    pub(crate) listed: Option<Vec<u8>>,
    /// How many octets of `listed` are the blank line.
    pub(crate) blank: u8,
    /// Previews of the first text/plain and of the first text/html.
    pub(crate) plain: String,
    pub(crate) html: String,
    pub(crate) attachment: bool,
}

impl Facts {
    /// Reads the message's header block.
    pub(crate) fn read(&mut self, block: &[u8], envelope: &Envelope, limits: &Limits) {
        envelope.write(&mut self.envelope, limits);
        let subject = encoded_word::decode(envelope.subject.as_deref().unwrap_or_default());
        // Encoded words can hold what folding cannot: RFC 5256 §2.1 wants single spaces after decoding.
        self.subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        self.sent = envelope.date.as_deref().and_then(date::parse);
        let first_id =
            |value: &Option<Vec<u8>>| value.as_deref().and_then(|value| ids(value).next()).unwrap_or_default();
        self.message_id = first_id(&envelope.message_id);
        self.in_reply_to = first_id(&envelope.in_reply_to);
        self.read_references(block, limits);
        (self.first_from, self.display_from) = sort_values(envelope.from.as_deref(), limits);
        (self.first_to, self.display_to) = sort_values(envelope.to.as_deref(), limits);
        (self.first_cc, _) = sort_values(envelope.cc.as_deref(), limits);
        self.read_listed(block, limits);
    }

    /// The root of a thread and the newest messages say most; those between are dropped where there are too many.
    fn read_references(&mut self, block: &[u8], limits: &Limits) {
        let Some(field) = fields(block).find(|field| field.is("References")) else { return };
        self.references = ids(field.value).collect();
        let surplus = self.references.len().saturating_sub(limits.references.max(1));
        if surplus > 0 {
            self.references.drain(1..=surplus);
        }
        let mut room = limits.list;
        let first = self.references.first().map_or(0, Vec::len);
        let newest = self.references.iter().skip(1).rev().take_while(|id| {
            room = room.saturating_sub(id.len());
            room > first
        });
        let dropped = self.references.len() - newest.count();
        self.references.drain(1.min(dropped)..dropped);
        self.references.retain(|id| id.len() < limits.list);
    }

    fn read_listed(&mut self, block: &[u8], limits: &Limits) {
        let mut all = fields(block);
        all.by_ref().for_each(drop);
        let blank = blank_line(all.rest());
        self.blank = u8::try_from(blank.len()).unwrap_or_default();
        self.listed = listed::lines(block, limits.listed).map(|mut lines| {
            lines.extend_from_slice(blank);
            lines
        });
    }
}

/// The mailbox of the first address (RFC 5256 §3) and its display value (RFC 5957 §3).
fn sort_values(list: Option<&[Address]>, limits: &Limits) -> (Vec<u8>, String) {
    let Some(first) = list.and_then(<[Address]>::first) else { return (Vec::new(), String::new()) };
    let mut mailbox = first.mailbox.clone().unwrap_or_default();
    mailbox.truncate(limits.text);
    let mut display = first.display();
    display.truncate(display.floor_char_boundary(limits.text));
    (mailbox, display)
}
