//! Where mail went a moment ago: most goes to the same people again, and a look-up may wait for the disk.

use std::collections::HashMap;

use parking_lot::RwLock;
use store::Directory;

use crate::limits;
use crate::path::Address;
use crate::route::Target;

/// Addresses that were found, as long as the directory stays the same. Those that nobody has are asked for each time:
/// who was added just now gets mail at once.
#[derive(Debug, Default)]
pub(crate) struct Known(RwLock<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// The directory's version that they were found in.
    version: u64,
    targets: HashMap<Address, Target>,
}

impl Known {
    /// Where an address leads, if that is known without a look.
    pub(crate) fn get(&self, directory: &dyn Directory, address: &Address) -> Option<Target> {
        let memory = self.0.read();
        if memory.version == directory.version() { memory.targets.get(address).cloned() } else { None }
    }

    /// An address was found when the directory had this version, or a newer one.
    pub(crate) fn note(&self, version: u64, address: &Address, target: &Target) {
        let mut memory = self.0.write();
        if memory.version != version || memory.targets.len() >= limits::KNOWN {
            *memory = Memory { version, targets: HashMap::new() };
        }
        memory.targets.insert(address.clone(), target.clone());
    }
}
