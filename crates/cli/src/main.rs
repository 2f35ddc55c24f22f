//! The binary `posthorn`: command line, configuration, import and export, administration.
//!
//! `main` only dispatches: each subcommand is a file of `command`. Every one of them works while a server serves the
//! same data folder: it opens the store itself, and rings the server's doorbell after it has written.
//!
//! Exit status: 0 done; 1 it failed, and one line on the standard error stream says why and what to do; 2 the command
//! line was not understood; 3 `posthorn check` found something wrong.

mod command;
mod dates;
mod flags;
mod maildir;
mod mbox;
mod output;
mod password;
mod place;
mod progress;

use std::process::ExitCode;

use clap::Parser;

use crate::command::Cli;

fn main() -> ExitCode {
    match command::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}
