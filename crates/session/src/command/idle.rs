//! IDLE (RFC 2177; RFC 9051 §6.3.13): tells of changes as soon as they are durable.

use imap::response;
use imap::{Event, Tag};
use store::Watch;

use crate::reply::Answer;
use crate::session::Session;
use crate::view::Expunges;
use crate::work::{Progress, Work};

/// A client that listens.
pub(crate) struct Idle {
    tag: Tag,
    /// Something may have changed since the client was last told.
    awake: bool,
    /// Wakes the session after each commit; only while a mailbox is selected is there something to tell.
    _watch: Option<Watch>,
}

/// IDLE. The watch is set first and the client told then, so that no change falls between.
pub(crate) fn start(session: &mut Session, tag: &Tag) -> Work {
    let waker = session.waker.clone();
    let user = session.state.view().and(session.state.user());
    let watch = user.map(|user| user.account.watch(move || waker()));
    response::continuation(&mut session.out, "idling");
    session.framer.expect_line();
    Work::Idle(Idle { tag: tag.clone(), awake: true, _watch: watch })
}

impl Idle {
    /// The account may have changed.
    pub(crate) fn wake(&mut self) {
        self.awake = true;
    }

    pub(crate) fn go(mut self, session: &mut Session) -> Progress {
        if std::mem::take(&mut self.awake) {
            session.tell(Expunges::Allowed);
        }
        let answer = match session.framer.next() {
            None => return Progress::Wait(Work::Idle(self)),
            Some(Event::Line(line)) if line.trim_ascii().eq_ignore_ascii_case(b"DONE") => Answer::ok("Enough idled"),
            Some(_) => Answer::bad("IDLE ends with DONE"),
        };
        session.finish(&self.tag, &answer);
        Progress::Done
    }
}
