//! One life: from a seed to what has become of the account.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use session::Now;
use store::AccountId;
use testkit_vfs::Disk;

use super::actor::{Due, Line, Postman};
use super::dice::Dice;
use super::process::Process;
use super::step::{self, Listening, Manners, Marks, Step};
use super::task::{Reached, Stacks, Task};
use super::truth::{Failures, Newest, Truth};
use super::wish::{OPENING, Wish};
use super::world::{Kind, World};
use crate::memory::BEGIN;

/// More turns than any life takes.
const PATIENCE: usize = 100_000;

/// Longer than the retention where what is old goes, in seconds.
const MINUTE: u64 = 61;

/// A life that ended badly.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What was wrong.
    pub what: String,
    /// All that happened, for people to read.
    pub story: String,
}

/// What happened, to be written out if somebody wants to read it.
enum Event {
    Begin(usize, Step),
    Stop(usize, Reached),
    PowerCut,
}

/// A step under way.
struct Running {
    number: usize,
    task: Task,
    who: Who,
    process: usize,
    done: Arc<Mutex<Result<(), String>>>,
}

/// Who is busy with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Line(usize),
    /// The one thread of a process that sweeps.
    House(usize),
    /// The one thread of a process that polls.
    Poller(usize),
    /// The one thread of a process that looks at the directory.
    Watchman(usize),
    Anybody,
}

/// A life under way.
pub(super) struct Life<'a> {
    pub(super) world: World,
    pub(super) now: Now,
    begin: Instant,
    dice: Dice,
    pub(super) marks: Marks,
    manners: Manners,
    stacks: &'a mut Stacks,
    running: Vec<Running>,
    begun: usize,
    /// The step by which the account had been made, as far as anybody looked.
    made: Option<usize>,
    resumed: usize,
    events: Vec<Event>,
    /// The process that wrote to an account last.
    pub(super) writers: BTreeMap<AccountId, usize>,
}

/// Lives one life; gives its story.
pub fn live(kind: Kind, seed: u64, stacks: &mut Stacks) -> Result<String, Failure> {
    let mut dice = Dice::new(seed);
    let begin = Instant::now();
    let now = Now { monotonic: begin, unix: BEGIN };
    let failed = |what: String| Failure { seed, what, story: String::new() };
    let ages = dice.once_in(5);
    let retention = Duration::from_secs(if ages { 1 } else { dice.of(&[1, 7_200, 1 << 40]) });
    let world = World::new(kind, retention, &mut dice, now).map_err(failed)?;
    let manners = manners(&mut dice, &world, if ages { 30 } else { 0 });
    let mut life = Life {
        world,
        now,
        begin,
        dice,
        marks: Marks::default(),
        manners,
        stacks,
        running: Vec::new(),
        begun: 0,
        made: None,
        resumed: 0,
        events: Vec::new(),
        writers: BTreeMap::new(),
    };
    let lived = life.all();
    let story = life.story();
    match lived {
        Ok(()) => Ok(story),
        Err(what) => {
            // Who stopped in the middle of a step has much on a stack that can only be gone on with, not dropped.
            std::mem::forget(std::mem::take(&mut life.running));
            Err(Failure { seed, what, story })
        }
    }
}

/// What a life is made of.
fn manners(dice: &mut Dice, world: &World, ages: usize) -> Manners {
    let faults = dice.once_in(3);
    let disk = world.disk().is_some();
    // A disk that loses power knows nothing of files that were moved.
    let takes = disk && !faults && dice.once_in(3);
    let moves = !takes && dice.once_in(4);
    Manners {
        faults: if faults { 2 } else { 0 },
        disk,
        takes: if takes { 2 } else { 0 },
        patience: dice.of(&[1, 61, 100_000]),
        ages,
        rooms: dice.once_in(3),
        moves: if moves { 3 } else { 0 },
    }
}

