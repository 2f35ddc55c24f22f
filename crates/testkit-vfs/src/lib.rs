//! Dev only: disks that fail, fill up and lose power, beneath SQLite.
//!
//! [`Disk::new`] puts a folder under watch: what SQLite does to the files in it passes through here, and goes on to the
//! real files unless some [`Trouble`] comes between. When the power is cut, all that was not synced is lost, kept or torn
//! by sector, and nothing works any more until the folder is [`restored`](Disk::restore) to what the disk has then.
//!
//! In reading order: `disk` (what a disk remembers and forgets, safe code), `shim` (SQLite's functions, and all that is
//! unsafe). The shim is SQLite's default file system from the first disk on; files in no disk's folder pass by untouched.

mod disk;
mod shim;

pub use disk::{Disk, Trouble};
