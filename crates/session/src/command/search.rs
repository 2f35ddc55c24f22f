//! stub
use crate::reply::Answer;
use crate::session::Session;
use crate::work::{Progress, Work};
use imap::Tag;
use imap::command::Search as Command;
pub(crate) struct Search;
pub(crate) fn start(_: &mut Session, _: &Tag, _: Command) -> Result<Work, Answer> {
    Ok(Work::Search(Box::new(Search)))
}
impl Search {
    pub(crate) fn go(self: Box<Self>, _: &mut Session) -> Progress {
        Progress::Done
    }
}
