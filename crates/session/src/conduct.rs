//! How a command is begun, by the states in which it is legal (RFC 9051 §6): it is given what is there in these, and
//! need not ask again.

use crate::context::Context;
use crate::reply::Wrong;
use crate::state::{LoggedIn, Selected, State};
use crate::view::Expunges;
use crate::work::Begun;

/// A command, and what holds for it.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) expunges: Expunges,
    pub(crate) conduct: Conduct,
}

/// Begins a command with what is there in a part of the session.
type Begin<S> = Box<dyn FnOnce(&mut Context, &mut S) -> Begun>;

/// The same, with a selected mailbox.
type BeginSelected = Box<dyn FnOnce(&mut Context, &mut Selected<'_>) -> Begun>;

/// A command's conduct by the states in which it is legal: it is given what is there in these.
pub(crate) enum Conduct {
    /// There is no such command.
    None(Wrong),
    /// In any state.
    Anytime(Begin<State>),
    /// RFC 9051 §6.2
    BeforeLogin(Begin<()>),
    /// RFC 9051 §6.3
    LoggedIn(Begin<LoggedIn>),
    /// RFC 9051 §6.4
    Selected(BeginSelected),
}

impl Conduct {
    /// Begins the command, if it is legal in this state.
    pub(crate) fn begin(self, context: &mut Context, state: &mut State) -> Result<Begun, Wrong> {
        match (self, state) {
            (Self::None(wrong), _) => Err(wrong),
            (Self::Anytime(begin), state) => Ok(begin(context, state)),
            (Self::BeforeLogin(begin), State::NotAuthenticated) => Ok(begin(context, &mut ())),
            (Self::BeforeLogin(_), _) => Err(Wrong::LoggedInAlready),
            (Self::LoggedIn(begin), State::LoggedIn(login)) => Ok(begin(context, login)),
            (Self::Selected(begin), State::LoggedIn(login)) => match login.selected() {
                Some(mut selected) => Ok(begin(context, &mut selected)),
                None => Err(Wrong::NotSelected),
            },
            (Self::LoggedIn(_) | Self::Selected(_), _) => Err(Wrong::NotLoggedIn),
        }
    }
}

/// A command's name, and whether it may be told of expunges.
pub(crate) struct Rule(pub(crate) &'static str, pub(crate) Expunges);

impl Rule {
    pub(crate) fn row(self, conduct: Conduct) -> Row {
        let Self(name, expunges) = self;
        Row { name, expunges, conduct }
    }
}

impl From<&'static str> for Rule {
    fn from(name: &'static str) -> Self {
        Self(name, Expunges::Allowed)
    }
}

/// The row of a command that is legal in any state.
pub(crate) fn anytime<C: 'static, B: Into<Begun> + 'static>(
    name: &'static str,
    command: C,
    conduct: fn(&mut Context, &State, C) -> B,
) -> Row {
    let conduct = Conduct::Anytime(Box::new(move |context, state| conduct(context, state, command).into()));
    Rule::from(name).row(conduct)
}

/// The row of one that is legal until somebody is logged in.
pub(crate) fn before_login<C: 'static, B: Into<Begun> + 'static>(
    name: &'static str,
    command: C,
    conduct: fn(&mut Context, C) -> B,
) -> Row {
    let conduct = Conduct::BeforeLogin(Box::new(move |context, ()| conduct(context, command).into()));
    Rule::from(name).row(conduct)
}

/// The row of one that is legal while somebody is logged in, whether a mailbox is selected or not.
pub(crate) fn logged_in<C: 'static, B: Into<Begun> + 'static>(
    rule: impl Into<Rule>,
    command: C,
    conduct: fn(&mut Context, &mut LoggedIn, C) -> B,
) -> Row {
    let conduct = Conduct::LoggedIn(Box::new(move |context, login| conduct(context, login, command).into()));
    rule.into().row(conduct)
}

/// The row of one that is legal while a mailbox is selected.
pub(crate) fn selected<C: 'static, B: Into<Begun> + 'static>(
    rule: impl Into<Rule>,
    command: C,
    conduct: fn(&mut Context, &mut Selected<'_>, C) -> B,
) -> Row {
    let conduct = Conduct::Selected(Box::new(move |context, selected| conduct(context, selected, command).into()));
    rule.into().row(conduct)
}
