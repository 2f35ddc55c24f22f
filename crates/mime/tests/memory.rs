//! Memory is flat, however large a message or a line of it is. Alone in its file: it measures its process.

use mime::{Limits, Scanner};
use std::fs;

/// The most memory that this process had so far, in KiB, where the system says so.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find(|line| line.starts_with("VmHWM"))?.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn memory_is_flat() {
    let before = peak();
    let piece = [b'x'; 8192];
    for start in [
        "Subject: ",
        "Subject: s\r\n\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b",
        "Content-Type: text/html\r\n\r\n<",
    ] {
        let mut scanner = Scanner::new(Limits::default());
        scanner.push(start.as_bytes());
        for _ in 0..100 * 128 {
            scanner.push(&piece);
        }
        assert_eq!(scanner.finish().view().size(), start.len() as u64 + (100 << 20));
    }
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after - before < 16 << 10, "{} KiB more than before", after - before);
    }
}
