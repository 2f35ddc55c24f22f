//! A connection as the rest of the server sees it: who is at its other end, and a bell to ring.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use gate::{Facts, Peer};
use parking_lot::Mutex;
use store::AccountId;

use crate::auth::Network;
use crate::cost::Cost;
use crate::door::{Door, Entry};
use crate::intake::Stake;
use crate::lanes::Lane;
use crate::pace::Pace;
use crate::wire::Sight;

/// Something that a connection is told to do, whatever its client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The server shuts down.
    Shutdown,
    /// The account was disabled or removed, or its password changed.
    Revoked,
    /// Too many connections wait to log in, and this is the oldest of them.
    MakeRoom,
    /// Say who you are and what you do: `posthorn who` asks.
    Report,
}

impl Order {
    fn bit(self) -> u8 {
        match self {
            Self::Shutdown => 1,
            Self::Revoked => 2,
            Self::MakeRoom => 4,
            Self::Report => 8,
        }
    }
}

/// Orders that wait, the most final first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Orders(u8);

impl Orders {
    pub(crate) fn contain(self, order: Order) -> bool {
        self.0 & order.bit() != 0
    }
}

/// Who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// The account.
    pub(crate) account: AccountId,
    /// Its name.
    pub(crate) name: Box<str>,
}

/// One connection.
pub(crate) struct Link {
    pub(crate) id: u64,
    /// Which door it came in by.
    pub(crate) door: Door,
    pub(crate) address: Option<std::net::IpAddr>,
    pub(crate) since: Instant,
    login: OnceLock<Login>,
    /// The session's account has something new, or its own bell was rung.
    rung: AtomicBool,
    orders: AtomicU8,
    transcript: AtomicBool,
    waker: Mutex<Option<Waker>>,
    facts: Mutex<Option<Box<Facts>>>,
    /// What it has cost so far.
    pub(crate) cost: Cost,
    /// What it keeps of what was said before login.
    pub(crate) stake: Stake,
    /// How fast it is worked for until then.
    pace: Pace,
    /// How its session comes to a thread, and how it does once somebody is logged in.
    lane: Lane,
    commands: OnceLock<Lane>,
    /// Its socket, once it is served.
    sight: OnceLock<Sight>,
}

/// What the bell was rung for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    /// The session has something to do.
    pub(crate) session: bool,
    /// The server wants something.
    pub(crate) orders: Orders,
}

impl Link {
    pub(crate) fn new(
        id: u64,
        door: Door,
        address: Option<std::net::IpAddr>,
        (stake, lane, pace): (Stake, Lane, Pace),
    ) -> Self {
        Self {
            id,
            stake,
            pace,
            lane,
            commands: OnceLock::new(),
            sight: OnceLock::new(),
            door,
            address,
            since: Instant::now(),
            login: OnceLock::new(),
            rung: AtomicBool::new(false),
            orders: AtomicU8::new(0),
            transcript: AtomicBool::new(false),
            waker: Mutex::new(None),
            facts: Mutex::new(None),
            cost: Cost::default(),
        }
    }

    pub(crate) fn source(&self) -> Network {
        Network::from(self.address)
    }

    /// The other end, as sessions know it.
    pub(crate) fn peer(&self) -> Peer {
        Peer { address: self.address, session: self.id }
    }

