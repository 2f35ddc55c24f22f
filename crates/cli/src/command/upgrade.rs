//! `posthorn upgrade`

use account::codec::Format;
use anyhow::{Context, Result, bail};
use server::Claim;
use server::control::Client;
use store::Formats;

use crate::dates;
use crate::output::{self, count};
use crate::place::{Open, Place, actor};

/// Write a store of an older version in the newest format; without --commit, only tell what would be done
///
/// Older versions cannot open the store afterwards, and object ids that clients have remembered change this once. Stop the
/// server and make a backup before. What was stopped half-way goes on when it is run again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  posthorn upgrade --data mail\n  posthorn upgrade --data mail --commit")]
pub(crate) struct Upgrade {
    /// Do it
    #[arg(long)]
    commit: bool,
    #[command(flatten)]
    place: Place,
}

impl Upgrade {
    pub(crate) fn run(self) -> Result<()> {
        let open = self.place.open()?;
        let formats = open.store.formats()?;
        let newest = Format::NEWEST.number();
        if formats.are_newest() {
            return output::line(format!("Everything is in format {newest}: there is nothing to upgrade."));
        }
        if self.commit { upgrade(&open, &formats) } else { tell(&formats) }
    }
}

fn tell(formats: &Formats) -> Result<()> {
    output::line(format!(
        "The store is in format {}, {} of {} in an older one than {}.",
        formats.store.number(),
        formats.older.len(),
        count(formats.accounts as u64, "account"),
        Format::NEWEST.number(),
    ))?;
    output::line("Nothing was changed. Stop the server, make a backup, and run this with --commit.")
}

fn upgrade(open: &Open, formats: &Formats) -> Result<()> {
    // Held to the end, so that no server starts meanwhile. One of a version before has no lock, but a socket.
    let claim = Claim::take(&open.data).context("cannot find out whether a server is running")?;
    if claim.is_none() || Client::connect(&open.data).is_some() {
        bail!("a server is serving {}: stop it first", open.data.display());
    }
    open.store.upgrade()?;
    for id in &formats.older {
        let account = open.store.account(*id)?;
        account
            .upgrade(&actor("upgrade"), dates::now())
            .with_context(|| format!("account {id} was not upgraded; run this again"))?;
    }
    open.store.close()?;
    let upgraded = count(formats.older.len() as u64, "account");
    output::line(format!("Upgraded {upgraded} to format {}.", Format::NEWEST.number()))
}
