//! Runs a transcript over a [`Network`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::gate::{PASSWORD, USER};
use crate::network::{Network, Patience, Received};
use crate::pattern::{Captures, Pattern, substitute};
use crate::transcript::{Action, Given, Mail, Opening, Transcript};

/// Where and how a run differs from its transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The transcript's line, from 1.
    pub line: usize,
    /// What was due, what came instead, and what was said before.
    pub what: String,
}

/// Another door by which mail comes in.
pub trait Door {
    /// Puts a message into a mailbox, durably.
    fn deliver(&mut self, mailbox: &str, mail: &Mail) -> Result<(), String>;
}

/// Runs a transcript.
pub fn run(transcript: &Transcript, network: &mut dyn Network, door: &mut dyn Door) -> Result<(), Failure> {
    let mut run =
        Run { network, ears: BTreeMap::new(), open: BTreeSet::new(), captures: Captures::new(), log: Vec::new() };
    let late = |name: &String| transcript.opening(name).contains(&Opening::Connects);
    run.claim(transcript).map_err(|what| run.failure(0, &what))?;
    let begun = transcript.sessions().iter().filter(|name| !late(name)).try_for_each(|name| {
        run.connect(name)?;
        transcript.opening(name).iter().try_for_each(|opening| run.open(name, opening))
    });
    begun.map_err(|what| run.failure(0, &what))?;
    for (at, step) in transcript.steps.iter().enumerate() {
        let next = transcript.steps.get(at + 1).map(|step| &step.action);
        run.step(&step.action, next, door).map_err(|what| run.failure(step.line, &what))?;
    }
    let last = transcript.steps.last().map_or(0, |step| step.line);
    for name in run.open.clone() {
        run.hear_nothing(&name).map_err(|what| run.failure(last, &format!("at the end: {what}")))?;
    }
    Ok(())
}

struct Run<'a> {
    network: &'a mut dyn Network,
    ears: BTreeMap<String, Ear>,
    open: BTreeSet<String>,
    captures: Captures,
    log: Vec<String>,
}

/// What has come and has not been looked at.
#[derive(Default)]
struct Ear {
    lines: VecDeque<Vec<u8>>,
    rest: Vec<u8>,
}

impl Ear {
    fn hear(&mut self, octets: &[u8]) {
        self.rest.extend_from_slice(octets);
        let mut from = 0;
        while let Some(at) = self.rest[from..].windows(2).position(|w| w == b"\r\n") {
            self.lines.push_back(self.rest[from..from + at].to_vec());
            from += at + 2;
        }
        self.rest.drain(..from);
    }
}

