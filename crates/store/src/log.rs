//! The log, for those who want to read it.

use std::collections::VecDeque;
use std::sync::Arc;

use account::{Change, Commit, codec};
use imap::ModSeq;

use crate::engine::{Engine, Row};
use crate::open::PAGE;
use crate::{Error, ids};

/// The commits of an account, oldest first, read as they are asked for. It ends after an error.
#[derive(Debug)]
pub struct Log {
    engine: Arc<dyn Engine>,
    after: Option<ModSeq>,
    page: VecDeque<Row>,
    ended: bool,
}

impl Log {
    pub(crate) fn new(engine: Arc<dyn Engine>, after: Option<ModSeq>) -> Self {
        Self { engine, after, page: VecDeque::new(), ended: false }
    }

    fn read(&mut self) -> Result<Option<Commit>, Error> {
        if self.page.is_empty() {
            self.page = self.engine.log(self.after, PAGE)?.into();
        }
        let Some(row) = self.page.pop_front() else { return Ok(None) };
        self.after = Some(row.modseq);
        read_row(&row).map(Some)
    }
}

impl Iterator for Log {
    type Item = Result<Commit, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read();
        self.ended = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

/// A row as a commit.
pub(crate) fn read_row(row: &Row) -> Result<Commit, Error> {
    let changes = codec::read_changes(&row.changes);
    let mut changes = changes.map_err(|error| Error::damaged(format!("row {} of the log: {error}", row.modseq)))?;
    // Format 1 keeps the emails of deleted mailboxes beside the changes. No plan deletes two mailboxes at once.
    let mut gone = ids::read(&row.gone)?;
    for change in &mut changes {
        if let Change::MailboxDeleted { emails, .. } = change {
            emails.append(&mut gone);
        }
    }
    Ok(Commit { modseq: row.modseq, at: row.at, actor: row.actor.clone(), changes })
}
