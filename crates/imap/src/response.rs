//! Responses to bytes.

mod number;

pub use number::number;
