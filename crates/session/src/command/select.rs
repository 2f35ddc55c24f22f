//! SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3; RFC 7162 §3.2.5).

use account::{Mailbox, Rights};
use imap::command::{Access, Qresync, Select};
use imap::response::{self, Attribute, Gone, ListLine, ListWord};
use imap::{SeqNum, Uid, UidSet};

use crate::context::Context;
use crate::news;
use crate::place::Place;
use crate::reply::{Answer, Done, Notice, Wrong};
use crate::state::LoggedIn;
use crate::view::View;

/// Selects a mailbox. If that fails none is selected (RFC 9051 §6.3.2).
pub(crate) fn run(context: &mut Context, login: &mut LoggedIn, command: Select) -> Result<Done, Answer> {
    if command.qresync.is_some() && !context.enabled.qresync {
        return Err(Wrong::NoQresync.into());
    }
    if login.unselect() {
        context.out.notice(Notice::Closed);
    }
    if command.condstore || command.qresync.is_some() {
        context.want_condstore(None);
    }
    let place = login.place(command.mailbox);
    let account = &place.account;
    let state = account.state()?;
    let (mailbox, rights) = place.read(&state)?;
    let rights = match command.access {
        Access::ReadWrite => rights,
        Access::ReadOnly => rights.without(Rights::CHANGING),
    };
    let floor = match rights.has_any(Rights::CHANGING) {
        true => account.claim_recent(mailbox.id, mailbox.uid_next_shown()),
        false => account.recent_floor(mailbox.id, mailbox.uid_next_shown()),
    };
    // Rev2 has no \Recent (RFC 9051 appendix E).
    let floor = if context.enabled.rev2 { Uid::MAX } else { floor };
    let recent = mailbox.messages.iter_from(mailbox.messages.places_below(floor)).map(|r| r.uid).collect();
    let view = login.select(View::new(&place, &state, (mailbox, rights), recent));
    describe(context, view, (&place, mailbox));
    if let Some(known) = &command.qresync {
        resynchronize(context, view, (mailbox, known));
    }
    Ok(Done::Selected(view.access()))
}

/// What every SELECT tells (RFC 9051 §6.3.2, RFC 3501 §6.3.1). RECENT and UNSEEN are gone from rev2.
fn describe(context: &mut Context, view: &View, (place, mailbox): (&Place, &Mailbox)) {
    let (enabled, out) = (context.enabled, &mut context.out);
    news::keywords(out, view);
    out.write(|out| response::exists(out, mailbox.messages.len() as u64));
    let first_unseen = mailbox.messages.first_unseen().and_then(|place| u32::try_from(place + 1).ok());
    if let (Some(first), false) = (first_unseen.and_then(SeqNum::new), enabled.rev2) {
        out.notice(Notice::FirstUnseen(first));
    }
    out.notice(Notice::UidValidity(mailbox.uid_validity));
    out.notice(Notice::UidNext(mailbox.uid_next_shown()));
    out.notice(Notice::Highest(mailbox.modseq));
    out.notice(Notice::MailboxId(view.ids().mailbox(mailbox.id).to_string()));
    if enabled.rev2 {
        let attributes: Vec<Attribute> = mailbox.special_use.iter().copied().map(Attribute::Use).collect();
        let word = ListWord::List;
        let line = ListLine { word, attributes: &attributes, name: &place.said, child_info: &[], old_name: None };
        out.write(|out| response::list(out, &line, enabled.names()));
    } else {
        out.write(|out| response::recent(out, view.recent().len()));
    }
}

/// Tells what has changed since the client was last here: VANISHED (EARLIER), then FETCH (RFC 7162 §3.2.5.1). What it
/// says of message numbers (§3.2.5.2) is not needed: all that has gone is remembered.
fn resynchronize(context: &mut Context, view: &View, (mailbox, known): (&Mailbox, &Qresync)) {
    if known.uid_validity != mailbox.uid_validity {
        return;
    }
    let all = || UidSet::from(Uid::MIN..=Uid::MAX);
    let largest = mailbox.messages.last().map(|r| r.uid);
    let asked = known.known_uids.as_ref().map_or_else(all, |set| set.resolve(largest));
    let gone = mailbox.vanished.since(Some(known.modseq)).intersection(&asked);
    context.out.vanished(gone, Gone::Earlier);
    let chunks = mailbox.messages.chunks().iter().filter(|c| c.summary().modseq > known.modseq);
    let changed = chunks.flat_map(|c| c.records()).filter(|r| r.modseq > known.modseq).map(|r| r.uid);
    let changed = changed.collect::<UidSet>().intersection(&asked);
    news::flags(&mut context.out, view, &changed, context.enabled);
}
