//! Where a session stands (RFC 9051 §3): each state owns what exists only in it.

use std::cell::Cell;
use std::sync::Arc;

use imap::MailboxName;

use crate::bell::Bell;
use crate::place::Place;
use crate::view::View;
use crate::{User, Waker};

/// A session's state.
pub(crate) enum State {
    /// RFC 9051 §3.1
    NotAuthenticated,
    /// RFC 9051 §3.2, §3.3
    LoggedIn(Box<LoggedIn>),
    /// RFC 9051 §3.4
    Logout,
}

/// Somebody is logged in, and may have a mailbox selected.
pub(crate) struct LoggedIn {
    pub(crate) user: User,
    view: Option<View>,
    bell: Option<Bell>,
    /// The state that [`LoggedIn::can_tell_at_once`] found, kept until it is told.
    glimpse: Cell<Option<Arc<account::State>>>,
}

/// A mailbox is selected.
pub(crate) struct Selected<'a> {
    pub(crate) user: &'a User,
    /// The mailbox as the client knows it.
    pub(crate) view: &'a mut View,
}

impl State {
    /// Who is logged in.
    pub(crate) fn logged_in(&self) -> Option<&LoggedIn> {
        match self {
            Self::LoggedIn(login) => Some(login),
            Self::NotAuthenticated | Self::Logout => None,
        }
    }

    /// The selected mailbox, with its user.
    pub(crate) fn selected(&mut self) -> Option<Selected<'_>> {
        match self {
            Self::LoggedIn(login) => login.selected(),
            Self::NotAuthenticated | Self::Logout => None,
        }
    }
}

impl LoggedIn {
    pub(crate) fn new(user: User) -> Self {
        Self { user, view: None, bell: None, glimpse: Cell::default() }
    }

    /// Where a name leads.
    pub(crate) fn place(&self, name: MailboxName) -> Place {
        Place::of(&self.user, name)
    }

    /// The selected mailbox, to look at.
    pub(crate) fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }

    /// The selected mailbox, to move it on.
    pub(crate) fn selected(&mut self) -> Option<Selected<'_>> {
        self.view.as_mut().map(|view| Selected { user: &self.user, view })
    }

    /// Enters a mailbox.
    pub(crate) fn select(&mut self, view: View) -> &View {
        self.view.insert(view)
    }

    /// Leaves the selected mailbox; whether there was one.
    pub(crate) fn unselect(&mut self) -> bool {
        self.view.take().is_some()
    }

    /// From now on the session is woken when the account of the selected mailbox changes. All that has changed until now
    /// is for the caller to tell. The bell is hung when somebody first listens: most sessions never do.
    pub(crate) fn listen(&mut self, waker: &Waker) {
        let Some(account) = self.view.as_ref().map(|view| &view.account) else { return };
        let hung = self.bell.take().filter(|bell| bell.hangs_at(account));
        let bell = self.bell.insert(hung.unwrap_or_else(|| Bell::hang(account, waker.clone())));
        bell.listen();
        bell.answer();
    }

    /// The session is not woken any more.
    pub(crate) fn stop_listening(&mut self) {
        self.glimpse.take();
        if let Some(bell) = &self.bell {
            bell.mute();
        }
    }

    /// Whether what there is to tell to a session that listens takes but a moment and no look at a disk. The state
    /// that says so is kept: the account may be closed before it is told.
    pub(crate) fn can_tell_at_once(&self) -> bool {
        let (Some(bell), Some(view)) = (&self.bell, &self.view) else { return true };
        if !bell.answer() {
            return true;
        }
        let state = view.account.state_if_open().filter(|state| view.is_near(state));
        let at_once = state.is_some();
        if at_once {
            self.glimpse.set(state);
        } else {
            bell.put_back();
        }
        at_once
    }

    /// The account's newest state, if the bell has rung since it was last told.
    pub(crate) fn news(&self) -> Option<Arc<account::State>> {
        let at_once = self.glimpse.take();
        if at_once.is_some() {
            return at_once;
        }
        let view = self.view.as_ref()?;
        let bell = self.bell.as_ref().filter(|bell| bell.answer())?;
        let state = view.account.state();
        if state.is_err() {
            // The store cannot say: it is asked again when the session wakes next.
            bell.put_back();
        }
        state.ok()
    }
}
