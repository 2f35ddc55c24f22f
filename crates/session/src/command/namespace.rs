//! NAMESPACE (RFC 2342; RFC 9051 §6.3.10).

use imap::response;

use crate::context::Context;
use crate::reply::Done;
use crate::state::LoggedIn;

/// All mailboxes are personal ones (RFC 2342 §5).
pub(crate) fn run(context: &mut Context, _: &mut LoggedIn, (): ()) -> Done {
    context.out.write(|out| response::namespace(out, &[""], &[], &[]));
    Done::Told
}
