//! `posthorn serve`

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use server::config::{LogFormat, Size};
use server::{Listen, Overrides};

use crate::place::Place;

/// Run the server, until SIGTERM or Ctrl-C
///
/// Every flag wins over the configuration. Who names one listener gets just those that are named; who names none gets
/// IMAP at port 143, IMAP over TLS at 993 and LMTP at 127.0.0.1:24. With a configuration, the data folder has to be one
/// that `quickstart` or `user add` set up; without, one that is absent or empty is set up.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  posthorn serve --data mail --imap 127.0.0.1:1143 --imaps 127.0.0.1:1993 \
    --lmtp 127.0.0.1:1024")]
pub(crate) struct Serve {
    #[command(flatten)]
    place: Place,
    /// Serve IMAP with STARTTLS here: `127.0.0.1:143`, `[::]:143` or `unix:/path` (can be given several times)
    #[arg(long, value_name = "ADDRESS")]
    imap: Vec<Listen>,
    /// Serve IMAP over TLS here
    #[arg(long, value_name = "ADDRESS")]
    imaps: Vec<Listen>,
    /// Take mail in here, by LMTP; it has no login: whoever can connect can deliver
    #[arg(long, value_name = "ADDRESS")]
    lmtp: Vec<Listen>,
    /// What the server calls itself
    #[arg(long, value_name = "NAME")]
    hostname: Option<String>,
    /// The TLS certificate and its chain, PEM [default: a self-signed one in the data folder]
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The certificate's key, PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Take passwords without TLS: for tests on one machine
    #[arg(long)]
    plaintext_login: bool,
    /// The largest message, such as "64 MiB"
    #[arg(long, value_name = "SIZE")]
    append_limit: Option<Size>,
    /// How the log is written
    #[arg(long, value_name = "FORMAT", value_parser = log_format)]
    log_format: Option<LogFormat>,
    /// What the log tells: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("write text or json".to_owned()),
    }
}

impl Serve {
    pub(crate) fn run(self) -> Result<()> {
        let flags = Overrides {
            data: None,
            hostname: self.hostname,
            imap: self.imap,
            imaps: self.imaps,
            lmtp: self.lmtp,
            certificate: self.certificate,
            key: self.key,
            plaintext_login: self.plaintext_login.then_some(true),
            append_limit: self.append_limit,
            log_format: self.log_format,
            log_level: self.log_level,
        };
        let config = self.place.load(flags)?;
        server::log::start(&config.log).map_err(|error| anyhow!(error))?;
        // A configuration is written for a store that was set up: where that is not there, something is wrong.
        if self.place.file().is_none() {
            server::set_up(&config)?;
        }
        Ok(server::run(&config, |_| {})?)
    }
}
