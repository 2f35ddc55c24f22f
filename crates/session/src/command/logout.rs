//! LOGOUT (RFC 9051 §6.1.3).

use crate::context::Context;
use crate::state::State;
use crate::work::End;

pub(crate) fn run(_: &mut Context, _: &State, (): ()) -> End {
    End::Logout
}
