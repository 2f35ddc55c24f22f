//! The certificate: read from its files, made where there is none, and read again when the files change.
//!
//! Each new handshake uses the newest pair that was whole; sessions that are open live on with theirs. A pair that
//! does not fit, because it is half replaced or broken, changes nothing and is told once.

mod files;
mod self_signed;

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tracing::{info, warn};

pub use files::Files;
pub use self_signed::{Made, self_signed};

/// A certificate that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, or not ours to read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// What is in the files is no certificate, no key, or not a pair.
    #[error("{} and {} are not a certificate and its key: {what}", certificate.display(), key.display())]
    Broken {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// No self-signed certificate could be made.
    #[error("cannot make a self-signed certificate: {0}")]
    Unmade(String),
}

/// The certificate in use, and the files it came from.
pub struct Tls {
    files: Files,
    config: Arc<ArcSwap<ServerConfig>>,
    /// The contents in use, and the last contents that were seen.
    seen: parking_lot::Mutex<Seen>,
}

struct Seen {
    used: Pair,
    broken: Option<Pair>,
    told: bool,
}

/// What the two files hold.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    /// Reads the certificate and its key.
    pub fn load(files: Files) -> Result<Self, TlsError> {
        let pair = files.read()?;
        let config = configure(&files, &pair)?;
        let seen = Seen { used: pair, broken: None, told: false };
        Ok(Self { files, config: Arc::new(ArcSwap::from_pointee(config)), seen: seen.into() })
    }

    /// What new handshakes use.
    pub(crate) fn config(&self) -> Arc<ArcSwap<ServerConfig>> {
        self.config.clone()
    }

    /// Looks at the files again: a new pair that is whole is used from now on. Called every few seconds. The contents
    /// are compared, not the times: a restored file may be older than the one it replaces.
    pub(crate) fn look(&self) {
        let mut seen = self.seen.lock();
        let pair = match self.files.read() {
            Ok(pair) => pair,
            Err(error) => {
                if !std::mem::replace(&mut seen.told, true) {
                    warn!(%error, "the certificate cannot be read any more; the one read before stays in use");
                }
                return;
            }
        };
        if pair == seen.used {
            (seen.broken, seen.told) = (None, false);
            return;
        }
        match configure(&self.files, &pair) {
            Ok(config) => {
                self.config.store(Arc::new(config));
                *seen = Seen { used: pair, broken: None, told: false };
                info!(certificate = %self.files.certificate.display(), "a new certificate is in use");
            }
            // Somebody may be between replacing the one file and the other: told when it stays so.
            Err(_) if seen.broken.as_ref() != Some(&pair) => (seen.broken, seen.told) = (Some(pair), false),
            Err(error) => {
                if !std::mem::replace(&mut seen.told, true) {
                    warn!(%error, "the new certificate cannot be used; the one read before stays in use");
                }
            }
        }
    }
}

/// TLS 1.2 and 1.3 with rustls's own choice of suites, which leaves no weak one (RFC 8314 §4.1).
fn configure(files: &Files, pair: &Pair) -> Result<ServerConfig, TlsError> {
    let broken =
        |what: String| TlsError::Broken { certificate: files.certificate.clone(), key: files.key.clone(), what };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pair.certificate)
        .collect::<Result<_, _>>()
        .map_err(|error| broken(format!("the certificate is no PEM ({error})")))?;
    if chain.is_empty() {
        return Err(broken("the certificate's file has none".to_owned()));
    }
    let key =
        PrivateKeyDer::from_pem_slice(&pair.key).map_err(|error| broken(format!("the key is no PEM ({error})")))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| broken(error.to_string()))?;
    // Phones come back often: a ticket saves them and us a signature. The keys of tickets live in memory and change.
    config.ticketer = ring::Ticketer::new().map_err(|error| broken(error.to_string()))?;
    config.send_tls13_tickets = 1;
    Ok(config)
}

#[cfg(test)]
mod tests;
