//! The wildcards of LIST (RFC 9051 §6.3.9).

use crate::mailbox_name::MAX_OCTETS;
use crate::{NameForm, mutf7};

/// The most wildcards of a pattern, those side by side being one; clients use two or three.
const MAX_WILDCARDS: usize = 100;

/// The longest pattern: a name as long as can be, with wildcards in it.
const MAX_PATTERN: usize = MAX_OCTETS + MAX_WILDCARDS;

/// How many words have a bit for each place in the longest pattern, the end included.
const MAX_WORDS: usize = (MAX_PATTERN + 1).div_ceil(64);

/// A set of places in a pattern, one bit each; only the first words are in use.
type Places = [u64; MAX_WORDS];

/// A pattern with `*` (anything) and `%` (anything but `/`), in UTF-8. The name INBOX is matched in any case of its
/// letters (RFC 9051 §5.1).
///
/// Compiled for matching in linear time, whatever the pattern: all places that some way of matching has come to are
/// advanced together, 64 in a machine word, by one octet of the name at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListPattern {
    pattern: Box<str>,
    wildcards: usize,
    /// How many words have a bit for each place.
    words: usize,
    /// For each octet of the pattern, where in `masks` its places begin; 0 is the octet that occurs nowhere.
    index: Box<[u16; 256]>,
    /// Sets of places, `words` long each.
    masks: Vec<u64>,
    stars: Places,
    percents: Places,
}

/// A pattern with too many wildcards, or longer than any name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the pattern is too long or has too many wildcards")]
pub struct PatternTooComplex;

impl ListPattern {
    /// From UTF-8: the reference and the pattern joined, as LIST joins them (RFC 9051 §6.3.9).
    pub fn new(pattern: &str) -> Result<Self, PatternTooComplex> {
        let pattern = collapse(pattern);
        let wildcards = pattern.bytes().filter(|b| is_wildcard(*b)).count();
        if wildcards > MAX_WILDCARDS || pattern.len() > MAX_PATTERN {
            return Err(PatternTooComplex);
        }
        let words = (pattern.len() + 1).div_ceil(64);
        let mut index = Box::new([0_u16; 256]);
        let mut masks = vec![0; words];
        let (mut stars, mut percents) = ([0; MAX_WORDS], [0; MAX_WORDS]);
        for (place, octet) in pattern.bytes().enumerate() {
            match octet {
                b'*' => set(&mut stars, place),
                b'%' => set(&mut percents, place),
                _ => {
                    let Some(start) = index.get_mut(usize::from(octet)) else { continue };
                    if *start == 0 {
                        *start = u16::try_from(masks.len()).map_err(|_| PatternTooComplex)?;
                        masks.resize(masks.len() + words, 0);
                    }
                    set(masks.get_mut(usize::from(*start)..).unwrap_or_default(), place);
                }
            }
        }
        Ok(Self { pattern: pattern.into(), wildcards, words, index, masks, stars, percents })
    }

    /// Whether they are more than one command may have names compared with: as much as one pattern may be, together.
    /// Those without a wildcard cost next to nothing.
    pub(crate) fn are_too_complex(patterns: &[Self]) -> bool {
        let wild = || patterns.iter().filter(|pattern| !pattern.is_plain());
        let wildcards: usize = wild().map(|pattern| pattern.wildcards).sum();
        let octets: usize = wild().map(|pattern| pattern.pattern.len()).sum();
        wildcards > MAX_WILDCARDS || octets > MAX_PATTERN
    }

    /// From the octets of a command, in the connection's form of names.
    pub fn from_wire(pattern: &[u8], form: NameForm) -> Result<Self, PatternTooComplex> {
        let text = String::from_utf8_lossy(pattern);
        match (form, text.is_ascii()) {
            (NameForm::Utf7, true) => Self::new(&mutf7::decode(&text).unwrap_or_else(|| text.into_owned())),
            _ => Self::new(&text),
        }
    }

    /// The pattern in UTF-8. Wildcards side by side have become one.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// Whether there is no wildcard in it.
    pub fn is_plain(&self) -> bool {
        self.wildcards == 0
    }

    /// Whether the name matches.
    ///
    /// A trailing `%` or `*` matches what is there and no separator after it: whether `a/%` shows a parent that does
    /// not exist itself is LIST's to say, asking about each [`parent`](crate::MailboxName::parent).
    pub fn matches(&self, name: &str) -> bool {
        // INBOX in any case: its letters match their small forms too.
        let inbox = name.strip_prefix("INBOX").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let any_case = if inbox { "INBOX".len() } else { 0 };
        if self.is_plain() {
            let (start, rest) = name.split_at(any_case);
            let (here, there) = self.pattern.split_at_checked(any_case).unwrap_or(("", &self.pattern));
            return here.eq_ignore_ascii_case(start) && there == rest;
        }
        let mut here = [0; MAX_WORDS];
        set(&mut here, 0);
        self.skip_wildcards(&mut here);
        for (at, octet) in name.bytes().enumerate() {
            let same = self.places_of(octet);
            let other = self.places_of(if at < any_case { octet.to_ascii_lowercase() } else { octet });
            let (mut alive, mut carry) = (0, 0);
            for (word, places) in here.iter_mut().enumerate().take(self.words) {
                let of = |set: &[u64]| set.get(word).copied().unwrap_or(0);
                let eaten = *places & (of(same) | of(other));
                let stays = *places & (of(&self.stars) | if octet == b'/' { 0 } else { of(&self.percents) });
                *places = stays | eaten << 1 | carry;
                carry = eaten >> 63;
                alive |= *places;
            }
            if alive == 0 {
                return false;
            }
            self.skip_wildcards(&mut here);
        }
        here.get(self.pattern.len() / 64).is_some_and(|word| word >> (self.pattern.len() % 64) & 1 == 1)
    }

