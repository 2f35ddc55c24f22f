//! Sets of message numbers: as the server keeps them, and as they come over the wire.

mod number_set;
mod wire;

pub use number_set::{Number, NumberSet, SeqSet, UidSet};
pub use wire::{SetArg, SetNumber, Target, WireSet};
