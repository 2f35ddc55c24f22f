//! A progress bar on the standard error stream, where that is a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::output;

/// How often the bar is drawn.
const EVERY: Duration = Duration::from_millis(100);

/// How wide the bar is.
const WIDTH: u64 = 30;

/// Progress towards a number of octets.
pub(crate) struct Progress {
    total: u64,
    done: u64,
    items: u64,
    began: Instant,
    drawn: Option<Instant>,
    shown: bool,
}

impl Progress {
    /// Nothing is done yet of `total` octets.
    pub(crate) fn new(total: u64) -> Self {
        Self { total, done: 0, items: 0, began: Instant::now(), drawn: None, shown: io::stderr().is_terminal() }
    }

    /// One more message is done.
    pub(crate) fn item(&mut self) {
        self.items += 1;
    }

    /// So many more octets are done.
    pub(crate) fn octets(&mut self, octets: u64) {
        self.done += octets;
        if self.shown && self.drawn.is_none_or(|at| at.elapsed() >= EVERY) {
            self.drawn = Some(Instant::now());
            self.draw();
        }
    }

    fn draw(&self) {
        let total = self.total.max(self.done).max(1);
        let filled = usize::try_from(self.done * WIDTH / total).unwrap_or(0);
        let bar = format!("{:<width$}", "#".repeat(filled), width = usize::try_from(WIDTH).unwrap_or(0));
        let elapsed = self.began.elapsed().as_millis().max(1);
        let rate = u64::try_from(u128::from(self.done) * 1000 / elapsed).unwrap_or(0);
        let left = (total - self.done) / rate.max(1);
        let line = format!(
            "[{bar}] {:>3}%  {} messages  {}/s  {}:{:02} left",
            self.done * 100 / total,
            self.items,
            output::size(rate),
            left / 60,
            left % 60
        );
        // A bar that cannot be drawn is no reason to stop.
        let _ = write!(io::stderr().lock(), "\r{line:<79}");
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if self.drawn.is_some() {
            let _ = write!(io::stderr().lock(), "\r{:<79}\r", "");
        }
    }
}
