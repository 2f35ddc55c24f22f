//! SEARCH (RFC 9051 §6.4.4; RFC 4731, RFC 5182): goes on a slice at a time, so that other sessions get their turn.

use std::ops::ControlFlow;

use account::EmailId;
use account::search::{self, Found, SLICE, Source};
use imap::command::{Numbers, Search as Command, SearchKey, SearchReturn};
use imap::response::{self, Esearch};
use imap::{Framer, Number, NumberSet, Tag};
use store::Account;

use crate::context::Context;
use crate::limits;
use crate::outbox::Outbox;
use crate::reply::{Answer, Done};
use crate::state::Selected;
use crate::view::{Expunges, View};
use crate::work::{Begun, Task, Then};

/// A SEARCH under way.
struct Search {
    tag: Tag,
    numbers: Numbers,
    /// The result options; `None` wants the old SEARCH response.
    returns: Option<Vec<SearchReturn>>,
    under_way: search::Search,
}

/// Begins a SEARCH.
pub(crate) fn start(
    context: &mut Context,
    selected: &mut Selected<'_>,
    (tag, command): (Tag, Command),
) -> Result<Begun, Answer> {
    if has_modseq(&command.key) {
        context.want_condstore(Some(selected.view));
    }
    // A client that appended over another connection and searches for it here finds it: some would append it again.
    context.tell(selected, Expunges::Deferred);
    let view = &mut *selected.view;
    let about = search::Context {
        messages: view.messages(),
        flags: view.table(),
        ids: view.ids(),
        saved: &view.saved,
        recent: view.recent(),
        now: context.now.unix,
    };
    let compiled = search::Search::new(&command, &about);
    // With rev2 there is no SEARCH response any more (RFC 9051 §6.4.4).
    let returns = command.returns.or_else(|| context.enabled.rev2.then(|| vec![SearchReturn::All]));
    match compiled {
        Ok(under_way) => Ok(Begun::selected(Search { tag, numbers: command.numbers, returns, under_way })),
        Err(problem) => {
            forget(view, returns.as_deref());
            Err(problem.into())
        }
    }
}

impl Task<Selected<'_>> for Search {
    fn go(&mut self, context: &mut Context, selected: &mut Selected<'_>, _: &mut Framer) -> Then {
        match self.under_way.step(&mut InStore(&selected.view.account), SLICE) {
            Ok(search::Reached::More) => Then::Later,
            Ok(search::Reached::Done) => self.tell(&mut context.out, selected.view).into(),
            Err(error) => {
                forget(selected.view, self.returns.as_deref());
                Answer::from(error).into()
            }
        }
    }
}

impl Search {
    fn tell(&self, out: &mut Outbox, view: &mut View) -> Done {
        let found = self.under_way.found();
        if wants(self.returns.as_deref(), SearchReturn::Save) {
            view.saved.clone_from(&found.uids);
        }
        match (&self.returns, self.numbers) {
            (None, Numbers::Seq) => out.search(found.seqs.clone(), found.modseq),
            (None, Numbers::Uid) => out.search(found.uids.clone(), found.modseq),
            (Some(returns), Numbers::Seq) => extended(out, (&self.tag, self.numbers), returns, found, &found.seqs),
            (Some(returns), Numbers::Uid) => extended(out, (&self.tag, self.numbers), returns, found, &found.uids),
        }
        Done::Searched
    }
}

/// Writes ESEARCH. Who only saves is told nothing (RFC 9051 §6.4.4.1).
fn extended<N: Number + Send + 'static>(
    out: &mut Outbox,
    (tag, numbers): (&Tag, Numbers),
    returns: &[SearchReturn],
    found: &Found,
    set: &NumberSet<N>,
) {
    if returns == [SearchReturn::Save] {
        return;
    }
    let asks = |option| returns.contains(&option);
    let all = Some(set).filter(|set| asks(SearchReturn::All) && !set.is_empty());
    let head = Esearch {
        tag,
        numbers,
        min: set.first().filter(|_| asks(SearchReturn::Min)),
        max: set.last().filter(|_| asks(SearchReturn::Max)),
        count: asks(SearchReturn::Count).then(|| set.len()),
        all: all.is_some(),
    };
    out.esearch(|out| response::esearch(out, &head), (all.cloned(), found.modseq));
}

fn wants(returns: Option<&[SearchReturn]>, option: SearchReturn) -> bool {
    returns.is_some_and(|returns| returns.contains(&option))
}

/// A search that fails saves the empty result (RFC 9051 §6.4.4.1).
fn forget(view: &mut View, returns: Option<&[SearchReturn]>) {
    if wants(returns, SearchReturn::Save) {
        view.saved = imap::UidSet::new();
    }
}

/// MODSEQ among the keys makes the client one that knows CONDSTORE (RFC 7162 §3.1). The parser bounds the depth.
fn has_modseq(key: &SearchKey) -> bool {
    match key {
        SearchKey::ModSeq { .. } => true,
        SearchKey::And(keys) => keys.iter().any(has_modseq),
        SearchKey::Or(one, other) => has_modseq(one) || has_modseq(other),
        SearchKey::Not(key) => has_modseq(key),
        _ => false,
    }
}

/// Where a search reads what is not in memory.
struct InStore<'a>(&'a Account);

impl Source for InStore<'_> {
    type Error = store::Error;

    fn structures(
        &mut self,
        emails: &mut dyn Iterator<Item = EmailId>,
        visit: &mut dyn FnMut(EmailId, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), store::Error> {
        self.0.structures(emails, visit)
    }

    fn body(
        &mut self,
        email: EmailId,
        from: u64,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), store::Error> {
        if from == 0 {
            return self.0.bodies(&mut std::iter::once(email), &mut |piece| visit(piece.octets));
        }
        let mut body = self.0.body(email)?;
        let (mut at, mut piece) = (from, Vec::new());
        while at < body.size() {
            piece.clear();
            body.read(at, limits::PIECE, &mut piece)?;
            at += piece.len() as u64;
            if visit(&piece).is_break() {
                break;
            }
        }
        Ok(())
    }
}
