//! `posthorn mailbox`

use anyhow::Result;
use clap::Subcommand;
use serde::Serialize;

use crate::output::{self, Form, Output};
use crate::place::Place;

#[derive(Debug, Subcommand)]
pub(crate) enum Mailbox {
    /// Show an account's mailboxes
    #[command(after_help = "Example:\n  posthorn mailbox list ann@example.org")]
    List {
        /// The account's name
        account: String,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        place: Place,
    },
}

/// A row of `mailbox list`.
#[derive(Serialize)]
struct Row {
    name: String,
    id: String,
    messages: usize,
    unseen: u64,
    octets: u64,
    uid_validity: u32,
    uid_next: u32,
    highest_modseq: u64,
    special_use: Vec<&'static str>,
    subscribed: bool,
}

impl Mailbox {
    pub(crate) fn run(self) -> Result<()> {
        let Self::List { account, output, place } = self;
        let state = place.open()?.account(&account)?.state()?;
        let rows: Vec<Row> = state
            .by_name()
            .map(|mailbox| {
                let totals = mailbox.messages.totals();
                Row {
                    name: mailbox.name.to_string(),
                    id: state.ids().mailbox(mailbox.id).to_string(),
                    messages: mailbox.messages.len(),
                    unseen: totals.unseen,
                    octets: totals.size,
                    uid_validity: mailbox.uid_validity.get(),
                    uid_next: mailbox.uid_next_shown().get(),
                    highest_modseq: mailbox.modseq.get(),
                    special_use: mailbox.special_use.iter().map(|role| role.as_str()).collect(),
                    subscribed: state.is_subscribed(&mailbox.name),
                }
            })
            .collect();
        if output.form() == Form::Json {
            return output::json(&rows);
        }
        let cells: Vec<_> = rows
            .into_iter()
            .map(|row| {
                let subscribed = if row.subscribed { "yes" } else { "no" };
                vec![
                    row.name,
                    row.messages.to_string(),
                    row.unseen.to_string(),
                    output::size(row.octets),
                    subscribed.to_owned(),
                    row.special_use.join(" "),
                ]
            })
            .collect();
        output::table(&["MAILBOX", "MESSAGES", "UNSEEN", "SIZE", "SUBSCRIBED", "ROLE"], &cells)
    }
}
