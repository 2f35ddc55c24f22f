//! Last words to a client whose session has no say: it never began, or it broke.

use gate::Dismissal;

/// What is sent before the connection is closed (RFC 9051 §7.1.5).
pub fn farewell(why: Dismissal) -> &'static [u8] {
    match why {
        Dismissal::Full => b"* BYE Too many connections; try again later\r\n",
        Dismissal::MakeRoom => b"* BYE Too many connections are waiting to log in\r\n",
        Dismissal::Broken => b"* BYE The server made a mistake and has to end this session\r\n",
    }
}
