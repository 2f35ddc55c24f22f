//! Decides who comes in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gate::{Exchange, Gate, Now, Peer, Transport, User, Verdict};
use parking_lot::Mutex;
use store::Store;
use tracing::{error, info, warn};

use super::accounts::{Accounts, Known};
use super::aliases::{self, Aliases};
use super::exchange::{PlainExchange, ScramExchange};
use super::network::Network;
use super::password;
use super::scram::{Binding, Keys, Pending, Proof};
use super::slots::{Caller, Load, Slots, Unhashed};
use super::throttle::{Admission, Guess, Standing, Throttle};
use super::verified::{Digest, Verified};
use crate::conversation::now;
use crate::link::Login;
use crate::log::Address;
use crate::registry::Registry;

/// The longest name that anybody logs in with: an address's (RFC 5321 §4.5.3.1), and room.
const LONGEST_NAME: usize = 320;

/// How often what has to last is written. Each time, what others remember of the directory is looked up anew.
const KEPT: Duration = Duration::from_mins(1);

/// Knows accounts, passwords and addresses, and who has been guessing.
pub(crate) struct Doorkeeper(Arc<Inner>);

pub(super) struct Inner {
    store: Store,
    registry: Arc<Registry>,
    accounts: Accounts,
    verified: Verified,
    throttle: Throttle,
    slots: Slots,
    aliases: Arc<Aliases>,
    /// When what has to last was last written.
    kept: Mutex<Instant>,
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
    fn guess(&self, known: Option<&Arc<Known>>, password: Option<Digest>) -> Guess {
        let account = known.map(|known| known.id);
        Guess::new(Network::from(self.peer.address), &self.name, account, password)
    }
}

