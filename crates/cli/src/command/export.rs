//! `posthorn export`

mod maildir;
mod mbox;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use account::{EmailId, Mailbox, Record, State};
use anyhow::{Result, bail};
use clap::Subcommand;
use store::{Account, Piece};

use crate::maildir::names::Layout;
use crate::output::{self, count};
use crate::place::Place;
use crate::progress::Progress;

#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// Write an account's mail as a Maildir: folders, flags, keywords, dates, UIDs (dovecot-uidlist), subscriptions
    ///
    /// Octets are written as they are. Running it again adds what is new and renames what has other flags now; a file
    /// whose message has gone is removed.
    #[command(after_help = "Example:\n  posthorn export maildir ann@example.org backup/ann")]
    Maildir {
        #[command(flatten)]
        what: What,
        /// The folder; it is made
        path: PathBuf,
        /// How folders are named
        #[arg(long, value_enum, default_value = "maildir++")]
        layout: Layout,
    },
    /// Write an account's mail as mboxes, a file a mailbox
    ///
    /// Lines that begin with "From " are quoted (mboxrd), flags become Status, X-Status and X-Keywords, lines end with
    /// bare LFs where all of a message's lines have CR LF.
    #[command(after_help = "Example:\n  posthorn export mbox ann@example.org backup/ann-mbox")]
    Mbox {
        #[command(flatten)]
        what: What,
        /// The folder; it is made, and files in it are written anew
        path: PathBuf,
    },
}

/// What both have in common.
#[derive(Debug, clap::Args)]
pub(crate) struct What {
    /// The account's name
    account: String,
    #[command(flatten)]
    place: Place,
}

impl Export {
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Maildir { what, path, layout } => what.source()?.all(&mut maildir::Export { root: path, layout }),
            Self::Mbox { what, path } => what.source()?.all(&mut mbox::Export { root: path }),
        }
    }
}

/// A format that mail is written in.
trait Format {
    /// Writes one mailbox.
    fn mailbox(&mut self, source: &mut Exported, mailbox: &Mailbox) -> Result<()>;

    /// Writes what belongs to all of them.
    fn finish(&mut self, state: &State) -> Result<()>;
}

/// An account that is written out, as it is at one moment.
struct Exported {
    account: Arc<Account>,
    state: Arc<State>,
    progress: Progress,
    written: u64,
    damaged: Vec<String>,
}

impl What {
    fn source(&self) -> Result<Exported> {
        let account = self.place.open()?.account(&self.account)?;
        let (state, damaged) = match account.state() {
            Ok(state) => (state, Vec::new()),
            // What is left of a damaged account is what its owner wants most.
            Err(store::Error::Damaged { .. }) => account.salvage()?,
            Err(error) => return Err(error.into()),
        };
        let damaged = damaged.iter().map(|problem| format!("something: {problem}")).collect();
        let total = state.totals().size;
        Ok(Exported { account, state, progress: Progress::new(total), written: 0, damaged })
    }
}

impl Exported {
    fn all(mut self, format: &mut dyn Format) -> Result<()> {
        let state = self.state.clone();
        // What is expunged meanwhile stays readable.
        let _pin = self.account.pin(&state);
        for mailbox in state.by_name() {
            let done = format.mailbox(&mut self, mailbox);
            if done.is_err() {
                self.progress.finish();
            }
            done?;
        }
        self.progress.finish();
        format.finish(&state)?;
        let mailboxes = match state.mailbox_count() {
            1 => "1 mailbox".to_owned(),
            n => format!("{n} mailboxes"),
        };
        output::line(format!("{} of {mailboxes} exported", count(self.written, "message")))?;
        // One bad message is no reason to keep all others from their owner.
        if !self.damaged.is_empty() {
            for damaged in &self.damaged {
                output::note(format!("left out {damaged}"));
            }
            bail!("some mail could not be read; `posthorn check` tells more");
        }
        Ok(())
    }

    /// Gives a message's octets to `sink`, once or, for another look, twice.
    fn body(&mut self, record: &Record, sink: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut done = Ok(());
        let mut ids = std::iter::once(record.email);
        self.account.bodies(&mut ids, &mut |piece: Piece<'_>| match sink(piece.octets) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                done = Err(error);
                ControlFlow::Break(())
            }
        })?;
        done
    }

    /// A message was written.
    fn wrote(&mut self, record: &Record) {
        self.written += 1;
        self.progress.item();
        self.progress.octets(u64::from(record.size));
    }

    /// A message cannot be read.
    fn damaged(&mut self, mailbox: &Mailbox, record: &Record, error: &anyhow::Error) {
        let email: EmailId = record.email;
        self.damaged.push(format!("UID {} of {} ({email}): {error:#}", record.uid, mailbox.name));
    }
}
