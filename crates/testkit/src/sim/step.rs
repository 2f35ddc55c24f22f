//! What can happen next, and what the dice choose.

use testkit_vfs::Trouble;

use super::actor::Due;
use super::away::Gap;
use super::dice::Dice;
use super::engine::Fault;
use super::wish::{OPENING, Which, Wish};

/// Something that begins: one door of a session, or one duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A line's session works.
    Transmit(usize),
    /// A line's session is woken.
    Wake(usize),
    /// A line's client speaks.
    Speak(usize, Wish),
    /// The server ends a line's session, whose account has gone.
    Dismiss(usize),
    /// A line's client is cut off and connects again.
    Reconnect(usize),
    /// A message comes in by LMTP, in a process, and may be for a mailbox.
    Lmtp(usize, u64, Option<&'static str>),
    /// A message comes in without a session.
    Import(usize, u64),
    /// Somebody looks at the newest state.
    Observe(usize),
    /// A process looks for what others did.
    Poll(usize),
    /// A process looks at the directory, and ends the sessions whose account has gone.
    Look(usize),
    /// The account is made, in a process, if there is none.
    Make(usize),
    /// The account is removed.
    Remove(usize),
    /// A process sweeps: checkpoints, retention, closing, the directory.
    Sweep(usize),
    /// A minute passes, and a process that sweeps sees it pass.
    Age(usize),
    /// A process closes its accounts.
    Close(usize),
    /// So many seconds pass.
    Time(u64),
    /// The next write of a process fails.
    Fail(usize, Fault),
    /// Something happens to the disk, after so many acts.
    Disk(Trouble, usize),
    /// The account's files are moved away.
    Take(Gap),
}

/// What a life is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    /// How often writes fail: a weight.
    pub(super) faults: usize,
    /// Whether there is a disk.
    pub(super) disk: bool,
    /// How often files are moved away: a weight.
    pub(super) takes: usize,
    /// The longest time that passes at once, in seconds.
    pub(super) patience: u64,
    /// How often time passes and is seen to pass, so that what is old goes: a weight.
    pub(super) ages: usize,
    /// Whether mailboxes come and go.
    pub(super) rooms: bool,
    /// How often the account comes and goes: a weight.
    pub(super) moves: usize,
}

/// Numbers that are given once.
#[derive(Debug, Default)]
pub(super) struct Marks(u64);

impl Marks {
    pub(super) fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// A step that no line does.
pub(super) fn other(dice: &mut Dice, marks: &mut Marks, processes: usize, manners: Manners) -> Step {
    let process = dice.below(processes);
    let Manners { faults, takes, moves, .. } = manners;
    match dice.weighed(&[4, 4, 2, 6, 4, 3, 3, faults, takes, manners.ages, moves, moves, moves]) {
        0 if manners.rooms && dice.once_in(2) => Step::Lmtp(process, marks.next(), Some(dice.of(&ROOMS))),
        0 => Step::Lmtp(process, marks.next(), None),
        1 => Step::Import(process, marks.next()),
        2 => Step::Observe(process),
        3 => Step::Poll(process),
        4 => Step::Sweep(process),
        5 => Step::Close(process),
        6 => Step::Time(dice.of(&[1, 1, 61, 61, 7_201]).min(manners.patience)),
        7 if manners.disk && !dice.once_in(4) => disk(dice),
        7 => Step::Fail(process, dice.of(&[Fault::Full, Fault::Before, Fault::After])),
        9 => Step::Age(process),
        10 => Step::Make(process),
        11 => Step::Remove(process),
        12 => Step::Look(process),
        _ => Step::Take(dice.of(&[Gap::Nothing, Gap::EmptyFile])),
    }
}

fn disk(dice: &mut Dice) -> Step {
    match dice.weighed(&[6, 2, 2, 1, 1, 1]) {
        0 => Step::Disk(Trouble::PowerCut, dice.below(40)),
        1 => Step::Disk(Trouble::Sync, dice.below(3)),
        2 => Step::Disk(Trouble::Full, dice.below(20)),
        3 => Step::Disk(Trouble::Write, dice.below(20)),
        4 => Step::Disk(Trouble::ShortWrite, dice.below(20)),
        _ => Step::Disk(Trouble::Read, dice.below(20)),
    }
}

/// A line's step.
pub(super) fn of_line(
    dice: &mut Dice,
    marks: &mut Marks,
    (line, (due, state)): (usize, (Due, Listening)),
    manners: Manners,
) -> Option<Step> {
    Some(match due {
        Due::Nothing => return None,
        Due::Transmit => Step::Transmit(line),
        Due::Wake => Step::Wake(line),
        Due::Dismiss => Step::Dismiss(line),
        Due::Ended => Step::Reconnect(line),
        Due::Speak if dice.once_in(40) => Step::Reconnect(line),
        Due::Speak if state == Listening::Idle && !dice.once_in(4) => return None,
        Due::Speak => Step::Speak(line, wish(dice, marks, state, manners)),
    })
}

/// How far a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listening {
    /// So many of the things with which it begins are done.
    After(usize),
    /// It is in IDLE.
    Idle,
}

/// The mailboxes that come and go, in lives in which they do.
const ROOMS: [&str; 3] = ["Work", "Work/Old", "Play"];

/// From where to where they go.
const WAYS: [(&str, &str); 6] = [
    ("Work", "Play"),
    ("Play", "Work"),
    ("Work/Old", "Play"),
    ("Play", "Work/Old"),
    ("INBOX", "Work"),
    ("INBOX", "Work/Old"),
];

fn wish(dice: &mut Dice, marks: &mut Marks, state: Listening, manners: Manners) -> Wish {
    match state {
        Listening::Idle => return Wish::Done,
        Listening::After(said) if said < OPENING.len() => return OPENING[said].clone(),
        Listening::After(_) => {}
    }
    if manners.rooms && dice.once_in(3) {
        return of_rooms(dice);
    }
    let which = if dice.once_in(3) { Which::All } else { Which::One(dice.below(16)) };
    let mailbox = match manners.rooms {
        true if dice.once_in(2) => dice.of(&ROOMS),
        false if dice.once_in(4) => "Archive",
        _ => "INBOX",
    };
    let target = if manners.rooms { dice.of(&ROOMS) } else { "Archive" };
    match dice.weighed(&[5, 5, 3, 3, 2, 2, 3, 6, 2, 1, 1, 1 + 6 * usize::from(manners.rooms)]) {
        0 => Wish::Append(mailbox, marks.next()),
        1 => Wish::Keyword(which, marks.next()),
        2 => Wish::Mark(which),
        3 => Wish::Expunge,
        4 => Wish::Copy(which, mailbox),
        5 => Wish::Move(which, target),
        6 => Wish::Noop,
        7 => Wish::Idle,
        8 => Wish::Fetch,
        9 => Wish::List,
        10 => Wish::Status(mailbox),
        _ => Wish::Select(mailbox),
    }
}

fn of_rooms(dice: &mut Dice) -> Wish {
    let room = dice.of(&ROOMS);
    match dice.weighed(&[6, 4, 4, 1, 1, 1]) {
        0 => Wish::Create(room),
        1 => Wish::Delete(room),
        2 => {
            let (from, to) = dice.of(&WAYS);
            Wish::Rename(from, to)
        }
        3 => Wish::Subscribe(room),
        4 => Wish::Unsubscribe(room),
        _ => Wish::Subscriptions,
    }
}
