//! Any octets through the frame and the parser of commands.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testkit::fuzz::command(data));
