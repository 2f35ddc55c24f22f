//! The ids of mailboxes and emails as clients see them (RFC 8474): unique among all accounts, and fixed once given.
//!
//! Within an account a number is enough, and another account has the same ones. So what clients see begins with the
//! account's [`Origin`]: `M{origin}-{number}`, `E{origin}-{number}`. An email that came from another account keeps the id
//! that it had there (RFC 8474 §5.1), so an account remembers the ids of those. An account that was made by 0.1 has no
//! origin and shows `M1` and `E1` until `posthorn upgrade --commit` gives it one.

use std::fmt;
use std::num::NonZeroU64;

use imbl::OrdMap;

use crate::{EmailId, MailboxId};

/// What sets an account's ids apart from all other accounts': a random number that the account was given once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Origin(NonZeroU64);

/// How many characters an origin has: 64 bits in groups of 5.
const LENGTH: usize = 13;

/// Base32 (RFC 4648 §6) in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl Origin {
    /// The least one.
    pub const MIN: Self = Self(NonZeroU64::MIN);

    /// `None` for 0, which stands for "none" where origins are written.
    pub fn new(n: u64) -> Option<Self> {
        NonZeroU64::new(n).map(Self)
    }

    /// The number itself.
    pub fn get(self) -> u64 {
        self.0.get()
    }

    /// Reads what `Display` wrote.
    fn parse(text: &str) -> Option<Self> {
        let digit = |c: u8| ALPHABET.iter().position(|known| *known == c).and_then(|digit| u128::try_from(digit).ok());
        if text.len() != LENGTH {
            return None;
        }
        let bits = text.bytes().try_fold(0u128, |bits, c| digit(c).map(|digit| bits << 5 | digit))?;
        // 65 bits: the last one is beyond the number, and 0.
        (bits & 1 == 0).then_some(bits >> 1).and_then(|bits| u64::try_from(bits).ok()).and_then(Self::new)
    }
}

/// In base32, lower case, without padding.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = u128::from(self.get()) << 1;
        for group in (0..LENGTH).rev() {
            let digit = (bits >> (5 * group) & 31) as usize;
            write!(f, "{}", char::from(ALPHABET[digit]))?;
        }
        Ok(())
    }
}

/// An id as clients see it: of a mailbox (MAILBOXID, RFC 8474 §4) or of an email (EMAILID, §5.1). It has at most 35
/// characters, all of which an `objectid` may have (§7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectId<T> {
    /// Where the number was given; `None` in an account that has no origin.
    origin: Option<Origin>,
    id: T,
}

impl ObjectId<EmailId> {
    /// Reads what `Display` wrote; `None` for what no email can have.
    pub fn parse(text: &str) -> Option<Self> {
        parse(text, 'E', EmailId::parse)
    }
}

impl ObjectId<MailboxId> {
    /// Reads what `Display` wrote; `None` for what no mailbox can have.
    pub fn parse(text: &str) -> Option<Self> {
        parse(text, 'M', MailboxId::parse)
    }
}

fn parse<T>(text: &str, letter: char, number: impl Fn(&str) -> Option<T>) -> Option<ObjectId<T>> {
    let Some((origin, digits)) = text.split_once('-') else {
        return number(text).map(|id| ObjectId { origin: None, id });
    };
    let origin = Origin::parse(origin.strip_prefix(letter)?)?;
    number(&format!("{letter}{digits}")).map(|id| ObjectId { origin: Some(origin), id })
}

impl<T: fmt::Display> fmt::Display for ObjectId<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.id.to_string();
        match (self.origin, plain.split_at_checked(1)) {
            (Some(origin), Some((letter, digits))) => write!(f, "{letter}{origin}-{digits}"),
            _ => f.write_str(&plain),
        }
    }
}

/// The id that an email was given in another account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Foreign {
    /// The origin of the account in which it was given.
    pub origin: Origin,
    /// Its number there.
    pub email: EmailId,
}

/// What an account knows of ids. Cloning is free, and what it says of an id holds for ever but for the one time that an
/// old account is given its origin.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ObjectIds {
    origin: Option<Origin>,
    /// Emails that came from other accounts. One stays here for as long as the account lives, also when no mailbox has
    /// it any more: history and undelete may name it again, and it must not have another id then.
    foreign: OrdMap<EmailId, Foreign>,
}

impl ObjectIds {
    /// From what a checkpoint kept.
    pub fn new(origin: Option<Origin>, foreign: impl IntoIterator<Item = (EmailId, Foreign)>) -> Self {
        Self { origin, foreign: foreign.into_iter().collect() }
    }

    /// The account's origin; `None` in one that was made by 0.1 and not upgraded.
    pub fn origin(&self) -> Option<Origin> {
        self.origin
    }

    /// The emails that came from other accounts, ascending.
    pub fn foreign(&self) -> impl ExactSizeIterator<Item = (EmailId, Foreign)> {
        self.foreign.iter().map(|(email, foreign)| (*email, *foreign))
    }

    /// MAILBOXID of one of the account's mailboxes (RFC 8474 §4).
    pub fn mailbox(&self, id: MailboxId) -> ObjectId<MailboxId> {
        ObjectId { origin: self.origin, id }
    }

