//! The edges, and the only async crate: listeners, TLS, authentication, timers.
//!
//! [`serve`] starts a server and [`run`] runs one until a signal ends it. Sessions are values of `session` and
//! `delivery`; what is here feeds them, and decides who may connect ([`Config`]) and who may log in. It never looks
//! into mail, and never decides what a command does.
//!
//! In reading order: `config`; `door` (the kinds of listeners); `serve` puts all together (`core`, `listen`, `registry`
//! with a `link` for each connection); `connection` serves one of them by way of `wire`, `buffer` and `conversation`,
//! whichever `protocol` it speaks; `auth` lets users in; `tls` has the certificate; `duties` are what is done every few seconds, `doorbell` hears of other processes; `control` is the command line's way in;
//! `log` and `transcript` tell what happens; `shutdown` ends it all.

mod auth;
mod buffer;
mod claim;
pub mod config;
mod connection;
pub mod control;
mod conversation;
mod core;
mod cost;
mod descriptors;
mod door;
mod doorbell;
mod duties;
mod intake;
mod lanes;
mod link;
mod listen;
pub mod log;
mod pace;
mod protocol;
mod registry;
mod risk;
mod serve;
mod shutdown;
#[cfg(test)]
mod testing;
pub mod tls;
mod told;
mod transcript;
mod wire;

pub use auth::{PasswordError, credentials};
pub use claim::Claim;
pub use config::{Config, ConfigError, Listen, Overrides};
pub use door::Door;
pub use link::Transcript;
pub use serve::{Running, StartError, run, runtime, serve, serve_store, set_up};
