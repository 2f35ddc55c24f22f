//! The edges, and the only async crate: listeners, TLS, authentication, timers.
