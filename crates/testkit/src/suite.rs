//! One file, many runs: every transcript whole, octet by octet, cut in two at every offset, and over the SQLite engine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use store::{Options, Store};

use crate::mail;
use crate::memory::{Cut, Memory};
use crate::run::{Failure, run};
use crate::transcript::{Transcript, parse};
use crate::world::World;

/// Only transcripts whose path has this in it are run.
pub const FILTER: &str = "TRANSCRIPTS";

/// Set, it makes every offset of every octet be tried, not a sample of them in long commands.
pub const EVERY_OFFSET: &str = "TRANSCRIPTS_EVERY_OFFSET";

/// How many offsets are tried of a command that is longer.
const OFFSETS: usize = 64;

/// More octets than these are not sent one by one, and cut at few offsets.
const ONE_BY_ONE: usize = 20_000;

/// A transcript and where it stands.
pub struct File {
    /// Its path below `tests/transcripts`.
    pub name: String,
    /// What it says.
    pub transcript: Transcript,
}

/// Reads all transcripts that the filter lets through; those that cannot be read are failures.
pub fn files() -> (Vec<File>, Vec<String>) {
    let root = mail::transcripts();
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let filter = std::env::var(FILTER).unwrap_or_default();
    let (mut files, mut failures) = (Vec::new(), Vec::new());
    for path in paths {
        let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        if !name.contains(&filter) {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        let parsed = text.and_then(|text| parse(&text).map_err(|m| format!("line {}: {}", m.line, m.what)));
        match parsed {
            Ok(transcript) => files.push(File { name, transcript }),
            Err(what) => failures.push(format!("{name}: {what}")),
        }
    }
    (files, failures)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|e| e == "imap") {
            paths.push(path);
        }
    }
}

/// Runs all transcripts in all the ways that need no socket. The error names every failing file and line.
pub fn in_memory() -> Result<usize, String> {
    let (files, failures) = files();
    each(&files, failures, every_way)
}

/// Runs `test` on each file, on a few threads, and gathers what fails.
pub fn each(
    files: &[File],
    failures: Vec<String>,
    test: impl Fn(&File) -> Result<(), String> + Sync,
) -> Result<usize, String> {
    let failures = Mutex::new(failures);
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(what) = test(file) {
                        failures.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{}: {what}", file.name));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.sort();
    match failures.as_slice() {
        [] => Ok(files.len()),
        _ => Err(format!(
            "{} of {} transcripts fail ({FILTER}=part/of/path runs some):\n\n{}\n",
            failures.len(),
            files.len(),
            failures.join("\n\n")
        )),
    }
}

fn every_way(file: &File) -> Result<(), String> {
    let transcript = &file.transcript;
    once(transcript, Cut::Whole, Store::memory)?;
    let length = transcript.longest_send();
    if length <= ONE_BY_ONE {
        once(transcript, Cut::Everywhere, Store::memory)?;
    }
    for offset in offsets(length) {
        once(transcript, Cut::At(offset), Store::memory)?;
    }
    let folder = Folder::new();
    once(transcript, Cut::Whole, || {
        Store::set_up(folder.path(), Options::default()).unwrap_or_else(|error| panic!("no store: {error}"))
    })
}

/// The offsets at which the sends of a transcript are cut.
fn offsets(length: usize) -> Vec<usize> {
    if length <= OFFSETS || std::env::var_os(EVERY_OFFSET).is_some() {
        return (1..length).collect();
    }
    let near = if length > ONE_BY_ONE { OFFSETS / 16 } else { OFFSETS / 2 };
    let step = (length - near) / near;
    (1..near).chain((near..length - 1).step_by(step.max(1))).chain([length - 2, length - 1]).collect()
}

/// Runs a transcript once, in memory.
pub fn once(transcript: &Transcript, cut: Cut, store: impl FnOnce() -> Store) -> Result<(), String> {
    let attempt = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(store()).map_err(before)?;
        world.prepare(transcript).map_err(before)?;
        let settings = Arc::new(world.settings(transcript));
        let mut network = Memory::new(settings, World::transport(transcript), cut);
        run(transcript, &mut network, &mut world)?;
        drop(network);
        world.check().map_err(before)
    }));
    match attempt {
        Ok(Ok(())) => Ok(()),
        Ok(Err(failure)) => Err(format!("line {} ({cut:?}): {}", failure.line, failure.what)),
        Err(panic) => Err(format!("({cut:?}) a panic: {}", words_of(&*panic))),
    }
}

fn before(what: String) -> Failure {
    Failure { line: 0, what }
}

/// What a panic says.
pub fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default()
}

/// A folder that goes when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// A new, empty one.
    ///
    /// # Panics
    /// If the disk has no room for it.
    #[allow(clippy::new_without_default)] // it makes something on disk
    pub fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let n = MADE.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("posthorn-test-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind in the temporary one harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
