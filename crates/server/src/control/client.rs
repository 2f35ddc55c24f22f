//! The command line's end of the control socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use store::AccountId;

use super::{AccountCost, Connected, Reply, Request};
use crate::link::Transcript;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A server did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The connection failed.
    #[error("the server does not answer on its control socket: {0}")]
    Io(#[from] std::io::Error),
    /// It answered what is no answer: another version of Posthorn, perhaps.
    #[error("the server answered something else on its control socket; is it of another version?")]
    Nonsense,
    /// It said no.
    #[error("the server refused: {0}")]
    Refused(String),
}

/// A connection to the server that serves a data folder.
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects; `None` if no server serves this folder.
    pub fn connect(data: &Path) -> Option<Self> {
        let stream = UnixStream::connect(data.join(super::serve::NAME)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_write_timeout(Some(PATIENCE)).ok()?;
        Some(Self { stream: BufReader::new(stream) })
    }

    /// Who is connected.
    pub fn who(&mut self) -> Result<Vec<Connected>, ControlError> {
        self.ask(&Request::Who)?.sessions.ok_or(ControlError::Nonsense)
    }

    /// What the accounts cost that somebody is logged in to, the one that has taken most of a processor first.
    pub fn accounts(&mut self) -> Result<Vec<AccountCost>, ControlError> {
        self.ask(&Request::Accounts)?.accounts.ok_or(ControlError::Nonsense)
    }

    /// Rings the doorbell: this process has written to an account, and its sessions want to know.
    pub fn changed(&mut self, account: AccountId) -> Result<(), ControlError> {
        self.ask(&Request::Changed { account: account.get() }).map(drop)
    }

    /// Tells that accounts, addresses or passwords have changed.
    pub fn directory_changed(&mut self) -> Result<(), ControlError> {
        self.ask(&Request::DirectoryChanged).map(drop)
    }

    /// Begins or ends the protocol transcript of an account.
    pub fn transcript(&mut self, account: AccountId, transcript: Transcript) -> Result<(), ControlError> {
        self.ask(&Request::Transcript { account: account.get(), on: transcript == Transcript::On }).map(drop)
    }

    /// Shuts the server down; returns when it has begun to.
    pub fn stop(&mut self) -> Result<(), ControlError> {
        self.ask(&Request::Stop).map(drop)
    }

    fn ask(&mut self, request: &Request) -> Result<Reply, ControlError> {
        let mut line = serde_json::to_string(request).map_err(|_| ControlError::Nonsense)?;
        line.push('\n');
        self.stream.get_mut().write_all(line.as_bytes())?;
        line.clear();
        self.stream.read_line(&mut line)?;
        let reply: Reply = serde_json::from_str(&line).map_err(|_| ControlError::Nonsense)?;
        match reply.error {
            Some(error) => Err(ControlError::Refused(error)),
            None => Ok(reply),
        }
    }
}