impl Run<'_> {
    fn step(&mut self, action: &Action, next: Option<&Action>, door: &mut dyn Door) -> Result<(), String> {
        match action {
            Action::Send(name, octets) => {
                self.connected(name)?;
                self.send(name, &substitute(octets, &self.captures))
            }
            Action::Hear(name, pattern) => {
                self.connected(name)?;
                self.hear(name, pattern)
            }
            Action::HearAll(name, patterns) => self.hear_all(name, patterns),
            Action::HearNothing(name) => self.hear_nothing(name),
            Action::Skip(name) => match next {
                Some(Action::Hear(other, pattern)) if other == name => self.skip(name, pattern),
                _ => Err("after … a line that ends what is skipped was due".to_owned()),
            },
            Action::HearEnd(name) => match self.listen(name, Patience::Due)? {
                Heard::End => {
                    self.open.remove(name);
                    Ok(())
                }
                Heard::Line(line) => Err(format!("the end was due, but this came:\n    {}", show(&line))),
                Heard::Nothing => Err("the end was due, but nothing came".to_owned()),
            },
            Action::HangUp(name) => {
                self.log.push(format!("{name} hangs up"));
                self.network.hang_up(name);
                self.open.remove(name);
                self.ears.remove(name);
                Ok(())
            }
            Action::StartTls(name) => {
                self.log.push(format!("{name} starts TLS"));
                self.network.start_tls(name)
            }
            Action::Clock(time) => {
                self.log.push(format!("clock +{}s", time.as_secs()));
                self.network.pass(*time)
            }
            Action::Deliver(mailbox, mail) => {
                self.log.push(format!("deliver {mailbox}"));
                door.deliver(mailbox, mail)?;
                self.network.ring();
                Ok(())
            }
        }
    }

    /// Selects what has messages once, so that none is `\\Recent` in the sessions of the transcript.
    fn claim(&mut self, transcript: &Transcript) -> Result<(), String> {
        const NAME: &str = "Z";
        let mut mailboxes: Vec<&str> = transcript.givens.iter().filter_map(Given::filled).collect();
        mailboxes.dedup();
        if mailboxes.is_empty() || transcript.has(&Given::Recent) {
            return Ok(());
        }
        self.connect(NAME)?;
        self.open(NAME, &Opening::LoggedIn)?;
        for mailbox in mailboxes {
            self.open(NAME, &Opening::Selected(mailbox.to_owned()))?;
        }
        self.network.hang_up(NAME);
        self.open.remove(NAME);
        self.log.clear();
        Ok(())
    }

    fn open(&mut self, name: &str, opening: &Opening) -> Result<(), String> {
        let quoted = |name: &str| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
        match opening {
            Opening::Connects => Ok(()),
            Opening::Greeted => self.hear(name, &Pattern::parse("* OK …")?),
            Opening::LoggedIn => {
                self.hear(name, &Pattern::parse("* OK …")?)?;
                self.command(name, &format!("LOGIN {USER} {PASSWORD}"))
            }
            Opening::Enabled(what) => self.command(name, &format!("ENABLE {what}")),
            Opening::Selected(mailbox) => self.command(name, &format!("SELECT {}", quoted(mailbox))),
            Opening::Examined(mailbox) => self.command(name, &format!("EXAMINE {}", quoted(mailbox))),
        }
    }

    /// Something that a transcript's beginning needs and that must work.
    fn command(&mut self, name: &str, command: &str) -> Result<(), String> {
        self.send(name, format!("given {command}\r\n").as_bytes())?;
        let end = Pattern::parse("given OK …")?;
        self.skip(name, &end)?;
        self.hear(name, &end)
    }

    fn connect(&mut self, name: &str) -> Result<(), String> {
        self.network.connect(name)?;
        self.open.insert(name.to_owned());
        self.ears.insert(name.to_owned(), Ear::default());
        Ok(())
    }

    fn connected(&mut self, name: &str) -> Result<(), String> {
        if self.ears.contains_key(name) { Ok(()) } else { self.connect(name) }
    }

    fn send(&mut self, name: &str, octets: &[u8]) -> Result<(), String> {
        self.log.push(format!("{name}: {}", show(octets)));
        self.network.send(name, octets)
    }

    fn hear(&mut self, name: &str, pattern: &Pattern) -> Result<(), String> {
        match self.listen(name, Patience::Due)? {
            Heard::Line(line) if pattern.matches(&line, &mut self.captures) => Ok(()),
            Heard::Line(line) => {
                Err(format!("expected:\n    {pattern}\nbut heard:\n    {}{}", show(&line), self.known(pattern)))
            }
            Heard::Nothing => Err(format!("expected:\n    {pattern}\nbut heard nothing{}", self.partial(name))),
            Heard::End => Err(format!("expected:\n    {pattern}\nbut the connection was closed")),
        }
    }

    fn hear_all(&mut self, name: &str, patterns: &[Pattern]) -> Result<(), String> {
        let mut left: Vec<&Pattern> = patterns.iter().collect();
        while !left.is_empty() {
            let wanted = || left.iter().fold(String::new(), |all, p| all + "\n    " + &p.to_string());
            let Heard::Line(line) = self.listen(name, Patience::Due)? else {
                return Err(format!("expected, in any order:{}\nbut heard no more", wanted()));
            };
            match left.iter().position(|pattern| pattern.matches(&line, &mut self.captures)) {
                Some(at) => drop(left.remove(at)),
                None => return Err(format!("expected, in any order:{}\nbut heard:\n    {}", wanted(), show(&line))),
            }
        }
        Ok(())
    }

    /// Takes lines up to the one that is like the pattern.
    fn skip(&mut self, name: &str, until: &Pattern) -> Result<(), String> {
        loop {
            match self.listen(name, Patience::Due)? {
                Heard::Line(line) if until.matches(&line, &mut self.captures.clone()) => {
                    self.ears.entry(name.to_owned()).or_default().lines.push_front(line);
                    return Ok(());
                }
                Heard::Line(_) => {}
                Heard::Nothing | Heard::End => {
                    return Err(format!("expected at last:\n    {until}\nbut heard no more"));
                }
            }
        }
    }

    fn hear_nothing(&mut self, name: &str) -> Result<(), String> {
        match self.listen(name, Patience::NoneDue)? {
            Heard::Nothing if self.ears.get(name).is_none_or(|ear| ear.rest.is_empty()) => Ok(()),
            Heard::Nothing => Err(format!("nothing more was due for {name}, but it heard{}", self.partial(name))),
            Heard::Line(line) => Err(format!("nothing more was due for {name}, but it heard:\n    {}", show(&line))),
            Heard::End => Err(format!("nothing was due for {name}, but its connection was closed")),
        }
    }

    fn listen(&mut self, name: &str, patience: Patience) -> Result<Heard, String> {
        loop {
            let ear = self.ears.entry(name.to_owned()).or_default();
            if let Some(line) = ear.lines.pop_front() {
                self.log.push(format!("{name}< {}", show(&line)));
                return Ok(Heard::Line(line));
            }
            match self.network.receive(name, patience)? {
                Received::Octets(octets) => ear.hear(&octets),
                Received::Nothing => return Ok(Heard::Nothing),
                Received::End => return Ok(Heard::End),
            }
        }
    }

    fn partial(&self, name: &str) -> String {
        match self.ears.get(name).map(|ear| ear.rest.as_slice()) {
            None | Some([]) => String::new(),
            Some(rest) => format!(" but the start of a line: {}", show(rest)),
        }
    }

    fn known(&self, pattern: &Pattern) -> String {
        let text = pattern.to_string();
        let used = self.captures.iter().filter(|(name, _)| text.contains(&format!("<{name}")));
        used.chain(self.captures.iter().filter(|(name, _)| text.contains(&format!("above {name}>"))))
            .fold(String::new(), |all, (name, value)| all + &format!("\nwhere <{name}> is {}", show(value)))
    }

    fn failure(&self, line: usize, what: &str) -> Failure {
        let from = self.log.len().saturating_sub(12);
        let before = self.log[from..].iter().fold(String::new(), |all, line| all + "\n      | " + line);
        Failure { line, what: format!("{}\n  what was said:{before}", what.replace('\n', "\n  ")) }
    }
}

enum Heard {
    Line(Vec<u8>),
    Nothing,
    End,
}

/// Octets for people to read, not too many of them.
fn show(octets: &[u8]) -> String {
    let most = 2_000;
    let text: String = String::from_utf8_lossy(&octets[..octets.len().min(most)]).into_owned();
    let text = text.trim_end_matches("\r\n").replace('\r', "\\r").replace('\n', "\\n").replace('\0', "\\0");
    if octets.len() > most { format!("{text}… ({} octets)", octets.len()) } else { text }
}