    /// Wakes the session: its account has changed. From any thread, without waiting.
    pub(crate) fn ring(&self) {
        // Rung already, and not yet heard: whoever rang first has woken it.
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.wake();
        }
    }

    /// Tells the connection to do something.
    pub(crate) fn order(&self, order: Order) {
        self.orders.fetch_or(order.bit(), Ordering::AcqRel);
        self.wake();
    }

    fn wake(&self) {
        let waker = self.waker.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits for the bell. What it was rung for is taken: it is told once.
    pub(crate) fn poll_rung(&self, cx: &Context<'_>) -> Poll<Rung> {
        {
            // First the waker, then the look: whoever rings after the look finds the waker.
            let mut waker = self.waker.lock();
            match &mut *waker {
                Some(old) if old.will_wake(cx.waker()) => {}
                other => *other = Some(cx.waker().clone()),
            }
        }
        let rung = self.take();
        if rung.session || rung.orders != Orders::default() { Poll::Ready(rung) } else { Poll::Pending }
    }

    /// What the bell was rung for since the last look.
    pub(crate) fn take(&self) -> Rung {
        let session = self.rung.load(Ordering::Acquire) && self.rung.swap(false, Ordering::AcqRel);
        let orders = if self.orders.load(Ordering::Acquire) == 0 { 0 } else { self.orders.swap(0, Ordering::AcqRel) };
        Rung { session, orders: Orders(orders) }
    }

    /// Whether the server wants the connection to end, without taking the order.
    pub(crate) fn must_end(&self) -> bool {
        self.orders.load(Ordering::Acquire) & !Order::Report.bit() != 0
    }

    /// Who is logged in, once somebody is.
    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.get()
    }

    /// Somebody logged in, and works in this lane from now on. A session logs in once.
    pub(crate) fn set_login(&self, login: Login, commands: Lane) {
        // A second login cannot be; if it were, the first would stay.
        let _first_stays = (self.login.set(login), self.commands.set(commands));
        self.pace.was_no_stranger();
    }

    /// The pace of who has to log in and has not.
    pub(crate) fn pace(&self) -> Option<&Pace> {
        (self.door.entry() == Entry::Login && self.login().is_none()).then_some(&self.pace)
    }

    /// How its session comes to a thread.
    pub(crate) fn lane(&self) -> &Lane {
        self.commands.get().unwrap_or(&self.lane)
    }

    /// It is served on this socket.
    pub(crate) fn set_sight(&self, sight: Sight) {
        let _the_first_stays = self.sight.set(sight);
    }

    /// Whether the client has closed its side.
    pub(crate) fn has_gone(&self) -> bool {
        self.sight.get().is_some_and(Sight::has_closed)
    }

    /// Whether what is said is written to the log.
    pub(crate) fn has_transcript(&self) -> bool {
        self.transcript.load(Ordering::Relaxed)
    }

    pub(crate) fn set_transcript(&self, transcript: Transcript) {
        self.transcript.store(transcript == Transcript::On, Ordering::Relaxed);
    }

    /// The session answers [`Order::Report`].
    pub(crate) fn report(&self, facts: Facts) {
        *self.facts.lock() = Some(Box::new(facts));
    }

    /// What the session reported, taken.
    pub(crate) fn reported(&self) -> Option<Box<Facts>> {
        self.facts.lock().take()
    }
}

/// Whether a protocol transcript is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transcript {
    /// It is.
    On,
    /// It is not.
    Off,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;
    use crate::intake::Intake;
    use crate::lanes::Lanes;
    use crate::pace::Paces;

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_ring_is_heard_once_and_never_lost() {
        let pace = Arc::new(Paces::default()).pace(Network::Local);
        let parts = (Arc::new(Intake::default()).stake(), Lanes::default().deliveries(), pace);
        let link = Link::new(1, Door::Imap, None, parts);
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let cx = Context::from_waker(&waker);
        link.ring();
        assert!(matches!(link.poll_rung(&cx), Poll::Ready(Rung { session: true, .. })), "rung before anybody waited");
        assert_eq!(link.poll_rung(&cx), Poll::Pending);
        link.ring();
        link.ring();
        assert_eq!(count.0.load(Ordering::SeqCst), 1, "woken once");
        assert!(link.poll_rung(&cx).is_ready());
        link.order(Order::Report);
        assert!(!link.must_end());
        link.order(Order::Revoked);
        assert!(link.must_end());
        let Poll::Ready(rung) = link.poll_rung(&cx) else { panic!("not rung") };
        assert!(rung.orders.contain(Order::Report) && rung.orders.contain(Order::Revoked) && !rung.session);
        assert!(!rung.orders.contain(Order::Shutdown) && !link.must_end());
    }
}
