//! One loop that serves a session's doors: for IMAP and LMTP, with TLS or without.
//!
//! A session works on the blocking pool, because it calls the store directly; what it says is light is done on the
//! spot. Between two commands a connection is one small task without buffers, that waits for its socket, its bell and
//! its deadline at once.

mod turn;

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use gate::{Dismissal, Ending, Transport};
use rustls::ServerConfig;
use tokio::time::{Sleep, sleep, timeout};
use tracing::{debug, info, warn};

use crate::buffer;
use crate::conversation::Protocol;
use crate::door::Security;
use crate::lanes::Ticket;
use crate::link::{Link, Order, Orders, Rung};
use crate::log::Address;
use crate::pace;
use crate::registry::Seat;
use crate::told::Told;
use crate::wire::{FarEnd, Socket, Wire};
use turn::{Outcome, Place, Turn};

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a TLS handshake.
    pub(crate) handshake: Duration,
    /// To take any of what it is sent.
    pub(crate) stalled: Duration,
    /// To read the last words.
    pub(crate) farewell: Duration,
    /// To come back after it has closed its side while a command runs for it: it may be waiting for the answer still,
    /// but hardly so long.
    pub(crate) half_closed: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            stalled: Duration::from_mins(5),
            farewell: Duration::from_secs(2),
            half_closed: Duration::from_secs(10),
        }
    }
}

/// How long a stranger is not read where there is no room for what it says, before that is looked at again.
const NO_ROOM: Duration = Duration::from_millis(100);

/// For a wait that nothing but its event ends.
const FAR: Duration = Duration::from_hours(24);

/// What all connections of a door share.
pub(crate) struct Reception {
    pub(crate) protocol: Arc<Protocol>,
    /// It gives descriptors back where there are none for connections.
    pub(crate) store: store::Store,
    pub(crate) tls: Arc<arc_swap::ArcSwap<ServerConfig>>,
    pub(crate) plaintext_login: bool,
    pub(crate) patience: Patience,
}

/// Why a connection ended, for the log.
enum End {
    /// As the protocol says.
    Closed,
    /// The client went away.
    Gone,
    /// The socket or TLS failed.
    Failed(io::Error),
    /// TLS never came up.
    NoTls(io::Error),
    /// The client took nothing for a long time.
    Stalled,
}

/// Serves one connection until it ends.
pub(crate) async fn serve(socket: Socket, seat: Seat, reception: Arc<Reception>) {
    let (link, registry) = (seat.link.clone(), seat.registry.clone());
    link.set_sight(socket.sight());
    let end = talk(Wire::new(socket), &seat, &reception).await;
    drop(seat);
    log_end(&link, &end, &registry.told);
}

async fn talk(mut wire: Wire, seat: &Seat, reception: &Reception) -> End {
    let (link, registry) = (&seat.link, &seat.registry);
    let transport = match link.door.tls() {
        Security::AtOnce => match handshake(&mut wire, link, reception).await {
            Ok(transport) => transport,
            Err(end) => return end,
        },
        Security::WhenAsked if reception.plaintext_login => Transport::PlainTrusted,
        Security::WhenAsked | Security::Never => Transport::Plain,
    };
    let mut turn = Box::new(Turn::new(wire, transport, link.clone(), reception.protocol.clone()));
    let mut alarm = pin!(sleep(FAR));
    loop {
        let mut outcome = turn.run(Place::Here);
        if let Outcome::Heavy = outcome {
            let ticket = match turn.link.lane().try_enter() {
                Some(ticket) => Some(ticket),
                None => match Box::pin(in_line(&mut turn, &reception.patience)).await {
                    Ok(ticket) => ticket,
                    Err(end) => {
                        turn.drop_session();
                        return end;
                    }
                },
            };
            let working = tokio::task::spawn_blocking(move || {
                let outcome = turn.run(Place::Pool);
                drop(ticket);
                (turn, outcome)
            });
            match working.await {
                Ok(done) => (turn, outcome) = done,
                // Only a runtime that is being taken down drops work; panics are caught where they happen.
                Err(_) => return End::Gone,
            }
        }
        let event = match outcome {
            Outcome::Heavy => Ok(()),
            Outcome::Tired => poll_fn(|cx| Poll::Ready(rest(&mut turn, cx, &reception.patience))).await,
            Outcome::Blocked => unblock(&mut turn, alarm.as_mut(), &reception.patience).await,
            Outcome::Idle if !turn.has_room() => {
                registry.make_room();
                hold(&mut turn, alarm.as_mut(), &reception.patience, Some(NO_ROOM)).await
            }
            Outcome::Idle => match turn.pause() {
                None => idle(&mut turn, alarm.as_mut()).await,
                pause => hold(&mut turn, alarm.as_mut(), &reception.patience, pause).await,
            },
            Outcome::Held => hold(&mut turn, alarm.as_mut(), &reception.patience, None).await,
            Outcome::StartTls => start_tls(&mut turn, reception).await,
            Outcome::Failed(error) => Err(End::Failed(error)),
            Outcome::Close => {
                Box::pin(linger(&mut turn, reception.patience.farewell)).await;
                Err(End::Closed)
            }
        };
        if let Err(end) = event {
            turn.drop_session();
            return end;
        }
    }
}

