//! A session as the connection serves it, whichever protocol it speaks.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use delivery::Lmtp;
use gate::{Ending, Facts, Next, Now, Peer, Transport};
use session::Session;

use crate::link::{Door, Link};

/// The four doors of a sans-IO session, and what a server needs besides.
pub(crate) trait Conversation: Send {
    /// The client spoke.
    fn receive(&mut self, bytes: &[u8], now: Now);
    /// The account changed, or the deadline passed.
    fn wake(&mut self, now: Now);
    /// Adds octets to send, and says what to do after sending them. Where the session works.
    fn transmit(&mut self, out: &mut Vec<u8>) -> Next;
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

impl Conversation for Session {
    fn receive(&mut self, bytes: &[u8], now: Now) {
        Self::receive(self, bytes, now);
    }

    fn wake(&mut self, now: Now) {
        Self::wake(self, now);
    }

    fn transmit(&mut self, out: &mut Vec<u8>) -> Next {
        Self::transmit(self, out)
    }

    fn deadline(&self) -> Option<Instant> {
        Self::deadline(self)
    }

    fn light(&self) -> bool {
        Self::light(self)
    }

    fn secured(&mut self, transport: Transport, now: Now) {
        Self::secured(self, transport, now);
    }

    fn end(&mut self, ending: Ending, now: Now) {
        Self::end(self, ending, now);
    }

    fn facts(&self) -> Facts {
        Self::facts(self)
    }
}

impl Conversation for Lmtp {
    fn receive(&mut self, bytes: &[u8], now: Now) {
        Self::receive(self, bytes, now);
    }

    fn wake(&mut self, now: Now) {
        Self::wake(self, now);
    }

    fn transmit(&mut self, out: &mut Vec<u8>) -> Next {
        Self::transmit(self, out)
    }

    fn deadline(&self) -> Option<Instant> {
        Self::deadline(self)
    }

    fn light(&self) -> bool {
        Self::light(self)
    }

    // LMTP has no STARTTLS here: it comes by a Unix socket or from the mail server beside us.
    fn secured(&mut self, _: Transport, _: Now) {}

    fn end(&mut self, _: Ending, now: Now) {
        Self::end(self, now);
    }

    fn facts(&self) -> Facts {
        Facts { client: self.client().unwrap_or_default().to_owned(), command: "LMTP", ..Facts::default() }
    }
}

/// Makes a session with a client that has just connected.
pub(crate) type Begin = Box<dyn Fn(&Arc<Link>, Transport) -> Box<dyn Conversation> + Send + Sync>;

/// Makes the sessions of a server: what they are made of is shared.
pub(crate) fn begin(imap: Arc<session::Settings>, lmtp: Arc<delivery::Settings>) -> Begin {
    Box::new(move |link, transport| match link.door {
        Door::Imap | Door::Imaps => {
            let bell = link.clone();
            let peer = Peer { address: link.address, session: link.id };
            Box::new(Session::new(imap.clone(), peer, transport, Arc::new(move || bell.ring()), now()))
        }
        Door::Lmtp => {
            let peer = Peer { address: link.address, session: link.id };
            Box::new(Lmtp::new(lmtp.clone(), peer, now()))
        }
    })
}

/// What time it is.
pub(crate) fn now() -> Now {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Now { monotonic: Instant::now(), unix: i64::try_from(unix).unwrap_or(i64::MAX) }
}
