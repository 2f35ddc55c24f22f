//! Text out of octets: charsets, HTML, and search in a message's decoded text (RFC 9051 §6.4.4).

pub mod charset;
pub mod fold;
pub mod html;
mod regions;
pub mod search;
mod utf7;

pub use search::{Needle, Scope, SearchText, Texts};
