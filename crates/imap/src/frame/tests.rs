//! The frame against bytes in any pieces.
