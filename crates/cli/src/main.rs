//! The binary `posthorn`; `main` only dispatches.

fn main() {}
