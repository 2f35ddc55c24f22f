//! A session as the connection serves it, whichever protocol it speaks. No protocol is known here: they are in
//! `protocol`.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use gate::{Dismissal, Ending, Facts, Next, Now, Transport};

use crate::link::Link;

/// The four doors of a sans-IO session, and what a server needs besides.
pub(crate) trait Conversation: Send {
    /// The client spoke.
    fn receive(&mut self, bytes: &[u8], now: Now);
    /// The account changed, or the deadline passed.
    fn wake(&mut self, now: Now);
    /// Adds octets to send, and says what to do after sending them. Where the session works.
    fn transmit(&mut self, out: &mut Vec<u8>) -> Next;
    /// How many octets of memory hold what the client said and was not worked on.
    fn held(&self) -> usize;
    /// When to wake it if nothing happens.
    fn deadline(&self) -> Option<Instant>;
    /// Whether `transmit` will take only a moment now.
    fn light(&self) -> bool;
    /// TLS is up.
    fn secured(&mut self, transport: Transport, now: Now);
    /// The server wants it to end.
    fn end(&mut self, ending: Ending, now: Now);
    /// Who this is and what it does.
    fn facts(&self) -> Facts;
}

/// Makes a session with a client that has just connected.
pub(crate) type Begin = Box<dyn Fn(&Arc<Link>, Transport) -> Box<dyn Conversation> + Send + Sync>;

/// What is spoken at a door.
pub(crate) struct Protocol {
    /// Makes its sessions.
    pub(crate) begin: Begin,
    /// Its last words to a client whose session has no say.
    pub(crate) farewell: fn(Dismissal) -> &'static [u8],
}

/// What time it is.
pub(crate) fn now() -> Now {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Now { monotonic: Instant::now(), unix: i64::try_from(unix).unwrap_or(i64::MAX) }
}
