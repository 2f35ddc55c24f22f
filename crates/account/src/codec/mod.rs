//! The bytes of the log and of checkpoints. `docs/design/formats.md` describes them byte by byte.
//!
//! Each begins with the number of its [`Format`]: who writes says which one, who reads takes any. That the bytes are the
//! ones that were written is the store's to check (CRC32C); whatever they are, reading them neither panics nor takes
//! more memory than a small multiple of their length, and what is read is a value that can be written again.

mod chunk;
mod column;
mod commit;
mod foreign;
mod format;
mod mailbox;
mod root;
mod varint;

pub use chunk::{read_records, read_summary, write_chunk};
pub use commit::{read_changes, write_commit};
pub use format::Format;
pub use mailbox::{read_mailbox, write_mailbox};
pub use root::{read_root, write_root};

/// Bytes that no `write` of this module made: what about them does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("damaged: {0}")]
pub struct Damaged(&'static str);

impl Damaged {
    /// The bytes end before what they begin.
    const CUT: Self = Self("it ends too early");

    /// What does not hold, as the end of a sentence.
    pub fn reason(&self) -> &'static str {
        self.0
    }
}
