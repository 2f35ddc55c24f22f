//! LOGIN (RFC 9051 §6.2.3).

use super::{Command, Secret};
use crate::cursor::{Cursor, Found};

/// LOGIN (RFC 9051 §6.2.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// The user's name.
    pub user: Vec<u8>,
    /// The password.
    pub password: Secret,
}

/// `login`
pub(super) fn login(c: &mut Cursor<'_>) -> Found<Command> {
    c.space()?;
    let user = c.astring()?.into_owned();
    c.space()?;
    let password = Secret::new(c.astring()?.into_owned());
    Ok(Command::Login(Login { user, password }))
}
