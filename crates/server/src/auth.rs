//! Who may come in: the server's side of [`gate::Gate`].
//!
//! In reading order: `doorkeeper` decides; `accounts` knows who there is; `password` checks what is at rest, `verified`
//! remembers what was right a moment ago, `slots` bounds how much is hashed at once, `throttle` makes guessing slow, by
//! `network`; `aliases` has keys of their own; `plain` and `scram` are the SASL mechanisms, `exchange` takes them step by step.

mod accounts;
mod aliases;
mod doorkeeper;
mod exchange;
mod network;
mod password;
mod plain;
mod scram;
mod slots;
mod throttle;
mod verified;

pub use password::{PasswordError, credentials};

pub(crate) use doorkeeper::Doorkeeper;
use gate::base64;
pub(crate) use network::Network;
