//! Dev only: conversations written down and run, sessions in memory, a model client, a workspace's seeds for fuzzing.
//!
//! It is used from `tests/` folders, never from a crate's own code. In reading order: `transcript` (what a file says),
//! `pattern` (what a line must be like), `network` and `memory` (what it runs over), `gate` and `world` (what there is
//! before it begins), `run`, `suite` (one file, many runs), `model` (a client that believes every untagged response),
//! `check` (what must hold after each run), `fixture` (stores that older versions wrote), `mail`, `seeds` and `fuzz`
//! (what holds for any octets), `sim` (everybody on one thread, in an order that a seed gives).

pub mod check;
pub mod fixture;
pub mod fuzz;
pub mod gate;
pub mod mail;
pub mod memory;
pub mod model;
pub mod network;
pub mod pattern;
pub mod run;
pub mod seeds;
pub mod sim;
pub mod suite;
pub mod transcript;
pub mod world;
