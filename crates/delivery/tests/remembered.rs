//! What a server remembers of addresses, while the command line changes accounts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Instant;

use delivery::{Lmtp, Routing, Settings};
use gate::{Next, Now, Peer};
use store::{Options, Store};

/// Brings a message to bob; the answer to it.
fn bring(settings: &Arc<Settings>) -> String {
    said(settings).lines().last().unwrap().to_owned()
}

/// The same, and all that is said.
fn said(settings: &Arc<Settings>) -> String {
    let now = Now { monotonic: Instant::now(), unix: 1_795_633_266 };
    let mut lmtp = Lmtp::new(settings.clone(), Peer { address: None, session: 1 }, now);
    lmtp.receive(b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n", now);
    let mut out = Vec::new();
    while lmtp.transmit(&mut out) == Next::Write {}
    String::from_utf8(out).unwrap()
}

#[test]
fn mail_for_an_account_that_was_made_anew_is_not_refused_for_good() {
    let folder = std::env::temp_dir().join(format!("posthorn-remembered-{}", std::process::id()));
    let server = Store::set_up(&folder, Options::default()).unwrap();
    let command_line = Store::open(&folder, Options::default()).unwrap();
    let bob = command_line.directory().add("bob", None, 0).unwrap();
    let settings = Arc::new(Settings {
        store: server,
        hostname: "mail.example".into(),
        size_limit: 1 << 20,
        routing: Routing::default(),
        journal: Arc::new(|_, _| {}),
    });
    assert!(bring(&settings).starts_with("250 2.6.0 "));
    command_line.remove(bob).unwrap();
    let again = command_line.directory().add("bob", None, 0).unwrap();
    // The server has not looked at the directory since: it finds out when the account is gone.
    let answer = bring(&settings);
    assert!(answer.starts_with("451 4.3.0 "), "{answer}");
    assert!(bring(&settings).starts_with("250 2.6.0 "), "and looks then");
    let state = command_line.account(again).unwrap().state().unwrap();
    assert_eq!(state.named(&imap::MailboxName::Inbox).unwrap().messages.len(), 1);
    command_line.remove(again).unwrap();
    assert!(bring(&settings).starts_with("451 4.3.0 "), "there is nobody");
    assert!(said(&settings).contains("\r\n550 5.1.1 "));
    std::fs::remove_dir_all(&folder).unwrap();
}