impl Life<'_> {
    fn all(&mut self) -> Result<(), String> {
        let steps = 20 + self.dice.below(50);
        if self.manners.rooms || self.dice.once_in(2) {
            self.greet()?;
        }
        // Power may go with the last act of all.
        let is_off = |life: &Self| life.world.disk().is_some_and(Disk::is_off);
        while self.begun < steps || !self.running.is_empty() || is_off(self) {
            if is_off(self) {
                self.lose_power()?;
            }
            let goes_on = self.begun >= steps || self.dice.below(10) < 7;
            if goes_on && !self.running.is_empty() {
                let at = self.dice.below(self.running.len());
                self.resume(at)?;
            } else if self.begun < steps {
                self.begin()?;
            }
        }
        self.settle().map_err(|what| format!("at the end: {what}"))
    }

    /// All clients log in, one after the other; some have nothing else to do than to listen.
    fn greet(&mut self) -> Result<(), String> {
        for (_, line) in &self.world.lines {
            let mut line = line.lock();
            let listens = !self.manners.rooms && self.dice.once_in(4);
            for wish in OPENING.iter().chain(listens.then_some(&Wish::Idle)) {
                line.transmit(&self.world.truth)?;
                line.speak(wish, &self.world.truth, self.now);
            }
            line.transmit(&self.world.truth)?;
        }
        if self.manners.rooms {
            // Somebody is in a room that others may take away, with a message in it.
            let room = "Work/Old";
            let mut first = self.world.lines[0].1.lock();
            for wish in [Wish::Create(room), Wish::Append(room, self.marks.next()), Wish::Select(room)] {
                first.speak(&wish, &self.world.truth, self.now);
                first.transmit(&self.world.truth)?;
            }
        }
        Ok(())
    }

    /// Begins one more step.
    fn begin(&mut self) -> Result<(), String> {
        self.begun += 1;
        let step = self.choose();
        let (who, process) = self.who(&step);
        let busy = who != Who::Anybody && self.running.iter().any(|running| running.who == who);
        if busy {
            return Ok(());
        }
        if self.manners.takes > 0 && self.made.is_none() && self.world.place().is_some() {
            self.made = Some(self.begun);
        }
        self.events.push(Event::Begin(self.begun, step.clone()));
        if let Step::Age(_) = step {
            self.pass(MINUTE);
        }
        match step {
            Step::Time(seconds) => self.pass(seconds),
            Step::Fail(process, fault) => {
                self.world.truth.lock().failures = Failures::Expected;
                *self.world.faults[process].lock() = Some(fault);
            }
            Step::Disk(trouble, after) => {
                self.world.truth.lock().failures = Failures::Expected;
                self.world.disk().iter().for_each(|disk| disk.expect(trouble, after));
            }
            Step::Take(gap) if self.is_made_for_all() => self.world.take_away(gap)?,
            Step::Take(_) => {}
            step => {
                let done = Arc::new(Mutex::new(Ok(())));
                let task = self.task(step, &done);
                self.running.push(Running { number: self.begun, task, who, process, done });
            }
        }
        Ok(())
    }

    /// Whether the account had been made when the oldest of the steps under way began. Whoever began before may take what
    /// is not there for what was not made yet.
    fn is_made_for_all(&self) -> bool {
        self.made.is_some_and(|made| self.running.iter().all(|running| running.number > made))
    }

    fn choose(&mut self) -> Step {
        let processes = self.world.processes.len();
        if self.dice.below(10) < 7 {
            let line = self.dice.below(self.world.lines.len());
            let free = !self.running.iter().any(|running| running.who == Who::Line(line));
            if let Some(state) = free.then(|| self.line_state(line))
                && let Some(step) = step::of_line(&mut self.dice, &mut self.marks, (line, state), self.manners)
            {
                return step;
            }
        }
        step::other(&mut self.dice, &mut self.marks, processes, self.manners)
    }

    fn line_state(&self, line: usize) -> (Due, Listening) {
        let line = self.world.lines[line].1.lock();
        let state = if line.mailer.is_idle() { Listening::Idle } else { Listening::After(line.mailer.opened()) };
        (line.due(self.now), state)
    }

    fn who(&self, step: &Step) -> (Who, usize) {
        match step {
            Step::Transmit(line)
            | Step::Wake(line)
            | Step::Speak(line, _)
            | Step::Dismiss(line)
            | Step::Reconnect(line) => (Who::Line(*line), self.world.lines[*line].0),
            Step::Sweep(process) | Step::Age(process) | Step::Close(process) => (Who::House(*process), *process),
            Step::Poll(process) => (Who::Poller(*process), *process),
            Step::Look(process) => (Who::Watchman(*process), *process),
            Step::Lmtp(process, ..)
            | Step::Import(process, _)
            | Step::Observe(process)
            | Step::Make(process)
            | Step::Remove(process)
            | Step::Fail(process, _) => (Who::Anybody, *process),
            Step::Time(_) | Step::Disk(..) | Step::Take(_) => (Who::Anybody, 0),
        }
    }

    fn task(&mut self, step: Step, done: &Arc<Mutex<Result<(), String>>>) -> Task {
        let (now, truth, done) = (self.now, self.world.truth.clone(), done.clone());
        let process = self.world.processes[self.who(&step).1].clone();
        let line = match self.who(&step).0 {
            Who::Line(line) => Some(self.world.lines[line].1.clone()),
            _ => None,
        };
        let work = move || {
            let with = |act: &mut dyn FnMut(&mut Line) -> Result<(), String>| {
                line.as_ref().map_or(Ok(()), |line| act(&mut line.lock()))
            };
            match step {
                Step::Transmit(_) => with(&mut |line| line.transmit(&truth)),
                Step::Wake(_) => with(&mut |line| {
                    line.wake(now);
                    Ok(())
                }),
                Step::Speak(_, wish) => with(&mut |line| {
                    line.speak(&wish, &truth, now);
                    Ok(())
                }),
                Step::Dismiss(_) => with(&mut |line| {
                    line.dismiss(now);
                    Ok(())
                }),
                Step::Reconnect(_) => with(&mut |line| {
                    line.again(&process, now);
                    Ok(())
                }),
                Step::Lmtp(_, mark, detail) => Postman::new(&process, (mark, detail), &truth, now).transmit(&truth),
                Step::Import(_, mark) => process.bring(mark, now.unix, &truth),
                Step::Observe(_) => process.observe(&truth),
                Step::Poll(_) => process.poll(&truth),
                Step::Look(_) => excused(process.porter.look(), &truth),
                Step::Make(_) => process.found(now.unix, &truth),
                Step::Remove(_) => process.remove(&truth),
                Step::Sweep(_) | Step::Age(_) => sweep(&process, now, &truth),
                Step::Close(_) => excused(process.store.close(), &truth),
                Step::Time(_) | Step::Fail(..) | Step::Disk(..) | Step::Take(_) => Ok(()),
            }
        };
        self.stacks.task(move || {
            let result = work();
            *done.lock() = result;
        })
    }

    /// Lets one of the steps that are under way go on.
    fn resume(&mut self, at: usize) -> Result<(), String> {
        self.resumed += 1;
        if self.resumed > PATIENCE {
            return Err("nobody comes to an end".to_owned());
        }
        let running = &mut self.running[at];
        let before = self.world.truth.lock().newest();
        let stop = catch_unwind(AssertUnwindSafe(|| running.task.resume())).map_err(|_| "a panic".to_owned())?;
        self.events.push(Event::Stop(running.number, stop));
        let (process, number) = (running.process, running.number);
        let mut truth = self.world.truth.lock();
        truth.follow().map_err(|what| format!("step {number}: {what}"))?;
        let newest = truth.newest();
        drop(truth);
        self.wrote(process, &before, &newest);
        if stop == Reached::End {
            let running = self.running.swap_remove(at);
            self.stacks.put_back(running.task);
            let done = running.done.lock().clone();
            done.map_err(|what| format!("step {number}: {what}"))?;
        }
        Ok(())
    }

    /// Whoever has written to what is newer now wrote last.
    pub(super) fn wrote(&mut self, process: usize, before: &Newest, now: &Newest) {
        let changed = now.iter().filter(|(id, newest)| before.get(id) != Some(newest));
        self.writers.extend(changed.map(|(id, _)| (*id, process)));
    }

    /// Whoever is at work fails; then all begins anew, with what the disk has.
    fn lose_power(&mut self) -> Result<(), String> {
        self.events.push(Event::PowerCut);
        while !self.running.is_empty() {
            for mut running in std::mem::take(&mut self.running) {
                match running.task.resume() {
                    Reached::End => self.stacks.put_back(running.task),
                    Reached::Stop(_) => self.running.push(running),
                }
            }
        }
        self.world.restart(self.now)
    }

    fn pass(&mut self, seconds: u64) {
        self.now.monotonic += Duration::from_secs(seconds);
        let passed = self.now.monotonic.duration_since(self.begin).as_secs();
        self.now.unix = BEGIN.saturating_add_unsigned(passed);
    }

    /// All that happened.
    fn story(&self) -> String {
        let mut story = String::new();
        for event in &self.events {
            let told = match event {
                Event::Begin(number, step) => writeln!(story, "{number:>4} {step:?}"),
                Event::PowerCut => writeln!(story, "     the power is cut"),
                Event::Stop(number, stop) => writeln!(story, "{number:>4}     {stop:?}"),
            };
            debug_assert!(told.is_ok(), "a String takes all");
        }
        story
    }
}

/// A process sweeps.
fn sweep(process: &Process, now: Now, truth: &Mutex<Truth>) -> Result<(), String> {
    let swept = process.store.sweep(now.unix);
    let truth = truth.lock();
    // Whatever else was broken, nobody has harmed what is stored.
    if let Some((_, problem)) = swept.damaged.first().filter(|_| !truth.away) {
        return Err(format!("a sweep found damage: {problem:?}"));
    }
    swept.failed.into_iter().try_for_each(|failure| truth.excuse(failure.account, Err(failure.error)))
}

/// An error is a failure only if nothing was broken.
fn excused(done: Result<(), store::Error>, truth: &Mutex<Truth>) -> Result<(), String> {
    truth.lock().excuse(None, done)
}
