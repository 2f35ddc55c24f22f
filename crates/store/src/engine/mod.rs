//! What makes bytes durable.
