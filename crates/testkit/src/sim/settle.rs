//! The end of a life: everybody comes to rest, and all see the same.

use testkit_vfs::Disk;

use super::actor::{Due, Line, Postman};
use super::ledger::Fate;
use super::life::Life;
use super::truth::Failures;
use super::wish::Wish;

/// More doors than any session needs to come to rest.
const DOORS: usize = 1_000;

/// By whom those who idle were told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// By the process that wrote last, whose own they are.
    ByTheWriter,
    /// By polls.
    ByPolls,
}

impl Life<'_> {
    /// Whoever idles sees what is, without any other event than those that there would be; all others see it when they
    /// ask; and the account is whole.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        let hurt = self.world.truth.lock().failures;
        self.world.disk().into_iter().for_each(Disk::relax);
        self.world.faults.iter().for_each(|fault| *fault.lock() = None);
        self.world.bring_back(self.now)?;
        self.rest()?;
        if hurt == Failures::NoneDue {
            // Who wrote last knows all there is, and tells it without looking.
            self.idlers(Told::ByTheWriter).map_err(|what| format!("before any poll, {what}"))?;
        }
        self.world.truth.lock().failures = Failures::NoneDue;
        for process in &self.world.processes {
            process.porter.look().map_err(|error| format!("the look at the directory failed: {error}"))?;
            process.poll(&self.world.truth).map_err(|error| format!("the poll failed: {error}"))?;
        }
        self.rest()?;
        self.idlers(Told::ByPolls).map_err(|what| format!("after the poll, {what}"))?;
        for at in 0..self.world.lines.len() {
            self.ask(at).map_err(|what| format!("line {at}: {what}"))?;
        }
        if self.world.truth.lock().has_removed() {
            self.go_on_without()?;
        }
        let mut truth = self.world.truth.lock();
        for process in &self.world.processes {
            process.is_current(&mut truth)?;
        }
        let fresh = self.world.another()?;
        fresh.is_whole(&mut truth).map_err(|what| format!("opened again: {what}"))
    }

    /// After an account was removed, mail comes by each process to the one that is there now, whatever the process
    /// remembers; and once all have swept nothing is left of the other.
    fn go_on_without(&mut self) -> Result<(), String> {
        for process in &self.world.processes {
            let mark = self.marks.next();
            Postman::new(process, (mark, None), &self.world.truth, self.now).transmit(&self.world.truth)?;
            let truth = self.world.truth.lock();
            truth.there().map_or(Ok(()), |_| truth.came_in(mark, None, &truth.moment()))?;
        }
        for process in &self.world.processes {
            process.poll(&self.world.truth).map_err(|error| format!("the last poll failed: {error}"))?;
            let swept = process.store.sweep(self.now.unix);
            swept.failed.first().map_or(Ok(()), |failure| Err(format!("the last sweep failed: {failure:?}")))?;
        }
        self.world.truth.lock().has_let_go()
    }

    /// Sessions do what they have to do, until nobody has.
    fn rest(&mut self) -> Result<(), String> {
        let newest = |life: &mut Self| {
            let mut truth = life.world.truth.lock();
            truth.follow().map(|()| truth.newest())
        };
        loop {
            let before = newest(self)?;
            for (at, (process, line)) in self.world.lines.clone().into_iter().enumerate() {
                let earlier = newest(self)?;
                self.come_to_rest(&mut line.lock()).map_err(|what| format!("line {at}: {what}"))?;
                let later = newest(self)?;
                self.wrote(process, &earlier, &later);
            }
            if newest(self)? == before {
                return Ok(());
            }
        }
    }

    fn come_to_rest(&self, line: &mut Line) -> Result<(), String> {
        for _ in 0..DOORS {
            match line.due(self.now) {
                Due::Transmit => line.transmit(&self.world.truth)?,
                Due::Wake => line.wake(self.now),
                Due::Dismiss => line.dismiss(self.now),
                Due::Speak | Due::Ended => return Ok(()),
                Due::Nothing => return Err("a command has no answer".to_owned()),
            }
        }
        Err("the session does not come to rest".to_owned())
    }

    /// Those who idle see what is.
    fn idlers(&self, told: Told) -> Result<(), String> {
        let mut truth = self.world.truth.lock();
        truth.follow()?;
        for (at, (process, line)) in self.world.lines.iter().enumerate() {
            let line = line.lock();
            let idles = line.mailer.is_idle() && line.due(self.now) != Due::Ended;
            let Some((account, picture)) = line.mailer.picture().filter(|_| idles) else { continue };
            let ledger = truth.ledger(account)?;
            match (told, ledger.fate) {
                (Told::ByTheWriter, fate) if fate != Fate::Kept || self.writers.get(&account) != Some(process) => {}
                (_, Fate::Kept) => {
                    ledger.compare(picture).map_err(|what| format!("line {at} idles and was not told: {what}"))?;
                }
                _ => return Err(format!("line {at} idles in an account that was removed")),
            }
        }
        Ok(())
    }

    /// A client asks for everything.
    fn ask(&self, at: usize) -> Result<(), String> {
        let mut line = self.world.lines[at].1.lock();
        if line.due(self.now) == Due::Ended || line.mailer.picture().is_none() {
            return Ok(());
        }
        if line.mailer.is_idle() {
            line.speak(&Wish::Done, &self.world.truth, self.now);
            self.come_to_rest(&mut line)?;
        }
        for wish in [Wish::Noop, Wish::Fetch, Wish::List, Wish::Subscriptions] {
            line.speak(&wish, &self.world.truth, self.now);
            self.come_to_rest(&mut line)?;
        }
        let Some((account, picture)) = line.mailer.picture() else { return Ok(()) };
        if !picture.is_complete() {
            return Err("UID FETCH 1:* did not tell all".to_owned());
        }
        self.world.truth.lock().ledger(account)?.compare(picture)
    }
}
