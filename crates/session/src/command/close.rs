//! CLOSE and UNSELECT (RFC 9051 §6.4.1, §6.4.2).

use account::{Refusal, Rights, State, plan};

use crate::context::Context;
use crate::reply::{Answer, Done};
use crate::state::Selected;
use crate::work::End;

/// CLOSE: expunges without telling, if the mailbox is open for writing.
pub(crate) fn close(context: &mut Context, selected: &mut Selected<'_>, (): ()) -> Result<End, Answer> {
    let from = selected.view.permit();
    // Without the right to expunge it just leaves (RFC 4314 §4).
    if from.rights.contains(Rights::EXPUNGE) {
        let plan = move |state: &State| plan::expunge(state, from, None);
        let done = context.commit(selected.user, &selected.view.account, Vec::new(), plan);
        // A mailbox that was deleted meanwhile has nothing left to expunge.
        if let Err(answer) = done
            && answer.told() != Answer::from(Refusal::NoSuchMailbox).told()
        {
            return Err(answer);
        }
    }
    Ok(End::Leave(Done::Closed))
}

/// UNSELECT: leaves the mailbox and expunges nothing.
pub(crate) fn unselect(_: &mut Context, _: &mut Selected<'_>, (): ()) -> End {
    End::Leave(Done::Unselected)
}
