//! The file `subscriptions` of a Dovecot Maildir.

use imap::MailboxName;

use super::names;

/// The first line of version 2, whose names have tabs between their levels.
const VERSION_2: &str = "V\t2";

/// The names that are subscribed. Version 1 has a name a line, its levels separated by `.` or `/`.
pub(crate) fn parse(text: &str) -> Vec<MailboxName> {
    let (lines, separator) = match text.strip_prefix(VERSION_2) {
        Some(rest) => (rest, '\t'),
        None if text.contains('/') => (text, '/'),
        None => (text, '.'),
    };
    let lines = lines.lines().filter(|line| !line.is_empty());
    lines.filter_map(|line| names::mailbox(line.split(separator))).collect()
}

/// Writes version 2.
pub(crate) fn write<'a>(subscribed: impl Iterator<Item = &'a MailboxName>) -> String {
    let mut text = format!("{VERSION_2}\n\n");
    for name in subscribed {
        let levels = name.components().map(names::encoded);
        text.push_str(&levels.collect::<Vec<_>>().join("\t"));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_read() {
        let names = |text| parse(text).into_iter().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(names("V\t2\n\nINBOX\nLists\tRust\nEntw&APw-rfe\n"), ["INBOX", "Lists/Rust", "Entwürfe"]);
        assert_eq!(names("INBOX\nLists.Rust\n"), ["INBOX", "Lists/Rust"]);
        assert_eq!(names("Lists/v1.0\n"), ["Lists/v1.0"]);
        let all = parse("V\t2\n\nINBOX\nLists\tv1.0\nEntw&APw-rfe\n");
        assert_eq!(parse(&write(all.iter())), all);
    }
}
