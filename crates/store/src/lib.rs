//! One change log per account, made durable.
