//! The messages that transcripts and properties use.

use std::path::PathBuf;

/// The n-th plain message: short, with all the usual fields, and other words than its neighbours.
pub fn numbered(n: u32) -> Vec<u8> {
    let day = n % 28 + 1;
    format!(
        "From: Sender {n} <sender{n}@example.org>\r\n\
         To: Fred Foobar <fred@example.org>\r\n\
         Subject: Message {n}\r\n\
         Date: {day} Dec 2025 10:00:00 +0000\r\n\
         Message-ID: <{n}@example.org>\r\n\
         \r\n\
         Body of message {n}.\r\n"
    )
    .into_bytes()
}

/// A file of `tests/transcripts/mails`, by its name without `.eml`. It stands there with LF, as text does in a
/// repository, and is given with CRLF, as mail is.
pub fn named(name: &str) -> Result<Vec<u8>, String> {
    if let Some(n) = name.strip_prefix("numbered/") {
        return n.parse().map(numbered).map_err(|_| format!("mail {name}: a number was due"));
    }
    let path = transcripts().join("mails").join(format!("{name}.eml"));
    let octets = std::fs::read(&path).map_err(|error| format!("mail {name}: {}: {error}", path.display()))?;
    let mut mail = Vec::with_capacity(octets.len() + octets.len() / 40);
    for octet in octets {
        if octet == b'\n' && mail.last() != Some(&b'\r') {
            mail.push(b'\r');
        }
        mail.push(octet);
    }
    Ok(mail)
}

/// The folder of the transcripts.
pub fn transcripts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/transcripts")
}
