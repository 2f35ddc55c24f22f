//! What can happen next, and what the dice choose.

use testkit_vfs::Trouble;

use super::actor::Due;
use super::away::Gap;
use super::dice::Dice;
use super::engine::Fault;
use super::mailer::{OPENING, Which, Wish};

/// Something that begins: one door of a session, or one duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A line's session works.
    Transmit(usize),
    /// A line's session is woken.
    Wake(usize),
    /// A line's client speaks.
    Speak(usize, Wish),
    /// A line's client is cut off and connects again.
    Reconnect(usize),
    /// A message comes in by LMTP, in a process.
    Lmtp(usize, u64),
    /// A message comes in without a session.
    Import(usize, u64),
    /// Somebody looks at the newest state.
    Observe(usize),
    /// A process looks for what others did.
    Poll(usize),
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
    /// Whether writes may fail.
    pub(super) faults: bool,
    /// Whether there is a disk.
    pub(super) disk: bool,
    /// Whether files may be moved away.
    pub(super) takes: bool,
    /// The longest time that passes at once, in seconds.
    pub(super) patience: u64,
    /// How often time passes and is seen to pass, so that what is old goes: a weight.
    pub(super) ages: usize,
}

/// Numbers that are given once.
#[derive(Debug, Default)]
pub(super) struct Marks(u64);

impl Marks {
    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// A step that no line does.
pub(super) fn other(dice: &mut Dice, marks: &mut Marks, processes: usize, manners: Manners) -> Step {
    let process = dice.below(processes);
    let (faults, takes) = (2 * usize::from(manners.faults), 2 * usize::from(manners.takes));
    match dice.weighed(&[4, 4, 2, 6, 4, 3, 3, faults, takes, manners.ages]) {
        0 => Step::Lmtp(process, marks.next()),
        1 => Step::Import(process, marks.next()),
        2 => Step::Observe(process),
        3 => Step::Poll(process),
        4 => Step::Sweep(process),
        5 => Step::Close(process),
        6 => Step::Time(dice.of(&[1, 1, 61, 61, 7_201]).min(manners.patience)),
        7 if manners.disk && !dice.once_in(4) => disk(dice),
        7 => Step::Fail(process, dice.of(&[Fault::Full, Fault::Before, Fault::After])),
        9 => Step::Age(process),
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
pub(super) fn of_line(dice: &mut Dice, marks: &mut Marks, line: usize, (due, state): (Due, Listening)) -> Option<Step> {
    Some(match due {
        Due::Nothing => return None,
        Due::Transmit => Step::Transmit(line),
        Due::Wake => Step::Wake(line),
        Due::Ended => Step::Reconnect(line),
        Due::Speak if dice.once_in(40) => Step::Reconnect(line),
        Due::Speak if state == Listening::Idle && !dice.once_in(4) => return None,
        Due::Speak => Step::Speak(line, wish(dice, marks, state)),
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

fn wish(dice: &mut Dice, marks: &mut Marks, state: Listening) -> Wish {
    match state {
        Listening::Idle => return Wish::Done,
        Listening::After(said) if said < OPENING.len() => return OPENING[said].clone(),
        Listening::After(_) => {}
    }
    let which = if dice.once_in(3) { Which::All } else { Which::One(dice.below(16)) };
    let mailbox = if dice.once_in(4) { "Archive" } else { "INBOX" };
    match dice.weighed(&[5, 5, 3, 3, 2, 2, 3, 6, 2, 1, 1, 1]) {
        0 => Wish::Append(mailbox, marks.next()),
        1 => Wish::Keyword(which, marks.next()),
        2 => Wish::Delete(which),
        3 => Wish::Expunge,
        4 => Wish::Copy(which, mailbox),
        5 => Wish::Move(which, "Archive"),
        6 => Wish::Noop,
        7 => Wish::Idle,
        8 => Wish::Fetch,
        9 => Wish::List,
        10 => Wish::Status(mailbox),
        _ => Wish::Select(mailbox),
    }
}
