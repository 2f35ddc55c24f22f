//! Where the certificate and its key lie.

use std::path::{Path, PathBuf};

use super::{Pair, TlsError, self_signed};
use crate::config::Config;

/// The two files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// PEM: the server's certificate, then those that lead to its authority.
    pub certificate: PathBuf,
    /// PEM: its key.
    pub key: PathBuf,
}

impl Files {
    /// Where a self-signed pair lies in a data folder.
    pub fn in_data(data: &Path) -> Self {
        let folder = data.join("tls");
        Self { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
    }

    /// The files that are configured; without any, those of the data folder, which are made if they are not there.
    pub(crate) fn resolve(config: &Config) -> Result<(Self, Option<self_signed::Made>), TlsError> {
        if let (Some(certificate), Some(key)) = (&config.tls.certificate, &config.tls.key) {
            return Ok((Self { certificate: certificate.clone(), key: key.clone() }, None));
        }
        let files = Self::in_data(config.data());
        if files.certificate.exists() && files.key.exists() {
            return Ok((files, None));
        }
        let made = self_signed::self_signed(&files, &config.hostname())?;
        Ok((files, Some(made)))
    }

    pub(super) fn read(&self) -> Result<Pair, TlsError> {
        let read =
            |path: &Path| std::fs::read(path).map_err(|error| TlsError::Unreadable { path: path.to_owned(), error });
        Ok(Pair { certificate: read(&self.certificate)?, key: read(&self.key)? })
    }
}
