//! `posthorn user`

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde::Serialize;
use store::backend::folded;

use crate::dates;
use crate::output::{self, Form, Output};
use crate::password::PasswordSource;
use crate::place::Place;

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make an account, with its mailboxes
    #[command(after_help = "Examples:\n  posthorn user add ann@example.org\n  \
        printf %s \"$PASSWORD\" | posthorn user add ann --password-stdin --data mail")]
    Add {
        /// The name to log in with; with an @, it is an address, too
        name: String,
        #[command(flatten)]
        password: PasswordSource,
        #[command(flatten)]
        place: Place,
    },
    /// Show all accounts
    #[command(after_help = "Example:\n  posthorn user list --json")]
    List {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        place: Place,
    },
    /// Give an account another password; its sessions end
    #[command(after_help = "Example:\n  posthorn user password ann@example.org")]
    Password {
        /// The account's name, or an alias of it
        name: String,
        #[command(flatten)]
        password: PasswordSource,
        #[command(flatten)]
        place: Place,
    },
    /// Refuse logins from now on; its sessions end, its mail still comes in
    #[command(after_help = "Example:\n  posthorn user disable ann@example.org")]
    Disable(Named),
    /// Allow logins again
    #[command(after_help = "Example:\n  posthorn user enable ann@example.org")]
    Enable(Named),
    /// Remove an account with all its mail, for ever
    #[command(after_help = "Example:\n  posthorn user remove ann@example.org --yes")]
    Remove {
        #[command(flatten)]
        named: Named,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The account's name, or an alias of it
    name: String,
    #[command(flatten)]
    place: Place,
}

/// A row of `user list`.
#[derive(Serialize)]
struct Row {
    id: u64,
    name: String,
    aliases: Vec<String>,
    disabled: bool,
    created: String,
}

impl User {
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Add { name, password, place } => add(&name, password, &place),
            Self::List { output, place } => list(output.form(), &place),
            Self::Password { name, password, place } => set_password(&name, password, &place),
            Self::Disable(named) => disable(&named),
            Self::Enable(named) => enable(&named),
            Self::Remove { named, yes } => remove(&named, yes.then_some(Consent)),
        }
    }
}

/// Somebody has said yes.
#[derive(Clone, Copy)]
struct Consent;

fn add(name: &str, password: PasswordSource, place: &Place) -> Result<()> {
    let there = place.open();
    let is_new = there.is_err();
    // Before a password is asked for in vain.
    if let Ok(open) = there
        && open.store.directory().find_by_name(name)?.is_some()
    {
        bail!("there is an account or an alias {name} already; `posthorn user password` gives it another password");
    }
    let credentials = server::credentials(&password.read(name)?)?;
    // Not before there is somebody to set it up for.
    let open = place.set_up()?;
    let id = open.store.directory().add(name, Some(&credentials), dates::now())?;
    // Its mailboxes are made now, not at the first login.
    open.store.account(id)?.state().with_context(|| format!("the account {name} is made, its mailboxes are not"))?;
    open.directory_changed();
    if is_new {
        output::note(format!("There was no store in {}: a new one is set up.", open.data.display()));
    }
    output::line(format!("{name} has an account, with INBOX, Drafts, Sent, Junk, Trash and Archive."))
}

fn list(form: Form, place: &Place) -> Result<()> {
    let open = place.open()?;
    let aliases = open.store.directory().aliases()?;
    let of = |id| aliases.iter().filter(move |(_, account)| *account == id).map(|(address, _)| address.clone());
    let rows: Vec<Row> = open
        .store
        .directory()
        .list()?
        .into_iter()
        .map(|entry| Row {
            id: entry.id.get(),
            aliases: of(entry.id).collect(),
            name: entry.name,
            disabled: entry.disabled,
            created: dates::rfc3339(entry.created),
        })
        .collect();
    if form == Form::Json {
        return output::json(&rows);
    }
    let cells: Vec<_> = rows
        .into_iter()
        .map(|row| {
            let state = if row.disabled { "disabled" } else { "active" };
            vec![row.name, state.to_owned(), row.created, row.aliases.join(", ")]
        })
        .collect();
    output::table(&["NAME", "STATE", "CREATED", "ALIASES"], &cells)
}

fn set_password(name: &str, password: PasswordSource, place: &Place) -> Result<()> {
    let open = place.open()?;
    let entry = open.entry(name)?;
    let credentials = server::credentials(&password.read(&entry.name)?)?;
    open.store.directory().set_password(entry.id, &credentials)?;
    open.directory_changed();
    output::line(format!("{} has another password.", entry.name))
}

fn disable(named: &Named) -> Result<()> {
    let open = named.place.open()?;
    let entry = open.entry(&named.name)?;
    open.store.directory().disable(entry.id)?;
    open.directory_changed();
    output::line(format!("{} cannot log in any more; `posthorn user enable {}` undoes it.", entry.name, entry.name))
}

fn enable(named: &Named) -> Result<()> {
    let open = named.place.open()?;
    let entry = open.entry(&named.name)?;
    open.store.directory().enable(entry.id)?;
    open.directory_changed();
    output::line(format!("{} can log in.", entry.name))
}

/// A person at a terminal is asked, a script is not.
fn remove(named: &Named, consent: Option<Consent>) -> Result<()> {
    let open = named.place.open()?;
    let entry = open.entry(&named.name)?;
    // Mail that hangs by the name of an alias is not removed by mistake.
    if folded(&entry.name) != folded(&named.name) {
        bail!("{} is an alias: `posthorn user remove {}` removes the account", named.name, entry.name);
    }
    if consent.is_none() && io::stdin().is_terminal() {
        write!(io::stderr(), "Remove {} with all its mail, for ever? Type its name: ", entry.name)?;
        let mut typed = String::new();
        io::stdin().lock().read_line(&mut typed)?;
        if typed.trim() != entry.name {
            bail!("that is another name; nothing was removed");
        }
    }
    open.store.directory().remove(entry.id)?;
    open.directory_changed();
    output::line(format!("{} is removed, with all its mail.", entry.name))
}
