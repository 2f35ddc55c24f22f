//! Maildir as other servers keep it, read and written: Maildir++ and Dovecot's LAYOUT=fs, with Dovecot's files beside
//! the mail (`dovecot-uidlist`, `dovecot-keywords`, `subscriptions`).

pub(crate) mod file_name;
pub(crate) mod folder;
pub(crate) mod names;
pub(crate) mod subscriptions;
pub(crate) mod uidlist;