/// The TLS handshake, in a box of its own: it is over soon, and what waits for years need not have room for it.
async fn handshake(wire: &mut Wire, link: &Link, reception: &Reception) -> Result<Transport, End> {
    let shaking = Box::pin(async {
        wire.start_tls(reception.tls.load_full())?;
        let done = async {
            wait_turn(link).await?;
            poll_fn(|cx| {
                check_orders(link, cx)?;
                wire.poll_open(cx)
            })
            .await
        };
        timeout(reception.patience.handshake, done).await?
    });
    match shaking.await {
        Ok(()) => Ok(Transport::Tls { exporter: wire.exporter() }),
        Err(error) => Err(End::NoTls(error)),
    }
}

/// A handshake is a stranger's work like any other.
async fn wait_turn(link: &Link) -> io::Result<()> {
    while let Some(delay) = link.pace().and_then(|pace| pace.delay(Instant::now())) {
        let mut nap = pin!(sleep(delay));
        poll_fn(|cx| {
            check_orders(link, cx)?;
            nap.as_mut().poll(cx).map(Ok::<_, io::Error>)
        })
        .await?;
    }
    if let Some(pace) = link.pace() {
        pace.charge(pace::HANDSHAKE, Instant::now());
    }
    Ok(())
}

/// Who is told to end before TLS is up has nothing to say.
fn check_orders(link: &Link, cx: &Context<'_>) -> io::Result<()> {
    match link.poll_rung(cx) {
        Poll::Ready(rung) if rung.orders.contain(Order::MakeRoom) || rung.orders.contain(Order::Shutdown) => {
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        _ => Ok(()),
    }
}

/// STARTTLS: all that was read has been thrown away by now or is with the session, which throws it away
/// (RFC 9051 §6.2.1).
async fn start_tls(turn: &mut Turn, reception: &Reception) -> Result<(), End> {
    let link = turn.link.clone();
    let transport = handshake(&mut turn.wire, &link, reception).await?;
    turn.secured(transport);
    Ok(())
}

/// Waits until the client speaks, the account changes, the deadline comes or the server wants something.
async fn idle(turn: &mut Turn, mut alarm: Pin<&mut Sleep>) -> Result<(), End> {
    let deadline = turn.deadline();
    set(alarm.as_mut(), deadline);
    poll_fn(|cx| {
        if let Poll::Ready(rung) = turn.link.poll_rung(cx) {
            let ordered = obey(turn, rung.orders);
            if rung.session {
                turn.wake();
            }
            if rung.session || ordered {
                return Poll::Ready(Ok(()));
            }
            // A report is no reason to go on; the bell has to be listened to again.
            cx.waker().wake_by_ref();
        }
        match buffer::with_input(|input| turn.poll_receive(cx, input)) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(End::Gone)),
            Poll::Ready(Ok(_)) => return Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(End::Failed(error))),
            Poll::Pending => {}
        }
        if passed(deadline, alarm.as_mut(), cx) {
            turn.wake();
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    })
    .await
}

