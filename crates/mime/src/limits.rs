//! How much of a message is looked at: everything has a limit, and what lies beyond it is kept but not interpreted.

/// Bounds on what a [`Scanner`](crate::Scanner) keeps of one message.
///
/// A message beyond a limit is neither refused nor changed: what is over the limit counts as octets, and only its meaning is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Containers (multipart, message/rfc822) inside each other. A deeper one is `application/octet-stream`.
    pub depth: usize,
    /// Parts of a message, at most 65,000. What follows the last one is its content, as `application/octet-stream`.
    pub parts: usize,
    /// Octets of one header block that are parsed; the rest is counted.
    pub header_block: usize,
    /// Octets of all header blocks of a message that are parsed.
    pub header_total: usize,
    /// Addresses of one field that go into ENVELOPE.
    pub addresses: usize,
    /// Octets of a text of ENVELOPE (subject, date, ids) that are kept, and of what is sorted by.
    pub text: usize,
    /// Octets of a list of addresses in ENVELOPE, and of all references. Addresses behind the last whole one are left out.
    pub list: usize,
    /// Octets of the whole record. A part whose description it has no room for is `application/octet-stream`, with nothing
    /// inside; a message inside has an empty ENVELOPE then.
    pub record: usize,
    /// Parameters of one field that go into BODYSTRUCTURE.
    pub params: usize,
    /// Octets of a boundary that are compared.
    pub boundary: usize,
    /// Octets of header lines that are kept for answering `HEADER.FIELDS`; over it the body has to be opened.
    pub listed: usize,
    /// Characters of the preview: 200 is the most that RFC 8970 §3.1 asks for, 256 the most it allows.
    pub preview: usize,
    /// References that are kept for THREAD: the first one and the newest.
    pub references: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 32,
            parts: 1000,
            header_block: 1 << 20,
            header_total: 4 << 20,
            addresses: 1000,
            text: 16 << 10,
            list: 96 << 10,
            record: 1 << 20,
            params: 100,
            boundary: 1000,
            listed: 32 << 10,
            preview: 200,
            references: 200,
        }
    }
}
