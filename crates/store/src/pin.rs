//! Keeping what an old state names, and knowing what sessions hold of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use account::{MailboxId, Messages};

use crate::lock::{Lock, Rank};

/// While it lives, no email that its state names is removed: a session's view over EXPUNGE (RFC 2180 §4.1.2).
#[derive(Debug)]
pub struct Pin {
    pins: Arc<Pins>,
    modseq: u64,
    view: Option<(MailboxId, usize)>,
}

/// The pins of an account.
#[derive(Debug)]
pub(crate) struct Pins(Lock<Held>);

#[derive(Debug, Default)]
struct Held {
    /// How many there are on the state of each modseq.
    states: BTreeMap<u64, usize>,
    /// How many views there are of each mailbox that take so many octets.
    views: BTreeMap<(MailboxId, usize), usize>,
}

impl Default for Pins {
    fn default() -> Self {
        Self(Lock::new(Rank::Pins, Held::default()))
    }
}

impl Pins {
    /// `view` is what a session shows of a mailbox, as long as it holds the pin.
    pub(crate) fn pin(self: &Arc<Self>, modseq: u64, view: Option<(MailboxId, &Messages)>) -> Pin {
        let view = view.map(|(mailbox, messages)| (mailbox, messages.weight()));
        let mut held = self.0.lock();
        add(&mut held.states, modseq);
        view.inspect(|view| add(&mut held.views, *view));
        drop(held);
        Pin { pins: self.clone(), modseq, view }
    }

    /// The oldest state that somebody holds.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.0.lock().states.keys().next().copied()
    }

    /// About how many octets the views take that are in memory whether the account is open or not. Those of one mailbox
    /// share nearly all.
    pub(crate) fn weight(&self) -> usize {
        let held = self.0.lock();
        let largest: BTreeMap<MailboxId, usize> = held.views.keys().copied().collect();
        largest.values().sum()
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut held = self.pins.0.lock();
        remove(&mut held.states, &self.modseq);
        self.view.inspect(|view| remove(&mut held.views, view));
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) {
    *counts.entry(key).or_default() += 1;
}

fn remove<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
