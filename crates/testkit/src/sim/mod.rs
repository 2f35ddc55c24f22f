//! Everybody on one thread: sessions, mail servers, duties and a second process, in an order that a seed gives.
//!
//! A life is made from a seed. Each of its steps is one door of a session, one duty or one commit; a step stops at every
//! place of the store where others may go first ([`store::turn::Stop`]) and at every call of an engine, and the dice say who
//! goes on. The same seed gives the same life. `docs/design/simulation.md` says what is asserted.
//!
//! In reading order: `life` (the scheduler), `step` (what can happen), `task` (a step under way), `world`, `process`,
//! `porter` and `actor` (who does it), `wish` and `mailer` (the client), `promise` (what it was promised), `truth` (what is
//! durable) and `ledger` (of one account), `engine` and `directory` (stops and faults), `away` (files that are moved),
//! `settle` (the end), `dice`.

mod actor;
mod away;
mod dice;
mod directory;
mod engine;
mod ledger;
mod life;
mod mailer;
mod porter;
mod process;
mod promise;
mod settle;
mod step;
mod task;
mod truth;
mod wish;
mod world;

pub use dice::Dice;
pub use life::{Failure, live};
pub use task::Stacks;
pub use world::Kind;
