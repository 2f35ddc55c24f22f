//! Buffers that are held only while they are full: an idle connection has none.

use std::cell::RefCell;

use parking_lot::Mutex;

/// What is read from a socket at once.
const READ: usize = 64 * 1024;

/// A buffer that grew beyond this is not kept: a session fills them to 64 KiB, and a little more.
const KEPT: usize = 128 * 1024;

/// How many are kept: more connections than this rarely send in the same moment.
const SPARE: usize = 32;

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

static SPARES: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Lends this thread's read buffer.
pub(crate) fn with_input<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    INPUT.with_borrow_mut(|buffer| {
        buffer.resize(READ, 0);
        work(buffer)
    })
}

/// An empty buffer, a spare one if there is one.
pub(crate) fn take() -> Vec<u8> {
    SPARES.lock().pop().unwrap_or_default()
}

/// Gives a buffer back.
pub(crate) fn give(mut buffer: Vec<u8>) {
    if buffer.capacity() == 0 || buffer.capacity() > KEPT {
        return;
    }
    buffer.clear();
    let mut spares = SPARES.lock();
    if spares.len() < SPARE {
        spares.push(buffer);
    }
}
