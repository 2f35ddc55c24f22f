//! Who takes part in a run, and what they share.

use std::collections::BTreeMap;
use std::sync::Arc;

use testkit::memory::{Cut, Memory};
use testkit::model::{Cache, Client, Features, FlagSet, Key, Naive, Picture};
use testkit::transcript::Transcript;
use testkit::world::World;

use crate::op::{FLAGS, NAMES};

/// A client, or what is left of one.
pub(crate) enum Actor {
    Online(Box<Client>),
    /// Cut off, with what it kept.
    Offline(Features, Option<Cache>),
}

/// What there is in a run.
pub(crate) struct Stage {
    pub(crate) network: Memory,
    pub(crate) naive: Naive,
    pub(crate) world: World,
    /// The UIDVALIDITY of each mailbox, once it has been told.
    pub(crate) validities: BTreeMap<Key, u64>,
    pub(crate) mails: u32,
}

impl Stage {
    pub(crate) fn new() -> Result<Self, String> {
        let world = World::new(store::Store::memory())?;
        let transcript = Transcript::default();
        let settings = Arc::new(world.settings(&transcript));
        let network = Memory::new(settings, World::transport(&transcript), Cut::Whole);
        let naive = Naive::new(&["INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive"]);
        Ok(Self { network, naive, world, validities: BTreeMap::new(), mails: 0 })
    }

    /// A mailbox has one UIDVALIDITY for ever, and none that another had before it.
    pub(crate) fn validity(&mut self, key: Key, told: u64) -> Result<(), String> {
        let other = self.validities.iter().find(|(k, v)| (**v == told) != (**k == key));
        match other {
            None => drop(self.validities.insert(key, told)),
            Some((k, v)) if *k == key => return Err(format!("UIDVALIDITY was {v} and is {told}")),
            Some(_) => return Err(format!("UIDVALIDITY {told} was another mailbox's")),
        }
        Ok(())
    }

    /// Whether a picture is what is, as far as the client has been told.
    pub(crate) fn compare(&self, key: Key, picture: &Picture) -> Result<(), String> {
        let messages = self.naive.messages(key);
        let same = messages.len() == picture.messages.len()
            && messages.iter().zip(&picture.messages).all(|(is, known)| {
                known.uid.is_none_or(|uid| uid == is.uid) && known.flags.as_ref().is_none_or(|flags| *flags == is.flags)
            });
        if same { Ok(()) } else { Err(format!("the picture is\n{:#?}\nbut there is\n{messages:#?}", picture.messages)) }
    }

    /// Whether the account is what the naive one is.
    pub(crate) fn compare_account(&self) -> Result<(), String> {
        self.world.check()?;
        let state = self.world.account.state().map_err(|error| error.to_string())?;
        let mailboxes = || state.by_name().map(|m| m.name.as_str());
        let names: Vec<&str> = self.naive.names().map(|(name, _)| name).collect();
        let mut there: Vec<&str> = mailboxes().collect();
        there.sort_unstable();
        if there != names {
            return Err(format!("the mailboxes are {there:?} and should be {names:?}"));
        }
        for mailbox in state.by_name() {
            let Some(key) = self.naive.find(mailbox.name.as_str()) else { continue };
            let flags = |id| -> FlagSet {
                let flags = mailbox.flags.flags(id).to_wire();
                flags.iter().map(|flag| flag.as_str().to_ascii_lowercase()).collect()
            };
            let is: Vec<(u32, FlagSet)> = mailbox.messages.iter().map(|m| (m.uid.get(), flags(m.flags))).collect();
            let should: Vec<_> = self.naive.messages(key).iter().map(|m| (m.uid, m.flags.clone())).collect();
            if is != should {
                return Err(format!("{} has {is:?} and should have {should:?}", mailbox.name));
            }
        }
        Ok(())
    }

    /// The modseq of a message, which no naive account has: the store is asked.
    pub(crate) fn modseq(&self, key: Key, uid: Option<u32>) -> Option<u64> {
        let name = imap::MailboxName::new(self.naive.name(key)?).ok()?;
        let state = self.world.account.state().ok()?;
        let record = state.named(&name)?.messages.by_uid(imap::Uid::new(uid?)?).copied();
        record.map(|record| record.modseq.get())
    }

    /// The next message, short.
    pub(crate) fn mail(&mut self) -> Vec<u8> {
        self.mails += 1;
        format!("Subject: {}\r\n\r\nx\r\n", self.mails).into_bytes()
    }
}

/// A mailbox's name.
pub(crate) fn name(at: usize) -> &'static str {
    NAMES[at % NAMES.len()]
}

/// Flags as a command has them, and as the model has them.
pub(crate) fn flags(bits: u8) -> (String, FlagSet) {
    let chosen: Vec<&str> =
        FLAGS.into_iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, flag)| flag).collect();
    (chosen.join(" "), chosen.iter().map(|flag| flag.to_ascii_lowercase()).collect())
}
