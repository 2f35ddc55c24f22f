//! `dovecot-uidlist`: which UID each file of a Maildir has, and the mailbox's UIDVALIDITY.

use std::collections::HashMap;
use std::fmt::Write;

use imap::{Uid, UidValidity};

use super::file_name;

/// What a `dovecot-uidlist` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UidList {
    /// UIDVALIDITY.
    pub(crate) validity: UidValidity,
    /// UIDNEXT.
    pub(crate) next: Uid,
    /// UIDs by file name without flags.
    pub(crate) uids: HashMap<String, Uid>,
}

impl UidList {
    /// Reads version 1 (`1 VALIDITY NEXT`, then `UID FILE`) and version 3 (`3 Vvalidity Nnext …`, then `UID … :FILE`).
    /// `None` if the first line is neither. Lines that are no entry are skipped: Dovecot appends to the file, so its
    /// end may be half a line.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut words = lines.next()?.split(' ');
        let (validity, next) = match words.next()? {
            "1" => (words.next()?, words.next()?),
            "3" => {
                let field = |letter: char| text.lines().next()?.split(' ').skip(1).find_map(|w| w.strip_prefix(letter));
                (field('V')?, field('N')?)
            }
            _ => return None,
        };
        let validity = validity.parse().ok().and_then(UidValidity::new)?;
        let next = next.parse().ok().and_then(Uid::new)?;
        let mut uids = HashMap::new();
        for line in lines {
            let Some((uid, rest)) = line.split_once(' ') else { continue };
            let Some(uid) = uid.parse().ok().and_then(Uid::new) else { continue };
            let name = match rest.strip_prefix(':') {
                Some(name) => name,
                None => rest.split_once(" :").map_or(rest, |(_, name)| name),
            };
            uids.insert(file_name::base(name).to_owned(), uid);
        }
        let above = uids.values().max().and_then(|last| last.next());
        let next = above.map_or(next, |above| next.max(above));
        Some(Self { validity, next, uids })
    }
}

/// Writes version 3. `guid` is 32 hexadecimal digits; `entries` are in the order of their UIDs.
pub(crate) fn write(validity: UidValidity, next: Uid, guid: &str, entries: &[(Uid, String)]) -> String {
    let mut text = format!("3 V{validity} N{next} G{guid}\n");
    for (uid, name) in entries {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{uid} :{name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(n: u32) -> Uid {
        Uid::new(n).unwrap()
    }

    #[test]
    fn both_versions_are_read() {
        let three = "3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1\n\
            25006 :1276528487.M364837P9451.host,S=7355,W=7514:2,S\n\
            25017 W2481 P12 :1276533073.M242911P3632.host\nrubbish\n25018";
        let list = UidList::parse(three).unwrap();
        assert_eq!((list.validity.get(), list.next.get()), (1_275_660_208, 25022));
        assert_eq!(list.uids.len(), 2);
        assert_eq!(list.uids["1276528487.M364837P9451.host,S=7355,W=7514"], uid(25006));
        assert_eq!(list.uids["1276533073.M242911P3632.host"], uid(25017));

        let one = UidList::parse("1 123 10\n4 a.b.c\n12 d:2,S\n").unwrap();
        assert_eq!((one.validity.get(), one.next), (123, uid(13)), "no UID is given twice, whatever the header says");
        assert_eq!(one.uids["d"], uid(12));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in ["", "2 V1 N1\n", "3 V0 N1\n", "3 V1\n", "1 1\n", "1 x 1\n"] {
            assert_eq!(UidList::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let entries = vec![(uid(3), "a,S=1".to_owned()), (uid(9), "b".to_owned())];
        let text = write(UidValidity::new(7).unwrap(), uid(12), "00", &entries);
        let list = UidList::parse(&text).unwrap();
        assert_eq!((list.validity.get(), list.next), (7, uid(12)));
        assert_eq!(list.uids, entries.into_iter().map(|(uid, name)| (name, uid)).collect());
    }
}
