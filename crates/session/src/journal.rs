//! What the server's log is told of commands that failed because the store did: their clients are told only whether
//! trying again helps.

use std::sync::Arc;

use gate::Peer;
use store::{AccountId, Error};

/// A command that the store failed.
#[derive(Debug)]
pub struct Failed<'a> {
    /// Who asked for it: their name and their account; `None` before login.
    pub user: Option<(&'a str, AccountId)>,
    /// The command's name.
    pub command: &'static str,
    /// Why.
    pub error: &'a Error,
}

/// Called with each of them. It must not wait.
pub type Journal = Arc<dyn Fn(&Peer, &Failed<'_>) + Send + Sync>;

/// Whether an error is the store's failure, and not what may happen to any command: that others expunged what was meant,
/// that a message is too large, that the account was removed.
pub(crate) fn is_failure(error: &Error) -> bool {
    !matches!(error, Error::NoSuchEmail(_) | Error::TooLarge | Error::NoSuchAccount)
}
