//! A conversation written down: what clients send and what they must hear, in the format of
//! `tests/transcripts/README.md`.

mod escape;
mod given;
mod parse;

use std::time::Duration;

pub use given::{Given, Mail, Opening};
pub use parse::{Mistake, parse};

use crate::pattern::Pattern;

/// A whole file.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// What there is before the first word.
    pub givens: Vec<Given>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub struct Step {
    /// The line of the file, from 1.
    pub line: usize,
    /// What happens.
    pub action: Action,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Action {
    /// A session's client sends octets, as they are but for captures.
    Send(String, Vec<u8>),
    /// A session's client hears one line.
    Hear(String, Pattern),
    /// A session's client hears all of these lines, in any order.
    HearAll(String, Vec<Pattern>),
    /// A session's client has heard all that there is to hear.
    HearNothing(String),
    /// Any lines, up to the next one that is expected.
    Skip(String),
    /// The server closes the connection.
    HearEnd(String),
    /// The client closes the connection, and the next word of this name is on a new one.
    HangUp(String),
    /// The client does the TLS handshake.
    StartTls(String),
    /// Time passes.
    Clock(Duration),
    /// Mail comes in by another door.
    Deliver(String, Mail),
}

impl Transcript {
    /// The sessions, in the order in which they are named.
    pub fn sessions(&self) -> Vec<String> {
        let mut names = Vec::new();
        for step in &self.steps {
            let name = match &step.action {
                Action::Send(name, _)
                | Action::Hear(name, _)
                | Action::HearAll(name, _)
                | Action::HearNothing(name)
                | Action::Skip(name)
                | Action::HearEnd(name)
                | Action::HangUp(name)
                | Action::StartTls(name) => name,
                Action::Clock(_) | Action::Deliver(..) => continue,
            };
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// How a session begins: as a `given` says, else with INBOX selected if a `given` is about INBOX, else logged in.
    pub fn opening(&self, session: &str) -> Vec<Opening> {
        let said: Vec<Opening> = self
            .givens
            .iter()
            .filter_map(|given| match given {
                Given::Opening(name, opening) if name == session => Some(opening.clone()),
                _ => None,
            })
            .collect();
        if said.iter().any(|opening| matches!(opening, Opening::Connects | Opening::Greeted)) {
            return said;
        }
        let only_enables = said.iter().all(|opening| matches!(opening, Opening::Enabled(_)));
        let selects = only_enables && self.givens.iter().any(|given| given.filled() == Some("INBOX"));
        let selects = selects.then(|| Opening::Selected("INBOX".to_owned()));
        let said = said.into_iter().filter(|opening| *opening != Opening::LoggedIn);
        std::iter::once(Opening::LoggedIn).chain(said).chain(selects).collect()
    }

    /// The longest thing that a client sends at once, in octets.
    pub fn longest_send(&self) -> usize {
        let lengths = self.steps.iter().map(|step| match &step.action {
            Action::Send(_, octets) => octets.len(),
            _ => 0,
        });
        lengths.max().unwrap_or(0)
    }

    /// Whether a `given` says so.
    pub fn has(&self, given: &Given) -> bool {
        self.givens.contains(given)
    }
}
