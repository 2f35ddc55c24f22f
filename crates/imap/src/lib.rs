//! The wire: bytes to commands, responses to bytes. Stateless and pure.
