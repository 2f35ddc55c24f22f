//! Where a session stands (RFC 9051 §3): each state owns what exists only in it.

use crate::User;
use crate::table::Legal;
use crate::view::View;

/// A session's state.
pub(crate) enum State {
    /// RFC 9051 §3.1
    NotAuthenticated,
    /// RFC 9051 §3.2
    Authenticated(User),
    /// RFC 9051 §3.3
    Selected(User, Box<View>),
    /// RFC 9051 §3.4
    Logout,
}

impl State {
    /// Whether a command is legal now.
    pub(crate) fn allows(&self, legal: Legal) -> bool {
        match legal {
            Legal::Anytime => true,
            Legal::BeforeLogin => matches!(self, Self::NotAuthenticated),
            Legal::LoggedIn => matches!(self, Self::Authenticated(_) | Self::Selected(..)),
            Legal::Selected => matches!(self, Self::Selected(..)),
        }
    }

    /// Who is logged in.
    pub(crate) fn user(&self) -> Option<&User> {
        match self {
            Self::Authenticated(user) | Self::Selected(user, _) => Some(user),
            Self::NotAuthenticated | Self::Logout => None,
        }
    }

    /// The selected mailbox as the client knows it.
    pub(crate) fn view(&self) -> Option<&View> {
        match self {
            Self::Selected(_, view) => Some(view),
            _ => None,
        }
    }

    /// The same, to move it on.
    pub(crate) fn view_mut(&mut self) -> Option<&mut View> {
        match self {
            Self::Selected(_, view) => Some(view),
            _ => None,
        }
    }

    /// Leaves the selected mailbox, if there is one.
    pub(crate) fn unselect(&mut self) {
        *self = match std::mem::replace(self, Self::Logout) {
            Self::Selected(user, _) => Self::Authenticated(user),
            other => other,
        };
    }

    /// Enters a mailbox.
    pub(crate) fn select(&mut self, view: View) {
        *self = match std::mem::replace(self, Self::Logout) {
            Self::Selected(user, _) | Self::Authenticated(user) => Self::Selected(user, Box::new(view)),
            other => other,
        };
    }
}
