//! Prints what is known of the mails named on the command line: ENVELOPE, BODYSTRUCTURE and where each section lies.

use mime::{Limits, Scanner};
use std::io::{self, Write};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for name in std::env::args_os().skip(1) {
        let mail = std::fs::read(&name)?;
        let mut scanner = Scanner::new(Limits::default());
        scanner.push(&mail);
        let structure = scanner.finish();
        let view = structure.view();
        writeln!(out, "{}", name.to_string_lossy())?;
        for (label, wire) in
            [("ENVELOPE", view.envelope()), ("BODY", view.body()), ("BODYSTRUCTURE", view.bodystructure())]
        {
            writeln!(out, "{label} {}", String::from_utf8_lossy(wire))?;
        }
        writeln!(out, "PREVIEW {:?}", view.preview())?;
        for part in view.parts() {
            writeln!(out, "{} header {:?} body {:?} lines {}", part.path(), part.header, part.body, part.lines)?;
        }
    }
    Ok(())
}
