//! Many messages of one command on their way in cost the memory and the files of one. Alone in its file: it counts the
//! descriptors of its process.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::os::unix::fs::MetadataExt;

use store::Store;
use support::Folder;

/// Octets that do not compress.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut reader = blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
    let mut octets = vec![0; len];
    reader.fill(&mut octets);
    octets
}

/// Files that this process has open and that have no name any more.
fn nameless() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    open.filter_map(|entry| std::fs::metadata(entry.unwrap().path()).ok())
        .filter(|file| file.is_file() && file.nlink() == 0)
        .count()
}

#[test]
#[cfg(target_os = "linux")]
fn messages_for_one_commit_share_one_file() {
    let folder = Folder::new();
    let store = Store::set_up(folder.path(), store::Options::default()).unwrap();
    let mut room = store.room();
    let mut messages = Vec::new();
    for seed in 0..30 {
        let mut upload = store.upload_into(room);
        upload.push(&noise(seed, 1_200_000)).unwrap();
        let (message, next) = upload.finish_with_room().unwrap();
        messages.push(message);
        room = next;
        assert!(nameless() <= 1, "{} files for {} messages", nameless(), messages.len());
    }
    assert_eq!(nameless(), 1, "they are too large for memory: this tests nothing");
    drop((messages, room));
    assert_eq!(nameless(), 0);
}
