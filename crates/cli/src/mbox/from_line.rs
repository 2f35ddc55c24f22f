//! The line that separates messages: `From sender Thu Jan  1 00:00:00 1970`, its date in UTC (RFC 4155 §A).

use imap::{Date, InternalDate};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// The date of a separator; `None` if it has none that is understood. The zone that some programs add is honoured if
/// it is a number.
pub(crate) fn date(line: &str) -> Option<InternalDate> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    // The sender may have blanks in it: the time is what has two colons.
    let at = words
        .iter()
        .rposition(|word| word.bytes().filter(|byte| *byte == b':').count() >= 1 && clock(word).is_some())?;
    let seconds = clock(words.get(at)?)?;
    let month = at.checked_sub(2).and_then(|at| words.get(at))?;
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
    let day = at.checked_sub(1).and_then(|at| words.get(at))?.parse().ok()?;
    let mut zone = 0;
    let mut year = None;
    for word in words.get(at + 1..)? {
        match word.strip_prefix(['+', '-']) {
            Some(digits) => zone = zone_minutes(digits)? * if word.starts_with('-') { -1 } else { 1 },
            None => year = year.or_else(|| word.parse::<u16>().ok()),
        }
    }
    let day = Date::new(year?, u8::try_from(month).ok()?, day)?;
    let local = day.day_number() * 86_400 + seconds;
    Some(InternalDate::new(local - i64::from(zone) * 60, zone))
}

/// `hh:mm` or `hh:mm:ss`, in seconds.
fn clock(word: &str) -> Option<i64> {
    let mut parts = word.split(':').map(|part| part.parse::<i64>().ok().filter(|n| (0..=60).contains(n)));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    parts.next().is_none().then_some(hour * 3600 + minute * 60 + second)
}

fn zone_minutes(digits: &str) -> Option<i16> {
    let number: i16 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    Some(number / 100 * 60 + number % 100)
}

/// A separator without its line end. Nothing is known of the sender but what the message says.
pub(crate) fn write(at: InternalDate) -> String {
    let (days, second) = (at.seconds().div_euclid(86_400), at.seconds().rem_euclid(86_400));
    let (year, month, day) = Date::from_day_number(days).parts();
    let weekday = usize::try_from(days.rem_euclid(7)).ok().and_then(|at| DAYS.get(at)).unwrap_or(&"Thu");
    let month = MONTHS.get(usize::from(month).saturating_sub(1)).unwrap_or(&"Jan");
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("From MAILER-DAEMON {weekday} {month} {day:>2} {hour:02}:{minute:02}:{second:02} {year:04}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_found() {
        for (line, seconds, zone) in [
            ("From a@b Wed Nov 25 19:01:06 2026", 1_795_633_266, 0),
            ("From a b c Wed Nov 25 19:01:06 2026", 1_795_633_266, 0),
            ("From - Wed Nov 25 20:01:06 2026 +0100", 1_795_633_266, 60),
            ("From a@b Wed Nov 25 14:01:06 -0500 2026", 1_795_633_266, -300),
            ("From a@b Wed Nov 25 19:01 2026", 1_795_633_260, 0),
            ("From a@b Wed Nov 25 19:01:06 UTC 2026", 1_795_633_266, 0),
        ] {
            assert_eq!(date(line), Some(InternalDate::new(seconds, zone)), "{line}");
        }
        for line in ["From ", "From a@b", "From a@b Wed Nov 31 19:01:06 2026", "From a Foo 1 19:01:06 2026", "From 1:1"]
        {
            assert_eq!(date(line), None, "{line}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let at = InternalDate::new(951_782_400, 0);
        assert_eq!(write(at), "From MAILER-DAEMON Tue Feb 29 00:00:00 2000");
        assert_eq!(date(&write(at)), Some(at));
    }
}
