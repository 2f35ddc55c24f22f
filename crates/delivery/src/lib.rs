//! The LMTP session, sans-IO; address to account and mailbox.
