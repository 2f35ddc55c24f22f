//! Who may come in: the server's side of [`session::Gate`].
//!
//! In reading order: `gate` decides; `accounts` knows who there is; `password` checks what is at rest, `verified`
//! remembers what was right a moment ago, `slots` bounds how much is hashed at once, `throttle` makes guessing slow;
//! `plain` and `scram` are the SASL mechanisms, `exchange` takes them step by step.

mod accounts;
mod exchange;
mod gate;
mod password;
mod plain;
mod scram;
mod slots;
mod throttle;
mod verified;

pub use password::{PasswordError, credentials};

pub(crate) use gate::Doorkeeper;
use session::base64;
pub(crate) use throttle::Source;
