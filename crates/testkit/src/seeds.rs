//! Octets to begin with for fuzzing, and words of which hostile input is made.

use crate::suite;
use crate::transcript::Action;

/// Everything that a client says in a transcript, one transcript's session each.
pub fn conversations() -> Vec<Vec<u8>> {
    let (files, _) = suite::files();
    let mut seeds = Vec::new();
    for file in files {
        for session in file.transcript.sessions() {
            let mut said = b"l LOGIN fred secret\r\ns SELECT INBOX\r\n".to_vec();
            for step in &file.transcript.steps {
                if let Action::Send(name, octets) = &step.action
                    && *name == session
                {
                    said.extend_from_slice(octets);
                }
            }
            if said.len() < 20_000 {
                seeds.push(said);
            }
        }
    }
    seeds
}

/// The mails of the transcripts.
pub fn mails() -> Vec<Vec<u8>> {
    let names = ["minutes", "parts", "encoded", "html", "bare", "reply", "numbered/1"];
    names.iter().filter_map(|name| crate::mail::named(name).ok()).collect()
}

/// Pieces of commands.
pub const COMMAND_WORDS: &[&[u8]] = &[
    b"\r\n",
    b" ",
    b"(",
    b")",
    b"[",
    b"]",
    b"<",
    b">",
    b"{",
    b"}",
    b"\"",
    b"\\",
    b"*",
    b"%",
    b"+",
    b"~",
    b"$",
    b":",
    b",",
    b"{1}\r\n",
    b"{1+}\r\nx",
    b"{99999999999}\r\n",
    b"{0+}\r\n",
    b"~{3+}\r\na\0b",
    b"\0",
    b"\xff",
    b"\r",
    b"\n",
    b"NIL",
    b"UID ",
    b"FETCH ",
    b"STORE ",
    b"SEARCH ",
    b"APPEND ",
    b"SELECT ",
    b"LIST ",
    b"INBOX",
    b"1:*",
    b"4294967295",
    b"0",
    b"18446744073709551616",
    b"BODY.PEEK[",
    b"HEADER.FIELDS (",
    b"BINARY[",
    b"RETURN (",
    b"CHARSET ",
    b"OR ",
    b"NOT ",
    b"UNCHANGEDSINCE ",
    b"CHANGEDSINCE ",
    b"VANISHED",
    b"QRESYNC ",
    b"IDLE\r\n",
    b"DONE\r\n",
    b"AUTHENTICATE PLAIN\r\n",
    b"STARTTLS\r\n",
    b"LOGOUT\r\n",
    b"ENABLE QRESYNC\r\n",
    b"ENABLE IMAP4rev2\r\n",
    b"MOVE 1 ",
    b"EXPUNGE\r\n",
];

/// Pieces of mails.
pub const MAIL_WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"--b\r\n",
    b"--b--\r\n",
    b"--",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: text/html; charset=utf-7\r\n",
    b"boundary=\"\"",
    b"; a*0*=x''%41",
    b"; a*1=b",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"=?utf-8?B?",
    b"=?x?Q?=",
    b"?=",
    b"From: ",
    b"To: a:b;,",
    b"<",
    b">",
    b"(",
    b")",
    b"\\",
    b"\"",
    b"@",
    b"\0",
    b"\xff",
    b"=3D",
    b"=\r\n",
    b"Date: Mon, 1 Jan 2024 00:00:00 +0000\r\n",
    b"Message-ID: <",
    b"References: ",
    b"Subject: Re: Re[2]: ",
    b"<p>",
    b"<!--",
];
