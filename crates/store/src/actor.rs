//! Who does something.

use std::fmt;
use std::net::IpAddr;

/// Who asked for a commit: kept in the log for people to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// The session's number; 0 where there is no session (the command line).
    pub session: u64,
    /// The program: what the client said in ID, "lmtp", "import".
    pub client: String,
    /// The name with which they logged in; empty for none.
    pub credential: String,
    /// Where they called from; `None` on this machine.
    pub address: Option<IpAddr>,
}

/// As the log keeps it: `session 7, Thunderbird, alice, 192.0.2.1`, without the parts that are not known.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if self.session != 0 {
            write!(f, "session {}", self.session)?;
            separator = ", ";
        }
        for text in [&self.client, &self.credential] {
            if !text.is_empty() {
                f.write_str(separator)?;
                // One line a commit, whatever a client calls itself.
                for c in text.chars().take(200) {
                    write!(f, "{}", if c.is_control() { ' ' } else { c })?;
                }
                separator = ", ";
            }
        }
        self.address.map_or(Ok(()), |address| write!(f, "{separator}{address}"))
    }
}
