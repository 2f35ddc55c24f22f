//! A message's file, with the line ends that mail has.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use anyhow::{Context, Result};
use memchr::{memchr_iter, memmem};

use crate::mbox::reader::Fidelity;

/// Files up to this size are read once, larger ones twice.
const WHOLE: usize = 1024 * 1024;

/// How the lines of a file end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    /// All with bare LFs: they become CR LF.
    Lf,
    /// In any other way: the octets stay.
    AsTheyAre,
}

/// Gives a file's octets to `sink`.
pub(super) fn feed(path: &Path, fidelity: Fidelity, sink: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut buffer = Vec::new();
    file.by_ref().take(WHOLE as u64).read_to_end(&mut buffer)?;
    let is_whole = buffer.len() < WHOLE;
    let lines = match (fidelity, is_whole) {
        (Fidelity::Raw, _) => Lines::AsTheyAre,
        (Fidelity::Mail, true) => lines(&buffer),
        (Fidelity::Mail, false) => lines_of_all(&mut file, &buffer)?,
    };
    pass(&buffer, lines, sink)?;
    if is_whole {
        return Ok(());
    }
    loop {
        buffer.clear();
        if file.by_ref().take(WHOLE as u64).read_to_end(&mut buffer)? == 0 {
            return Ok(());
        }
        pass(&buffer, lines, sink)?;
    }
}

fn lines(octets: &[u8]) -> Lines {
    if memmem::find(octets, b"\r\n").is_some() { Lines::AsTheyAre } else { Lines::Lf }
}

/// Looks through a large file of which `buffer` is the start, and comes back to right after it.
fn lines_of_all(file: &mut File, buffer: &[u8]) -> Result<Lines> {
    let back = file.stream_position()?;
    let mut found = lines(buffer);
    let mut last = buffer.last().copied();
    let mut more = Vec::new();
    while found == Lines::Lf {
        more.clear();
        if file.by_ref().take(WHOLE as u64).read_to_end(&mut more)? == 0 {
            break;
        }
        let cut = last == Some(b'\r') && more.first() == Some(&b'\n');
        found = if cut { Lines::AsTheyAre } else { lines(&more) };
        last = more.last().copied();
    }
    file.seek(std::io::SeekFrom::Start(back))?;
    Ok(found)
}

fn pass(octets: &[u8], lines: Lines, sink: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    if lines == Lines::AsTheyAre {
        return sink(octets);
    }
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32 + 2);
    let mut from = 0;
    for at in memchr_iter(b'\n', octets) {
        out.extend_from_slice(octets.get(from..at).unwrap_or_default());
        out.extend_from_slice(b"\r\n");
        from = at + 1;
    }
    out.extend_from_slice(octets.get(from..).unwrap_or_default());
    sink(&out)
}
