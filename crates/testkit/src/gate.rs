//! A gate for tests: users with passwords that never change, and no hash that takes its time.

use std::sync::Arc;
use std::time::Duration;

use session::{Exchange, Gate, Peer, Step, Transport, User, Verdict};
use store::{AccountId, Store};

/// The user of every transcript, with the password that it has everywhere.
pub const USER: &str = "fred";

/// The password of [`USER`].
pub const PASSWORD: &str = "secret";

/// Lets in whoever it was told of. Other names have their answers, too: `slow` waits three seconds, `forbidden` is
/// disabled, `crowd` has too many sessions, `later` cannot be told now.
#[derive(Clone)]
pub struct FixedGate {
    store: Store,
    users: Vec<(String, String, AccountId)>,
}

impl FixedGate {
    /// For the users of a store: name, password, account.
    pub fn new(store: Store, users: Vec<(String, String, AccountId)>) -> Self {
        Self { store, users }
    }

    fn verdict(&self, name: &[u8], password: &[u8]) -> Verdict {
        match name {
            b"slow" => return Verdict::Wrong(Duration::from_secs(3)),
            b"forbidden" => return Verdict::Forbidden,
            b"crowd" => return Verdict::TooMany,
            b"later" => return Verdict::Unavailable,
            _ => {}
        }
        let found = self.users.iter().find(|(n, p, _)| n.as_bytes() == name && p.as_bytes() == password);
        let Some((name, _, id)) = found else { return Verdict::Wrong(Duration::ZERO) };
        match self.store.account(*id) {
            Ok(account) => {
                // As the server's gate does: whoever comes in sees what other processes have done until now.
                let _newest = account.poll();
                Verdict::Welcome(User { name: name.clone(), account, admission: Box::new(()) })
            }
            Err(_) => Verdict::Unavailable,
        }
    }
}

impl Gate for FixedGate {
    fn mechanisms(&self, transport: &Transport) -> Vec<&'static str> {
        match transport {
            Transport::Plain => Vec::new(),
            Transport::PlainTrusted | Transport::Tls { .. } => vec!["PLAIN", "X-TWO-STEP"],
        }
    }

    fn login(&self, _: &Peer, _: &Transport, name: &[u8], password: &[u8]) -> Verdict {
        self.verdict(name, password)
    }

    fn authenticate(&self, _: &Peer, transport: &Transport, mechanism: &str) -> Option<Box<dyn Exchange>> {
        let offered = self.mechanisms(transport);
        let gate = Arc::new(self.clone());
        match mechanism.to_ascii_uppercase().as_str() {
            name if !offered.contains(&name) => None,
            "PLAIN" => Some(Box::new(Plain { gate, asked: Asked::Nothing })),
            _ => Some(Box::new(TwoStep { gate, name: None })),
        }
    }
}

enum Asked {
    Nothing,
    ForAll,
}

/// PLAIN (RFC 4616): authorization identity, name and password, with NULs between.
struct Plain {
    gate: Arc<FixedGate>,
    asked: Asked,
}

impl Exchange for Plain {
    fn step(&mut self, response: Option<&[u8]>) -> Step {
        let Some(response) = response else {
            return match std::mem::replace(&mut self.asked, Asked::ForAll) {
                Asked::Nothing => Step::Challenge(Vec::new()),
                Asked::ForAll => Step::Done(Verdict::Wrong(Duration::ZERO)),
            };
        };
        let mut parts = response.split(|octet| *octet == 0);
        Step::Done(match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(as_whom), Some(name), Some(password), None) if as_whom.is_empty() || as_whom == name => {
                self.gate.verdict(name, password)
            }
            (Some(_), Some(_), Some(_), None) => Verdict::Forbidden,
            _ => Verdict::Wrong(Duration::ZERO),
        })
    }
}

/// A mechanism of two steps in which the server has something to say, so that challenges can be told in a transcript:
/// the name, then `and?`, then the password.
struct TwoStep {
    gate: Arc<FixedGate>,
    name: Option<Vec<u8>>,
}

impl Exchange for TwoStep {
    fn step(&mut self, response: Option<&[u8]>) -> Step {
        match (response, self.name.take()) {
            (None, _) => Step::Challenge(b"who?".to_vec()),
            (Some(name), None) => {
                self.name = Some(name.to_vec());
                Step::Challenge(b"and?".to_vec())
            }
            (Some(password), Some(name)) => Step::Done(self.gate.verdict(&name, password)),
        }
    }
}
