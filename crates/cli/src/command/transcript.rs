//! `posthorn transcript`

use anyhow::{Result, anyhow};
use server::control::Client;

use crate::output;
use crate::place::Place;

/// Write what an account's sessions say into the running server's log, or stop it
///
/// For finding out what a mail client does. Passwords are masked, and mail is counted, not shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  posthorn transcript ann@example.org on")]
pub(crate) struct Transcript {
    /// The account's name
    account: String,
    /// Begin or stop
    #[arg(value_enum)]
    switch: Switch,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Switch {
    On,
    Off,
}

impl Transcript {
    pub(crate) fn run(self) -> Result<()> {
        let open = self.place.open()?;
        let entry = open.entry(&self.account)?;
        let nobody = || anyhow!("no server serves {}: start it first", open.data.display());
        let mut server = Client::connect(&open.data).ok_or_else(nobody)?;
        let (transcript, said) = match self.switch {
            Switch::On => (server::Transcript::On, "is written into the server's log from now on"),
            Switch::Off => (server::Transcript::Off, "is not written any more"),
        };
        server.transcript(entry.id, transcript)?;
        output::line(format!("What {} and its clients say {said}.", entry.name))
    }
}
