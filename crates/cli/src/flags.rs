//! Flags put together.

use account::SystemFlags;

/// All that either has.
pub(crate) fn both(one: SystemFlags, other: SystemFlags) -> SystemFlags {
    SystemFlags::from_bits(one.bits() | other.bits())
}
