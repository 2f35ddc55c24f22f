//! The model of an account: what it is and what may happen to it. Pure and synchronous.
