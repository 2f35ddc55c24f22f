//! `posthorn import`

mod file;
mod maildir;
mod mbox;
mod target;

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Subcommand;
use imap::MailboxName;

use crate::mbox::reader::{Fidelity, Quoting};
use crate::output::{self, count, size};
use crate::place::Place;
use target::{Into, Totals};

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Take a Maildir over: folders, flags, keywords, dates, and UIDs where dovecot-uidlist has them
    ///
    /// Maildir++ and Dovecot's LAYOUT=fs are told apart by themselves. Files whose lines end with bare LFs get CR LF, as
    /// mail has it; files with any CR LF are kept octet for octet. Running it again adds only what is new.
    #[command(after_help = "Example:\n  posthorn import maildir ann@example.org /home/ann/Maildir")]
    Maildir {
        #[command(flatten)]
        what: What,
        /// The Maildir: the folder that has `cur` and `new` in it
        path: PathBuf,
    },
    /// Take an mbox over, or a folder of them (such as Thunderbird's): flags, keywords, dates
    ///
    /// Status, X-Status and X-Keywords become flags and are taken out; lines get CR LF, as mail has it. Running it again
    /// adds only what is new.
    #[command(after_help = "Example:\n  posthorn import mbox ann@example.org old-mail.mbox --into Archive/Old")]
    Mbox {
        #[command(flatten)]
        what: What,
        /// The file; or a folder, of which each file is a mailbox
        path: PathBuf,
        /// How lines that begin with "From " are quoted in it
        #[arg(long, value_enum, default_value = "mboxrd")]
        quoting: Quoting,
    },
}

/// What both have in common.
#[derive(Debug, clap::Args)]
pub(crate) struct What {
    /// The account's name; it is there already
    account: String,
    /// Put it into this mailbox and below it, instead of into INBOX and beside it
    #[arg(long, value_name = "MAILBOX")]
    into: Option<String>,
    /// Keep every octet as it is in the file: no CR LF for bare LFs, no field taken out
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    place: Place,
}

impl Import {
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Maildir { what, path } => report(&maildir::import(&mut what.target("import maildir")?, &path)?),
            Self::Mbox { what, path, quoting } => {
                report(&mbox::import(&mut what.target("import mbox")?, &path, quoting)?)
            }
        }
    }
}

impl What {
    fn target(&self, command: &str) -> Result<Into> {
        let above = self.into.as_deref().map(MailboxName::new).transpose();
        let above = above.map_err(|error| anyhow!("--into: {error}"))?;
        let fidelity = if self.raw { Fidelity::Raw } else { Fidelity::Mail };
        Into::new(self.place.open()?, &self.account, command, (above, fidelity))
    }
}

fn report(totals: &Totals) -> Result<()> {
    let mailboxes = match totals.mailboxes {
        1 => "1 mailbox".to_owned(),
        n => format!("{n} mailboxes"),
    };
    let there = if totals.there == 0 { String::new() } else { format!("; {} there already", totals.there) };
    let refused = if totals.refused == 0 { String::new() } else { format!("; {} could not be read", totals.refused) };
    output::line(format!(
        "{} ({}) imported into {mailboxes}{there}{refused}",
        count(totals.added, "message"),
        size(totals.octets)
    ))
}
