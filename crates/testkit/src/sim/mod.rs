//! Everybody on one thread: sessions, mail servers, duties and a second process, in an order that a seed gives.
//!
//! A life is made from a seed. Each of its steps is one door of a session, one duty or one commit; a step stops at every
//! place of the store where others may go first ([`store::Place`]) and at every call of an engine, and the dice say who
//! goes on. The same seed gives the same life. `docs/design/simulation.md` says what is asserted.
//!
//! In reading order: `life` (the scheduler), `step` (what can happen), `task` (a step under way), `world`, `process` and
//! `actor` (who does it), `mailer` (the client, and what it was promised), `truth` (what is durable), `engine` (stops and
//! faults), `away` (files that are moved), `settle` (the end), `dice`.

mod actor;
mod away;
mod dice;
mod engine;
mod life;
mod mailer;
mod process;
mod settle;
mod step;
mod task;
mod truth;
mod world;

pub use dice::Dice;
pub use life::{Failure, live};
pub use task::Stacks;
pub use world::Kind;
