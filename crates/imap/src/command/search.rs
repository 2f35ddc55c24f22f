//! SEARCH (RFC 9051 §6.4.4; RFC 4731, RFC 5182, RFC 5032, RFC 7162, RFC 8474, RFC 8514).

use std::num::NonZeroU32;

use super::Command;
use super::search_key::search_program;
use crate::cursor::{Cursor, Found};
use crate::{Date, Fault, Flag, SetArg};

/// SEARCH and UID SEARCH.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Search {
    /// Which numbers the answer has.
    pub numbers: Numbers,
    /// The options of `RETURN (...)`; without `RETURN`, `None`. `RETURN ()` is `RETURN (ALL)` (RFC 9051 §6.4.4).
    pub returns: Option<Vec<SearchReturn>>,
    /// `CHARSET`, in upper case: that of the strings in `key`. UTF-8 if not given (RFC 9051 §6.4.4).
    pub charset: Option<String>,
    /// What is looked for.
    pub key: SearchKey,
}

/// Which numbers an answer has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Numbers {
    /// Sequence numbers.
    Seq,
    /// UIDs: the UID form of the command.
    Uid,
}

/// What SEARCH returns (RFC 9051 §6.4.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SearchReturn {
    /// `MIN`
    Min,
    /// `MAX`
    Max,
    /// `ALL`
    All,
    /// `COUNT`
    Count,
    /// `SAVE` (RFC 5182)
    Save,
}

/// What a message is searched by (RFC 9051 §6.4.4). Strings are in the command's charset; they match as substrings,
/// without case.
///
/// What the grammar has two words for is one here: `UNSEEN` is `Not(Flag(Seen))`, `NEW` is `And([Recent, UNSEEN])`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SearchKey {
    /// `ALL`
    All,
    /// Several keys: all of them hold.
    And(Vec<SearchKey>),
    /// `OR`
    Or(Box<SearchKey>, Box<SearchKey>),
    /// `NOT`
    Not(Box<SearchKey>),
    /// `SEEN`, `KEYWORD x` and their like.
    Flag(Flag),
    /// `RECENT` (RFC 3501 §6.4.4)
    Recent,
    /// `BCC`
    Bcc(Vec<u8>),
    /// `CC`
    Cc(Vec<u8>),
    /// `FROM`
    From(Vec<u8>),
    /// `TO`
    To(Vec<u8>),
    /// `SUBJECT`
    Subject(Vec<u8>),
    /// `HEADER`: an empty text finds all messages that have the field.
    Header {
        /// The field's name.
        name: Vec<u8>,
        /// The text in it.
        text: Vec<u8>,
    },
    /// `BODY`
    Body(Vec<u8>),
    /// `TEXT`
    Text(Vec<u8>),
    /// `BEFORE`
    Before(Date),
    /// `ON`
    On(Date),
    /// `SINCE`
    Since(Date),
    /// `SENTBEFORE`
    SentBefore(Date),
    /// `SENTON`
    SentOn(Date),
    /// `SENTSINCE`
    SentSince(Date),
    /// `SAVEDBEFORE` (RFC 8514 §4.3)
    SavedBefore(Date),
    /// `SAVEDON` (RFC 8514 §4.3)
    SavedOn(Date),
    /// `SAVEDSINCE` (RFC 8514 §4.3)
    SavedSince(Date),
    /// `SAVEDATESUPPORTED` (RFC 8514 §4.3): all messages or none.
    SaveDateSupported,
    /// `OLDER`: seconds (RFC 5032 §2)
    Older(NonZeroU32),
    /// `YOUNGER`: seconds (RFC 5032 §2)
    Younger(NonZeroU32),
    /// `LARGER`
    Larger(u64),
    /// `SMALLER`
    Smaller(u64),
    /// `UID`
    Uid(SetArg),
    /// A set of sequence numbers.
    Seq(SetArg),
    /// `MODSEQ` (RFC 7162 §3.1.5)
    ModSeq {
        /// The metadata item that must have changed, if one is named. A server with one modseq a message ignores it.
        entry: Option<ModSeqEntry>,
        /// The least modseq; may be 0.
        at_least: u64,
    },
    /// `EMAILID` (RFC 8474 §6)
    EmailId(String),
    /// `THREADID` (RFC 8474 §6)
    ThreadId(String),
}

/// `"/flags/\\seen" all` in `MODSEQ` (RFC 7162 §3.1.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModSeqEntry {
    /// The name, as in `/flags/\seen`.
    pub name: Vec<u8>,
    /// Whose.
    pub scope: EntryScope,
}

/// Whose metadata is meant (RFC 7162 §7 `entry-type-req`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryScope {
    /// `priv`
    Private,
    /// `shared`
    Shared,
    /// `all`
    All,
}

/// `search`
pub(super) fn search(c: &mut Cursor<'_>, numbers: Numbers) -> Found<Command> {
    c.space()?;
    let returns = search_return_opts(c)?;
    let charset = charset(c)?;
    let key = search_program(c)?;
    Ok(Command::Search(Search { numbers, returns, charset, key }))
}

/// `["RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")" SP]`
fn search_return_opts(c: &mut Cursor<'_>) -> Found<Option<Vec<SearchReturn>>> {
    if c.literally(b"RETURN").is_none() {
        return Ok(None);
    }
    c.space()?;
    let mut options = Vec::new();
    c.list(|c| {
        let at = c.at();
        let option = match c.word()?.to_ascii_uppercase().as_str() {
            "MIN" => SearchReturn::Min,
            "MAX" => SearchReturn::Max,
            "ALL" => SearchReturn::All,
            "COUNT" => SearchReturn::Count,
            "SAVE" => SearchReturn::Save,
            _ => {
                c.back_to(at);
                return Err(Fault::Unknown("SEARCH return option"));
            }
        };
        if !options.contains(&option) {
            options.push(option);
        }
        Ok(())
    })?;
    c.space()?;
    if options.is_empty() {
        options.push(SearchReturn::All);
    }
    Ok(Some(options))
}

/// `["CHARSET" SP charset SP]`
fn charset(c: &mut Cursor<'_>) -> Found<Option<String>> {
    if c.literally(b"CHARSET").is_none() {
        return Ok(None);
    }
    c.space()?;
    let name = c.astring()?;
    c.space()?;
    Ok(Some(String::from_utf8_lossy(&name).to_ascii_uppercase()))
}
