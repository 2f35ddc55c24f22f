//! Decides who comes in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gate::{Exchange, Gate, Peer, Transport, User, Verdict};
use store::Store;
use tracing::{error, info, warn};

use super::accounts::{Accounts, Known};
use super::exchange::{PlainExchange, ScramExchange};
use super::password;
use super::scram::{Binding, Keys};
use super::slots::{Caller, Crowded, Slots};
use super::throttle::{Admission, Network, Pair, Throttle};
use super::verified::Verified;
use crate::link::Login;
use crate::log::Address;
use crate::registry::Registry;

/// The longest name that anybody logs in with: an address's (RFC 5321 §4.5.3.1), and room.
const LONGEST_NAME: usize = 320;

/// Knows accounts, passwords and addresses, and who has been guessing.
pub(crate) struct Doorkeeper(Arc<Inner>);

pub(super) struct Inner {
    store: Store,
    registry: Arc<Registry>,
    accounts: Accounts,
    verified: Verified,
    throttle: Throttle,
    slots: Slots,
    /// For the SCRAM keys of names that nobody has: outlives restarts.
    secret: [u8; 32],
}

/// Who asks, and for whom.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) peer: Peer,
    pub(super) mechanism: &'static str,
    pub(super) name: String,
    /// Whom they want to act as, if they say.
    pub(super) authzid: Option<String>,
}

impl Attempt {
    fn pair(&self) -> Pair {
        Pair::new(Network::from(self.peer.address), &self.name)
    }
}

impl Doorkeeper {
    /// `secret` outlives restarts. The error is the system's, when it gives no random numbers.
    pub(crate) fn new(store: Store, registry: Arc<Registry>, secret: [u8; 32]) -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Ok(Self(Arc::new(Inner {
            accounts: Accounts::new(store.clone()),
            store,
            registry,
            verified: Verified::new(key),
            throttle: Throttle::default(),
            slots: Slots::new(cores),
            secret,
        })))
    }

    /// Forgets what is too old. Called now and then.
    pub(crate) fn tidy(&self, now: Instant) {
        self.0.verified.tidy(now);
        self.0.throttle.tidy(now);
    }

    /// Ends the sessions that logged in with credentials that are no longer good; whether all could be looked at.
    pub(crate) fn revoke(&self) -> bool {
        let mut complete = true;
        for account in self.0.registry.accounts() {
            match self.0.accounts.stamp(account) {
                Ok(stamp) => {
                    let ended = self.0.registry.revoke(account, stamp);
                    if ended > 0 {
                        info!(account_id = account.get(), sessions = ended, "credentials changed: sessions end");
                    }
                }
                Err(error) => {
                    complete = false;
                    warn!(%error, account_id = account.get(), "the directory cannot be read");
                }
            }
        }
        complete
    }
}

impl Gate for Doorkeeper {
    fn mechanisms(&self, transport: &Transport) -> Vec<&'static str> {
        match transport {
            Transport::Plain => Vec::new(),
            Transport::Tls { exporter: Some(_) } => vec!["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"],
            Transport::PlainTrusted | Transport::Tls { exporter: None } => vec!["SCRAM-SHA-256", "PLAIN"],
        }
    }

    fn login(&self, peer: &Peer, transport: &Transport, name: &[u8], password: &[u8]) -> Verdict {
        if *transport == Transport::Plain {
            return Verdict::Forbidden;
        }
        let name = String::from_utf8_lossy(&password::prepare(name)).into_owned();
        let attempt = Attempt { peer: peer.clone(), mechanism: "LOGIN", name, authzid: None };
        self.0.check_password(&attempt, password)
    }

    fn authenticate(&self, peer: &Peer, transport: &Transport, mechanism: &str) -> Option<Box<dyn Exchange>> {
        let (inner, peer) = (self.0.clone(), peer.clone());
        let offered = self.mechanisms(transport);
        let mechanism = offered.into_iter().find(|offered| offered.eq_ignore_ascii_case(mechanism))?;
        let binding = match transport {
            Transport::Tls { exporter: Some(exporter) } if mechanism == "SCRAM-SHA-256-PLUS" => {
                Binding::Exporter(*exporter)
            }
            Transport::Tls { exporter: Some(_) } => Binding::Declined,
            _ => Binding::Unavailable,
        };
        Some(match mechanism {
            "PLAIN" => Box::new(PlainExchange { inner, peer }),
            _ => Box::new(ScramExchange::new(inner, peer, mechanism, binding)),
        })
    }
}

