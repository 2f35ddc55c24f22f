//! SASL exchanges, step by step (RFC 4422 §3).

use std::sync::Arc;
use std::time::Duration;

use gate::{Exchange, Peer, Step, Verdict};

use super::accounts::Known;
use super::doorkeeper::{Attempt, Inner};
use super::scram::{self, Binding, Broken, ClientFirst, Pending};
use super::{password, plain};

/// What is no message of its mechanism is answered at once: it tells nothing, and guesses nothing.
fn nonsense() -> Step {
    Step::Done(Verdict::Wrong(Duration::ZERO))
}

/// PLAIN: the client speaks, and that is it.
pub(super) struct PlainExchange {
    pub(super) inner: Arc<Inner>,
    pub(super) peer: Peer,
}

impl Exchange for PlainExchange {
    fn step(&mut self, response: Option<&[u8]>) -> Step {
        let Some(response) = response else { return Step::Challenge(Vec::new()) };
        let Some(plain) = plain::parse(response) else { return nonsense() };
        let attempt = Attempt {
            peer: self.peer.clone(),
            mechanism: "PLAIN",
            name: prepared(plain.authcid),
            authzid: plain.authzid.map(prepared),
        };
        Step::Done(self.inner.check_password(&attempt, plain.password))
    }
}

/// SCRAM-SHA-256, with channel binding or without.
pub(super) struct ScramExchange {
    inner: Arc<Inner>,
    peer: Peer,
    mechanism: &'static str,
    binding: Binding,
    turn: Turn,
}

/// What the client says next.
enum Turn {
    First,
    Final(Attempt, Option<Arc<Known>>, Pending),
    /// Nothing: it has seen that we know its keys, and agrees.
    Agreement(Attempt, Arc<Known>),
    Over,
}

impl ScramExchange {
    pub(super) fn new(inner: Arc<Inner>, peer: Peer, mechanism: &'static str, binding: Binding) -> Self {
        Self { inner, peer, mechanism, binding, turn: Turn::First }
    }

    fn first(&mut self, message: &[u8]) -> Step {
        let Ok(first) = ClientFirst::parse(message, self.binding) else { return nonsense() };
        let attempt = Attempt {
            peer: self.peer.clone(),
            mechanism: self.mechanism,
            name: prepared(&first.username),
            authzid: first.authzid.as_deref().map(prepared),
        };
        let (known, keys) = match self.inner.keys(&attempt) {
            Ok(found) => found,
            Err(refused) => return Step::Done(Inner::refuse(&attempt, refused)),
        };
        let Ok(nonce) = scram::nonce() else { return Step::Done(Verdict::Unavailable) };
        let (challenge, pending) = scram::server_first(&first, self.binding, keys, &nonce);
        self.turn = Turn::Final(attempt, known, pending);
        Step::Challenge(challenge.into_bytes())
    }

    fn last(&mut self, message: &[u8], attempt: Attempt, known: Option<Arc<Known>>, pending: &Pending) -> Step {
        let proof = match pending.read(message) {
            Ok(proof) => Some(proof),
            Err(Broken::Syntax | Broken::Extension) => return nonsense(),
            // The proof of another exchange is no better than a wrong one.
            Err(_) => None,
        };
        match self.inner.check_proof(&attempt, known, pending, proof.as_ref()) {
            Ok((known, proof)) => {
                self.turn = Turn::Agreement(attempt, known);
                Step::Challenge(proof.into_bytes())
            }
            Err(refused) => Step::Done(Inner::refuse(&attempt, refused)),
        }
    }
}

impl Exchange for ScramExchange {
    fn step(&mut self, response: Option<&[u8]>) -> Step {
        let Some(response) = response else { return Step::Challenge(Vec::new()) };
        match std::mem::replace(&mut self.turn, Turn::Over) {
            Turn::First => self.first(response),
            Turn::Final(attempt, known, pending) => self.last(response, attempt, known, &pending),
            Turn::Agreement(attempt, known) if response.is_empty() => Step::Done(self.inner.welcome(&attempt, &known)),
            Turn::Agreement(..) | Turn::Over => nonsense(),
        }
    }
}

/// A name as it is compared (RFC 5802 §5.1: a name that cannot be prepared is nobody's).
fn prepared(name: &str) -> String {
    String::from_utf8_lossy(&password::prepare(name.as_bytes())).into_owned()
}
