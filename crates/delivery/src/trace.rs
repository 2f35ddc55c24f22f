//! The trace fields that final delivery puts before a message (RFC 5321 §4.4): Return-Path, then Received.

use std::fmt::{self, Write};
use std::net::IpAddr;

use imap::Date;

use crate::command::Header;
use crate::path::Address;

/// What the trace fields say.
pub(crate) struct Trace<'a> {
    /// The reverse-path; `None` for `<>`.
    pub(crate) from: Option<&'a Address>,
    /// What the client called itself.
    pub(crate) client: &'a str,
    /// Where it calls from.
    pub(crate) address: Option<IpAddr>,
    /// This server's name.
    pub(crate) hostname: &'a str,
    /// Which characters the envelope may have.
    pub(crate) header: Header,
    /// The session and the message's number in it, so that the log and the message can be matched.
    pub(crate) id: (u64, u64),
    /// Unix seconds.
    pub(crate) now: i64,
}

/// The fields as they stand in the message, each line with its CR LF.
impl fmt::Display for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Return-Path: <")?;
        if let Some(from) = self.from {
            write!(f, "{from}")?;
        }
        f.write_str(">\r\nReceived: from ")?;
        token(self.client, f)?;
        match self.address {
            Some(IpAddr::V4(address)) => write!(f, " ([{address}])")?,
            Some(IpAddr::V6(address)) => write!(f, " ([IPv6:{address}])")?,
            None => {}
        }
        let protocol = match self.header {
            Header::Ascii => "LMTP",
            // RFC 6531 §4.3
            Header::Utf8 => "UTF8LMTP",
        };
        f.write_str("\r\n\tby ")?;
        token(self.hostname, f)?;
        write!(f, " with {protocol} id {}.{};\r\n\t{}\r\n", self.id.0, self.id.1, Stamp(self.now))
    }
}

/// A name that came from outside: what would not be a token of the field is replaced.
fn token(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for char in name.chars() {
        let fits = char.is_alphanumeric() || matches!(char, '.' | '-' | '_' | ':' | '[' | ']');
        f.write_char(if fits { char } else { '?' })?;
    }
    Ok(())
}

/// A point in time as RFC 5322 §3.3 writes it, in UTC.
struct Stamp(i64);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (days, second) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        let (year, month, day) = Date::from_day_number(days).parts();
        // Day 0 of the count was a Thursday.
        let weekday = usize::try_from(days.rem_euclid(7)).ok().and_then(|at| DAYS.get(at)).unwrap_or(&"Thu");
        let month = MONTHS.get(usize::from(month) - 1).unwrap_or(&"Jan");
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{weekday}, {day} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_written() {
        let from = Address { local: "a b".into(), domain: Some("c.example".into()) };
        let mut trace = Trace {
            from: Some(&from),
            client: "mx.example",
            address: "127.0.0.1".parse().ok(),
            hostname: "mail.example",
            header: Header::Ascii,
            id: (7, 3),
            now: 1_795_633_266,
        };
        let expected = "Return-Path: <\"a b\"@c.example>\r\n\
            Received: from mx.example ([127.0.0.1])\r\n\
            \tby mail.example with LMTP id 7.3;\r\n\
            \tWed, 25 Nov 2026 19:01:06 +0000\r\n";
        assert_eq!(trace.to_string(), expected);
        (trace.from, trace.address, trace.header) = (None, None, Header::Utf8);
        trace.client = "x(y)\";z";
        let expected = "Return-Path: <>\r\nReceived: from x?y???z\r\n\tby mail.example with UTF8LMTP id 7.3;\r\n";
        assert!(trace.to_string().starts_with(expected), "{trace}");
    }

    #[test]
    fn days_have_their_names() {
        for (at, text) in [
            (0, "Thu, 1 Jan 1970 00:00:00 +0000"),
            (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
        ] {
            assert_eq!(Stamp(at).to_string(), text);
        }
    }
}
