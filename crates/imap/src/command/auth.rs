//! AUTHENTICATE and LOGIN (RFC 9051 §6.2.2, §6.2.3).

use std::fmt;

use super::Command;
use crate::cursor::{Cursor, Found};

/// What must never be printed or logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Wraps the octets.
    pub fn new(octets: Vec<u8>) -> Self {
        Self(octets)
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// AUTHENTICATE (RFC 9051 §6.2.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authenticate {
    /// The SASL mechanism's name, in upper case.
    pub mechanism: String,
    /// The initial response as it came, in base64; `=` for an empty one (RFC 4959 §3).
    pub initial: Option<Secret>,
}

/// LOGIN (RFC 9051 §6.2.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// The user's name.
    pub user: Vec<u8>,
    /// The password.
    pub password: Secret,
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

/// `login`
pub(super) fn login(c: &mut Cursor<'_>) -> Found<Command> {
    c.space()?;
    let user = c.astring()?.into_owned();
    c.space()?;
    let password = Secret::new(c.astring()?.into_owned());
    Ok(Command::Login(Login { user, password }))
}
