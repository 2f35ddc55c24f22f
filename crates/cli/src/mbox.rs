//! mbox files, read and written: many messages in one file, each after a line that begins with `From ` (RFC 4155 §A).

pub(crate) mod from_line;
pub(crate) mod reader;
pub(crate) mod status;
pub(crate) mod writer;
