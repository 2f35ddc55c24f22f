//! The protocols that this server speaks, each in a file: how its sessions begin, and how they serve as a
//! [`Conversation`](crate::conversation::Conversation).

mod imap;
mod lmtp;

use std::sync::Arc;

use crate::conversation::Protocol;
use crate::door::Tongue;

/// All of them, with what their sessions share.
pub(crate) struct Protocols {
    imap: Arc<Protocol>,
    lmtp: Arc<Protocol>,
}

impl Protocols {
    pub(crate) fn new(imap: session::Settings, lmtp: delivery::Settings) -> Self {
        Self { imap: Arc::new(imap::protocol(imap)), lmtp: Arc::new(lmtp::protocol(lmtp)) }
    }

    /// What is spoken at a door.
    pub(crate) fn of(&self, tongue: Tongue) -> Arc<Protocol> {
        match tongue {
            Tongue::Imap => self.imap.clone(),
            Tongue::Lmtp => self.lmtp.clone(),
        }
    }
}
