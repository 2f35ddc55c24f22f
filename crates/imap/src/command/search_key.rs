//! The keys of SEARCH (RFC 9051 §9 `search-key`).

use super::search::{EntryScope, ModSeqEntry, SearchKey};
use super::set::{sequence_set, set_arg};
use crate::cursor::{Cursor, Found};
use crate::{Date, Fault, Flag, Keyword, SetArg};

/// How deep parentheses, NOT and OR may be nested. A chain of ORs, however long, counts as one, and so does one of
/// NOTs.
const MAX_DEPTH: usize = 32;

/// The most keys of one search.
const MAX_KEYS: usize = 5000;

/// `search-key *(SP search-key)`
pub(super) fn search_program(c: &mut Cursor<'_>) -> Found<SearchKey> {
    let mut keys = Keys { left: MAX_KEYS };
    let mut all = Vec::new();
    loop {
        all.push(keys.key(c, MAX_DEPTH)?);
        if !c.is_at_end() {
            c.space()?;
        }
        if c.is_at_end() {
            return Ok(and(all));
        }
    }
}

/// All of the keys; just the one if there is one.
fn and(mut keys: Vec<SearchKey>) -> SearchKey {
    match keys.pop() {
        Some(key) if keys.is_empty() => key,
        Some(key) => {
            keys.push(key);
            SearchKey::And(keys)
        }
        None => SearchKey::All,
    }
}

/// Any of the keys, as a tree of which no branch is long.
fn or(mut keys: Vec<SearchKey>) -> SearchKey {
    if keys.len() > 1 {
        let right = keys.split_off(keys.len() / 2);
        return SearchKey::Or(Box::new(or(keys)), Box::new(or(right)));
    }
    keys.pop().unwrap_or(SearchKey::All)
}

fn not(key: SearchKey) -> SearchKey {
    SearchKey::Not(Box::new(key))
}

/// Reads keys and counts them.
struct Keys {
    left: usize,
}

impl Keys {
    fn key(&mut self, c: &mut Cursor<'_>, depth: usize) -> Found<SearchKey> {
        self.left = self.left.checked_sub(1).ok_or(Fault::TooMuch("search keys"))?;
        let inner = depth.checked_sub(1).ok_or(Fault::TooMuch("nested search keys"))?;
        match c.peek() {
            Some(b'(') => self.group(c, inner),
            Some(b'$') => set_arg(c).map(SearchKey::Seq),
            Some(b'0'..=b'9' | b'*') => sequence_set(c).map(|set| SearchKey::Seq(SetArg::Set(set))),
            _ => {
                let at = c.at();
                let word = c.word()?.to_ascii_uppercase();
                match word.as_str() {
                    "OR" => self.or_chain(c, inner),
                    "NOT" => self.not_chain(c, inner),
                    word => simple(c, word).unwrap_or_else(|| {
                        c.back_to(at);
                        Err(Fault::Unknown("search key"))
                    }),
                }
            }
        }
    }

    /// `"(" search-key *(SP search-key) ")"`
    fn group(&mut self, c: &mut Cursor<'_>, depth: usize) -> Found<SearchKey> {
        let mut all = Vec::new();
        c.list(|c| {
            all.push(self.key(c, depth)?);
            Ok(())
        })?;
        if all.is_empty() { Err(Fault::Expected("a search key")) } else { Ok(and(all)) }
    }

    /// The keys of `OR OR a b OR c d`, the first OR having been read. Without recursion, as clients look for hundreds
    /// of Message-IDs in this way.
    fn or_chain(&mut self, c: &mut Cursor<'_>, depth: usize) -> Found<SearchKey> {
        let mut any = Vec::new();
        let mut wanted = 2_usize;
        while wanted > 0 {
            c.space()?;
            let at = c.at();
            if c.literally(b"OR").is_some() && c.peek() == Some(b' ') {
                self.left = self.left.checked_sub(1).ok_or(Fault::TooMuch("search keys"))?;
                wanted += 1;
                continue;
            }
            c.back_to(at);
            any.push(self.key(c, depth)?);
            wanted -= 1;
        }
        Ok(or(any))
    }

    /// `NOT NOT a`, the first NOT having been read.
    fn not_chain(&mut self, c: &mut Cursor<'_>, depth: usize) -> Found<SearchKey> {
        let mut odd = true;
        loop {
            c.space()?;
            let at = c.at();
            if c.literally(b"NOT").is_some() && c.peek() == Some(b' ') {
                odd = !odd;
                continue;
            }
            c.back_to(at);
            let key = self.key(c, depth)?;
            return Ok(if odd { not(key) } else { key });
        }
    }
}

/// A key that contains no other; `None` if there is none of this name.
fn simple(c: &mut Cursor<'_>, word: &str) -> Option<Found<SearchKey>> {
    flag_key(word).map(Ok).or_else(|| text_key(c, word)).or_else(|| date_key(c, word)).or_else(|| number_key(c, word))
}

