//! Every command's conduct, one file each. It is given what is legal for it to touch (`conduct`), and comes to an end
//! at once or leaves work behind that will (`work`). The rows of all commands are in `table`.

#![allow(clippy::needless_pass_by_value, reason = "all conduct owns its command: one signature for a row of `table`")]

pub(crate) mod append;
pub(crate) mod authenticate;
pub(crate) mod capability;
pub(crate) mod close;
pub(crate) mod copy;
pub(crate) mod enable;
pub(crate) mod expunge;
pub(crate) mod fetch;
pub(crate) mod id;
pub(crate) mod idle;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod mailboxes;
mod names;
pub(crate) mod namespace;
pub(crate) mod rename;
pub(crate) mod replace;
pub(crate) mod search;
pub(crate) mod select;
pub(crate) mod starttls;
pub(crate) mod status;
pub(crate) mod store;
mod upload;
