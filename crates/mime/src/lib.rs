//! One pass over a message: ENVELOPE, BODYSTRUCTURE, part offsets, sort keys, preview, searchable text.
//!
//! The crate is pure: octets in, values out. It knows neither sessions nor the store, does no I/O, never rewrites a
//! message and never panics on what a mail contains. Work is linear in the message, memory is bounded by [`Limits`].
//!
//! In reading order: [`Scanner`] takes the octets in pieces of any size and makes a [`Structure`], whose bytes
//! ([`Structure::encode`]) the store keeps; [`Stored`] reads them without copying and answers FETCH, SORT, THREAD and
//! header searches. A structure says by which rules it was made ([`Derivation`]); [`rederive`] brings it up to newer ones and keeps
//! what clients were told. [`filter_header`] answers `BODY[HEADER.FIELDS (...)]`, [`transfer`] decodes for BINARY,
//! [`encoded_word`] and [`text`] turn what mails contain into text that can be searched.
//!
//! | stop | file |
//! | --- | --- |
//! | octets → lines, parts, boundaries | `scanner`, `place`, `node` |
//! | header block → fields | [`header`], `listed` |
//! | fields → values | [`address`], `param`, `content`, [`date`], `subject`, `message_id` |
//! | values → wire | `wire`, `envelope`, `bodystructure` |
//! | all of it → a record, and back | `structure`, `layout`, `stored`, `section` |
//! | a record of older rules → one of newer rules | `derivation`, `rederive` |

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod bodystructure;
mod content;
mod cursor;
mod derivation;
mod envelope;
mod facts;
mod layout;
mod limits;
mod listed;
mod message_id;
mod node;
mod param;
mod place;
mod preview;
mod rederive;
mod scanner;
mod section;
mod stored;
mod structure;
mod subject;
mod wire;

pub mod address;
pub mod date;
pub mod encoded_word;
pub mod header;
pub mod text;
pub mod transfer;

pub use derivation::Derivation;
pub use header::{Match, decoded_header, filter_header, has_field};
pub use layout::{Damaged, LAYOUT, PartKind, derivation_of};
pub use limits::Limits;
pub use listed::{LISTED, is_listed};
pub use rederive::rederive;
pub use scanner::Scanner;
pub use section::Which;
pub use stored::{NotListed, Part, Parts, References, Stored};
pub use structure::Structure;
pub use subject::base_subject;
