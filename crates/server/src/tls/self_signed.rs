//! The certificate of a server that was given none: it encrypts, but no client can know whose it is.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use super::{Files, TlsError};

/// A self-signed certificate that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// SHA-256 of the certificate, as mail clients show it when they ask whether to trust it.
    pub fingerprint: String,
}

/// Makes a self-signed certificate for a host and for the names of this machine, and writes it to its files.
pub fn self_signed(files: &Files, hostname: &str) -> Result<Made, TlsError> {
    let unmade = |error: rcgen::Error| TlsError::Unmade(error.to_string());
    let mut names = vec![hostname.to_owned()];
    for own in ["localhost", "127.0.0.1", "::1"] {
        if own != hostname {
            names.push(own.to_owned());
        }
    }
    let mut params = CertificateParams::new(names).map_err(unmade)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("{hostname} (Posthorn, self-signed)"));
    // It says nothing about who we are, so that it ends would say nothing either.
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    let key = KeyPair::generate().map_err(unmade)?;
    let certificate = params.self_signed(&key).map_err(unmade)?;
    write(&files.key, key.serialize_pem().as_bytes(), 0o600)?;
    write(&files.certificate, certificate.pem().as_bytes(), 0o644)?;
    let der =
        CertificateDer::from_pem_slice(certificate.pem().as_bytes()).map_err(|e| TlsError::Unmade(e.to_string()))?;
    let octets: Vec<String> = Sha256::digest(&der).iter().map(|octet| format!("{octet:02X}")).collect();
    Ok(Made { fingerprint: octets.join(":") })
}

/// Writes a file whole or not at all, and never for a moment readable by more than it may be.
fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), TlsError> {
    let unwritable = |error| TlsError::Unwritable { path: path.to_owned(), error };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    let new = path.with_extension("new");
    // What a run that broke off left behind has another mode, perhaps.
    let _left_behind = fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new).map_err(unwritable)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(unwritable)?;
    fs::rename(&new, path).map_err(unwritable)
}
