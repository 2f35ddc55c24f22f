//! A mailbox's table of flags is made anew when most of it may be combinations that no message has any more.

use std::sync::Arc;

use crate::flag_table::Size;
use crate::{Mailbox, limits};

/// Makes the table anew if a commit has made it so large: twice what messages may have of combinations, or again twice as
/// large as that. Each message gets the number that its combination has there, so all chunks are other ones, and whoever
/// keeps one of them keeps the table with it: a checkpoint writes all in one, and history keeps both. How large the table is
/// follows from the log, so every replay does this at the same commit.
pub(super) fn where_crowded(mailbox: &mut Mailbox, was: Size) {
    let now = mailbox.flags.lists();
    let lists = crosses(was.lists, now.lists, 2 * limits::KEYWORD_LISTS);
    if !lists && !crosses(was.keywords, now.keywords, 2 * limits::LISTED_KEYWORDS) {
        return;
    }
    let mut used = mailbox.flags.each(|_| false);
    mailbox.messages.iter().for_each(|record| *used.of_mut(record.flags) = true);
    let (table, numbers) = mailbox.flags.anew(&used);
    mailbox.messages.renumber(&table, &numbers);
    mailbox.flags = Arc::new(table);
}

/// Whether a number has grown to this or a higher power of two that it was below.
fn crosses(was: usize, now: usize, least: usize) -> bool {
    now >= least && now.checked_ilog2() > was.checked_ilog2()
}
