//! Every parser is linear (ARCHITECTURE.md, invariant 8): texts that mean harm are made of each production's own words, and
//! what took longest is read again at growing sizes, from 1 KiB to 1 MiB.
//!
//! `LINEAR_CASES` makes more texts, `LINEAR_SEED` other ones.

mod hostile;
mod production;

use std::time::Duration;

use cpu_time::ThreadTime;
use hostile::Hostile;
use production::{PRODUCTIONS, Production};
use testkit::sim::Dice;

/// Octets at which all texts are compared.
const TRIAL: usize = 24 << 10;

/// The sizes at which the slowest ones are read again, in octets.
const SIZES: [usize; 6] = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];

/// How many of a production's texts are read again.
const SLOWEST: usize = 3;

/// Less than this says nothing of growth.
const NOISE: Duration = Duration::from_millis(5);

/// What the largest size may take, without optimisation: some texts take a microsecond for each short line.
const MOST: Duration = Duration::from_secs(4);

/// How much longer four times the octets may take: four times, and some for what no longer fits a cache.
const GROWTH: u32 = 9;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// What the thread itself works, whatever else the machine does. The least of several tries: a cache that others have emptied
/// only adds.
fn time(production: &Production, text: &[u8], tries: usize) -> Duration {
    let once = || {
        let before = ThreadTime::now();
        (production.read)(text);
        before.elapsed()
    };
    (0..tries).map(|_| once()).min().unwrap_or_default()
}

fn slowest(production: &Production, cases: u64, dice: &mut Dice) -> Vec<Hostile> {
    let mut seen: Vec<(Duration, Hostile)> = (0..cases)
        .map(|_| Hostile::new(production.words, dice))
        .map(|hostile| (time(production, &hostile.text(production.start, TRIAL), 1), hostile))
        .collect();
    seen.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
    seen.into_iter().take(SLOWEST).map(|(_, hostile)| hostile).collect()
}

/// The size at which the time grows faster than the text, with the times before and at it.
fn bends(production: &Production, hostile: &Hostile) -> Option<(usize, Duration, Duration)> {
    let mut before = Duration::ZERO;
    for size in SIZES {
        let text = hostile.text(production.start, size);
        let bends = |time: Duration| time > MOST || time > NOISE && time > before.max(NOISE / 4) * GROWTH;
        let mut now = time(production, &text, 2);
        if bends(now) {
            now = time(production, &text, 8);
        }
        if bends(now) {
            return Some((size, before, now));
        }
        before = now;
    }
    None
}

#[test]
fn no_parser_takes_more_than_its_text_is_long() {
    let cases = setting("LINEAR_CASES", 60);
    let mut dice = Dice::new(setting("LINEAR_SEED", 1));
    for production in PRODUCTIONS {
        for hostile in slowest(production, cases, &mut dice) {
            let bent = bends(production, &hostile);
            assert!(bent.is_none(), "{}: {hostile:?} takes {bent:?}", production.name);
        }
    }
}

/// The attacks that are known: each froze something once.
#[test]
fn what_froze_a_server_once_is_read_in_time() {
    for (name, first, second) in production::KNOWN {
        let production = PRODUCTIONS.iter().find(|production| production.name == *name).expect("a production");
        let hostile = Hostile::known(first, second);
        let bent = bends(production, &hostile);
        assert!(bent.is_none(), "{name}: {hostile:?} takes {bent:?}");
    }
}
