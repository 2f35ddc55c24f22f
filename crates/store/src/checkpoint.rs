//! The fold of the log is written down, so that opening does not take the whole log.
//!
//! A state shares with the state of the last checkpoint what has not changed since, so what has to be written is what
//! is not the same object.

use std::sync::Arc;

use account::codec::Format;
use account::{Chunk, Mailbox, State, codec};
use imap::{ModSeq, Uid};

use crate::engine::{Cell, Checkpoint, Over, Written};
use crate::tail::Tail;
use crate::{Account, Error};

/// The state of the last checkpoint, as far as it is known here.
#[derive(Debug)]
pub(crate) struct Saved {
    state: Option<Arc<State>>,
    /// What had been folded since the account was opened, up to it.
    folded: Tail,
}

impl Saved {
    pub(crate) fn new(state: Option<Arc<State>>, folded: Tail) -> Self {
        Self { state, folded }
    }

    pub(crate) fn state(&self) -> Option<Arc<State>> {
        self.state.clone()
    }

    /// The last commit in it.
    pub(crate) fn modseq(&self) -> Option<ModSeq> {
        self.state.as_ref().and_then(|state| state.modseq())
    }
}

impl Account {
    /// The last commit that the checkpoint covers, as far as it is known here.
    pub(crate) fn covered(&self) -> Option<ModSeq> {
        self.current.open().and_then(|open| open.saved.lock().modseq())
    }

    /// By how much the state is ahead of the checkpoint.
    pub(crate) fn tail(&self) -> Tail {
        let Some(open) = self.current.open() else { return Tail::default() };
        let (covered, folded) = {
            let saved = open.saved.lock();
            (saved.modseq().map_or(0, ModSeq::get), saved.folded)
        };
        let mut tail = open.folded - folded;
        // Who has no checkpoint to stand on would have to fold all.
        tail.commits = open.state.modseq().map_or(0, ModSeq::get).saturating_sub(covered);
        tail
    }

    /// Writes what has changed since the last checkpoint; whether there was anything to write.
    pub(crate) fn checkpoint(&self) -> Result<bool, Error> {
        let Some(open) = self.current.open() else { return Ok(false) };
        let Some(modseq) = open.state.modseq() else { return Ok(false) };
        let mut saved = open.saved.lock();
        if saved.modseq() >= Some(modseq) {
            return Ok(false);
        }
        let format = self.engine.format()?;
        let checkpoint = since(saved.state.as_deref(), &open.state, modseq, format);
        let written = self.engine.save(&Checkpoint { keep: self.keep(format)?, ..checkpoint })?;
        // If another process has written one meanwhile, the next one is whole, and only if it is newer than that.
        *saved = Saved::new((written == Written::Durably).then_some(open.state), open.folded);
        Ok(written == Written::Durably)
    }
}

/// What has to be written to get from one checkpoint to the next.
pub(crate) fn since(saved: Option<&State>, state: &State, modseq: ModSeq, format: Format) -> Checkpoint {
    let parts = state.to_parts();
    let root = Cell { name: (0, 0), data: codec::write_root(format, &parts) };
    let mut checkpoint = Checkpoint {
        over: saved.map_or(Over::AnyOlder, |saved| Over::This(saved.modseq())),
        modseq,
        put: vec![root],
        remove: Vec::new(),
        keep: None,
    };
    for mailbox in &parts.mailboxes {
        let old = saved.and_then(|saved| saved.mailbox(mailbox.id));
        if !old.is_some_and(|old| Arc::ptr_eq(old, mailbox)) {
            mailbox_since(old.map(|old| &**old), mailbox, format, &mut checkpoint);
        }
    }
    for old in saved.into_iter().flat_map(State::by_name).filter(|old| state.mailbox(old.id).is_none()) {
        checkpoint.remove.push((old.id.get(), 0));
        checkpoint.remove.extend(old.messages.chunks().iter().map(|chunk| (old.id.get(), chunk.base().get())));
    }
    checkpoint
}

fn mailbox_since(old: Option<&Mailbox>, mailbox: &Mailbox, format: Format, checkpoint: &mut Checkpoint) {
    let id = mailbox.id.get();
    checkpoint.put.push(Cell { name: (id, 0), data: codec::write_mailbox(format, mailbox) });
    let old = old.map_or(&[][..], |old| old.messages.chunks());
    let new = mailbox.messages.chunks();
    for chunk in new {
        if !base_in(old, chunk.base()).is_some_and(|old| Arc::ptr_eq(old, chunk)) {
            checkpoint.put.push(Cell { name: (id, chunk.base().get()), data: chunk.pack(format) });
        }
    }
    let gone = old.iter().filter(|chunk| base_in(new, chunk.base()).is_none());
    checkpoint.remove.extend(gone.map(|chunk| (id, chunk.base().get())));
}

/// The chunk of that name. Chunks are in the order of their bases as well as of their messages.
fn base_in(chunks: &[Arc<Chunk>], base: Uid) -> Option<&Arc<Chunk>> {
    chunks.binary_search_by_key(&base, |chunk| chunk.base()).ok().and_then(|at| chunks.get(at))
}
