//! IMAP's dates: `date` and `date-time` (RFC 9051 §9). No clock is read here.

mod calendar;

use crate::cursor::Cursor;
pub use calendar::Date;

/// The seconds of a day.
const DAY: i64 = 86_400;

/// When a message was received, and in which zone that was said (RFC 9051 §2.3.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct InternalDate {
    /// Unix seconds, within the years 0000 to 9999.
    seconds: i64,
    /// Minutes east of UTC, within -99:59 and +99:59.
    zone_minutes: i16,
}

impl InternalDate {
    /// Out of range values are brought to the nearest that the grammar can express: years 0000 to 9999, zones up to
    /// 99 hours and 59 minutes.
    pub fn new(seconds: i64, zone_minutes: i16) -> Self {
        let zone_minutes = zone_minutes.clamp(-5999, 5999);
        let zone = i64::from(zone_minutes) * 60;
        let first = Date::MIN.day_number() * DAY - zone;
        let last = (Date::MAX.day_number() + 1) * DAY - 1 - zone;
        Self { seconds: seconds.clamp(first, last), zone_minutes }
    }

    /// Unix seconds.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Minutes east of UTC.
    pub fn zone_minutes(self) -> i16 {
        self.zone_minutes
    }

    /// The date in its own zone: what SEARCH BEFORE, ON and SINCE compare, "disregarding time and timezone"
    /// (RFC 9051 §6.4.4).
    pub fn local_date(self) -> Date {
        Date::from_day_number(self.local_seconds().div_euclid(DAY))
    }

    fn local_seconds(self) -> i64 {
        self.seconds + i64::from(self.zone_minutes) * 60
    }

    /// Writes it as a `date-time` with its quotes.
    pub fn write_to(self, out: &mut Vec<u8>) {
        let date = self.local_date();
        let time = self.local_seconds().rem_euclid(DAY);
        out.push(b'"');
        date.write_fixed(out);
        out.push(b' ');
        two_digits(out, time / 3600);
        out.push(b':');
        two_digits(out, time / 60 % 60);
        out.push(b':');
        two_digits(out, time % 60);
        out.push(b' ');
        out.push(if self.zone_minutes < 0 { b'-' } else { b'+' });
        let zone = i64::from(self.zone_minutes.unsigned_abs());
        two_digits(out, zone / 60);
        two_digits(out, zone % 60);
        out.push(b'"');
    }

    /// Reads a `date-time` without its quotes. A leap second counts as the second before it.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(text);
        let date = calendar::date_text(&mut cursor)?;
        cursor.literally(b" ")?;
        let hour = calendar::digits(&mut cursor, 2, 2).filter(|h| *h < 24)?;
        cursor.literally(b":")?;
        let minute = calendar::digits(&mut cursor, 2, 2).filter(|m| *m < 60)?;
        cursor.literally(b":")?;
        let second = calendar::digits(&mut cursor, 2, 2).filter(|s| *s <= 60)?;
        cursor.literally(b" ")?;
        let sign = match cursor.advance()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let zone = calendar::digits(&mut cursor, 4, 4).filter(|z| z % 100 < 60)?;
        let zone_minutes = sign * i16::try_from(zone / 100 * 60 + zone % 100).ok()?;
        let local = date.day_number() * DAY + i64::from(hour * 3600 + minute * 60 + second.min(59));
        cursor.is_at_end().then(|| Self::new(local - i64::from(zone_minutes) * 60, zone_minutes))
    }
}

fn two_digits(out: &mut Vec<u8>, n: i64) {
    let n = u8::try_from(n.rem_euclid(100)).unwrap_or(0);
    out.extend([b'0' + n / 10, b'0' + n % 10]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(date: InternalDate) -> String {
        let mut out = Vec::new();
        date.write_to(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn date_times_are_read_and_written() {
        let table: [(&str, i64, i16); 6] = [
            ("17-Jul-1996 02:44:25 -0700", 837_596_665, -420),
            (" 1-Jan-1970 00:00:00 +0000", 0, 0),
            ("31-Dec-1969 23:59:59 +0000", -1, 0),
            ("29-Feb-2024 12:00:00 +0530", 1_709_188_200, 330),
            (" 1-Jan-0000 00:00:00 +0000", -62_167_219_200, 0),
            ("31-Dec-9999 23:59:59 -9959", 253_402_300_799 + 5999 * 60, -5999),
        ];
        for (text, seconds, zone) in table {
            let date = InternalDate::parse(text.as_bytes()).expect(text);
            assert_eq!((date.seconds(), date.zone_minutes()), (seconds, zone), "{text}");
            assert_eq!(written(date), format!("\"{text}\""));
        }
    }

    #[test]
    fn what_is_no_date_time_is_refused() {
        for wrong in [
            "",
            "17-Jul-1996",
            "32-Jul-1996 02:44:25 -0700",
            "30-Feb-1996 02:44:25 -0700",
            "17-Jux-1996 02:44:25 -0700",
            "17-Jul-1996 24:44:25 -0700",
            "17-Jul-1996 02:60:25 -0700",
            "17-Jul-1996 02:44:61 -0700",
            "17-Jul-1996 02:44:25 -0760",
            "17-Jul-1996 02:44:25 0700",
            "17-Jul-1996 02:44:25 -0700 ",
            "17-Jul-96 02:44:25 -0700",
            "00-Jul-1996 02:44:25 -0700",
        ] {
            assert_eq!(InternalDate::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn lenient_forms_are_read() {
        // A day without its leading space or zero, and any case of the month.
        assert!(InternalDate::parse(b"1-jan-1970 00:00:00 +0000").is_some_and(|d| d.seconds() == 0));
        assert!(InternalDate::parse(b"01-JAN-1970 00:00:60 +0000").is_some_and(|d| d.seconds() == 59));
    }

    #[test]
    fn the_local_date_is_that_of_its_zone() {
        assert_eq!(InternalDate::new(-1, 60).local_date(), Date::new(1970, 1, 1).unwrap());
        assert_eq!(InternalDate::new(0, -60).local_date(), Date::new(1969, 12, 31).unwrap());
        assert_eq!(InternalDate::new(i64::MAX, i16::MAX).local_date(), Date::MAX);
        assert_eq!(InternalDate::new(i64::MIN, i16::MIN).local_date(), Date::MIN);
    }
}
