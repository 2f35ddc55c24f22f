//! Several sessions, random commands, one account: each client's picture, kept by obeying the untagged responses and
//! nothing else, is the naive model's at each NOOP; QRESYNC ends in the same picture; the store's check is clean and the
//! fold of the log is the state after each run.
//!
//! `MODEL_CASES=2000` runs more, `MODEL_SEED=…` the same again.

mod actor;
mod op;
mod play;

use std::hash::{BuildHasher, RandomState};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use op::{Script, cut_off, script};
use play::play;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn clients_that_obey_see_what_is() {
    hold(1_000, &script());
}

#[test]
fn clients_that_are_cut_off_miss_nothing() {
    hold(500, &cut_off());
}

fn hold(cases: u32, scripts: &impl Strategy<Value = Script>) {
    let seed = number("MODEL_SEED").unwrap_or_else(|| RandomState::new().hash_one("seed"));
    let cases = number("MODEL_CASES").map_or(cases, |n| u32::try_from(n).expect("MODEL_CASES is not that large"));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let outcome = runner.run(scripts, |script| play(&script).map_err(TestCaseError::fail));
    if let Err(error) = outcome {
        panic!("MODEL_SEED={seed} MODEL_CASES={cases}\n{error}");
    }
}
