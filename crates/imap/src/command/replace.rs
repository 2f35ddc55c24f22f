//! REPLACE and UID REPLACE (RFC 8508).

use super::Append;
use crate::Target;

/// REPLACE, up to the octets of its message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replace {
    /// Which message is replaced: one number or `*`.
    pub target: Target,
    /// By what, and where that goes.
    pub append: Append,
}
