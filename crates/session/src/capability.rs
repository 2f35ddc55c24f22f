//! What the server says it can do (RFC 9051 §6.1.1): one row a capability. A new extension is a new row.

use crate::{Settings, Transport};

/// In which part of a session a capability is announced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Before login and after.
    Always,
    /// After login: no use to anybody before.
    LoggedIn,
}

use When::{Always, LoggedIn};

/// What does not depend on the connection or the configuration, in the order in which it is announced.
const ROWS: &[(&str, When)] = &[
    ("IMAP4rev2", Always),       // RFC 9051
    ("IMAP4rev1", Always),       // RFC 3501
    ("LITERAL+", Always),        // RFC 7888; IMAP4rev2's LITERAL- is a part of it
    ("SASL-IR", Always),         // RFC 4959
    ("ID", Always),              // RFC 2971
    ("ENABLE", Always),          // RFC 5161
    ("IDLE", Always),            // RFC 2177
    ("NAMESPACE", LoggedIn),     // RFC 2342
    ("UNSELECT", LoggedIn),      // RFC 3691
    ("UIDPLUS", LoggedIn),       // RFC 4315
    ("CHILDREN", LoggedIn),      // RFC 3348
    ("LIST-EXTENDED", LoggedIn), // RFC 5258
    ("LIST-STATUS", LoggedIn),   // RFC 5819
    ("SPECIAL-USE", LoggedIn),   // RFC 6154
    ("CREATE-SPECIAL-USE", LoggedIn),
    ("STATUS=SIZE", LoggedIn), // RFC 8438
    ("ESEARCH", LoggedIn),     // RFC 4731
    ("SEARCHRES", LoggedIn),   // RFC 5182
    ("WITHIN", LoggedIn),      // RFC 5032
    ("CONDSTORE", LoggedIn),   // RFC 7162
    ("QRESYNC", LoggedIn),     // RFC 7162
    ("MOVE", LoggedIn),        // RFC 6851
    ("MULTIAPPEND", LoggedIn), // RFC 3502
    ("REPLACE", LoggedIn),     // RFC 8508
    ("BINARY", LoggedIn),      // RFC 3516
    ("OBJECTID", LoggedIn),    // RFC 8474
    ("SAVEDATE", LoggedIn),    // RFC 8514
    ("PREVIEW", LoggedIn),     // RFC 8970
];

/// The capabilities in a part of the session: before login those that are announced always, and those after it.
pub(crate) fn list(settings: &Settings, transport: &Transport, now: When) -> Vec<String> {
    let announced = ROWS.iter().filter(|(_, when)| *when == Always || *when == now);
    let mut list: Vec<String> = announced.map(|(name, _)| (*name).to_owned()).collect();
    if now == LoggedIn {
        list.push(format!("APPENDLIMIT={}", settings.append_limit)); // RFC 7889 §2
        return list;
    }
    match transport {
        Transport::Tls { .. } => {}
        Transport::Plain => list.extend(["STARTTLS".to_owned(), "LOGINDISABLED".to_owned()]),
        Transport::PlainTrusted => list.push("STARTTLS".to_owned()),
    }
    list.extend(settings.gate.mechanisms(transport).into_iter().map(|name| format!("AUTH={name}")));
    list
}
