//! A mailbox as a client knows it.

use std::collections::BTreeMap;

use super::{FlagSet, Response};

/// What a client knows of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its UID, if it was told.
    pub uid: Option<u32>,
    /// Its flags, if they were told.
    pub flags: Option<FlagSet>,
    /// Its MODSEQ, if it was told.
    pub modseq: Option<u64>,
}

/// What the server may say now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A command runs during which message numbers may not shift: FETCH, STORE or SEARCH (RFC 9051 §7.5.1).
    NumbersHold,
    /// Another command runs.
    NumbersMayShift,
    /// SELECT or EXAMINE runs: what is said is about the new mailbox.
    Selecting,
}

/// A mailbox as a client knows it, by obeying the untagged responses.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// The messages, in the order of their numbers.
    pub messages: Vec<Known>,
    /// UIDVALIDITY, as SELECT told it.
    pub uid_validity: u64,
    /// HIGHESTMODSEQ, as RFC 7162 §6 has a client keep it.
    pub highest: u64,
    /// The highest MODSEQ of FETCH responses since the last tagged one.
    pub(super) heard: u64,
    /// The HIGHESTMODSEQ response code since the last tagged one.
    pub(super) code: Option<u64>,
    /// Whether the server has promised VANISHED instead of EXPUNGE.
    pub qresync: bool,
    /// Whether the server has promised UID and MODSEQ in each FETCH response that was not asked for.
    pub condstore: bool,
}

impl Picture {
    /// Of a mailbox that is being selected by a client that has turned this on.
    pub fn for_features(features: super::Features) -> Self {
        use super::Features::{Condstore, Qresync};
        let (qresync, condstore) = (features == Qresync, matches!(features, Qresync | Condstore));
        Self { qresync, condstore, ..Self::default() }
    }

