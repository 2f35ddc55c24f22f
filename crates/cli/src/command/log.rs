//! `posthorn log`

use std::collections::VecDeque;
use std::sync::Arc;

use account::{Added, Change, Commit, Flags, MailboxId};
use anyhow::Result;
use imap::{StoreMode, UidSet};
use serde::Serialize;
use store::Account;

use crate::dates;
use crate::output::{self, Form, Output, count, size};
use crate::place::Place;

/// Show an account's change log: what happened to its mail, when, and who did it
///
/// The log goes back as far as changes are kept (30 days).
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  posthorn log ann@example.org --last 20")]
pub(crate) struct Log {
    /// The account's name
    account: String,
    /// Show only the last so many commits
    #[arg(long, value_name = "NUMBER")]
    last: Option<usize>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    place: Place,
}

/// A commit as JSON: one on each line.
#[derive(Serialize)]
struct Row {
    modseq: u64,
    at: String,
    actor: String,
    changes: Vec<String>,
}

impl Log {
    pub(crate) fn run(self) -> Result<()> {
        let account: Arc<Account> = self.place.open()?.account(&self.account)?;
        let state = account.state()?;
        let name = |id: MailboxId| match state.mailbox(id) {
            Some(mailbox) => mailbox.name.to_string(),
            None => format!("{id} (deleted)"),
        };
        let form = self.output.form();
        let Some(last) = self.last else {
            return account.history(None)?.try_for_each(|commit| show(commit?, form, &name));
        };
        let mut kept = VecDeque::new();
        for commit in account.history(None)? {
            kept.push_back(commit?);
            if kept.len() > last {
                kept.pop_front();
            }
        }
        kept.into_iter().try_for_each(|commit| show(commit, form, &name))
    }
}

fn show(commit: Commit, form: Form, name: &dyn Fn(MailboxId) -> String) -> Result<()> {
    let Commit { modseq, at, actor, changes } = commit;
    let changes: Vec<String> = changes.iter().map(|change| tell(change, name)).collect();
    let (modseq, at) = (modseq.get(), dates::rfc3339(at));
    if form == Form::Json {
        return output::json_line(&Row { modseq, at, actor, changes });
    }
    output::line(format!("{modseq}  {at}  {}", if actor.is_empty() { "-" } else { &actor }))?;
    changes.iter().try_for_each(|change| output::line(format!("    {change}")))
}

/// A change in words.
fn tell(change: &Change, name: &dyn Fn(MailboxId) -> String) -> String {
    match change {
        Change::MailboxCreated { id, name, uid_validity, special_use } => {
            let roles: Vec<_> = special_use.iter().map(|role| role.as_str()).collect();
            let roles = if roles.is_empty() { String::new() } else { format!(", for {}", roles.join(", ")) };
            format!("mailbox {name} made ({id}, UIDVALIDITY {uid_validity}{roles})")
        }
        Change::OriginGiven { origin } => format!("ids begin with {origin} from now on"),
        Change::MailboxRenamed { id, name } => format!("mailbox {id} is called {name} now"),
        Change::MailboxDeleted { id, .. } => format!("mailbox {} deleted", name(*id)),
        Change::SpecialUseSet { id, special_use } => {
            let roles: Vec<_> = special_use.iter().map(|role| role.as_str()).collect();
            format!(
                "mailbox {} is for {}",
                name(*id),
                if roles.is_empty() { "nothing special".into() } else { roles.join(", ") }
            )
        }
        Change::Subscribed { name } => format!("{name} subscribed"),
        Change::Unsubscribed { name } => format!("{name} unsubscribed"),
        Change::MessagesAdded { mailbox, messages } => added(&name(*mailbox), messages),
        Change::FlagsChanged { mailbox, uids, mode, flags } => {
            let sign = match mode {
                StoreMode::Replace => "",
                StoreMode::Add => "+",
                StoreMode::Remove => "-",
            };
            format!("{}: flags {sign}({}) on {}", name(*mailbox), words(flags), of(uids))
        }
        Change::Expunged { mailbox, uids, .. } => format!("{}: expunged {}", name(*mailbox), of(uids)),
        Change::NumbersTaken { mailbox, uid_validity, uid_next } => {
            format!("{}: took over UIDVALIDITY {uid_validity}, UIDNEXT {uid_next}", name(*mailbox))
        }
    }
}

fn added(mailbox: &str, messages: &[Added]) -> String {
    let uids: UidSet = messages.iter().map(|message| message.uid).collect();
    let octets = messages.iter().map(|message| u64::from(message.size)).sum();
    let flags = match messages.first() {
        Some(first) if !first.flags.is_empty() && messages.iter().all(|message| message.flags == first.flags) => {
            format!(", with ({})", words(&first.flags))
        }
        _ => String::new(),
    };
    let number = count(messages.len() as u64, "message");
    format!("{mailbox}: {number} came in, UID {uids}, {}{flags}", size(octets))
}

fn of(uids: &UidSet) -> String {
    format!("{}, UID {uids}", count(uids.len(), "message"))
}

fn words(flags: &Flags) -> String {
    flags.to_wire().iter().map(imap::Flag::as_str).collect::<Vec<_>>().join(" ")
}
