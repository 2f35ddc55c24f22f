//! CAPABILITY (RFC 9051 §6.1.1).

use imap::response;

use crate::capability::When;
use crate::context::Context;
use crate::reply::Done;
use crate::state::State;

pub(crate) fn run(context: &mut Context, state: &State, (): ()) -> Done {
    let names = context.capabilities(state.logged_in().map_or(When::Always, |_| When::LoggedIn));
    context.out.write(|out| response::capability(out, names.iter().map(String::as_str)));
    Done::Told
}
