//! LMTP (RFC 2033).

use std::sync::Arc;
use std::time::Instant;

use delivery::{Lmtp, Settings};
use gate::{Ending, Facts, Next, Now, Transport};

use crate::conversation::{Conversation, Protocol, now};

pub(super) fn protocol(settings: Settings) -> Protocol {
    let settings = Arc::new(settings);
    Protocol {
        begin: Box::new(move |link, _| Box::new(Lmtp::new(settings.clone(), link.peer(), now()))),
        farewell: delivery::farewell,
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

    fn held(&self) -> usize {
        Self::held(self)
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