impl Doorkeeper {
    /// `secret` outlives restarts. The error is the system's, when it gives no random numbers.
    pub(crate) fn new(store: Store, registry: Arc<Registry>, secret: [u8; 32]) -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let (now, aliases) = (now(), Arc::new(Aliases::new(secret)));
        let throttle = Throttle::new(now.monotonic);
        if let Err(error) = throttle.recall(store.rows(), now) {
            warn!(%error, "not all addresses that logins came from can be read: these are strangers until the next login");
        }
        if let Err(error) = aliases::sweep(store.rows(), store.directory()) {
            warn!(%error, "the keys of aliases that are no more cannot be removed; the next start tries again");
        }
        Ok(Self(Arc::new(Inner {
            accounts: Accounts::new(store.clone(), aliases.clone()),
            store,
            registry,
            verified: Verified::new(key),
            throttle,
            slots: Slots::new(cores),
            aliases,
            kept: Mutex::new(now.monotonic),
        })))
    }

    /// Forgets what is too old, and writes what has to last. Called now and then.
    pub(crate) fn tidy(&self, now: Now) {
        self.0.verified.tidy(now.monotonic);
        self.0.throttle.tidy(now);
        let is_due = {
            let mut kept = self.0.kept.lock();
            let is_due = now.monotonic.saturating_duration_since(*kept) >= KEPT;
            if is_due {
                *kept = now.monotonic;
            }
            is_due
        };
        if is_due {
            self.keep();
        }
    }

    /// Writes what has to last over a restart. Without it nothing is wrong: owners are strangers for one login.
    pub(crate) fn keep(&self) {
        let rows = self.0.store.rows();
        if let Err(error) = self.0.throttle.keep(rows).and_then(|()| self.0.aliases.keep(rows)) {
            warn!(%error, "addresses that logins came from cannot be written; this is tried again in a minute");
        }
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
        let now = now();
        let password = password::prepare(password);
        if let Some(known) = self.find(&attempt.name)? {
            let digest = self.digest(Some(&known), &password);
            let guess = attempt.guess(Some(&known), Some(digest));
            if self.throttle.is_free(&guess, now) && self.verified.knows(&digest, now.monotonic) {
                self.throttle.right(&guess, Standing::Known, now);
                self.accounts.give_keys(&known, &password);
                return Ok(known);
            }
        }
        let known = self.find_newest(&attempt.name)?;
        let digest = self.digest(known.as_ref(), &password);
        let guess = attempt.guess(known.as_ref(), Some(digest));
        let standing = self.admit(&guess, self.slots.load(), now)?;
        let was_right = self.verified.knows(&digest, now.monotonic);
        if !was_right && !self.hash(attempt, (&guess, standing), known.as_ref(), &password)? {
            return Err(Refused::Wrong(self.throttle.wrong(&guess, standing, now)));
        }
        match known {
            Some(known) if known.hash.is_some() => {
                self.verified.remember(digest, now.monotonic);
                self.throttle.right(&guess, standing, now);
                self.accounts.give_keys(&known, &password);
                Ok(known)
            }
            _ => Err(Refused::Wrong(self.throttle.wrong(&guess, standing, now))),
        }
    }

    /// Whether the hash of a password, prepared, is the one that is kept. What is not hashed was no guess.
    fn hash(
        &self,
        attempt: &Attempt,
        (guess, standing): (&Guess, Standing),
        known: Option<&Arc<Known>>,
        password: &[u8],
    ) -> Result<bool, Refused> {
        let caller = if standing == Standing::Known { Caller::Known } else { Caller::Stranger };
        let is_gone = || self.registry.has_gone(attempt.peer.session);
        let hashed = self.slots.run(caller, is_gone, |memory| password::verify(password, hash_of(known), memory));
        hashed.map_err(|why| {
            self.throttle.unchecked(guess, standing);
            Refused::Unhashed(why)
        })
    }

    /// Stands for a password, prepared, or what is as good: what was wrong yesterday is right after a change.
    fn digest(&self, known: Option<&Arc<Known>>, password: &[u8]) -> Digest {
        self.verified.digest(known.map_or(0, |known| known.id.get()), password, hash_of(known))
    }

    /// Whether a password may be checked.
    fn admit(&self, guess: &Guess, load: Load, now: Now) -> Result<Standing, Refused> {
        match self.throttle.admit(guess, load, now) {
            Admission::Check(standing) => Ok(standing),
            Admission::WrongAgain(delay) => Err(Refused::Wrong(delay)),
            Admission::TooSoon => Err(Refused::TooSoon),
            Admission::Spent => Err(Refused::Spent),
        }
    }

    /// With which keys a SCRAM exchange begins: for a name that nobody has, or an alias that has none yet, keys that nobody
    /// has. It reserves nothing: guessing begins with the proof.
    pub(super) fn keys(&self, attempt: &Attempt) -> Result<(Option<Arc<Known>>, Keys), Refused> {
        let known = self.find_newest(&attempt.name)?;
        if let Some(known) = known.as_ref().filter(|known| known.keys.is_none()) {
            let (address, alias) = (Address(attempt.peer.address), attempt.name.as_str());
            let note = "no SCRAM under this name before a login by LOGIN or PLAIN under it: the proof will be wrong";
            info!(%address, session = attempt.peer.session, alias, account = &*known.name, "{note}");
        }
        let keys = known.as_ref().and_then(|known| known.keys.clone());
        let keys = keys.unwrap_or_else(|| self.aliases.fake(&attempt.name));
        Ok((known, keys))
    }

    /// SCRAM: who they are and what proves us to them, if their proof is right; `None` is one of another exchange. It is
    /// admitted before it is compared, like a password: however many exchanges were begun first, they are as many guesses.
    pub(super) fn check_proof(
        &self,
        attempt: &Attempt,
        known: Option<Arc<Known>>,
        pending: &Pending,
        proof: Option<&Proof>,
    ) -> Result<(Arc<Known>, String), Refused> {
        let now = now();
        let digest = proof.map(|proof| self.digest(known.as_ref(), proof.client_key()));
        let guess = attempt.guess(known.as_ref(), digest);
        // A proof needs no place.
        let standing = self.admit(&guess, Load::Light, now)?;
        match (proof.and_then(|proof| pending.check(proof).ok()), known) {
            (Some(ours), Some(known)) => {
                self.throttle.right(&guess, standing, now);
                Ok((known, ours))
            }
            _ => Err(Refused::Wrong(self.throttle.wrong(&guess, standing, now))),
        }
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
            Refused::Spent => {
                let why = "login refused unchecked: too many wrong passwords for this account or from this address";
                info!(%address, session, name, mechanism, "{why}");
                Verdict::Unavailable
            }
            Refused::Unhashed(Unhashed::Crowded) => {
                warn!(%address, session, name, mechanism, "login refused unchecked: too many passwords to check");
                Verdict::Unavailable
            }
            Refused::Unhashed(Unhashed::Gone) => {
                info!(%address, session, name, mechanism, "login not checked: the client hung up");
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

/// What an account's passwords are checked against; for a name that nobody has it takes as long.
fn hash_of(known: Option<&Arc<Known>>) -> &str {
    known.and_then(|known| known.hash.as_deref()).unwrap_or(password::DUMMY)
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
    Spent,
    Unhashed(Unhashed),
    Forbidden,
    TooMany,
    Failed(store::Error),
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests;
