//! Whole sessions against any octets, deliveries and pauses.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::fuzz::session(data));
