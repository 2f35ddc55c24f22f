//! Keeping what an old state names.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::lock::{Lock, Rank};

/// While it lives, no email that its state names is removed: a session's view over EXPUNGE (RFC 2180 §4.1.2).
#[derive(Debug)]
pub struct Pin {
    pins: Arc<Pins>,
    modseq: u64,
}

/// The pins of an account: how many there are on the state of each modseq.
#[derive(Debug)]
pub(crate) struct Pins(Lock<BTreeMap<u64, usize>>);

impl Default for Pins {
    fn default() -> Self {
        Self(Lock::new(Rank::Pins, BTreeMap::new()))
    }
}

impl Pins {
    pub(crate) fn pin(self: &Arc<Self>, modseq: u64) -> Pin {
        *self.0.lock().entry(modseq).or_default() += 1;
        Pin { pins: self.clone(), modseq }
    }

    /// The oldest state that somebody holds.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.0.lock().keys().next().copied()
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.0.lock();
        if let Some(count) = pins.get_mut(&self.modseq) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.modseq);
            }
        }
    }
}
