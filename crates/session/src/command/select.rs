//! SELECT, EXAMINE, CLOSE, UNSELECT (RFC 9051 §6.3.2, §6.3.3, §6.4.1, §6.4.2; RFC 7162 §3.2.5).

use std::sync::Arc;

use account::{Mailbox, Refusal, plan};
use imap::command::{Access, Qresync, Select};
use imap::response::{self, Attribute, Code, Condition, Gone, ListLine, ListWord};
use imap::{SeqNum, Uid, UidSet};

use crate::news;
use crate::reply::Answer;
use crate::session::Session;
use crate::state::State;
use crate::view::View;

/// Selects a mailbox. If that fails none is selected (RFC 9051 §6.3.2).
pub(crate) fn select(session: &mut Session, command: &Select) -> Result<Answer, Answer> {
    if command.qresync.is_some() && !session.enabled.qresync {
        return Err(Answer::bad("ENABLE QRESYNC before you use it"));
    }
    if session.state.view().is_some() {
        session.state.unselect();
        response::untagged(&mut session.out, Condition::Ok, Some(&Code::Closed), "The mailbox before is closed");
    }
    if command.condstore || command.qresync.is_some() {
        session.want_condstore();
    }
    let account = session.account()?;
    let state = account.state()?;
    let mailbox = state.named(&command.mailbox).ok_or(Refusal::NoSuchMailbox)?.clone();
    let floor = match command.access {
        Access::ReadWrite => account.claim_recent(mailbox.id, mailbox.uid_next_shown()),
        Access::ReadOnly => account.recent_floor(mailbox.id, mailbox.uid_next_shown()),
    };
    // Rev2 has no \Recent (RFC 9051 appendix E).
    let floor = if session.enabled.rev2 { Uid::MAX } else { floor };
    let recent = mailbox.messages.iter_from(mailbox.messages.places_below(floor)).map(|r| r.uid).collect();
    let view = View::new(&mailbox, state.ids().clone(), command.access, recent, account.pin(&state));
    session.state.select(view);
    describe(session, &mailbox);
    if let Some(known) = &command.qresync {
        resynchronize(session, &mailbox, known);
    }
    Ok(match command.access {
        Access::ReadWrite => Answer::ok("Selected").with(Code::ReadWrite),
        Access::ReadOnly => Answer::ok("Examined").with(Code::ReadOnly),
    })
}

/// What every SELECT tells (RFC 9051 §6.3.2, RFC 3501 §6.3.1). RECENT and UNSEEN are gone from rev2.
fn describe(session: &mut Session, mailbox: &Arc<Mailbox>) {
    let enabled = session.enabled;
    let (out, State::Selected(_, view)) = (&mut session.out, &session.state) else { return };
    news::keywords(out, view);
    response::exists(out, mailbox.messages.len() as u64);
    let mut tell = |code: Code, text| response::untagged(out, Condition::Ok, Some(&code), text);
    let first_unseen = mailbox.messages.first_unseen().and_then(|place| u32::try_from(place + 1).ok());
    if let (Some(first), false) = (first_unseen.and_then(SeqNum::new), enabled.rev2) {
        tell(Code::Unseen(first), "The first unseen message");
    }
    tell(Code::UidValidity(mailbox.uid_validity), "UIDs are valid");
    tell(Code::UidNext(mailbox.uid_next_shown()), "The next UID");
    tell(Code::HighestModSeq(mailbox.modseq), "Highest");
    tell(Code::MailboxId(view.ids().mailbox(mailbox.id).to_string()), "The lasting id");
    if enabled.rev2 {
        let attributes: Vec<Attribute> = mailbox.special_use.iter().copied().map(Attribute::Use).collect();
        let word = ListWord::List;
        let line = ListLine { word, attributes: &attributes, name: &mailbox.name, child_info: &[], old_name: None };
        response::list(out, &line, enabled.names());
    } else {
        response::recent(out, view.recent().len());
    }
}

/// Tells what has changed since the client was last here: VANISHED (EARLIER), then FETCH (RFC 7162 §3.2.5.1). What it
/// says of message numbers (§3.2.5.2) is not needed: all that has gone is remembered.
fn resynchronize(session: &mut Session, mailbox: &Mailbox, known: &Qresync) {
    if known.uid_validity != mailbox.uid_validity {
        return;
    }
    let enabled = session.enabled;
    let (out, State::Selected(_, view)) = (&mut session.out, &session.state) else { return };
    let all = || UidSet::from(Uid::MIN..=Uid::MAX);
    let largest = mailbox.messages.last().map(|r| r.uid);
    let asked = known.known_uids.as_ref().map_or_else(all, |set| set.resolve(largest));
    let gone = mailbox.vanished.since(Some(known.modseq)).intersection(&asked);
    response::vanished(out, &gone, Gone::Earlier);
    let chunks = mailbox.messages.chunks().iter().filter(|c| c.summary().modseq > known.modseq);
    let changed = chunks.flat_map(|c| c.records()).filter(|r| r.modseq > known.modseq).map(|r| r.uid);
    let changed = changed.collect::<UidSet>().intersection(&asked);
    news::flags(out, view, &changed, enabled);
}

/// CLOSE: expunges without telling, if the mailbox is open for writing.
pub(crate) fn close(session: &mut Session) -> Result<Answer, Answer> {
    let view = session.state.view().ok_or_else(|| Answer::bad("SELECT a mailbox first"))?;
    let (id, access) = (view.id, view.access);
    if access == Access::ReadWrite {
        let done = session.commit(Vec::new(), move |state| plan::expunge(state, id, None));
        // A mailbox that was deleted meanwhile has nothing left to expunge.
        if let Err(answer) = done
            && answer != Answer::from(Refusal::NoSuchMailbox)
        {
            return Err(answer);
        }
    }
    session.state.unselect();
    Ok(Answer::ok("Closed"))
}

/// UNSELECT: leaves the mailbox and expunges nothing.
pub(crate) fn unselect(session: &mut Session) -> Answer {
    session.state.unselect();
    Answer::ok("Unselected")
}