    /// The mailbox that has this id, if it is one of this account's.
    pub fn mailbox_of(&self, id: ObjectId<MailboxId>) -> Option<MailboxId> {
        (id.origin == self.origin).then_some(id.id)
    }

    /// EMAILID of one of the account's emails (RFC 8474 §5.1).
    pub fn email(&self, id: EmailId) -> ObjectId<EmailId> {
        match self.foreign.get(&id) {
            Some(foreign) => ObjectId { origin: Some(foreign.origin), id: foreign.email },
            None => ObjectId { origin: self.origin, id },
        }
    }

    /// The emails that have this id here: copies of one that came from another account, one after the other, all do.
    pub fn emails_of(&self, id: ObjectId<EmailId>) -> Vec<EmailId> {
        let own = (id.origin == self.origin && !self.foreign.contains_key(&id.id)).then_some(id.id);
        let came = self.foreign().filter(|(_, foreign)| (Some(foreign.origin), foreign.email) == (id.origin, id.id));
        own.into_iter().chain(came.map(|(email, _)| email)).collect()
    }

    /// The id that an email takes along into another account; `None` from one that has no origin: `E1` would be
    /// somebody else's there.
    pub fn taken_along(&self, id: EmailId) -> Option<Foreign> {
        let ObjectId { origin, id } = self.email(id);
        origin.map(|origin| Foreign { origin, email: id })
    }

    /// Gives the account its origin; whether it had none.
    pub(crate) fn give_origin(&mut self, origin: Origin) -> bool {
        self.origin.replace(origin).is_none()
    }

    /// Remembers where an email came from; whether that is the first or the same that was said of it.
    pub(crate) fn remember(&mut self, email: EmailId, foreign: Foreign) -> bool {
        self.foreign.insert(email, foreign).is_none_or(|before| before == foreign)
    }

    pub(crate) fn is_foreign(&self, email: EmailId) -> bool {
        self.foreign.contains_key(&email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_base32_as_in_rfc_4648() {
        let shown = |n| Origin::new(n).unwrap().to_string();
        // The octets "fooba", padded with three octets of 0 in front, and all ones.
        assert_eq!(shown(0x666f_6f62_6100_0000), "mzxw6ytbaaaaa");
        assert_eq!(shown(u64::MAX), "7777777777776");
        assert_eq!(shown(1), "aaaaaaaaaaaac");
        for n in [1, 2, 31, 32, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(Origin::parse(&shown(n)).unwrap().get(), n);
        }
        for wrong in ["", "7777777777777", "777777777777", "aaaaaaaaaaaaa", "AAAAAAAAAAAAC", "aaaaaaaaaaaa1"] {
            assert_eq!(Origin::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_reads_what_it_wrote() {
        let ids = ObjectIds::new(Origin::new(1), []);
        let (email, mailbox) = (ids.email(EmailId::new(47).unwrap()), ids.mailbox(MailboxId::FIRST));
        assert_eq!((email.to_string(), mailbox.to_string()), ("Eaaaaaaaaaaaac-47".into(), "Maaaaaaaaaaaac-1".into()));
        assert_eq!(ObjectId::<EmailId>::parse("Eaaaaaaaaaaaac-47"), Some(email));
        assert_eq!(ObjectId::<MailboxId>::parse("Maaaaaaaaaaaac-1"), Some(mailbox));
        let old = ObjectIds::default().email(EmailId::FIRST);
        assert_eq!((old.to_string(), ObjectId::<EmailId>::parse("E1")), ("E1".to_owned(), Some(old)));
        for wrong in ["E", "E-1", "Eaaaaaaaaaaaac-", "Eaaaaaaaaaaaac-01", "Eaaaaaaaaaaaac-0", "Maaaaaaaaaaaac-1", "é-1"]
        {
            assert_eq!(ObjectId::<EmailId>::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_email_keeps_its_id_from_account_to_account_and_back() {
        let email = |n| EmailId::new(n).unwrap();
        let home = ObjectIds::new(Origin::new(7), []);
        let id = home.email(email(5));
        let mut away = ObjectIds::new(Origin::new(8), []);
        assert!(away.remember(email(5), home.taken_along(email(5)).unwrap()));
        assert!(away.remember(email(6), home.taken_along(email(5)).unwrap()));
        assert!(!away.clone().remember(email(6), away.taken_along(email(9)).unwrap()));
        assert_eq!((away.email(email(5)), away.emails_of(id)), (id, vec![email(5), email(6)]));
        assert_ne!(away.email(email(9)), home.email(email(9)));
        // What the own number 5 would be called there is nobody's.
        assert_eq!(away.emails_of(ObjectId { origin: Origin::new(8), id: email(5) }), []);
        let mut back = home.clone();
        assert!(back.remember(email(20), away.taken_along(email(6)).unwrap()));
        assert_eq!((back.email(email(20)), back.emails_of(id)), (id, vec![email(5), email(20)]));
        assert_eq!(ObjectIds::default().taken_along(email(1)), None);
        assert_eq!(away.mailbox_of(home.mailbox(MailboxId::FIRST)), None);
    }
}
