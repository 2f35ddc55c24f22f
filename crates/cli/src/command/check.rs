//! `posthorn check`

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;
use server::Overrides;
use server::tls::{Files, Tls};
use store::{Entry, HalfMoved, Report, Whereabouts};

use crate::dates;
use crate::output::{self, Form, Output, count, size};
use crate::place::{Open, Place};

/// The exit status when something is wrong.
const WRONG: u8 = 3;

/// Check the configuration and the mail: every checksum, every hash, every invariant
///
/// Reads everything once. Works while the server runs. Exit status 3 says that something is wrong, and the lines above
/// say what.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  posthorn check --data mail && echo all is well")]
pub(crate) struct Check {
    /// Check these accounts only
    accounts: Vec<String>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    place: Place,
}

/// What was found.
#[derive(Serialize)]
struct Found {
    clean: bool,
    /// What is wrong with the configuration or the certificate.
    configuration: Vec<String>,
    accounts: Vec<OfAccount>,
    /// What MOVEs between two accounts have left in both.
    moves: Vec<String>,
}

/// What was found of one account.
#[derive(Serialize)]
struct OfAccount {
    account: String,
    mailboxes: u64,
    messages: u64,
    commits: u64,
    emails: u64,
    octets: u64,
    problems: Vec<String>,
}

impl Check {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let configuration = self.configuration()?;
        let open = self.place.open()?;
        let entries = match self.accounts.is_empty() {
            true => open.store.directory().list()?,
            false => self.accounts.iter().map(|name| open.entry(name)).collect::<Result<_>>()?,
        };
        let form = self.output.form();
        for wrong in configuration.iter().filter(|_| form == Form::Text) {
            output::line(format!("configuration: {wrong}"))?;
        }
        let mut accounts = Vec::with_capacity(entries.len());
        for entry in entries {
            let found = account(&open, entry);
            if form == Form::Text {
                show(&found)?;
            }
            accounts.push(found);
        }
        let moves = moves(&open);
        for half in moves.iter().filter(|_| form == Form::Text) {
            output::line(half)?;
        }
        let problems = accounts.iter().any(|account| !account.problems.is_empty());
        let clean = configuration.is_empty() && moves.is_empty() && !problems;
        if form == Form::Json {
            output::json(&Found { clean, configuration, accounts, moves })?;
        } else {
            output::line(if clean { "all is well" } else { "something is wrong" })?;
        }
        Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(WRONG) })
    }

    /// What is wrong with the certificate; a configuration that cannot be read is an error.
    fn configuration(&self) -> Result<Vec<String>> {
        let config = self.place.load(Overrides::default())?;
        let files = match (&config.tls.certificate, &config.tls.key) {
            (Some(certificate), Some(key)) => Files { certificate: certificate.clone(), key: key.clone() },
            // The self-signed one is made by the first start.
            _ => Some(Files::in_data(config.data()))
                .filter(|files| files.certificate.exists())
                .unwrap_or(Files { certificate: std::path::PathBuf::new(), key: std::path::PathBuf::new() }),
        };
        if files.certificate.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        Ok(Tls::load(files).err().map(|error| error.to_string()).into_iter().collect())
    }
}

fn account(open: &Open, entry: Entry) -> OfAccount {
    let report = open.store.account(entry.id).and_then(|account| account.check());
    let (report, failed) = match report {
        Ok(report) => (report, None),
        Err(error) => (Report::default(), Some(error.to_string())),
    };
    let problems = report.problems.iter().map(ToString::to_string).chain(failed);
    OfAccount {
        account: entry.name,
        mailboxes: report.mailboxes,
        messages: report.messages,
        commits: report.commits,
        emails: report.emails,
        octets: report.octets,
        problems: problems.collect(),
    }
}

/// What MOVEs between two accounts have left in both mailboxes.
fn moves(open: &Open) -> Vec<String> {
    match open.store.half_moved(dates::now()) {
        Ok(found) => found.iter().map(|half| half_moved(open, half)).collect(),
        Err(error) => vec![format!("MOVEs between accounts could not be looked at: {error}")],
    }
}

fn half_moved(open: &Open, half: &HalfMoved) -> String {
    let place = |at: &Whereabouts| {
        let entry = open.store.directory().find(at.account).ok().flatten();
        let account = entry.map_or_else(|| format!("account {}", at.account), |entry| entry.name);
        format!("{account}'s {} (UID {})", at.mailbox, at.uids)
    };
    format!(
        "a MOVE of {} was stopped half-way and left {} in both {} and {}; nothing is lost: delete what is there twice \
         in one of the two",
        dates::rfc3339(half.at),
        count(half.from.uids.len(), "message"),
        place(&half.from),
        place(&half.to),
    )
}

fn show(found: &OfAccount) -> Result<()> {
    for problem in &found.problems {
        output::line(format!("{}: {problem}", found.account))?;
    }
    output::line(format!(
        "{}: {}, {}, {} of {}, {}: {}",
        found.account,
        match found.mailboxes {
            1 => "1 mailbox".to_owned(),
            n => format!("{n} mailboxes"),
        },
        count(found.messages, "message"),
        count(found.emails, "email"),
        size(found.octets),
        count(found.commits, "commit"),
        match found.problems.len() {
            0 => "clean".to_owned(),
            n => count(n as u64, "problem"),
        }
    ))
}
