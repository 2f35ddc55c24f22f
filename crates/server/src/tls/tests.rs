use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::testing::Folder;

fn pair(folder: &Path, name: &str) -> Files {
    let files = Files::in_data(&folder.join(name));
    self_signed(&files, name).unwrap();
    files
}

fn copy(from: &Path, to: &Path) {
    fs::write(to, fs::read(from).unwrap()).unwrap();
}

#[test]
fn a_self_signed_pair_is_made_once_and_its_key_is_secret() {
    let folder = Folder::new();
    let config = Config::load(None, Overrides { data: Some(folder.path().into()), ..Overrides::default() }).unwrap();
    let (files, made) = Files::resolve(&config).unwrap();
    let fingerprint = made.expect("made at the first start").fingerprint;
    assert_eq!(fingerprint.len(), 32 * 3 - 1);
    assert_eq!(fs::metadata(&files.key).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&files.certificate).unwrap();
    assert_eq!(Files::resolve(&config).unwrap(), (files.clone(), None), "the second start keeps it");
    assert_eq!(fs::read(&files.certificate).unwrap(), before);
    Tls::load(files).unwrap();
}

use crate::config::{Config, Overrides};

#[test]
fn a_new_pair_is_used_and_a_broken_one_is_not() {
    let folder = Folder::new();
    let files = pair(folder.path(), "a.example");
    let other = pair(folder.path(), "b.example");
    let tls = Tls::load(files.clone()).unwrap();
    let used = || Arc::as_ptr(&tls.config.load_full());
    let first = used();
    tls.look();
    assert_eq!(used(), first, "nothing changed");
    copy(&other.certificate, &files.certificate);
    tls.look();
    tls.look();
    assert_eq!(used(), first, "a certificate without its key is not used");
    assert!(tls.seen.lock().told);
    copy(&other.key, &files.key);
    tls.look();
    let second = used();
    assert_ne!(second, first);
    fs::write(&files.certificate, "rubbish").unwrap();
    tls.look();
    fs::remove_file(&files.key).unwrap();
    tls.look();
    assert_eq!(used(), second);
}

#[test]
fn what_is_wrong_with_a_pair_is_said_with_its_files() {
    let folder = Folder::new();
    let files = pair(folder.path(), "a.example");
    let other = pair(folder.path(), "b.example");
    let mixed = Files { certificate: files.certificate.clone(), key: other.key };
    let error = Tls::load(mixed).err().unwrap().to_string();
    assert!(error.contains("certificate.pem and ") && error.contains("are not a certificate and its key"), "{error}");
    let swapped = Files { certificate: files.key.clone(), key: files.certificate.clone() };
    assert!(Tls::load(swapped).err().unwrap().to_string().contains("the certificate's file has none"));
    let missing = Files { certificate: folder.path().join("none.pem"), key: files.key };
    assert!(Tls::load(missing).err().unwrap().to_string().starts_with("cannot read "));
}
