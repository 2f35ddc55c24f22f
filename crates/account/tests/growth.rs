//! What a commit or a question costs grows with what it is about, not with its square, and not with what else there is.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use account::Vanished;
use cpu_time::ThreadTime;
use imap::{ModSeq, Uid, UidSet};

/// Less than this says nothing of growth.
const NOISE: Duration = Duration::from_millis(5);

/// The least of some tries, in time that the thread itself works.
fn time<T>(mut act: impl FnMut() -> T) -> Duration {
    let once = |_| {
        let before = ThreadTime::now();
        let _kept = act();
        before.elapsed()
    };
    (0..3).map(once).min().unwrap()
}

/// Four times as much takes four times as long, and some for what no longer fits a cache.
fn assert_linear(what: &str, few: Duration, fourfold: Duration) {
    assert!(fourfold < few.max(NOISE) * 9, "{what}: {few:?}, and {fourfold:?} for four times as much");
}

fn uid(n: usize) -> Uid {
    Uid::new(u32::try_from(n).unwrap()).unwrap()
}

/// Every other UID has gone, in a thousand commits whose UIDs lie among each other.
fn vanished(ranges: usize) -> Vanished {
    let entries = (1..=1_000).map(|commit: usize| {
        let uids: UidSet = (0..ranges / 1_000).map(|n| uid(2 * (n * 1_000 + commit))).collect();
        (ModSeq::new(commit as u64).unwrap(), uids)
    });
    Vanished::from_entries(entries)
}

#[test]
fn what_has_vanished_in_many_commits_is_put_together_once() {
    let [few, many] = [50_000, 200_000].map(|ranges| {
        let vanished = vanished(ranges);
        assert_eq!(vanished.since(None).ranges().len(), ranges);
        time(|| vanished.since(None))
    });
    assert_linear("vanished UIDs", few, many);
}