/// The keys without arguments.
fn flag_key(word: &str) -> Option<SearchKey> {
    Some(match word {
        "ALL" => SearchKey::All,
        "ANSWERED" => SearchKey::Flag(Flag::Answered),
        "DELETED" => SearchKey::Flag(Flag::Deleted),
        "DRAFT" => SearchKey::Flag(Flag::Draft),
        "FLAGGED" => SearchKey::Flag(Flag::Flagged),
        "SEEN" => SearchKey::Flag(Flag::Seen),
        "UNANSWERED" => not(SearchKey::Flag(Flag::Answered)),
        "UNDELETED" => not(SearchKey::Flag(Flag::Deleted)),
        "UNDRAFT" => not(SearchKey::Flag(Flag::Draft)),
        "UNFLAGGED" => not(SearchKey::Flag(Flag::Flagged)),
        "UNSEEN" => not(SearchKey::Flag(Flag::Seen)),
        "RECENT" => SearchKey::Recent,
        "OLD" => not(SearchKey::Recent),
        "NEW" => SearchKey::And(vec![SearchKey::Recent, not(SearchKey::Flag(Flag::Seen))]),
        "SAVEDATESUPPORTED" => SearchKey::SaveDateSupported,
        _ => return None,
    })
}

/// The keys with strings.
fn text_key(c: &mut Cursor<'_>, word: &str) -> Option<Found<SearchKey>> {
    let key = match word {
        "BCC" => SearchKey::Bcc,
        "BODY" => SearchKey::Body,
        "CC" => SearchKey::Cc,
        "FROM" => SearchKey::From,
        "SUBJECT" => SearchKey::Subject,
        "TEXT" => SearchKey::Text,
        "TO" => SearchKey::To,
        "HEADER" => return Some(header(c)),
        "KEYWORD" => return Some(keyword(c)),
        "UNKEYWORD" => return Some(keyword(c).map(not)),
        "EMAILID" => return Some(object_id(c).map(SearchKey::EmailId)),
        "THREADID" => return Some(object_id(c).map(SearchKey::ThreadId)),
        _ => return None,
    };
    Some(text(c).map(key))
}

/// The keys with dates.
fn date_key(c: &mut Cursor<'_>, word: &str) -> Option<Found<SearchKey>> {
    let key = match word {
        "BEFORE" => SearchKey::Before,
        "ON" => SearchKey::On,
        "SINCE" => SearchKey::Since,
        "SENTBEFORE" => SearchKey::SentBefore,
        "SENTON" => SearchKey::SentOn,
        "SENTSINCE" => SearchKey::SentSince,
        "SAVEDBEFORE" => SearchKey::SavedBefore,
        "SAVEDON" => SearchKey::SavedOn,
        "SAVEDSINCE" => SearchKey::SavedSince,
        _ => return None,
    };
    Some(date(c).map(key))
}

/// The keys with numbers.
fn number_key(c: &mut Cursor<'_>, word: &str) -> Option<Found<SearchKey>> {
    Some(match word {
        "LARGER" => argument(c, Cursor::number64).map(SearchKey::Larger),
        "SMALLER" => argument(c, Cursor::number64).map(SearchKey::Smaller),
        "OLDER" => argument(c, Cursor::nz_number).map(SearchKey::Older),
        "YOUNGER" => argument(c, Cursor::nz_number).map(SearchKey::Younger),
        "UID" => argument(c, set_arg).map(SearchKey::Uid),
        "MODSEQ" => mod_seq(c),
        _ => return None,
    })
}

/// `SP` and one argument.
fn argument<'a, T>(c: &mut Cursor<'a>, read: impl FnOnce(&mut Cursor<'a>) -> Found<T>) -> Found<T> {
    c.space()?;
    read(c)
}

fn text(c: &mut Cursor<'_>) -> Found<Vec<u8>> {
    c.space()?;
    Ok(c.astring()?.into_owned())
}

/// `SP header-fld-name SP astring`
fn header(c: &mut Cursor<'_>) -> Found<SearchKey> {
    Ok(SearchKey::Header { name: text(c)?, text: text(c)? })
}

/// `SP flag-keyword`
fn keyword(c: &mut Cursor<'_>) -> Found<SearchKey> {
    let name = text(c)?;
    let keyword = std::str::from_utf8(&name).ok().and_then(Keyword::new);
    keyword.map(|k| SearchKey::Flag(Flag::Keyword(k))).ok_or(Fault::Expected("a keyword"))
}

/// `SP objectid` (RFC 8474 §7)
fn object_id(c: &mut Cursor<'_>) -> Found<String> {
    let id = text(c)?;
    let valid =
        (1..=255).contains(&id.len()) && id.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    String::from_utf8(id).ok().filter(|_| valid).ok_or(Fault::Expected("an object id"))
}

/// `SP date`
fn date(c: &mut Cursor<'_>) -> Found<Date> {
    let text = text(c)?;
    Date::parse(&text).ok_or(Fault::Expected("a date"))
}

/// `[SP entry-name SP entry-type-req] SP mod-sequence-valzer` (RFC 7162 §7)
fn mod_seq(c: &mut Cursor<'_>) -> Found<SearchKey> {
    c.space()?;
    let mut entry = None;
    if c.peek() == Some(b'"') {
        let name = c.quoted()?.into_owned();
        c.space()?;
        let at = c.at();
        let scope = match c.word()?.to_ascii_uppercase().as_str() {
            "PRIV" => EntryScope::Private,
            "SHARED" => EntryScope::Shared,
            "ALL" => EntryScope::All,
            _ => {
                c.back_to(at);
                return Err(Fault::Unknown("metadata scope"));
            }
        };
        c.space()?;
        entry = Some(ModSeqEntry { name, scope });
    }
    Ok(SearchKey::ModSeq { entry, at_least: c.number64()? })
}
