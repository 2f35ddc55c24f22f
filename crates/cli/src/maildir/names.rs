//! Mailbox names as folder names: Maildir++ (`.Lists.Rust`) and Dovecot's LAYOUT=fs (`Lists/Rust`), both in modified
//! UTF-7 (RFC 3501 §5.1.3).

use imap::{MailboxName, NameForm};

/// A dot within a level of a name. Maildir++ separates levels by dots, and has no way of its own to write one.
const DOT: &str = "&AC4-";

/// Put above a level to read or write it by itself: as a whole name, `inbox` would be INBOX.
const ABOVE: &str = "x/";

/// How a Maildir's folders are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Layout {
    /// `.Lists.Rust`: Courier, Dovecot's default
    #[value(name = "maildir++")]
    PlusPlus,
    /// `Lists/Rust`: Dovecot's LAYOUT=fs
    Fs,
}

/// The mailbox that a folder is, from the levels of its name as they stand on disk. What a mailbox name cannot have is
/// replaced by `_`; `None` if nothing is left.
pub(crate) fn mailbox<'a>(levels: impl Iterator<Item = &'a str>) -> Option<MailboxName> {
    let levels: Vec<String> = levels.map(level).collect();
    let name = levels.join("/");
    MailboxName::new(&name).ok()
}

fn level(text: &str) -> String {
    // Names that are not valid modified UTF-7 are UTF-8, or ASCII with a stray `&`.
    let below = MailboxName::from_wire(format!("{ABOVE}{text}").as_bytes(), NameForm::Utf7);
    let decoded = below.ok().and_then(|name| Some(name.as_str().strip_prefix(ABOVE)?.to_owned()));
    let decoded = decoded.unwrap_or_else(|| text.to_owned());
    let decoded = decoded.replace(DOT, ".");
    let tidy = decoded.replace(|char: char| char.is_control() || "*%/".contains(char), "_");
    match tidy.as_str() {
        "." | ".." => tidy.replace('.', "_"),
        _ => tidy,
    }
}

/// A mailbox's folder, relative to the Maildir; empty for INBOX.
pub(crate) fn folder(name: &MailboxName, layout: Layout) -> String {
    let levels = name.components().map(encoded);
    match (name, layout) {
        (MailboxName::Inbox, _) => String::new(),
        (_, Layout::PlusPlus) => {
            levels.map(|level| format!(".{}", level.replace('.', DOT))).collect::<Vec<_>>().concat()
        }
        (_, Layout::Fs) => levels.collect::<Vec<_>>().join("/"),
    }
}

/// A level in modified UTF-7.
pub(super) fn encoded(level: &str) -> String {
    let below = MailboxName::new(&format!("{ABOVE}{level}"));
    below.map_or_else(|_| level.to_owned(), |name| name.to_mutf7().replacen(ABOVE, "", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for (name, plus_plus, fs) in [
            ("INBOX", "", ""),
            ("Lists/Rust", ".Lists.Rust", "Lists/Rust"),
            ("Entwürfe", ".Entw&APw-rfe", "Entw&APw-rfe"),
            ("Tom & Jerry/v1.0", ".Tom &- Jerry.v1&AC4-0", "Tom &- Jerry/v1.0"),
            ("INBOX/Old", ".INBOX.Old", "INBOX/Old"),
            ("Old/inbox", ".Old.inbox", "Old/inbox"),
        ] {
            let name = MailboxName::new(name).unwrap();
            assert_eq!(folder(&name, Layout::PlusPlus), plus_plus);
            assert_eq!(folder(&name, Layout::Fs), fs);
            if name != MailboxName::Inbox {
                assert_eq!(mailbox(plus_plus[1..].split('.')).as_ref(), Some(&name));
                assert_eq!(mailbox(fs.split('/')).as_ref(), Some(&name));
            }
        }
    }

    #[test]
    fn what_no_mailbox_can_be_called_is_mended() {
        for (folder, name) in
            [("a*b", "a_b"), ("a\u{7}", "a_"), ("Entwürfe", "Entwürfe"), ("&stray", "&stray"), ("..", "__")]
        {
            assert_eq!(mailbox(std::iter::once(folder)).map(|name| name.to_string()).as_deref(), Some(name));
        }
        assert_eq!(mailbox(["a", "", "b"].into_iter()), None);
        assert_eq!(mailbox(std::iter::once("inbox")), Some(MailboxName::Inbox));
    }
}
