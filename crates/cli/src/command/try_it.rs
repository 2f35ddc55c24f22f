//! `posthorn try`

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use server::{Config, Door, Listen, Overrides, Running};

use super::samples;
use crate::dates;
use crate::output;
use crate::password;
use crate::place::Open;

/// Whose account a trial has.
const NAME: &str = "you@localhost";

/// Where the trial's password is kept: it opens nothing but the trial, on this machine.
const PASSWORD: &str = "trial-password";

/// The ports that are tried first, and how many after each.
const PORTS: [u16; 3] = [1143, 1993, 1024];
const MORE: u16 = 50;

/// Try Posthorn on this machine: a server with an account and a few mails, and what to type into a mail client
///
/// Everything is in one folder, and nothing can be reached from another machine. Running it again keeps the mail.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  posthorn try\n  rm -r posthorn-trial    # and it is gone")]
pub(crate) struct Try {
    /// The folder for everything
    #[arg(long, value_name = "DIR", default_value = "posthorn-trial")]
    data: PathBuf,
    /// What the log tells: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log_level: String,
}

impl Try {
    pub(crate) fn run(self) -> Result<()> {
        let password = prepare(&self.data)?;
        let [imap, imaps, lmtp] = PORTS;
        let flags = Overrides {
            data: Some(self.data.clone()),
            hostname: Some("localhost".to_owned()),
            imap: vec![free(imap)?],
            imaps: vec![free(imaps)?],
            lmtp: vec![free(lmtp)?],
            // On loopback there is nobody to listen in, and not every client takes a self-signed certificate.
            plaintext_login: Some(true),
            log_level: Some(self.log_level),
            ..Overrides::default()
        };
        let config = Config::load(None, flags)?;
        server::log::start(&config.log).map_err(|error| anyhow!(error))?;
        let mut told = Ok(());
        server::run(&config, |running| told = tell(&self.data, &password, running))?;
        told
    }
}

/// Makes what is missing: the account with its mails, and its password.
fn prepare(data: &Path) -> Result<String> {
    let kept = data.join(PASSWORD);
    let open = Open::set_up(data.to_owned())?;
    let directory = open.store.directory();
    if let Some(entry) = directory.find_by_name(NAME)? {
        if let Ok(password) = fs::read_to_string(&kept) {
            return Ok(password);
        }
        let password = password::generate()?;
        directory.set_password(entry.id, &server::credentials(&password)?)?;
        keep(&kept, &password)?;
        return Ok(password);
    }
    // A folder with other accounts is not a trial, and its server may be on ports that the world can reach.
    if !directory.list()?.is_empty() {
        bail!("{} holds other accounts: name another folder with --data DIR", data.display());
    }
    let password = password::generate()?;
    keep(&kept, &password)?;
    let id = directory.add(NAME, Some(&server::credentials(&password)?), dates::now())?;
    samples::add(&open.store, &*open.store.account(id)?)?;
    open.store.close()?;
    Ok(password)
}

fn keep(path: &Path, password: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(password.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// The first free port from this one on.
fn free(port: u16) -> Result<Listen> {
    let addresses = (port..port.saturating_add(MORE)).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let mut free = addresses.filter(|address| TcpListener::bind(address).is_ok());
    let found = free.next().ok_or_else(|| anyhow!("all ports from {port} on are taken"))?;
    Ok(Listen::Tcp(found))
}

/// What to type into a mail client.
fn tell(data: &Path, password: &str, running: &Running) -> Result<()> {
    let port = |door| match running.listening(door).first() {
        Some(Listen::Tcp(address)) => address.port().to_string(),
        _ => String::new(),
    };
    let (imap, imaps, lmtp) = (port(Door::Imap), port(Door::Imaps), port(Door::Lmtp));
    let folder = data.display();
    let fingerprint =
        running.made.as_ref().map(|made| format!("\n    SHA-256 {}", made.fingerprint)).unwrap_or_default();
    output::text(&format!(
        "Posthorn runs on this machine. In a mail client, add an account:

    IMAP server   localhost
    Port          {imaps} with TLS  (or {imap} with STARTTLS or without)
    User name     {NAME}
    Password      {password}

The certificate is self-signed: the client asks once whether to trust it.{fingerprint}
Posthorn does not send mail; where a client insists on an SMTP server, name any.

Let a mail come in, and watch it arrive:

    python3 -c \"import smtplib; smtplib.LMTP('127.0.0.1', {lmtp}).sendmail('a@b.example', ['{NAME}'], 'Subject: Hello')\"
    posthorn import maildir {NAME} ~/Maildir --data {folder}

Look inside, from another terminal:

    posthorn who --data {folder}
    posthorn log {NAME} --data {folder}

The mail is in {folder}: running this again keeps it. Ctrl-C stops.
"
    ))
}
