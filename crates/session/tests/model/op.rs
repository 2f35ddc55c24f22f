//! What clients do, before it is known what their numbers mean.

use proptest::prelude::*;
use testkit::model::{Features, Mode};

/// The names that mailboxes have.
pub(crate) const NAMES: [&str; 4] = ["INBOX", "Alpha", "Beta", "Gamma"];

/// The flags that are stored.
pub(crate) const FLAGS: [&str; 6] = ["\\Seen", "\\Flagged", "\\Deleted", "\\Answered", "One", "Two"];

/// A whole run.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Who takes part.
    pub(crate) clients: Vec<Features>,
    /// Who does what.
    pub(crate) steps: Vec<(usize, Op)>,
}

/// What FETCH asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Flags,
    All,
    ModSeq,
    /// Sets `\Seen`.
    Body,
}

/// Some messages: ranges of places or of UIDs, taken modulo what there is.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) by: By,
    pub(crate) ranges: Vec<(u8, u8)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Seq,
    Uid,
}

/// How a STORE is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    Told,
    Silent,
    /// One message, UNCHANGEDSINCE what the client knows.
    Conditional,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Select,
    Examine,
}

/// What a client does.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Select(usize, Opening),
    Append(usize, Vec<u8>),
    Store(Target, Mode, u8, Echo),
    Expunge,
    UidExpunge(Vec<(u8, u8)>),
    Copy(Target, usize),
    Move(Target, usize),
    Replace(Target, usize),
    Noop,
    Check,
    Close,
    Unselect,
    Idle,
    Done,
    Fetch(Target, Asked),
    FetchVanished,
    Search(By, u8),
    Create(usize),
    Delete(usize),
    Rename(usize, usize),
    /// Is cut off and comes back later.
    Drop,
}

/// Random runs.
pub(crate) fn script() -> impl Strategy<Value = Script> {
    let features = prop_oneof![
        2 => Just(Features::Plain),
        2 => Just(Features::Rev2),
        2 => Just(Features::Condstore),
        4 => Just(Features::Qresync),
    ];
    let clients = prop::collection::vec(features, 2..=5);
    let steps = prop::collection::vec((0..5_usize, op()), 1..90);
    (clients, steps).prop_map(|(clients, steps)| Script { clients, steps })
}

/// Runs in which QRESYNC clients are cut off again and again, of few kinds of commands in one mailbox.
pub(crate) fn cut_off() -> impl Strategy<Value = Script> {
    let seq = || ranges().prop_map(|ranges| Target { by: By::Seq, ranges });
    let mode = prop_oneof![2 => Just(Mode::Add), 1 => Just(Mode::Remove)];
    let echo = prop_oneof![Just(Echo::Told), Just(Echo::Silent)];
    let all = || Op::Fetch(Target { by: By::Uid, ranges: vec![(0, 255)] }, Asked::All);
    let op = prop_oneof![
        1 => Just(Op::Append(0, vec![0, 4])),
        4 => (seq(), mode, flags(), echo).prop_map(|(target, mode, flags, echo)| Op::Store(target, mode, flags, echo)),
        2 => Just(Op::Expunge),
        4 => seq().prop_map(|target| Op::Fetch(target, Asked::Flags)),
        1 => Just(Op::Search(By::Seq, 0)),
        2 => Just(all()),
        4 => Just(Op::Drop),
    ];
    let steps = prop::collection::vec((0..3_usize, op), 5..60);
    steps.prop_map(move |steps| {
        let begin = [(0, Op::Append(0, vec![0; 6])), (0, all()), (1, all()), (2, all())];
        Script { clients: vec![Features::Qresync; 3], steps: begin.into_iter().chain(steps).collect() }
    })
}

fn op() -> impl Strategy<Value = Op> {
    let name = || prop_oneof![3 => Just(0_usize), 2 => 1..NAMES.len()];
    let opening = prop_oneof![5 => Just(Opening::Select), 1 => Just(Opening::Examine)];
    let mode = prop_oneof![1 => Just(Mode::Replace), 2 => Just(Mode::Add), 1 => Just(Mode::Remove)];
    let echo = prop_oneof![Just(Echo::Told), Just(Echo::Silent), Just(Echo::Conditional)];
    let asked = prop_oneof![Just(Asked::Flags), Just(Asked::All), Just(Asked::ModSeq), Just(Asked::Body)];
    prop_oneof![
        6 => (name(), opening).prop_map(|(name, opening)| Op::Select(name, opening)),
        8 => (name(), prop::collection::vec(flags(), 1..4)).prop_map(|(name, all)| Op::Append(name, all)),
        10 => (target(), mode, flags(), echo).prop_map(|(t, m, f, e)| Op::Store(t, m, f, e)),
        4 => Just(Op::Expunge),
        2 => ranges().prop_map(Op::UidExpunge),
        2 => (target(), name()).prop_map(|(target, name)| Op::Copy(target, name)),
        3 => (target(), name()).prop_map(|(target, name)| Op::Move(target, name)),
        1 => (target(), name()).prop_map(|(target, name)| Op::Replace(target, name)),
        6 => Just(Op::Noop),
        1 => Just(Op::Check),
        1 => Just(Op::Close),
        1 => Just(Op::Unselect),
        3 => Just(Op::Idle),
        2 => Just(Op::Done),
        6 => (target(), asked).prop_map(|(target, asked)| Op::Fetch(target, asked)),
        1 => Just(Op::FetchVanished),
        3 => (by(), 0..3_u8).prop_map(|(by, key)| Op::Search(by, key)),
        1 => name().prop_map(Op::Create),
        1 => name().prop_map(Op::Delete),
        1 => (name(), name()).prop_map(|(from, to)| Op::Rename(from, to)),
        4 => Just(Op::Drop),
    ]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![Just(By::Seq), Just(By::Uid)]
}

fn target() -> impl Strategy<Value = Target> {
    (by(), ranges()).prop_map(|(by, ranges)| Target { by, ranges })
}

fn ranges() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((any::<u8>(), 0..4_u8), 1..3)
}

/// Which of [`FLAGS`], by bits; `\Deleted` often, so that something goes.
fn flags() -> impl Strategy<Value = u8> {
    prop_oneof![2 => 0..64_u8, 1 => Just(4_u8)]
}
