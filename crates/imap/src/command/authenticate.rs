//! AUTHENTICATE (RFC 9051 §6.2.2; RFC 4959).

use super::{Command, Secret};
use crate::cursor::{Cursor, Found};

/// AUTHENTICATE (RFC 9051 §6.2.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authenticate {
    /// The SASL mechanism's name, in upper case.
    pub mechanism: String,
    /// The initial response as it came, in base64; `=` for an empty one (RFC 4959 §3).
    pub initial: Option<Secret>,
}

/// `authenticate`, up to its initial response.
pub(super) fn authenticate(c: &mut Cursor<'_>) -> Found<Command> {
    c.space()?;
    let mechanism = c.atom()?.to_ascii_uppercase();
    c.skip_spaces();
    let initial = c.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
    let initial = (!initial.is_empty()).then(|| Secret::new(initial.to_vec()));
    Ok(Command::Authenticate(Authenticate { mechanism, initial }))
}
