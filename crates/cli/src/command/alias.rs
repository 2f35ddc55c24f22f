//! `posthorn alias`

use std::collections::HashMap;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde::Serialize;

use crate::output::{self, Form, Output};
use crate::place::Place;

#[derive(Debug, Subcommand)]
pub(crate) enum Alias {
    /// Give an account one more address; it is also a name to log in with
    #[command(after_help = "Example:\n  posthorn alias add info@example.org ann@example.org")]
    Add {
        /// The address
        address: String,
        /// The account's name
        account: String,
        #[command(flatten)]
        place: Place,
    },
    /// Take an address away
    #[command(after_help = "Example:\n  posthorn alias remove info@example.org")]
    Remove {
        /// The address
        address: String,
        #[command(flatten)]
        place: Place,
    },
    /// Show all aliases
    #[command(after_help = "Example:\n  posthorn alias list")]
    List {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        place: Place,
    },
}

/// A row of `alias list`.
#[derive(Serialize)]
struct Row {
    address: String,
    account: String,
}

impl Alias {
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Add { address, account, place } => {
                let open = place.open()?;
                let entry = open.entry(&account)?;
                open.store.directory().add_alias(&address, entry.id)?;
                open.directory_changed();
                output::line(format!("Mail to {address} goes to {}.", entry.name))
            }
            Self::Remove { address, place } => {
                let open = place.open()?;
                if !open.store.directory().remove_alias(&address)? {
                    bail!("there is no alias {address}: `posthorn alias list` shows all");
                }
                open.directory_changed();
                output::line(format!("{address} is nobody's any more."))
            }
            Self::List { output, place } => list(output.form(), &place),
        }
    }
}

fn list(form: Form, place: &Place) -> Result<()> {
    let open = place.open()?;
    let names: HashMap<_, _> = open.store.directory().list()?.into_iter().map(|entry| (entry.id, entry.name)).collect();
    let aliases = open.store.directory().aliases()?.into_iter();
    let rows: Vec<Row> =
        aliases.map(|(address, id)| Row { address, account: names.get(&id).cloned().unwrap_or_default() }).collect();
    if form == Form::Json {
        return output::json(&rows);
    }
    let cells: Vec<_> = rows.into_iter().map(|row| vec![row.address, row.account]).collect();
    output::table(&["ADDRESS", "ACCOUNT"], &cells)
}
