//! Text out of octets: charsets, HTML, and search in a message's decoded text (RFC 9051 §6.4.4).

pub mod charset;
pub mod fold;
pub mod html;
mod labels;
mod octets;
mod references;
mod regions;
pub mod search;
mod shifts;
mod utf7;
mod wide;

pub use search::{Needle, Paused, Scope, SearchText, Texts};
