//! What an operator has opened wider than it needs to be: told at start, refused never.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::config::{Config, Listen};
use crate::door::{Door, Security};

/// Everybody else on the machine.
const OTHERS: u32 = 0o007;

/// The group, and everybody else.
const NOT_OWNER: u32 = 0o077;

/// What is to be told of a server that listens there.
pub(crate) fn all(config: &Config, listening: &[(Door, Listen)]) -> Vec<String> {
    let doors = listening.iter().filter_map(|(door, at)| door_is_open(config, *door, at));
    doors.chain(folder_is_open(config.data())).chain(config.tls.key.as_deref().and_then(key_is_open)).collect()
}

fn door_is_open(config: &Config, door: Door, at: &Listen) -> Option<String> {
    let Listen::Tcp(address) = at else { return None };
    match door.tls() {
        Security::Never if address.ip().is_unspecified() => Some(format!(
            "{} at {at} takes mail from whoever reaches this machine, as it has no login: name an address, or a Unix socket",
            door.name()
        )),
        Security::WhenAsked if config.plaintext_login && !address.ip().to_canonical().is_loopback() => Some(format!(
            "{} at {at} takes passwords that anybody on the way can read: plaintext_login is set",
            door.name()
        )),
        _ => None,
    }
}

fn folder_is_open(data: &Path) -> Option<String> {
    let mode = mode(data)?;
    (mode & NOT_OWNER != 0).then(|| {
        format!("the data folder {} is open to others (mode {mode:03o}): `chmod 700` closes it", data.display())
    })
}

/// A group may have been made to read keys.
fn key_is_open(key: &Path) -> Option<String> {
    let mode = mode(key)?;
    (mode & OTHERS != 0)
        .then(|| format!("the key {} is open to everybody (mode {mode:03o}): `chmod o=` closes it", key.display()))
}

fn mode(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|found| found.permissions().mode() & 0o777)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn open_doors_are_told_of() {
        let config = |toml: &str| Config::parse(toml).expect("a configuration");
        let told = |toml: &str, door, at: &str| {
            door_is_open(&config(toml), door, &at.parse().expect("an address")).unwrap_or_default()
        };
        assert!(told("", Door::Lmtp, "0.0.0.0:24").starts_with("lmtp at 0.0.0.0:24"));
        assert!(told("", Door::Lmtp, "[::]:24").contains("whoever"));
        assert_eq!(told("", Door::Lmtp, "127.0.0.1:24") + &told("", Door::Lmtp, "unix:/run/lmtp"), "");
        let plain = "plaintext_login = true";
        assert!(told(plain, Door::Imap, "192.0.2.1:143").contains("plaintext_login"));
        assert!(told(plain, Door::Imap, "[::]:143").contains("plaintext_login"));
        let quiet = [
            told(plain, Door::Imap, "[::1]:143"),
            told(plain, Door::Imaps, "[::]:993"),
            told("", Door::Imap, "[::]:143"),
        ];
        assert_eq!(quiet.concat(), "");
    }

    #[test]
    fn open_files_are_told_of() {
        let folder = Folder::new();
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
        set(folder.path(), 0o750);
        assert!(folder_is_open(folder.path()).is_some_and(|told| told.contains("mode 750")));
        set(folder.path(), 0o700);
        assert_eq!(folder_is_open(folder.path()), None);
        let key = folder.path().join("key.pem");
        fs::write(&key, "").expect("written");
        set(&key, 0o644);
        assert!(key_is_open(&key).is_some());
        set(&key, 0o640);
        assert_eq!(key_is_open(&key), None);
    }
}
