//! What every command works with. Where the session stands is not in here: each command is given as much of that as it
//! is legal for (`table`).

use std::sync::Arc;

use account::{Planned, Refusal, State as AccountState};
use imap::command::Access;
use store::{Account, Actor, Committed, Message};

use crate::capability::{self, When};
use crate::enabled::Enabled;
use crate::news;
use crate::outbox::Outbox;
use crate::reply::{Answer, Notice, Wrong};
use crate::state::Selected;
use crate::view::{Expunges, View};
use crate::{Now, Peer, Settings, Transport, User, Waker};

/// What every command works with.
pub(crate) struct Context {
    pub(crate) settings: Arc<Settings>,
    pub(crate) peer: Peer,
    pub(crate) transport: Transport,
    pub(crate) waker: Waker,
    pub(crate) now: Now,
    pub(crate) enabled: Enabled,
    /// All that is said leaves by it.
    pub(crate) out: Outbox,
    /// What the client says it is (RFC 2971).
    pub(crate) client: String,
    pub(crate) failed_logins: u32,
}

impl Context {
    /// What the server can do in a part of the session.
    pub(crate) fn capabilities(&self, when: When) -> Vec<String> {
        capability::list(&self.settings, &self.transport, when)
    }

    /// Carries out what a user plans for an account, theirs or another one, and waits until it is durable.
    pub(crate) fn commit<T: Send + 'static>(
        &self,
        user: &User,
        account: &Account,
        emails: Vec<Message>,
        plan: impl FnMut(&AccountState) -> Result<Planned<T>, Refusal> + Send + 'static,
    ) -> Result<Committed<T>, Answer> {
        account.commit(&self.actor(user), self.now.unix, emails, plan).map_err(Answer::from)
    }

    /// Who does something, for the log.
    pub(crate) fn actor(&self, user: &User) -> Actor {
        Actor {
            session: self.peer.session,
            client: self.client.clone(),
            credential: user.name.clone(),
            address: self.peer.address,
        }
    }

    /// Brings the client's picture of the selected mailbox up to date, as far as it may be now.
    pub(crate) fn tell(&mut self, selected: &mut Selected<'_>, expunges: Expunges) {
        // If the store cannot say, there is nothing to tell: the command that needs it has its own answer.
        if let Ok(state) = selected.view.account.state() {
            self.tell_of(&state, selected, expunges);
        }
    }

    /// The same, up to this state of the account.
    pub(crate) fn tell_of(&mut self, state: &Arc<AccountState>, selected: &mut Selected<'_>, expunges: Expunges) {
        let view = &mut *selected.view;
        let account = view.account.clone();
        let id = view.id;
        let found = view.sync(state, || account.pin_view(state, id), expunges);
        // Rev2 has no \Recent (RFC 9051 appendix E), whoever hears of a message first.
        if found.exists.is_some() && !self.enabled.rev2 {
            view.claim_recent(state, |uid_next| account.claim_recent(id, uid_next));
        }
        if !found.is_empty() {
            news::write(&mut self.out, view, &found, self.enabled);
        }
    }

    /// The client used CONDSTORE's syntax: from now on it is told modseqs (RFC 7162 §3.1).
    pub(crate) fn want_condstore(&mut self, view: Option<&View>) {
        if let Some(first) = self.turn_condstore_on(view) {
            self.out.notice(first);
        }
    }

    /// The same; what has to be told of it is for the caller to tell.
    pub(crate) fn turn_condstore_on(&mut self, view: Option<&View>) -> Option<Notice> {
        let was_on = std::mem::replace(&mut self.enabled.condstore, true);
        view.filter(|_| !was_on).map(|view| Notice::Highest(view.modseq()))
    }

    /// A client that enables CONDSTORE while a mailbox is selected is told where it stands (RFC 7162 §3.1).
    pub(crate) fn tell_highest(&mut self, view: Option<&View>) {
        if let Some(view) = view {
            self.out.notice(Notice::Highest(view.modseq()));
        }
    }
}

impl Selected<'_> {
    /// Whether the client may change the mailbox (RFC 9051 §6.3.3).
    pub(crate) fn must_be_writable(&self) -> Result<(), Wrong> {
        match self.view.access() {
            Access::ReadWrite => Ok(()),
            Access::ReadOnly => Err(Wrong::ReadOnly),
        }
    }
}
