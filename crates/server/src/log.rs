//! The log: one line per event on the standard error stream, for people or as JSON.
//!
//! Each line begins with who it is about: the address, which we know, before the name, which a stranger may have
//! chosen. Names and other text from outside are always fields of their own, which both formats escape: they can
//! neither begin a line nor pass for another field, nor turn what stands beside them around.

mod escape;

use std::fmt;
use std::io;
use std::net::IpAddr;

use tracing::{error, info};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};
use escape::Escaped;

/// Begins to write the log. The error says what is wrong with the level.
pub fn start(config: &Log) -> Result<(), String> {
    let level = config.level.as_deref().unwrap_or("info");
    let filter = EnvFilter::try_new(level).map_err(|error| {
        format!("`log.level` is \"{level}\": {error}; write one of error, warn, info, debug, trace")
    })?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(|| Escaped(io::stderr())).with_ansi(false);
    let begun = match config.format {
        LogFormat::Text => registry.with(layer.with_target(false)).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    begun.map_err(|error| format!("the log is being written already: {error}"))
}

/// Where somebody calls from, as logs show it.
#[derive(Clone, Copy)]
pub(crate) struct Address(pub(crate) Option<IpAddr>);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.to_canonical().fmt(f),
            None => f.write_str("local"),
        }
    }
}

/// Where an account is kept, as the directory knows it.
type Place<'a> = &'a dyn Fn(store::AccountId) -> String;

/// Writes down that the store failed a command. Damage is in the file that is named.
pub(crate) fn failed(peer: &gate::Peer, failed: &session::Failed<'_>, place: Place<'_>) {
    let (address, session) = (Address(peer.address), peer.session);
    let session::Failed { user, command, error } = failed;
    let (account, account_id) = user.map(|(name, id)| (name, id)).unzip();
    let (file, account_id) = (account_id.map(place), account_id.map(store::AccountId::get));
    error!(%address, session, account, account_id, command, %error, file, "a command failed: the store could not");
}

/// Writes down what became of mail.
pub(crate) fn delivery(peer: &gate::Peer, event: &delivery::Event<'_>, place: Place<'_>) {
    let (address, session) = (Address(peer.address), peer.session);
    match *event {
        delivery::Event::Delivered { account, size } => {
            info!(%address, session, account_id = account.get(), size, "mail delivered");
        }
        delivery::Event::NobodyThere(recipient) => {
            info!(%address, session, ?recipient, "mail refused: nobody has this address");
        }
        delivery::Event::Refused { account, error } => {
            let account_id = account.get();
            error!(%address, session, account_id, %error, "mail refused for good; its sender is told");
        }
        delivery::Event::Failed { account, error } => {
            let (file, account_id) = (account.map(place), account.map(store::AccountId::get));
            error!(%address, session, account_id, %error, file, "mail not stored; it will be sent again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_command_that_failed_is_told_with_who_what_where_and_why() {
        let memory = Memory::default();
        let written = memory.clone();
        let layer = tracing_subscriber::fmt::layer().with_writer(move || Escaped(written.clone())).with_ansi(false);
        let peer = gate::Peer { address: Some([192, 0, 2, 7].into()), session: 3 };
        let error = store::Error::Damaged { what: "octets of email 4".to_owned() };
        let id = store::AccountId::new(5).unwrap();
        let failure = session::Failed { user: Some(("fred", id)), command: "FETCH", error: &error };
        let place = |id| format!("accounts/{id}.sqlite");
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            failed(&peer, &failure, &place);
        });
        let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        let parts = [
            "address=192.0.2.7",
            "session=3",
            "account=\"fred\"",
            "account_id=5",
            "command=\"FETCH\"",
            "octets of email 4",
        ];
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        assert!(text.contains("file=\"accounts/5.sqlite\"") && text.contains("ERROR"), "{text}");
    }

    #[test]
    fn a_name_from_outside_cannot_forge_a_line_or_a_field() {
        let evil = "x\r\nINFO address=192.0.2.9 \x1b[2J\" rip=192.0.2.9\u{9b}\u{2028}\u{202e}";
        for json in [false, true] {
            let memory = Memory::default();
            let written = memory.clone();
            let layer = tracing_subscriber::fmt::layer().with_writer(move || Escaped(written.clone())).with_ansi(false);
            let registry = tracing_subscriber::registry();
            let event = || tracing::info!(address = %Address(None), session = 1, name = evil, "login refused");
            if json {
                tracing::subscriber::with_default(registry.with(layer.json().flatten_event(true)), event);
            } else {
                tracing::subscriber::with_default(registry.with(layer.with_target(false)), event);
            }
            let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(!text.contains(['\x1b', '\r', '\u{9b}', '\u{2028}', '\u{202e}']), "{text}");
            if json {
                let value: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(value["name"], evil);
                assert_eq!(value["address"], "local");
            } else {
                let address = text.find("address=local").unwrap();
                assert!(address < text.find("name=").unwrap(), "the address comes first: {text}");
                assert!(text.contains(r#"\" rip="#), "quotes are escaped: {text}");
            }
        }
    }
}
