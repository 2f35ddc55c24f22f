//! ENVELOPE of a message (RFC 9051 §7.5.2).

use crate::address::{self, Address};
use crate::header::{collapse, fields, unfold};
use crate::limits::Limits;
use crate::wire;

/// The members of an envelope, as they stand in the header. Of duplicate fields the first one counts, but the addresses of
/// all To, Cc and Bcc fields are joined.
#[derive(Clone, Debug, Default)]
pub(crate) struct Envelope {
    pub(crate) date: Option<Vec<u8>>,
    pub(crate) subject: Option<Vec<u8>>,
    pub(crate) from: Option<Vec<Address>>,
    pub(crate) sender: Option<Vec<Address>>,
    pub(crate) reply_to: Option<Vec<Address>>,
    pub(crate) to: Option<Vec<Address>>,
    pub(crate) cc: Option<Vec<Address>>,
    pub(crate) bcc: Option<Vec<Address>>,
    pub(crate) in_reply_to: Option<Vec<u8>>,
    pub(crate) message_id: Option<Vec<u8>>,
}

impl Envelope {
    pub(crate) fn read(block: &[u8], limits: &Limits) -> Self {
        let mut envelope = Self::default();
        for field in fields(block) {
            // The longest name here is "In-Reply-To".
            if field.name.len() > 11 {
                continue;
            }
            match field.name.to_ascii_lowercase().as_slice() {
                b"date" => text(&mut envelope.date, || unfold(cut(field.value, limits))),
                b"subject" => text(&mut envelope.subject, || collapse(cut(field.value, limits))),
                b"in-reply-to" => text(&mut envelope.in_reply_to, || unfold(cut(field.value, limits))),
                b"message-id" => text(&mut envelope.message_id, || unfold(cut(field.value, limits))),
                name => {
                    let joined = matches!(name, b"to" | b"cc" | b"bcc");
                    match envelope.list(name) {
                        // RFC 5322 §3.6 has one of each; where a mail has more, each recipient counts.
                        Some(Some(list)) if joined => {
                            let room = limits.addresses.saturating_sub(list.len());
                            list.extend(address::parse(field.value, room));
                        }
                        Some(list) => {
                            list.get_or_insert_with(|| address::parse(field.value, limits.addresses));
                        }
                        None => {}
                    }
                }
            }
        }
        envelope
    }

    fn list(&mut self, name: &[u8]) -> Option<&mut Option<Vec<Address>>> {
        Some(match name {
            b"from" => &mut self.from,
            b"sender" => &mut self.sender,
            b"reply-to" => &mut self.reply_to,
            b"to" => &mut self.to,
            b"cc" => &mut self.cc,
            b"bcc" => &mut self.bcc,
            _ => return None,
        })
    }

    /// Writes `"(" env-date SP env-subject ... env-message-id ")"`.
    pub(crate) fn write(&self, out: &mut Vec<u8>, limits: &Limits) {
        let from = list_or_none(self.from.as_ref());
        let or_from = |list: &Option<Vec<Address>>| list_or_none(list.as_ref()).or(from).map(<[Address]>::to_vec);
        out.push(b'(');
        wire::nstring(out, self.date.as_deref());
        out.push(b' ');
        wire::nstring(out, self.subject.as_deref());
        write_list(out, from, limits);
        // Absent or empty, these two are as From (RFC 9051 §7.5.2).
        write_list(out, or_from(&self.sender).as_deref(), limits);
        write_list(out, or_from(&self.reply_to).as_deref(), limits);
        for list in [&self.to, &self.cc, &self.bcc] {
            write_list(out, list_or_none(list.as_ref()), limits);
        }
        out.push(b' ');
        wire::nstring(out, self.in_reply_to.as_deref());
        out.push(b' ');
        wire::nstring(out, self.message_id.as_deref());
        out.push(b')');
    }
}

fn text(place: &mut Option<Vec<u8>>, value: impl FnOnce() -> Vec<u8>) {
    if place.is_none() {
        *place = Some(value());
    }
}

fn list_or_none(list: Option<&Vec<Address>>) -> Option<&[Address]> {
    list.map(Vec::as_slice).filter(|list| !list.is_empty())
}

/// What is looked at of a text.
fn cut<'a>(value: &'a [u8], limits: &Limits) -> &'a [u8] {
    value.get(..limits.text).unwrap_or(value)
}

fn write_list(out: &mut Vec<u8>, list: Option<&[Address]>, limits: &Limits) {
    let mut written = Vec::new();
    for address in list.unwrap_or_default() {
        let whole = written.len();
        address.write(&mut written);
        if written.len() > limits.list {
            written.truncate(whole);
            break;
        }
    }
    // A list has one address at least (RFC 9051 §9, `env-from`).
    let (open, close): (&[u8], &[u8]) = if written.is_empty() { (b" NIL", b"") } else { (b" (", b")") };
    for piece in [open, &written, close] {
        out.extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(block: &str) -> String {
        let mut out = Vec::new();
        Envelope::read(block.as_bytes(), &Limits::default()).write(&mut out, &Limits::default());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn envelopes() {
        let table = [
            ("", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"),
            (
                "Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)\r\nFrom: Fred Foobar <foobar@Blurdybloop.example.COM>\r\nSubject: afternoon\r\n\tmeeting\r\n\
                 To: mooch@owatagu.siam.edu\r\nMessage-Id: <B27397-0100000@Blurdybloop.example.COM>\r\n",
                "(\"Mon, 7 Feb 1994 21:52:25 -0800 (PST)\" \"afternoon meeting\" ((\"Fred Foobar\" NIL \"foobar\" \"Blurdybloop.example.COM\")) \
                 ((\"Fred Foobar\" NIL \"foobar\" \"Blurdybloop.example.COM\")) ((\"Fred Foobar\" NIL \"foobar\" \"Blurdybloop.example.COM\")) \
                 ((NIL NIL \"mooch\" \"owatagu.siam.edu\")) NIL NIL NIL \"<B27397-0100000@Blurdybloop.example.COM>\")",
            ),
            (
                "Subject:\r\nTo:\r\nFrom: a@b\r\nSender:\r\nReply-To: c@d\r\n",
                "(NIL \"\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")) NIL NIL NIL NIL NIL)",
            ),
            (
                "To: a@b\r\nTo: c@d\r\nSubject: 1\r\nSubject: 2\r\n",
                "(NIL \"1\" NIL NIL NIL ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) NIL NIL NIL NIL)",
            ),
        ];
        for (block, wanted) in table {
            assert_eq!(wire(block), wanted, "{block:?}");
        }
    }
}