    /// Where this octet stands in the pattern.
    fn places_of(&self, octet: u8) -> &[u64] {
        let start = self.index.get(usize::from(octet)).copied().unwrap_or(0);
        self.masks.get(usize::from(start)..).unwrap_or_default()
    }

    /// Lets wildcards match nothing. No two stand side by side, so one step is enough.
    fn skip_wildcards(&self, here: &mut Places) {
        let mut carry = 0;
        for ((places, stars), percents) in here.iter_mut().zip(&self.stars).zip(&self.percents).take(self.words) {
            let skipped = *places & (stars | percents);
            *places |= skipped << 1 | carry;
            carry = skipped >> 63;
        }
    }
}

fn is_wildcard(octet: u8) -> bool {
    matches!(octet, b'*' | b'%')
}

/// Makes one of wildcards that stand side by side: with a `*` among them they are a `*`, else a `%`.
fn collapse(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        match (out.bytes().last(), c) {
            (Some(b'*'), '*' | '%') | (Some(b'%'), '%') => {}
            (Some(b'%'), '*') => {
                out.pop();
                out.push('*');
            }
            _ => out.push(c),
        }
    }
    out
}

fn set(places: &mut [u64], place: usize) {
    if let Some(word) = places.get_mut(place / 64) {
        *word |= 1 << (place % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_by_the_rules() {
        for (pattern, yes, no) in [
            ("*", vec!["INBOX", "a", "a/b/c"], vec![]),
            ("%", vec!["INBOX", "a"], vec!["a/b"]),
            ("%/%", vec!["a/b"], vec!["a", "a/b/c"]),
            ("a*", vec!["a", "ab", "a/b"], vec!["b", "ba"]),
            ("*b", vec!["b", "a/b", "bb"], vec!["ba"]),
            ("a/%", vec!["a/b"], vec!["a", "a/b/c", "ab"]),
            ("%b%", vec!["b", "abc"], vec!["a/b", "b/a"]),
            ("a%*c", vec!["ac", "abc", "a/b/c"], vec!["a", "cb"]),
            ("inbox", vec!["INBOX"], vec!["INBOX/a"]),
            ("inbox/%", vec!["INBOX/a"], vec!["INBOX"]),
            ("", vec![""], vec!["a"]),
            ("ü%", vec!["üb"], vec!["ub"]),
        ] {
            let compiled = ListPattern::new(pattern).unwrap();
            for name in yes {
                assert!(compiled.matches(name), "{pattern} should match {name}");
            }
            for name in no {
                assert!(!compiled.matches(name), "{pattern} should not match {name}");
            }
        }
    }

    #[test]
    fn inbox_is_matched_in_any_case() {
        for (pattern, name, expected) in [
            ("inbox", "INBOX", true),
            ("InB*", "INBOX", true),
            ("%box", "INBOX", true),
            ("inbox/%", "INBOX/a", true),
            ("inbox/A", "INBOX/a", false),
            ("inbox", "inboxes", false),
            ("INBOXES", "inboxes", false),
            ("INBOX", "Lists/INBOX", false),
            ("lists/inbox", "lists/INBOX", false),
        ] {
            assert_eq!(ListPattern::new(pattern).unwrap().matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn long_patterns_cross_words() {
        for len in [62, 63, 64, 65, 127, 128, 129, 1000] {
            let name = "ab".repeat(len / 2) + if len % 2 == 1 { "a" } else { "" };
            for at in [0, 1, len / 2, len - 1, len] {
                let mut pattern = name.clone();
                pattern.insert(at, '%');
                assert!(ListPattern::new(&pattern).unwrap().matches(&name), "{len} {at}");
                assert!(!ListPattern::new(&pattern).unwrap().matches(&format!("{name}/")), "{len} {at}");
            }
        }
    }

    #[test]
    fn hostile_patterns_are_refused_or_fast() {
        assert_eq!(ListPattern::new(&"%a".repeat(101)), Err(PatternTooComplex));
        assert_eq!(ListPattern::new(&"a".repeat(1101)), Err(PatternTooComplex));
        assert_eq!(ListPattern::new(&"%*".repeat(100_000)).unwrap().as_str(), "*");
        let start = std::time::Instant::now();
        for pattern in ["*a".repeat(100), "*".to_owned() + &"a".repeat(999), "*a%".repeat(33) + "b"] {
            let pattern = ListPattern::new(&pattern).unwrap();
            let name = "a".repeat(998) + "b/";
            for _ in 0..100 {
                assert!(!pattern.matches(&name));
            }
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(2));
    }
}
