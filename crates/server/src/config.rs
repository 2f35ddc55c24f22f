//! What an operator can set: a TOML file, every key of which is optional, and the command line's flags above it.
//!
//! An unknown key is an error that names its line and the key that was probably meant: a misspelt limit that silently
//! does nothing is worse than a server that does not start.

mod age;
mod error;
mod listen;
mod size;

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use age::Age;
pub use error::ConfigError;
pub use listen::Listen;
use listen::OneOrMany;
pub use size::Size;

/// Where mail lives when nothing else is said.
pub const DEFAULT_DATA: &str = "/var/lib/posthorn";

/// Everything that an operator can set, resolved: the file, the flags above it and the defaults below.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `data = "/var/lib/posthorn"`: the folder that holds the accounts, the directory and the control socket.
    data: Option<PathBuf>,
    /// `hostname = "mail.example.org"`: how the server names itself in greetings, and in the self-signed certificate.
    hostname: Option<String>,
    /// `imap = ["0.0.0.0:143", "unix:/run/posthorn/imap"]`: IMAP with STARTTLS.
    imap: OneOrMany,
    /// `imaps = "[::]:993"`: IMAP over TLS from the first octet.
    imaps: OneOrMany,
    /// `lmtp = "unix:/run/posthorn/lmtp"`: mail comes in here. LMTP has no login: whoever reaches it delivers.
    lmtp: OneOrMany,
    /// `plaintext_login = true`: passwords are taken on connections without TLS. For tests on one machine.
    pub plaintext_login: bool,
    /// `append_limit = "64 MiB"`: the largest message that APPEND and LMTP take (RFC 7889, RFC 1870).
    pub append_limit: Size,
    /// `[tls]`.
    pub tls: Tls,
    /// `[limits]`.
    pub limits: Limits,
    /// `[store]`.
    pub store: Storage,
    /// `[delivery]`.
    pub delivery: Delivery,
    /// `[log]`.
    pub log: Log,
}

/// `[tls]`: the certificate. Without it a self-signed one is made in the data folder at the first start.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// `certificate = "/etc/letsencrypt/live/mail.example.org/fullchain.pem"`: PEM, the server's own certificate first.
    pub certificate: Option<PathBuf>,
    /// `key = "/etc/letsencrypt/live/mail.example.org/privkey.pem"`: PEM.
    pub key: Option<PathBuf>,
}

/// `[limits]`: how many connections at once. Generous: a family's phones call from one address, a whole village from
/// another, and all users of a mail app from its maker's cloud.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// `connections = 50000`: all listeners together. One more is told BYE.
    pub connections: usize,
    /// `connections_per_address = 2000`: from one address, an IPv6 /64 being one. Loopback and Unix sockets are exempt:
    /// web mail and proxies call from there. One more is told BYE.
    pub connections_per_address: usize,
    /// `waiting = 10000`: IMAP connections that have not logged in yet. One more, and the oldest of them is told BYE: a
    /// flood of half-open connections pushes itself out, and an honest login is faster.
    pub waiting: usize,
    /// `waiting_per_address = 1000`: the same for one address, loopback too.
    pub waiting_per_address: usize,
    /// `sessions_per_account = 500`: logged in at once. One more is told NO `[LIMIT]`.
    pub sessions_per_account: usize,
    /// `messages_per_account = 4000000`: each counted in every mailbox that has it. Beyond, only what adds is refused.
    pub messages_per_account: u64,
    /// `keyword_combinations = 1024`: how many different lists of keywords the messages of a mailbox may have.
    pub keyword_combinations: usize,
    /// `append_octets = "256 MiB"`: all messages of one APPEND together.
    pub append_octets: Size,
    /// `work_per_command = "64 MiB"`: the memory that one COPY or MOVE may take, 160 octets for each message: 419,430 messages.
    pub work_per_command: Size,
    /// `work = "512 MiB"`: what such commands may take together; more wait for their turn.
    pub work: Size,
}

impl Default for Limits {
    fn default() -> Self {
        let account = store::Options::default().limits;
        Self {
            connections: 50_000,
            connections_per_address: 2_000,
            waiting: 10_000,
            waiting_per_address: 1_000,
            sessions_per_account: 500,
            messages_per_account: account.messages,
            keyword_combinations: account.keyword_lists,
            append_octets: Size(256 << 20),
            work_per_command: Size(account.work),
            work: Size(store::Options::default().work),
        }
    }
}

/// `[store]`: how long is kept, and how much may be used for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// `retention = "30d"`: how long what was deleted is kept, and how far back the account is known as it was. It is measured by the time that the server runs, whatever its clock says.
    pub retention: Age,
    /// `memory = "256 MiB"`: how much memory the states of accounts may take together. Those that nobody has used for
    /// longest are closed first; sessions do not notice.
    pub memory: Size,
    /// `reserve = "64 MiB"`: how much of the disk stays free: beyond that no mail is taken, and in the last quarter of it
    /// nothing is written. Unless it is set, it is not more than a sixteenth of the disk.
    pub reserve: Option<Size>,
    /// `inspect = "4 MiB"`: how much of what is stored is read every five seconds to find damage. All is read once in
    /// thirty days: 4 MiB are enough for 2 TB.
    pub inspect: Size,
}

impl Default for Storage {
    fn default() -> Self {
        let store::Options { retention, memory, inspect, .. } = store::Options::default();
        Self { retention: Age(retention), memory: Size(memory as u64), reserve: None, inspect: Size(inspect as u64) }
    }
}

