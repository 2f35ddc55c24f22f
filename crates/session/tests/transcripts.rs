//! Every conversation of `tests/transcripts`, whole, octet by octet, cut at every offset, and over both engines.

#[test]
fn transcripts() {
    if let Err(failures) = testkit::suite::in_memory() {
        panic!("{failures}");
    }
}