impl Inner {
    /// LOGIN and PLAIN.
    pub(super) fn check_password(&self, attempt: &Attempt, password: &[u8]) -> Verdict {
        match self.right_password(attempt, password) {
            Ok(known) => self.welcome(attempt, &known),
            Err(refused) => Self::refuse(attempt, refused),
        }
    }

    /// Who they are, if the password is right. For a name that nobody has it takes as long as for one that somebody has.
    fn right_password(&self, attempt: &Attempt, password: &[u8]) -> Result<Arc<Known>, Refused> {
        let now = Instant::now();
        let password = password::prepare(password);
        if let Some(known) = self.find(&attempt.name)?
            && let Some(hash) = &known.hash
            && self.verified.knows(&self.verified.digest(known.id.get(), &password, hash), now)
        {
            self.throttle.succeeded(&attempt.pair(), now);
            return Ok(known);
        }
        let known = self.find_newest(&attempt.name)?;
        let hash = known.as_ref().and_then(|known| known.hash.as_deref()).unwrap_or(password::DUMMY);
        let id = known.as_ref().map_or(0, |known| known.id.get());
        let digest = self.verified.digest(id, &password, hash);
        let pair = attempt.pair();
        let caller = match self.throttle.admit(&pair, Some(&digest), now) {
            Admission::Known => Caller::Known,
            Admission::Stranger => Caller::Stranger,
            Admission::SameAgain(delay) => return Err(Refused::Wrong(delay)),
            Admission::TooSoon => return Err(Refused::TooSoon),
        };
        let checked = self.slots.run(caller, |memory| password::verify(&password, hash, memory));
        let right = checked.inspect_err(|_| self.throttle.unchecked(&pair, Instant::now()))?;
        match known {
            Some(known) if right && known.hash.is_some() => {
                self.verified.remember(digest, now);
                self.throttle.succeeded(&pair, now);
                Ok(known)
            }
            _ => Err(Refused::Wrong(self.throttle.failed(&pair, Some(digest), now))),
        }
    }

    /// Whether a SCRAM exchange may begin, and with which keys: for a name that nobody has, keys that nobody has.
    pub(super) fn keys(&self, attempt: &Attempt) -> Result<(Option<Arc<Known>>, Keys), Refused> {
        if !self.throttle.is_open(&attempt.pair(), Instant::now()) {
            return Err(Refused::TooSoon);
        }
        let known = self.find_newest(&attempt.name)?;
        let keys = known.as_ref().and_then(|known| known.keys.clone());
        // Spellings that the directory keeps apart have salts of their own, whether somebody has the name or not.
        let keys = keys.unwrap_or_else(|| Keys::fake(&self.secret, &attempt.name.to_ascii_lowercase()));
        Ok((known, keys))
    }

    /// A SCRAM proof was right: whether it may be said. Exchanges that began together would otherwise all be checked,
    /// however many they are.
    pub(super) fn proven(&self, attempt: &Attempt) -> Result<(), Refused> {
        let (pair, now) = (attempt.pair(), Instant::now());
        if !self.throttle.is_open(&pair, now) {
            return Err(Refused::TooSoon);
        }
        self.throttle.succeeded(&pair, now);
        Ok(())
    }

    /// A SCRAM proof was wrong. Whoever comes too soon hears the same as with a right one.
    pub(super) fn disproven(&self, attempt: &Attempt) -> Verdict {
        let (pair, now) = (attempt.pair(), Instant::now());
        let refused = match self.throttle.admit(&pair, None, now) {
            Admission::TooSoon => Refused::TooSoon,
            _ => Refused::Wrong(self.throttle.failed(&pair, None, now)),
        };
        Self::refuse(attempt, refused)
    }

