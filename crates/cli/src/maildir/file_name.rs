//! A message's file name in a Maildir: what stays the same while flags change, and the flags.

use account::{Flags, SystemFlags};
use imap::Keyword;

use crate::flags::both;

/// The keyword that the letter `P` ("passed": forwarded, bounced) stands for.
const FORWARDED: &str = "$Forwarded";

/// The letters of a Maildir's flags, in the order in which they are written.
const LETTERS: [(char, SystemFlags); 5] = [
    ('D', SystemFlags::DRAFT),
    ('F', SystemFlags::FLAGGED),
    ('R', SystemFlags::ANSWERED),
    ('S', SystemFlags::SEEN),
    ('T', SystemFlags::DELETED),
];

/// The file name without its flags. Both are separated by `:2,`, or by `;2,` or `!2,` where a file system has no colons.
pub(crate) fn base(name: &str) -> &str {
    name.split_once([':', ';', '!']).map_or(name, |(base, _)| base)
}

/// The flags of a file name; `keywords` are those of the letters `a` to `z`.
pub(crate) fn flags(name: &str, keywords: &[Option<Keyword>]) -> Flags {
    let info = name.get(base(name).len() + 1..).and_then(|info| info.strip_prefix("2,")).unwrap_or_default();
    let mut system = SystemFlags::default();
    let mut found = Vec::new();
    for letter in info.chars() {
        match letter {
            'a'..='z' => {
                let number = usize::try_from(u32::from(letter) - u32::from('a')).unwrap_or(usize::MAX);
                found.extend(keywords.get(number).cloned().flatten());
            }
            'P' => found.extend(Keyword::new(FORWARDED)),
            _ => {
                let known = LETTERS.iter().find(|(known, _)| *known == letter);
                system = known.map_or(system, |(_, flag)| both(system, *flag));
            }
        }
    }
    Flags::new(system, found)
}

/// The flags as the end of a file name, `:2,` and letters in the order of ASCII. Keywords that have no letter are left
/// out.
pub(crate) fn info(flags: &Flags, keywords: &[Keyword]) -> String {
    let mut info = String::from(":2,");
    let passed = flags.keywords().iter().any(is_forwarded);
    for (letter, flag) in LETTERS {
        if passed && letter == 'R' {
            info.push('P');
        }
        if flags.system.contains(flag) {
            info.push(letter);
        }
    }
    for (letter, keyword) in ('a'..='z').zip(keywords) {
        if flags.keywords().contains(keyword) {
            info.push(letter);
        }
    }
    info
}

/// Whether the letter `P` says it already.
pub(crate) fn is_forwarded(keyword: &Keyword) -> bool {
    keyword.as_str().eq_ignore_ascii_case(FORWARDED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keywords() -> Vec<Keyword> {
        ["Work", "$Label1"].into_iter().filter_map(Keyword::new).collect()
    }

    #[test]
    fn flags_are_read_and_written() {
        let by_letter: Vec<_> = keywords().into_iter().map(Some).collect();
        for (name, letters) in [
            ("1.M2P3.host,S=12:2,FSab", ":2,FSab"),
            ("1.M2P3.host:2,DFPRST", ":2,DFPRST"),
            ("1.M2P3.host:2,TSb", ":2,STb"),
            ("1.M2P3.host;2,S", ":2,S"),
            ("1.M2P3.host!2,S", ":2,S"),
            ("1.M2P3.host:2,zXS9", ":2,S"),
            ("1.M2P3.host", ":2,"),
            ("1.M2P3.host:1,S", ":2,"),
            ("1.M2P3.host:", ":2,"),
        ] {
            assert_eq!(info(&flags(name, &by_letter), &keywords()), letters, "{name}");
        }
        assert_eq!(base("1.M2P3.host,S=12:2,FSab"), "1.M2P3.host,S=12");
        assert_eq!(base("plain"), "plain");
    }

    #[test]
    fn passed_is_forwarded() {
        let flags = flags("x:2,P", &[]);
        assert_eq!(flags.keywords().iter().map(Keyword::as_str).collect::<Vec<_>>(), ["$Forwarded"]);
    }
}
