//! Times as they are shown: UTC, as RFC 3339 §5.6 writes them.

use std::time::SystemTime;

use imap::Date;

/// Unix seconds now.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0)
}

/// `2026-11-25T19:01:06Z`
pub(crate) fn rfc3339(unix: i64) -> String {
    let (year, month, day) = Date::from_day_number(unix.div_euclid(86_400)).parts();
    let second = unix.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written() {
        assert_eq!(rfc3339(1_795_633_266), "2026-11-25T19:01:06Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
    }
}
