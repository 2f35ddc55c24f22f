//! Changes become durable.

use std::sync::Arc;

use account::{Refusal, State};

use crate::Error;

/// A commit that is durable.
#[derive(Clone, Debug)]
pub struct Committed<T> {
    /// The account right after it.
    pub state: Arc<State>,
    /// What the plan said to tell.
    pub outcome: T,
}

/// A commit that did not happen.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The rules are against it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not.
    #[error(transparent)]
    Failed(#[from] Error),
}
