//! Passwords that were right a moment ago: a login with one of them needs no new hash.
//!
//! Kept is a keyed digest over account, password and the stored hash, under a key that this process made at its start
//! and that never leaves it: the memory of a running server shows no password, and a changed password, another account
//! or another process is another digest.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long after its last use a password is remembered.
const REMEMBERED: Duration = Duration::from_mins(5);

/// How many are remembered: 64 octets each.
const ROOM: usize = 200_000;

/// So that logins at the same time rarely wait for one another.
const SHARDS: usize = 16;

/// The keyed digest of an account, a password and the hash that it was checked against.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Digest([u8; 32]);

/// The passwords that were right a moment ago.
pub(super) struct Verified {
    key: [u8; 32],
    shards: [Mutex<HashMap<Digest, Instant>>; SHARDS],
}

impl Verified {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { key, shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// `name` is the account, by what never changes about it; `hash` the stored hash.
    pub(super) fn digest(&self, name: u64, password: &[u8], hash: &str) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&name.to_le_bytes());
        // Lengths before contents: no two triples are the same octets.
        hasher.update(&(password.len() as u64).to_le_bytes());
        hasher.update(password);
        hasher.update(hash.as_bytes());
        Digest(*hasher.finalize().as_bytes())
    }

    /// Whether this password was right a moment ago; if so, it stays remembered.
    pub(super) fn knows(&self, digest: &Digest, now: Instant) -> bool {
        match self.shard(digest).lock().get_mut(digest) {
            Some(used) if now.saturating_duration_since(*used) < REMEMBERED => {
                *used = now;
                true
            }
            _ => false,
        }
    }

    /// Remembers a password that has just been found right.
    pub(super) fn remember(&self, digest: Digest, now: Instant) {
        let mut shard = self.shard(&digest).lock();
        if shard.len() >= ROOM / SHARDS {
            shard.retain(|_, used| now.saturating_duration_since(*used) < REMEMBERED);
        }
        if shard.len() < ROOM / SHARDS {
            shard.insert(digest, now);
        }
    }

    /// Forgets what is too old. Called now and then.
    pub(super) fn tidy(&self, now: Instant) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.retain(|_, used| now.saturating_duration_since(*used) < REMEMBERED);
            if shard.capacity() > 4 * shard.len() + 64 {
                shard.shrink_to_fit();
            }
        }
    }

    fn shard(&self, digest: &Digest) -> &Mutex<HashMap<Digest, Instant>> {
        &self.shards[usize::from(digest.0[0]) % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_password_and_hash_is_another_digest() {
        let cache = Verified::new([1; 32]);
        let now = Instant::now();
        let digest = cache.digest(1, b"pw", "hash");
        cache.remember(digest, now);
        assert!(cache.knows(&digest, now));
        let others = [cache.digest(2, b"pw", "hash"), cache.digest(1, b"pw2", "hash"), cache.digest(1, b"pw", "other")];
        for other in
            others.into_iter().chain([cache.digest(1, b"pwh", "ash"), Verified::new([2; 32]).digest(1, b"pw", "hash")])
        {
            assert!(!cache.knows(&other, now));
        }
    }

    #[test]
    fn a_password_is_forgotten_five_minutes_after_its_last_use() {
        let cache = Verified::new([1; 32]);
        let start = Instant::now();
        let digest = cache.digest(1, b"pw", "hash");
        cache.remember(digest, start);
        assert!(cache.knows(&digest, start + Duration::from_secs(299)));
        assert!(cache.knows(&digest, start + Duration::from_secs(598)));
        assert!(!cache.knows(&digest, start + Duration::from_secs(898)));
        cache.tidy(start + Duration::from_secs(898));
        assert!(cache.shard(&digest).lock().is_empty());
    }
}