/// What [`queue`] does, and counts how long that takes.
async fn in_line(turn: &mut Turn, patience: &Patience) -> Result<Option<Ticket>, End> {
    let (link, since) = (turn.link.clone(), Instant::now());
    let ticket = queue(turn, patience).await;
    link.cost.waited_since(since);
    ticket
}

/// Waits for a thread in the session's lane, and keeps its place there whatever is rung meanwhile. Who has hung up is not worked
/// for; who is told to end needs no thread of others' to say the last words.
async fn queue(turn: &mut Turn, patience: &Patience) -> Result<Option<Ticket>, End> {
    let link = turn.link.clone();
    let mut enter = pin!(link.lane().enter());
    while !turn.is_ending() {
        let rung = {
            let mut gone = pin!(gone(&turn.wire, patience.half_closed));
            poll_fn(|cx| {
                if let Poll::Ready(ticket) = enter.as_mut().poll(cx) {
                    return Poll::Ready(Ok(Err(ticket)));
                }
                if let Poll::Ready(rung) = link.poll_rung(cx) {
                    return Poll::Ready(Ok(Ok(rung)));
                }
                gone.as_mut().poll(cx).map(Err)
            })
            .await?
        };
        match rung {
            Ok(rung) => hear(turn, rung),
            Err(ticket) => return Ok(Some(ticket)),
        }
    }
    Ok(None)
}

/// What the bell was rung for is passed on.
fn hear(turn: &mut Turn, rung: Rung) {
    if rung.session {
        turn.wake();
    }
    obey(turn, rung.orders);
}

/// Ends some time after the client has said all it will ever say: it may be waiting for an answer still, but hardly so
/// long.
async fn gone(wire: &Wire, half_closed: Duration) -> End {
    match wire.closed().await {
        Ok(()) => {
            sleep(half_closed).await;
            End::Gone
        }
        Err(error) => End::Failed(error),
    }
}

/// Waits for the deadline or a wake, or so long at most, without reading what the client says meanwhile.
async fn hold(
    turn: &mut Turn,
    mut alarm: Pin<&mut Sleep>,
    patience: &Patience,
    most: Option<Duration>,
) -> Result<(), End> {
    let (until, half_closed) = (most.map(|most| Instant::now() + most), patience.half_closed);
    let deadline = turn.deadline().into_iter().chain(until).min();
    set(alarm.as_mut(), deadline);
    let rung = {
        let mut gone = pin!(gone(&turn.wire, half_closed));
        poll_fn(|cx| {
            if let Poll::Ready(rung) = turn.link.poll_rung(cx) {
                return Poll::Ready(Ok(Some(rung)));
            }
            if let Poll::Ready(end) = gone.as_mut().poll(cx) {
                return Poll::Ready(Err(end));
            }
            if passed(deadline, alarm.as_mut(), cx) { Poll::Ready(Ok(None)) } else { Poll::Pending }
        })
        .await?
    };
    if let Some(rung) = rung {
        obey(turn, rung.orders);
    }
    turn.wake();
    Ok(())
}

/// Between two slices of a long command: does the server want something, and is the client there still?
fn rest(turn: &mut Turn, cx: &mut Context<'_>, patience: &Patience) -> Result<(), End> {
    let rung = turn.link.take();
    hear(turn, rung);
    match turn.wire.far_end(cx) {
        Ok(FarEnd::Speaks) => Ok(()),
        Ok(FarEnd::HasClosed) if turn.closed_for() < patience.half_closed => Ok(()),
        Ok(FarEnd::HasClosed) => Err(End::Gone),
        Err(error) => Err(End::Failed(error)),
    }
}

