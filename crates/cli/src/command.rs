//! The subcommands, each in a file of its own.

mod alias;
mod check;
mod export;
mod import;
mod log;
mod mailbox;
mod quickstart;
mod samples;
mod serve;
mod transcript;
mod try_it;
mod upgrade;
mod user;
mod who;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The mail server for people with more than one device
#[derive(Debug, Parser)]
#[command(name = "posthorn", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Try it:  posthorn try\nEvery command has --help with an example.\n\
    Exit status: 0 done, 1 failed, 2 wrong usage, 3 `check` found something wrong.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Try(try_it::Try),
    Quickstart(quickstart::Quickstart),
    Serve(serve::Serve),
    /// Accounts: add, list, password, disable, enable, remove
    #[command(subcommand)]
    User(user::User),
    /// More addresses for an account: add, list, remove
    #[command(subcommand)]
    Alias(alias::Alias),
    /// Mailboxes: list
    #[command(subcommand)]
    Mailbox(mailbox::Mailbox),
    Who(who::Who),
    Check(check::Check),
    Upgrade(upgrade::Upgrade),
    Log(log::Log),
    Transcript(transcript::Transcript),
    /// Take mail over from another server: maildir, mbox
    #[command(subcommand)]
    Import(import::Import),
    /// Write mail out for other programs: maildir, mbox
    #[command(subcommand)]
    Export(export::Export),
}

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Try(command) => command.run()?,
        Command::Quickstart(command) => command.run()?,
        Command::Serve(command) => command.run()?,
        Command::User(command) => command.run()?,
        Command::Alias(command) => command.run()?,
        Command::Mailbox(command) => command.run()?,
        Command::Who(command) => command.run()?,
        Command::Check(command) => return command.run(),
        Command::Upgrade(command) => command.run()?,
        Command::Log(command) => command.run()?,
        Command::Transcript(command) => command.run()?,
        Command::Import(command) => command.run()?,
        Command::Export(command) => command.run()?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_holds_together() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