impl Storage {
    /// As the store takes it, beside how much accounts may hold.
    pub fn options(&self, limits: &Limits) -> store::Options {
        let octets = |size: Size| usize::try_from(size.0).unwrap_or(usize::MAX);
        let mut options = store::Options::default();
        options.limits.messages = limits.messages_per_account;
        options.limits.keyword_lists = limits.keyword_combinations;
        options.limits.work = limits.work_per_command.0;
        store::Options {
            work: limits.work.0,
            retention: self.retention.0,
            memory: octets(self.memory),
            reserve: self.reserve.map(|reserve| reserve.0),
            inspect: octets(self.inspect),
            ..options
        }
    }
}

/// `[delivery]`: how LMTP reads addresses.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// `detail_separator = "+"`: mail to `user+lists` goes to the mailbox `lists`, where there is one (RFC 5233). An empty
    /// string switches it off.
    detail_separator: String,
    /// `domains = ["example.org"]`: where the part before the `@` alone may be an account's name. All, unless named.
    pub domains: Vec<String>,
}

impl Delivery {
    /// What stands between user and detail, where addresses have one.
    pub fn separator(&self) -> Option<char> {
        self.detail_separator.chars().next()
    }
}

impl Default for Delivery {
    fn default() -> Self {
        Self { detail_separator: "+".to_owned(), domains: Vec::new() }
    }
}

/// `[log]`: what is written to the standard error stream.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `format = "text"` or `"json"`.
    pub format: LogFormat,
    /// `level = "info"`: `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,server::tls=debug`.
    pub level: Option<String>,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// The command line's flags: what is set here wins over the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--data DIR`
    pub data: Option<PathBuf>,
    /// `--hostname NAME`
    pub hostname: Option<String>,
    /// `--imap ADDRESS`
    pub imap: Vec<Listen>,
    /// `--imaps ADDRESS`
    pub imaps: Vec<Listen>,
    /// `--lmtp ADDRESS`
    pub lmtp: Vec<Listen>,
    /// `--certificate FILE`
    pub certificate: Option<PathBuf>,
    /// `--key FILE`
    pub key: Option<PathBuf>,
    /// `--plaintext-login`
    pub plaintext_login: Option<bool>,
    /// `--append-limit SIZE`
    pub append_limit: Option<Size>,
    /// `--log-format text|json`
    pub log_format: Option<LogFormat>,
    /// `--log-level LEVEL`
    pub log_level: Option<String>,
}

impl Config {
    /// The file, if one is named, with the flags above it.
    pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self, ConfigError> {
        let config = match file {
            Some(path) => Self::read(path)?,
            None => Self::default(),
        };
        config.with(overrides).check()
    }

    /// Reads and checks a file on its own.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error: error.to_string() })?;
        Self::parse(&text).map_err(|error| error.of_file(path))
    }

    /// Reads a configuration from its text.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|wrong| error::explain(text, &wrong))
    }

    fn with(mut self, flags: Overrides) -> Self {
        fn above<T>(place: &mut T, flag: Option<impl Into<T>>) {
            if let Some(value) = flag {
                *place = value.into();
            }
        }
        // Whoever names one listener by a flag wants just those named by flags.
        if !(flags.imap.is_empty() && flags.imaps.is_empty() && flags.lmtp.is_empty()) {
            self.imap = flags.imap.into();
            self.imaps = flags.imaps.into();
            self.lmtp = flags.lmtp.into();
        }
        above(&mut self.data, flags.data);
        above(&mut self.hostname, flags.hostname);
        above(&mut self.tls.certificate, flags.certificate);
        above(&mut self.tls.key, flags.key);
        above(&mut self.plaintext_login, flags.plaintext_login);
        above(&mut self.append_limit, flags.append_limit);
        above(&mut self.log.format, flags.log_format);
        above(&mut self.log.level, flags.log_level);
        self
    }

    fn check(self) -> Result<Self, ConfigError> {
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return Err(ConfigError::HalfTls);
        }
        if self.delivery.detail_separator.chars().nth(1).is_some() {
            return Err(ConfigError::LongSeparator);
        }
        Ok(self)
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.data.as_deref().unwrap_or(Path::new(DEFAULT_DATA))
    }

    /// The server's name: configured, or the machine's own.
    pub fn hostname(&self) -> String {
        if let Some(name) = &self.hostname {
            return name.clone();
        }
        let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let own = own.trim();
        let fit = !own.is_empty() && own.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        if fit { own.to_owned() } else { "localhost".to_owned() }
    }

    /// Where IMAP listens. Without any listener named, the usual ports on all addresses.
    pub fn imap(&self) -> Vec<Listen> {
        self.listeners(&self.imap, "[::]:143")
    }

    /// Where IMAP over TLS listens.
    pub fn imaps(&self) -> Vec<Listen> {
        self.listeners(&self.imaps, "[::]:993")
    }

    /// Where LMTP listens. Without any listener named, on loopback: LMTP has no login.
    pub fn lmtp(&self) -> Vec<Listen> {
        self.listeners(&self.lmtp, "127.0.0.1:24")
    }

    fn listeners(&self, named: &OneOrMany, default: &str) -> Vec<Listen> {
        let none = self.imap.is_empty() && self.imaps.is_empty() && self.lmtp.is_empty();
        if none { default.parse().into_iter().collect() } else { named.to_vec() }
    }
}

#[cfg(test)]
mod tests;
