//! `posthorn quickstart`

mod texts;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use server::Config;
use server::tls::{Files, self_signed};

use crate::dates;
use crate::output;
use crate::password;
use crate::place::{self, Open};
use texts::Texts;

/// Set up a server: configuration, data folder, certificate, first account, systemd unit; and say what is left to do
///
/// What is there already is left as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  posthorn quickstart you@example.org")]
pub(crate) struct Quickstart {
    /// The first account's address
    address: String,
    /// What the server is called in DNS [default: mail. and the address's domain]
    #[arg(long, value_name = "NAME")]
    hostname: Option<String>,
    /// Put everything into this folder [default: for root /etc/posthorn, /var/lib/posthorn and /etc/systemd/system, for
    /// others ./posthorn]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Read the account's password from the standard input stream, instead of making one
    #[arg(long)]
    password_stdin: bool,
}

/// Where the files go.
struct Places {
    config: PathBuf,
    data: PathBuf,
    unit: PathBuf,
    autoconfig: PathBuf,
}

impl Quickstart {
    pub(crate) fn run(self) -> Result<()> {
        let Some((user, domain)) =
            self.address.rsplit_once('@').filter(|(user, domain)| !user.is_empty() && fits(domain))
        else {
            bail!("{} is no address: write one like you@example.org", self.address);
        };
        let hostname = self.hostname.clone().unwrap_or_else(|| format!("mail.{domain}"));
        if !fits(&hostname) {
            bail!("{hostname} is no host name: write one like mail.example.org");
        }
        let places = self.places()?;
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let texts =
            Texts { address: &self.address, user, domain, hostname: &hostname, places: &places, program: &program };
        make_folder(&places.data, 0o700)?;
        write(&places.config, &texts.configuration())?;
        // What was written, or was there, must be one that the server takes.
        let config = Config::read(&places.config)?;
        write(&places.unit, &texts.unit())?;
        write(&places.autoconfig, &texts.autoconfig())?;
        let files = Files::in_data(config.data());
        if config.tls.certificate.is_none() && !files.certificate.exists() {
            let made = self_signed(&files, &hostname)?;
            output::line(format!(
                "made   {} (self-signed, SHA-256 {})",
                files.certificate.display(),
                made.fingerprint
            ))?;
        }
        self.make_account(config.data())?;
        output::text(&texts.next_steps())
    }

    fn places(&self) -> Result<Places> {
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None if is_root() => {
                return Ok(Places {
                    config: place::CONFIG.into(),
                    data: server::config::DEFAULT_DATA.into(),
                    unit: "/etc/systemd/system/posthorn.service".into(),
                    autoconfig: "/etc/posthorn/autoconfig.xml".into(),
                });
            }
            None => "posthorn".into(),
        };
        make_folder(&folder, 0o755)?;
        let folder = folder.canonicalize().with_context(|| format!("cannot find {}", folder.display()))?;
        Ok(Places {
            config: folder.join("posthorn.toml"),
            data: folder.join("data"),
            unit: folder.join("posthorn.service"),
            autoconfig: folder.join("autoconfig.xml"),
        })
    }

    fn make_account(&self, data: &Path) -> Result<()> {
        let open = Open::set_up(data.to_owned())?;
        let directory = open.store.directory();
        if directory.find_by_name(&self.address)?.is_some() {
            return output::line(format!("kept   the account {}", self.address));
        }
        let (password, shown) = if self.password_stdin {
            (password::from_stdin()?, String::new())
        } else {
            let made = password::generate()?;
            let shown = format!(", password {made}");
            (made, shown)
        };
        let id = directory.add(&self.address, Some(&server::credentials(&password)?), dates::now())?;
        open.store.account(id)?.state()?;
        open.store.close()?;
        output::line(format!("made   the account {}{shown}", self.address))
    }
}

/// A name that is written into files must be one.
fn fits(name: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    !name.is_empty() && !name.starts_with(['.', '-']) && name.bytes().all(fit)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn make_folder(path: &Path, mode: u32) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(mode).create(path);
    made.with_context(|| format!("cannot make {}", path.display()))
}

/// Writes a file that is not there yet.
fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder, 0o755)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o644).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
            output::line(format!("wrote  {}", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            output::line(format!("kept   {}", path.display()))
        }
        Err(error) => Err(error).with_context(|| format!("cannot write {}", path.display())),
    }
}
