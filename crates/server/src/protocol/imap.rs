//! IMAP (RFC 9051).

use std::sync::Arc;
use std::time::Instant;

use gate::{Ending, Facts, Next, Now, Transport};
use session::{Session, Settings};

use crate::conversation::{Conversation, Protocol, now};

pub(super) fn protocol(settings: Settings) -> Protocol {
    let settings = Arc::new(settings);
    Protocol {
        begin: Box::new(move |link, transport| {
            let bell = link.clone();
            let ring = Arc::new(move || bell.ring());
            Box::new(Session::new(settings.clone(), link.peer(), transport, ring, now()))
        }),
        farewell: session::farewell,
    }
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

    fn held(&self) -> usize {
        Self::held(self)
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
