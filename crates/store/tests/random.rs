//! Random lives of accounts: the same in memory and in a file, through openings, sweeps and other processes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::time::Duration;

use account::State;
use proptest::prelude::*;
use store::{Options, Store};
use support::life::{assert_whole, run, step};
use support::{Folder, NOW, user};

/// A few lives; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { default } else { ProptestConfig { cases: 64, ..default } }
}

proptest! {
    #![proptest_config(config())]

    /// Steps go to one of two processes on a file in turn, and to one in memory: all see the same.
    #[test]
    fn lives_are_the_same_everywhere(
        steps in proptest::collection::vec((step(), any::<bool>()), 1..60),
        keep in any::<bool>(),
    ) {
        // Either all of the log is kept, or nothing for longer than the sweep after next.
        let retention = if keep { Duration::from_secs(1 << 30) } else { Duration::from_secs(1) };
        // The same origin in both, so that their states are the same.
        let options = Options { retention, tail: 5, random: || Ok(7), ..Options::default() };
        let folder = Folder::new();
        let files = [folder.open_with(options.clone()), folder.open_with(options.clone())];
        let memory = Store::memory_with(options);
        for (n, (step, other)) in (0..).zip(&steps) {
            let at = NOW + n * 4000;
            let ours = run(&files[usize::from(*other)], step, at);
            prop_assert_eq!(ours, run(&memory, step, at), "step {}", n);
        }
        let expected = user(&memory, "alice").state().unwrap();
        for store in files.iter().chain([&memory, &folder.open()]) {
            let account = user(store, "alice");
            account.poll().unwrap();
            prop_assert_eq!(&*account.state().unwrap(), &*expected);
            if keep {
                prop_assert_eq!(&State::replay(&account.log(None).unwrap()).unwrap(), &*expected);
            }
            assert_whole(store);
        }
    }
}
