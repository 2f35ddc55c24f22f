//! Tasks: steps under way, each on a stack of its own, all on one thread.
//!
//! A task runs until it comes to a [`Stop`] and goes on from there when it is resumed. So nothing happens between two
//! stops but what the scheduler lets happen.

use std::rc::Rc;
use std::sync::Arc;

use generator::{Generator, Gn};
use parking_lot::Mutex;
use store::turn::{Scheduler, Stop, simulate};

/// The words of a task's stack: SQLite and a session's answer fit well.
const STACK: usize = 0x1_8000;

type Job = Box<dyn FnOnce() + Send>;

/// How far a task has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// A stop.
    Stop(Stop),
    /// Its end.
    End,
}

/// Makes the running task stop until it is resumed. Outside of any task nobody else could go first.
#[derive(Debug)]
struct Tasks;

impl Scheduler for Tasks {
    fn pass(&self, stop: Stop) {
        if generator::is_generator() {
            give_way(Reached::Stop(stop));
        }
    }
}

fn give_way(reached: Reached) {
    #[allow(deprecated, reason = "its successor wants a handle to be passed down, through the store and back")]
    generator::yield_with(reached);
}

struct Stack {
    generator: Generator<'static, (), Reached>,
    job: Arc<Mutex<Option<Job>>>,
}

impl Stack {
    fn new() -> Self {
        let job: Arc<Mutex<Option<Job>>> = Arc::default();
        let next = job.clone();
        let generator = Gn::new_opt(STACK, move || {
            loop {
                let job = next.lock().take();
                if let Some(job) = job {
                    job();
                }
                give_way(Reached::End);
            }
        });
        Self { generator, job }
    }
}

/// A step under way.
pub(super) struct Task(Stack);

/// Stacks that are used again.
pub struct Stacks(Vec<Stack>);

impl Stacks {
    /// For this thread, on which tasks take turns from now on.
    #[allow(clippy::new_without_default)] // it changes the thread
    pub fn new() -> Self {
        simulate(Rc::new(Tasks));
        Self(Vec::new())
    }

    /// Makes a task, which waits to be resumed.
    pub(super) fn task(&mut self, job: impl FnOnce() + Send + 'static) -> Task {
        let stack = self.0.pop().unwrap_or_else(Stack::new);
        *stack.job.lock() = Some(Box::new(job));
        Task(stack)
    }

    /// Takes back the stack of a task that is done.
    pub(super) fn put_back(&mut self, task: Task) {
        self.0.push(task.0);
    }
}

impl Task {
    /// Lets it go on to its next stop.
    ///
    /// # Panics
    /// With the task's panic.
    pub(super) fn resume(&mut self) -> Reached {
        self.0.generator.resume().unwrap_or(Reached::End)
    }
}