/// Waits until the client takes more of what it is sent.
async fn unblock(turn: &mut Turn, mut alarm: Pin<&mut Sleep>, patience: &Patience) -> Result<(), End> {
    let patience = if turn.is_ending() { patience.farewell } else { patience.stalled };
    let deadline = Some(Instant::now() + patience);
    set(alarm.as_mut(), deadline);
    poll_fn(|cx| {
        if let Poll::Ready(rung) = turn.link.poll_rung(cx) {
            if obey(turn, rung.orders) {
                // It has a moment to read on; then the connection ends, read or not.
                return Poll::Ready(Ok(()));
            }
            if rung.session {
                turn.wake();
            }
            cx.waker().wake_by_ref();
        }
        match turn.wire.poll_write_ready(cx) {
            Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(End::Failed(error))),
            Poll::Pending => {}
        }
        if passed(deadline, alarm.as_mut(), cx) { Poll::Ready(Err(End::Stalled)) } else { Poll::Pending }
    })
    .await
}

/// Does what the server wants; says whether the session is to be looked at again.
fn obey(turn: &mut Turn, orders: Orders) -> bool {
    if orders.contain(Order::Report) {
        turn.report();
    }
    if orders.contain(Order::Shutdown) {
        turn.end(Ending::Shutdown);
    } else if orders.contain(Order::Revoked) {
        turn.end(Ending::Revoked);
    } else if orders.contain(Order::MakeRoom) && turn.link.login().is_none() {
        turn.dismiss(Dismissal::MakeRoom);
    } else {
        return false;
    }
    true
}

/// Lets the alarm ring at the deadline at the latest. One that rings early is set again: that is rarer than moving it
/// at each command.
fn set(alarm: Pin<&mut Sleep>, deadline: Option<Instant>) {
    if let Some(deadline) = deadline
        && (alarm.deadline().into_std() > deadline || alarm.is_elapsed())
    {
        alarm.reset(deadline.into());
    }
}

fn passed(deadline: Option<Instant>, mut alarm: Pin<&mut Sleep>, cx: &mut Context<'_>) -> bool {
    while alarm.as_mut().poll(cx).is_ready() {
        match deadline {
            Some(deadline) if deadline <= Instant::now() => return true,
            Some(deadline) => alarm.as_mut().reset(deadline.into()),
            None => alarm.as_mut().reset((Instant::now() + FAR).into()),
        }
    }
    false
}

/// Reads what the client still sends before it hears that we are done: closing with unread octets would take our last
/// words from it (RFC 1122 §4.2.2.13).
async fn linger(turn: &mut Turn, farewell: Duration) {
    turn.wire.finish();
    let mut most = 1 << 20;
    let rest = poll_fn(|cx| {
        loop {
            match buffer::with_input(|input| turn.wire.poll_read(cx, input)) {
                Poll::Ready(Ok(read)) if read > 0 && most > read => most -= read,
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    });
    // Whether it ended or took too long is all the same.
    let _over = timeout(farewell, rest).await;
}

fn log_end(link: &Link, end: &End, told: &Told) {
    let address = Address(link.address);
    let (session, seconds) = (link.id, link.since.elapsed().as_secs());
    let account = link.login().map(|login| &*login.name);
    match (end, account) {
        (End::Stalled, _) => warn!(%address, session, account, seconds, "session ended: the client read nothing"),
        (End::Closed | End::Gone, Some(_)) => info!(%address, session, account, seconds, "session ended"),
        (End::Failed(error) | End::NoTls(error), Some(_)) => {
            info!(%address, session, account, seconds, %error, "connection lost");
        }
        (End::Closed | End::Gone, None) => debug!(%address, session, "connection ended"),
        (End::NoTls(error), _) if told.is_due(link.source(), &error.to_string(), Instant::now()) => {
            info!(%address, session, %error, "no TLS came up; the same of this address is not told again for an hour");
        }
        (End::Failed(error) | End::NoTls(error), None) => debug!(%address, session, %error, "connection failed"),
    }
}

#[cfg(test)]
mod tests;