    /// Obeys a response.
    pub fn obey(&mut self, response: &Response, phase: Phase) -> Result<(), String> {
        match response {
            Response::Exists(n) => {
                if *n < self.messages.len() {
                    return Err(format!("{n} EXISTS, where there were {}", self.messages.len()));
                }
                self.messages.resize(*n, Known::default());
            }
            Response::Expunge(n) => {
                may_shift(phase, "EXPUNGE")?;
                if self.qresync {
                    return Err(format!("{n} EXPUNGE, where QRESYNC promises VANISHED"));
                }
                if *n == 0 || *n > self.messages.len() {
                    return Err(format!("{n} EXPUNGE, where there are {} messages", self.messages.len()));
                }
                self.messages.remove(n - 1);
            }
            Response::Vanished(uids) => {
                may_shift(phase, "VANISHED")?;
                if !self.qresync {
                    return Err("VANISHED without ENABLE QRESYNC".to_owned());
                }
                uids.iter().try_for_each(|uid| self.vanish(*uid))?;
            }
            Response::Fetch { seq, uid, flags, modseq } => self.fetched(*seq, *uid, flags.as_ref(), *modseq)?,
            Response::Code(words) => self.code(words)?,
            Response::Tagged(_, _, words) => {
                self.code(words)?;
                match self.code.take() {
                    Some(code) => self.highest = code,
                    None => self.highest = self.highest.max(self.heard),
                }
                self.heard = 0;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the UID and the flags of every message are known.
    pub fn is_complete(&self) -> bool {
        self.messages.iter().all(|known| known.uid.is_some() && known.flags.is_some())
    }

    /// What a client keeps on disk.
    pub fn by_uid(&self) -> BTreeMap<u32, FlagSet> {
        self.messages.iter().filter_map(|known| Some((known.uid?, known.flags.clone()?))).collect()
    }

    fn vanish(&mut self, uid: u32) -> Result<(), String> {
        if let Some(at) = self.messages.iter().position(|known| known.uid == Some(uid)) {
            self.messages.remove(at);
            return Ok(());
        }
        // Of messages whose UIDs are not known, between two that are, one is like the other.
        let fits = |at: &usize| {
            let before = self.messages[..*at].iter().rev().find_map(|known| known.uid);
            let after = self.messages[*at..].iter().find_map(|known| known.uid);
            self.messages[*at].uid.is_none()
                && before.is_none_or(|before| before < uid)
                && after.is_none_or(|after| after > uid)
        };
        match (0..self.messages.len()).find(fits) {
            Some(at) => {
                self.messages.remove(at);
                Ok(())
            }
            None => Err(format!("VANISHED {uid}, which is not there")),
        }
    }

    fn fetched(
        &mut self,
        seq: usize,
        uid: Option<u32>,
        flags: Option<&FlagSet>,
        modseq: Option<u64>,
    ) -> Result<(), String> {
        let count = self.messages.len();
        let Some(at) = seq.checked_sub(1).filter(|at| *at < count) else {
            return Err(format!("{seq} FETCH, where there are {count} messages"));
        };
        if let Some(uid) = uid {
            let before = self.messages[..at].iter().rev().find_map(|known| known.uid);
            let after = self.messages[at + 1..].iter().find_map(|known| known.uid);
            if before.is_some_and(|before| before >= uid) || after.is_some_and(|after| after <= uid) {
                return Err(format!("{seq} FETCH tells UID {uid}, which is out of order"));
            }
        }
        let known = &mut self.messages[at];
        if let (Some(old), Some(new)) = (known.uid, uid)
            && old != new
        {
            return Err(format!("{seq} FETCH tells UID {new}, where it was {old}"));
        }
        known.uid = known.uid.or(uid);
        if let Some(flags) = flags {
            known.flags = Some(flags.clone());
        }
        if let Some(modseq) = modseq {
            if known.modseq.is_some_and(|old| old > modseq) {
                return Err(format!("{seq} FETCH tells MODSEQ {modseq}, where it was {:?}", known.modseq));
            }
            known.modseq = Some(modseq);
            self.heard = self.heard.max(modseq);
        }
        Ok(())
    }

    fn code(&mut self, words: &[String]) -> Result<(), String> {
        let number = || words.get(1).and_then(|w| w.parse().ok()).ok_or(format!("no number in {words:?}"));
        match words.first().map(String::as_str) {
            Some("HIGHESTMODSEQ") => self.code = Some(number()?),
            Some("UIDVALIDITY") => self.uid_validity = number()?,
            _ => {}
        }
        Ok(())
    }
}

fn may_shift(phase: Phase, what: &str) -> Result<(), String> {
    match phase {
        Phase::NumbersMayShift => Ok(()),
        Phase::NumbersHold => Err(format!("{what} during FETCH, STORE or SEARCH")),
        Phase::Selecting => Err(format!("{what} during SELECT")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Phase, Picture};
    use crate::model::Response;

    #[test]
    fn what_a_server_may_not_say_is_an_error() {
        let mut picture = Picture::default();
        picture.obey(&Response::Exists(2), Phase::NumbersHold).unwrap();
        assert!(picture.obey(&Response::Exists(1), Phase::NumbersMayShift).is_err());
        assert!(picture.obey(&Response::Expunge(1), Phase::NumbersHold).is_err());
        assert!(picture.obey(&Response::Expunge(3), Phase::NumbersMayShift).is_err());
        assert!(picture.obey(&Response::Vanished(vec![1]), Phase::NumbersMayShift).is_err());
        let fetch = |seq, uid, modseq| Response::Fetch { seq, uid: Some(uid), flags: None, modseq: Some(modseq) };
        assert!(picture.obey(&fetch(3, 1, 1), Phase::NumbersHold).is_err());
        picture.obey(&fetch(2, 9, 5), Phase::NumbersHold).unwrap();
        assert!(picture.obey(&fetch(1, 9, 5), Phase::NumbersHold).is_err());
        assert!(picture.obey(&fetch(2, 9, 4), Phase::NumbersHold).is_err());
        picture.obey(&Response::Expunge(1), Phase::NumbersMayShift).unwrap();
        assert_eq!(picture.messages[0].uid, Some(9));
    }
}
