//! Lives by seeds. `SIM_SEED=…` lives one again and tells its story, `SIM_SEEDS=…` says how many to live, `SIM_FROM=…`
//! where to begin.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use testkit::sim::{Failure, Kind, Stacks, live};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Lives so many lives on all processors.
fn campaign(kind: Kind, seeds: u64) {
    if let Some(seed) = number("SIM_SEED") {
        match live(kind, seed, &mut Stacks::new()) {
            Ok(story) => eprintln!("{story}"),
            Err(failure) => fail(&failure),
        }
        return;
    }
    let from = number("SIM_FROM").unwrap_or(1);
    let upto = from + number("SIM_SEEDS").unwrap_or(seeds);
    let begin = Instant::now();
    let next = AtomicU64::new(from);
    let failures: Vec<Failure> = thread::scope(|scope| {
        let live_some = || {
            let mut stacks = Stacks::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= upto {
                    return None;
                }
                if let Err(failure) = live(kind, seed, &mut stacks) {
                    next.store(upto, Ordering::Relaxed);
                    return Some(failure);
                }
            }
        };
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..processors).map(|_| scope.spawn(live_some)).collect();
        threads.into_iter().filter_map(|thread| thread.join().expect("a thread of lives ends")).collect()
    });
    eprintln!("{kind:?}: seeds {from} to {upto} in {:.1} s", begin.elapsed().as_secs_f64());
    if let Some(failure) = failures.iter().min_by_key(|failure| failure.seed) {
        fail(failure);
    }
}

fn fail(failure: &Failure) {
    panic!("SIM_SEED={}\n{}\n{}", failure.seed, failure.story, failure.what);
}

#[test]
fn a_seed_gives_the_same_life_again() {
    for kind in [Kind::Memory, Kind::Folder] {
        for seed in 1..=20 {
            let story = || live(kind, seed, &mut Stacks::new()).unwrap_or_else(|failure| panic!("{failure:?}"));
            let (first, again) = (story(), story());
            assert!(first.lines().count() > 10, "much happens in a life");
            assert_eq!(first, again, "{kind:?}, seed {seed}");
        }
    }
}

#[test]
fn lives_in_a_folder_end_well() {
    campaign(Kind::Folder, 200);
}

#[test]
fn lives_in_memory_end_well() {
    campaign(Kind::Memory, 1_000);
}
