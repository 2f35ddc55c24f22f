//! Any message through the scanner, in other pieces, and back out of its record.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::fuzz::mime(data));
