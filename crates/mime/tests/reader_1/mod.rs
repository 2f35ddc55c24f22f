//! The reader that 0.1 had, as far as it decides what is readable: it knows one number, in the first octet, and looks neither at
//! octet 3 nor at flags that it has no name for. It is frozen: what is written into a store of format 1 must be readable by it.

fn number(octets: &[u8], at: usize, len: usize) -> u64 {
    octets[at..at + len].iter().rev().fold(0, |number, octet| number << 8 | u64::from(*octet))
}

fn place(octets: &[u8], at: usize) -> std::ops::Range<usize> {
    let (start, len) = (number(octets, at, 4) as usize, number(octets, at + 4, 4) as usize);
    start..start + len
}

/// The names of the sections, in the order of the table.
const SECTIONS: [&str; 16] = [
    "ENVELOPE",
    "BODY",
    "BODYSTRUCTURE",
    "PREVIEW",
    "subject",
    "base subject",
    "listed",
    "Message-ID",
    "In-Reply-To",
    "References",
    "first From",
    "first To",
    "first Cc",
    "display From",
    "display To",
    "parts",
];

/// All that stands in a record, in words; `None` if 0.1 would have refused it.
pub(crate) fn describe(record: &[u8]) -> Option<String> {
    if *record.first()? != 1 || record.len() < 152 {
        return None;
    }
    let mut text = format!(
        "flags {} blank {} zone {} size {} sent {}\n",
        record[1] & 15,
        record[2],
        (number(record, 4, 2) as u16).cast_signed(),
        number(record, 8, 8),
        number(record, 16, 8).cast_signed()
    );
    for (index, name) in SECTIONS.into_iter().enumerate() {
        let section = record.get(place(record, 24 + 8 * index))?;
        match name {
            "References" => {
                let references = section.chunks_exact(8).map(|at| record[place(at, 0)].escape_ascii().to_string());
                text.push_str(&format!("{name} {:?}\n", references.collect::<Vec<_>>()));
            }
            "parts" => {
                assert_eq!(section.len(), 64 * number(record, 6, 2) as usize);
                section.chunks_exact(64).for_each(|row| text.push_str(&part(record, row)));
            }
            _ => text.push_str(&format!("{name} {}\n", section.escape_ascii())),
        }
    }
    Some(text)
}

fn part(record: &[u8], row: &[u8]) -> String {
    let text = |at| record[place(row, at)].escape_ascii().to_string();
    format!(
        "part {}..{}..{} lines {} parent {} number {} kind {} encoding {} depth {} {}/{} {:?}\n",
        number(row, 0, 8),
        number(row, 8, 8),
        number(row, 16, 8),
        number(row, 24, 8),
        number(row, 32, 2),
        number(row, 34, 2),
        row[36],
        row[37],
        row[38],
        text(40),
        text(48),
        text(56)
    )
}
