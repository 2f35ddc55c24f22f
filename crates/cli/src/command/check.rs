//! `posthorn check`

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;
use server::Overrides;
use server::tls::{Files, Tls};
use store::{Entry, Report};

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
        let clean = configuration.is_empty() && accounts.iter().all(|account| account.problems.is_empty());
        if form == Form::Json {
            output::json(&Found { clean, configuration, accounts })?;
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