    /// The password was right: lets them in, unless something else speaks against it.
    pub(super) fn welcome(&self, attempt: &Attempt, known: &Arc<Known>) -> Verdict {
        let acts_as_another = match attempt.authzid.as_deref().map(|authzid| self.find(authzid)) {
            None => false,
            Some(Ok(other)) => other.is_none_or(|other| other.id != known.id),
            Some(Err(refused)) => return Self::refuse(attempt, refused),
        };
        if known.disabled || acts_as_another {
            return Self::refuse(attempt, Refused::Forbidden);
        }
        let account = match self.store.account(known.id) {
            Ok(account) => account,
            Err(error) => return Self::refuse(attempt, Refused::Failed(error)),
        };
        // Whoever comes in sees what other processes have done until now. What cannot be read, the session will tell.
        let _newest = account.poll();
        let login = Login { account: known.id, name: known.name.clone() };
        let Some(admission) = self.registry.admit(attempt.peer.session, login, known.stamp) else {
            return Self::refuse(attempt, Refused::TooMany);
        };
        // A change between reading the credentials and being counted would have found no session to end.
        match self.find(&attempt.name) {
            Ok(Some(newest)) if newest.stamp == known.stamp && !newest.disabled => {}
            Ok(_) => return Self::refuse(attempt, Refused::Wrong(Duration::ZERO)),
            Err(refused) => return Self::refuse(attempt, refused),
        }
        let (address, session) = (Address(attempt.peer.address), attempt.peer.session);
        info!(%address, session, account = &*known.name, mechanism = attempt.mechanism, "logged in");
        Verdict::Welcome(User { name: known.name.to_string(), account, admission: Box::new(admission) })
    }

    pub(super) fn refuse(attempt: &Attempt, refused: Refused) -> Verdict {
        let (address, session) = (Address(attempt.peer.address), attempt.peer.session);
        let (name, mechanism) = (attempt.name.as_str(), attempt.mechanism);
        match refused {
            Refused::Wrong(delay) => {
                let seconds = delay.as_secs_f32();
                info!(%address, session, name, mechanism, seconds, "login refused: wrong name or password");
                Verdict::Wrong(delay)
            }
            Refused::TooSoon => {
                info!(%address, session, name, mechanism, "login refused unchecked: too soon after a wrong password");
                Verdict::Unavailable
            }
            Refused::Crowded => {
                warn!(%address, session, name, mechanism, "login refused unchecked: too many passwords to check");
                Verdict::Unavailable
            }
            Refused::Forbidden => {
                info!(%address, session, name, mechanism, "login refused: disabled, or acting as another");
                Verdict::Forbidden
            }
            Refused::TooMany => {
                info!(%address, session, name, mechanism, "login refused: the account has too many sessions");
                Verdict::TooMany
            }
            Refused::Failed(error) => {
                error!(%address, session, name, mechanism, %error, "login refused: the store failed");
                Verdict::Unavailable
            }
        }
    }

    fn find(&self, name: &str) -> Result<Option<Arc<Known>>, Refused> {
        if is_name(name) { Ok(self.accounts.find(name)?) } else { Ok(None) }
    }

    fn find_newest(&self, name: &str) -> Result<Option<Arc<Known>>, Refused> {
        if is_name(name) { Ok(self.accounts.find_newest(name)?) } else { Ok(None) }
    }
}

fn is_name(name: &str) -> bool {
    let odd = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(odd)
}

/// Why somebody does not come in.
pub(super) enum Refused {
    /// The answer is due after so long.
    Wrong(Duration),
    TooSoon,
    Crowded,
    Forbidden,
    TooMany,
    Failed(store::Error),
}

impl From<Crowded> for Refused {
    fn from(Crowded: Crowded) -> Self {
        Self::Crowded
    }
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests;
