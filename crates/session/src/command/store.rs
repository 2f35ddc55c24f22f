//! STORE (RFC 9051 §6.4.6; RFC 7162 §3.1.3).

use account::{Flags, Mailbox, Planned, State, plan};
use imap::command::{Echo, Store};
use imap::response::FetchLine;
use imap::{ModSeq, Target, Uid, UidSet};

use crate::context::Context;
use crate::news;
use crate::outbox::Outbox;
use crate::reply::{Answer, Done, Wrong};
use crate::state::Selected;
use crate::view::{Adopt, View, seq_at};

/// Stores flags, and tells the client what they are now.
pub(crate) fn run(context: &mut Context, selected: &mut Selected<'_>, command: Store) -> Result<Done, Answer> {
    selected.must_be_writable()?;
    let (into, uids) = (selected.view.permit(), selected.view.resolve(&command.target)?);
    let condition = match command.unchanged_since {
        None => plan::Condition::Always,
        Some(since) => plan::Condition::UnchangedSince(ModSeq::new(since)),
    };
    if command.unchanged_since.is_some() {
        context.want_condstore(Some(selected.view));
    }
    let (mode, flags) = (command.mode, Flags::from_wire(&command.flags));
    let (planned, stored_flags) = (uids.clone(), flags.clone());
    let plan = move |state: &State| match state.mailbox(into.mailbox) {
        Some(_) => plan::store(state, into, &planned, (mode, &stored_flags), condition),
        // The mailbox was deleted: its messages are among those that have gone.
        None => Ok(Planned { changes: Vec::new(), outcome: plan::FlagsStored::default() }),
    };
    let done = context.commit(selected.user, &selected.view.account, Vec::new(), plan)?;
    let plan::FlagsStored { modified, changed, .. } = done.outcome;
    let is_there = |uid: Uid| done.state.mailbox(into.mailbox).is_some_and(|m| m.messages.by_uid(uid).is_some());
    let by_number = matches!(command.target, Target::Seq(_)) && command.echo == Echo::Flags;
    // The client waits for flags that nobody can tell it any more (RFC 2180 §4.2.2).
    if by_number && !uids.is_empty() && !uids.iter().any(is_there) {
        return Err(Wrong::AllGone.into());
    }
    if let Some(mailbox) = done.state.mailbox(into.mailbox) {
        let adopt = match command.echo {
            Echo::Flags => Adopt::Newest,
            Echo::Silent => Adopt::Expected(mode, &flags),
        };
        tell(context, selected.view, mailbox, (&uids.difference(&modified), adopt, &changed));
    }
    Ok(match command.target {
        _ if modified.is_empty() => Done::Stored,
        Target::Seq(_) => {
            Done::StoredButSeqs(selected.view.places(&modified).into_iter().map(|(seq, _)| seq).collect())
        }
        Target::Uid(_) => Done::StoredButUids(modified),
    })
}

/// Tells the new flags, or to a CONDSTORE client that wants silence only the new modseqs (RFC 7162 §3.1.3).
fn tell(
    context: &mut Context,
    view: &mut View,
    mailbox: &Mailbox,
    (meant, adopt, changed): (&UidSet, Adopt<'_>, &UidSet),
) {
    let (enabled, out) = (context.enabled, &mut context.out);
    let adopted = view.adopt(mailbox, meant, adopt);
    if view.tell_keywords() {
        news::keywords(out, view);
    }
    match adopt {
        Adopt::Newest => news::flags(out, view, &adopted, enabled),
        Adopt::Expected(..) if enabled.condstore => {
            let messages = view.messages().clone();
            let mut told = adopted.intersection(changed).into_numbers();
            out.then(move |out: &mut Outbox| {
                let place = messages.place(told.next()?)?;
                let (seq, record) = (seq_at(place)?, messages.get(place)?);
                out.write(|out| {
                    let mut line = FetchLine::begin(out, seq);
                    line.uid(out, record.uid);
                    line.modseq(out, record.modseq);
                    line.end(out);
                });
                Some(())
            });
        }
        Adopt::Expected(..) => {}
    }
}
