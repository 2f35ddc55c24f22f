//! SEARCH (RFC 9051 §6.4.4; RFC 4731, RFC 5182): goes on a slice at a time, so that other sessions get their turn.

use std::ops::ControlFlow;

use account::EmailId;
use account::search::{self, CHARSETS, Context, Found, SLICE, Source, Unsearchable};
use imap::command::{Numbers, Search as Command, SearchKey, SearchReturn};
use imap::response::{self, Code, Esearch};
use imap::{Number, NumberSet, Tag};
use store::Account;

use crate::reply::Answer;
use crate::session::Session;
use crate::state::State;
use crate::view::Expunges;
use crate::work::{Progress, Work};

/// A SEARCH under way.
pub(crate) struct Search {
    tag: Tag,
    numbers: Numbers,
    /// The result options; `None` wants the old SEARCH response.
    returns: Option<Vec<SearchReturn>>,
    under_way: search::Search,
}

/// Begins a SEARCH.
pub(crate) fn start(session: &mut Session, tag: &Tag, command: Command) -> Result<Work, Answer> {
    if has_modseq(&command.key) {
        session.want_condstore();
    }
    // A client that appended over another connection and searches for it here finds it: some would append it again.
    session.tell(Expunges::Deferred);
    let view = session.state.view().ok_or_else(|| Answer::bad("SELECT a mailbox first"))?;
    let context = Context {
        messages: view.messages(),
        flags: view.table(),
        ids: view.ids(),
        saved: &view.saved,
        recent: view.recent(),
        now: session.now.unix,
    };
    let compiled = search::Search::new(&command, &context);
    // With rev2 there is no SEARCH response any more (RFC 9051 §6.4.4).
    let returns = command.returns.or_else(|| session.enabled.rev2.then(|| vec![SearchReturn::All]));
    let under_way = match compiled {
        Ok(under_way) => under_way,
        Err(problem) => {
            forget(session, returns.as_deref());
            return Err(refused(problem));
        }
    };
    Ok(Work::Search(Box::new(Search { tag: tag.clone(), numbers: command.numbers, returns, under_way })))
}

fn refused(problem: Unsearchable) -> Answer {
    match problem {
        Unsearchable::Charset => {
            let charsets = CHARSETS.iter().map(|name| (*name).to_owned()).collect();
            Answer::no(Code::BadCharset(charsets), "That charset is not understood here")
        }
        Unsearchable::TooMuch => Answer::no(Code::Limit, "Too much is looked for at once"),
    }
}

impl Search {
    pub(crate) fn go(mut self: Box<Self>, session: &mut Session) -> Progress {
        let State::Selected(user, _) = &session.state else { return Progress::Done };
        let step = self.under_way.step(&mut Stored(&user.account), SLICE);
        match step {
            Ok(search::Progress::More) => return Progress::Again(Work::Search(self)),
            Ok(search::Progress::Done) => self.tell(session),
            Err(error) => {
                forget(session, self.returns.as_deref());
                session.finish(&self.tag, &error.into());
            }
        }
        Progress::Done
    }

    fn tell(self: Box<Self>, session: &mut Session) {
        let found = self.under_way.into_found();
        if wants(self.returns.as_deref(), SearchReturn::Save)
            && let Some(view) = session.state.view_mut()
        {
            view.saved.clone_from(&found.uids);
        }
        let out = &mut session.out;
        match (&self.returns, self.numbers) {
            (None, Numbers::Seq) => response::search(out, found.seqs.iter(), found.modseq),
            (None, Numbers::Uid) => response::search(out, found.uids.iter(), found.modseq),
            (Some(returns), Numbers::Seq) => extended(out, (&self.tag, self.numbers), returns, &found, &found.seqs),
            (Some(returns), Numbers::Uid) => extended(out, (&self.tag, self.numbers), returns, &found, &found.uids),
        }
        session.finish(&self.tag, &Answer::ok("Searched"));
    }
}

/// Writes ESEARCH. Who only saves is told nothing (RFC 9051 §6.4.4.1).
fn extended<N: Number>(
    out: &mut Vec<u8>,
    (tag, numbers): (&Tag, Numbers),
    returns: &[SearchReturn],
    found: &Found,
    set: &NumberSet<N>,
) {
    if returns == [SearchReturn::Save] {
        return;
    }
    let asks = |option| returns.contains(&option);
    response::esearch(
        out,
        &Esearch {
            tag,
            numbers,
            min: set.first().filter(|_| asks(SearchReturn::Min)),
            max: set.last().filter(|_| asks(SearchReturn::Max)),
            count: asks(SearchReturn::Count).then(|| set.len()),
            modseq: found.modseq,
            all: asks(SearchReturn::All).then_some(set),
        },
    );
}

fn wants(returns: Option<&[SearchReturn]>, option: SearchReturn) -> bool {
    returns.is_some_and(|returns| returns.contains(&option))
}

/// A search that fails saves the empty result (RFC 9051 §6.4.4.1).
fn forget(session: &mut Session, returns: Option<&[SearchReturn]>) {
    if wants(returns, SearchReturn::Save)
        && let Some(view) = session.state.view_mut()
    {
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
struct Stored<'a>(&'a Account);

impl Source for Stored<'_> {
    type Error = store::Error;

    fn structures(
        &mut self,
        emails: &mut dyn Iterator<Item = EmailId>,
        visit: &mut dyn FnMut(EmailId, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), store::Error> {
        self.0.structures(emails, visit)
    }

    fn body(&mut self, email: EmailId, visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<(), store::Error> {
        self.0.bodies(&mut std::iter::once(email), &mut |piece| visit(piece.octets))
    }
}
