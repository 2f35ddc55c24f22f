//! STORE (RFC 9051 §6.4.6; RFC 7162 §3.1.3).

use account::{Flags, plan};
use imap::command::{Echo, Store};
use imap::response::{Code, FetchLine};
use imap::{ModSeq, Target, UidSet};

use crate::news;
use crate::reply::Answer;
use crate::session::Session;
use crate::state::State;
use crate::view::Adopt;

/// Stores flags, and tells the client what they are now.
pub(crate) fn run(session: &mut Session, command: &Store) -> Result<Answer, Answer> {
    let view = super::writable(session)?;
    let (id, uids) = (view.id, view.resolve(&command.target)?);
    let condition = match command.unchanged_since {
        None => plan::Condition::Always,
        Some(since) => plan::Condition::UnchangedSince(ModSeq::new(since)),
    };
    if command.unchanged_since.is_some() {
        session.want_condstore();
    }
    let (mode, flags) = (command.mode, Flags::from_wire(&command.flags));
    let (planned, stored_flags) = (uids.clone(), flags.clone());
    let done = session.commit(Vec::new(), move |state| match state.mailbox(id) {
        Some(_) => plan::store(state, id, &planned, (mode, &stored_flags), condition),
        // The mailbox was deleted: its messages are among those that have gone.
        None => Ok(plan::Planned { changes: Vec::new(), outcome: plan::Stored::default() }),
    })?;
    if let Some(mailbox) = done.state.mailbox(id) {
        let adopt = match command.echo {
            Echo::Flags => Adopt::Newest,
            Echo::Silent => Adopt::Expected(mode, &flags),
        };
        let meant = uids.difference(&done.outcome.modified);
        tell(session, mailbox, &meant, adopt, &done.outcome.changed);
    }
    Ok(answer(session, &command.target, &done.outcome.modified))
}

/// Tells the new flags, or to a CONDSTORE client that wants silence only the new modseqs (RFC 7162 §3.1.3).
fn tell(session: &mut Session, mailbox: &account::Mailbox, meant: &UidSet, adopt: Adopt<'_>, changed: &UidSet) {
    let enabled = session.enabled;
    let State::Selected(_, view) = &mut session.state else { return };
    let adopted = view.adopt(mailbox, meant, adopt);
    if view.tell_keywords() {
        news::keywords(&mut session.out, view);
    }
    match adopt {
        Adopt::Newest => news::flags(&mut session.out, view, &adopted, enabled),
        Adopt::Expected(..) if enabled.condstore => {
            for (seq, uid) in view.places(&adopted.intersection(changed)) {
                let Some(record) = view.record(uid) else { continue };
                let mut line = FetchLine::begin(&mut session.out, seq);
                line.uid(&mut session.out, uid);
                line.modseq(&mut session.out, record.modseq);
                line.end(&mut session.out);
            }
        }
        Adopt::Expected(..) => {}
    }
}

/// OK; or with MODIFIED if some messages did not meet the condition. That is no failure: the rest was stored.
fn answer(session: &Session, target: &Target, modified: &UidSet) -> Answer {
    if modified.is_empty() {
        return Answer::ok("Stored");
    }
    let code = match (target, session.state.view()) {
        (Target::Seq(_), Some(view)) => {
            Code::ModifiedSeqs(view.places(modified).into_iter().map(|(seq, _)| seq).collect())
        }
        _ => Code::ModifiedUids(modified.clone()),
    };
    Answer::ok("Stored, but for those that changed meanwhile").with(code)
}
