//! The pieces of a checkpoint in memory, with those that generations still need.

use std::collections::BTreeMap;

use imap::ModSeq;

use super::{Cell, CellName, Checkpoint, Generation, Over, SeeCell, Written};
use crate::Error;

#[derive(Debug, Default)]
pub(super) struct Cells {
    /// The last commit in the checkpoint.
    pub(super) saved: Option<ModSeq>,
    /// The checkpoint: each piece with the checkpoint that it came with.
    current: BTreeMap<CellName, (ModSeq, Vec<u8>)>,
    /// What was there from one checkpoint on until another one, and a generation between needs.
    superseded: BTreeMap<(CellName, ModSeq), (ModSeq, Vec<u8>)>,
    generations: BTreeMap<ModSeq, Generation>,
}

impl Cells {
    pub(super) fn checkpoint(&self, see: SeeCell<'_>) {
        self.current.iter().for_each(|(name, (_, data))| see(*name, Some(data)));
    }

    pub(super) fn superseded(&self, see: SeeCell<'_>) {
        self.superseded.iter().for_each(|((name, _), (_, data))| see(*name, Some(data)));
    }

    pub(super) fn generations(&self) -> Vec<Generation> {
        self.generations.values().copied().collect()
    }

    pub(super) fn generation(&self, modseq: ModSeq, see: SeeCell<'_>) -> Result<(), Error> {
        if !self.generations.contains_key(&modseq) {
            return Err(Error::NoSuchCommit(modseq));
        }
        let mut cells: BTreeMap<CellName, &[u8]> = BTreeMap::new();
        cells.extend(
            self.current.iter().filter(|(_, (from, _))| *from <= modseq).map(|(name, (_, data))| (*name, &**data)),
        );
        let superseded = self.superseded.iter().filter(|((_, from), (until, _))| *from <= modseq && modseq < *until);
        cells.extend(superseded.map(|((name, _), (_, data))| (*name, &**data)));
        for (name, data) in cells {
            see(name, Some(data));
        }
        Ok(())
    }

    pub(super) fn save(&mut self, checkpoint: &Checkpoint) -> Written {
        match checkpoint.over {
            Over::This(modseq) if modseq != self.saved => return Written::TooLate,
            Over::AnyOlder if self.saved > Some(checkpoint.modseq) => return Written::TooLate,
            Over::This(_) => {}
            Over::AnyOlder => {
                let named = |name| checkpoint.put.iter().any(|cell| cell.name == name);
                let gone: Vec<_> = self.current.keys().copied().filter(|name| !named(*name)).collect();
                for name in gone {
                    self.supersede(name, checkpoint.modseq);
                }
            }
        }
        checkpoint.remove.iter().for_each(|name| self.supersede(*name, checkpoint.modseq));
        for Cell { name, data } in &checkpoint.put {
            let same = |(_, old): &(ModSeq, Vec<u8>)| old == data;
            if *name == (0, 0) || !self.current.get(name).is_some_and(same) {
                self.supersede(*name, checkpoint.modseq);
                self.current.insert(*name, (checkpoint.modseq, data.clone()));
            }
        }
        self.saved = Some(checkpoint.modseq);
        if let Some(moment) = checkpoint.keep {
            self.generations.insert(checkpoint.modseq, Generation { modseq: checkpoint.modseq, moment });
        }
        Written::Durably
    }

    /// Takes a piece out of the checkpoint; the newest generation may need it.
    fn supersede(&mut self, name: CellName, until: ModSeq) {
        let Some((from, data)) = self.current.remove(&name) else { return };
        if self.generations.keys().next_back().is_some_and(|kept| from <= *kept && from < until) {
            self.superseded.insert((name, from), (until, data));
        }
    }

    pub(super) fn forget(&mut self, before: ModSeq) {
        self.generations = self.generations.split_off(&before);
        self.superseded.retain(|_, (until, _)| *until > before);
    }
}
