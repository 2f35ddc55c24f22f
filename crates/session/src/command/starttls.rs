//! STARTTLS (RFC 9051 §6.2.1).

use crate::Transport;
use crate::context::Context;
use crate::reply::{Answer, Wrong};
use crate::work::End;

/// What the client has sent behind it is thrown away, never run.
pub(crate) fn run(context: &mut Context, (): ()) -> Result<End, Answer> {
    match context.transport {
        Transport::Tls { .. } => Err(Wrong::HasTls.into()),
        Transport::Plain | Transport::PlainTrusted => Ok(End::StartTls),
    }
}
