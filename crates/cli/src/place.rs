//! Which data folder a command works on, and the store in it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use server::control::Client;
use server::{Config, Overrides};
use store::backend::Fault;
use store::{Account, Actor, Entry, Error, Options, Store};

use crate::output;

/// Where the configuration lies when nothing is said.
pub(crate) const CONFIG: &str = "/etc/posthorn/posthorn.toml";

/// `--data` and `--config`
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Place {
    /// The data folder; above what the configuration says
    #[arg(long, value_name = "DIR", env = "POSTHORN_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// The configuration [default: /etc/posthorn/posthorn.toml if it is there and --data is not given]
    #[arg(long, value_name = "FILE", env = "POSTHORN_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

impl Place {
    /// The configuration's file, if there is one to read. Who names a data folder alone means it alone.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        let usual = Path::new(CONFIG);
        let found = || (self.data.is_none() && usual.exists()).then(|| usual.to_owned());
        self.config.clone().or_else(found)
    }

    /// The configuration with the flags above it.
    pub(crate) fn load(&self, flags: Overrides) -> Result<Config> {
        let flags = Overrides { data: self.data.clone(), ..flags };
        Ok(Config::load(self.file().as_deref(), flags)?)
    }

    /// The store of a data folder.
    pub(crate) fn open(&self) -> Result<Open> {
        let config = self.load(Overrides::default())?;
        Open::new(config.data().to_owned(), config.store.options(&config.limits), Store::open)
    }

    /// The store of a data folder, which is set up if it is absent or empty.
    pub(crate) fn set_up(&self) -> Result<Open> {
        Open::set_up(self.load(Overrides::default())?.data().to_owned())
    }
}

/// A store that is open.
pub(crate) struct Open {
    pub(crate) data: PathBuf,
    pub(crate) store: Store,
}

impl Open {
    /// The store of a folder that is set up if it is absent or empty.
    pub(crate) fn set_up(data: PathBuf) -> Result<Self> {
        Self::new(data, Options::default(), Store::set_up)
    }

    fn new(data: PathBuf, options: Options, open: impl FnOnce(&Path, Options) -> Result<Store, Error>) -> Result<Self> {
        refuse_to_take_over(&data)?;
        match open(&data, options) {
            Ok(store) => {
                if let Some(put_right) = store.directory().put_right() {
                    output::note(put_right);
                }
                Ok(Self { data, store })
            }
            Err(Error::Folder { fault: Fault::NotSetUp, .. }) => {
                bail!("there is no mail in {}: name the data folder with --data DIR", data.display())
            }
            // It names the folder, and says what to do.
            Err(error @ Error::Folder { .. }) => Err(error.into()),
            Err(error) => Err(error).with_context(|| format!("cannot open the data folder {}", data.display())),
        }
    }

    /// The account of that name or address.
    pub(crate) fn entry(&self, name: &str) -> Result<Entry> {
        let found = self.store.directory().find_by_name(name)?;
        found.ok_or_else(|| anyhow!("there is no account {name}: `posthorn user list` shows all"))
    }

    /// The account's mail.
    pub(crate) fn account(&self, name: &str) -> Result<Arc<Account>> {
        Ok(self.store.account(self.entry(name)?.id)?)
    }

    /// Tells the server, if one serves this folder, that accounts or passwords have changed.
    pub(crate) fn directory_changed(&self) {
        // It looks by itself, too, only not at once.
        if let Some(mut server) = Client::connect(&self.data) {
            let _ = server.directory_changed();
        }
    }
}

/// What root writes, the server's own user could not write any more.
fn refuse_to_take_over(data: &Path) -> Result<()> {
    let owner = |path: &Path| fs::metadata(path).ok().map(|metadata| metadata.uid());
    let files = owner(&data.join("directory.sqlite")).filter(|uid| *uid != 0);
    match (owner(Path::new("/proc/self")), files) {
        (Some(0), Some(uid)) => {
            bail!(
                "{} belongs to user {uid}, and you are root: run this as that user, sudo -u '#{uid}' …",
                data.display()
            )
        }
        _ => Ok(()),
    }
}

/// Who the log says it was: the command, and who gave it.
pub(crate) fn actor(command: &str) -> Actor {
    let user = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).unwrap_or_default();
    Actor { session: 0, client: format!("posthorn {command}"), credential: user, address: None }
}
