//! A day of the Gregorian calendar.

use std::fmt;

use crate::cursor::Cursor;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A day, as SEARCH names it (RFC 9051 §9 `date`). Years 0000 to 9999; days compare in the order of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The first that the grammar can express.
    pub const MIN: Self = Self { year: 0, month: 1, day: 1 };

    /// The last that the grammar can express.
    pub const MAX: Self = Self { year: 9999, month: 12, day: 31 };

    /// `None` if there is no such day; months and days count from 1.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 31,
        };
        let valid = year <= 9999 && (1..=12).contains(&month) && (1..=days).contains(&day);
        valid.then_some(Self { year, month, day })
    }

    /// Year, month (from 1) and day (from 1).
    pub fn parts(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// Days since 1 January 1970, which is day 0.
    pub fn day_number(self) -> i64 {
        // Years that begin in March put the leap day last; 153 days are five months.
        let (year, month, day) = (i64::from(self.year), i64::from(self.month), i64::from(self.day));
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    /// The inverse of [`day_number`](Self::day_number); days outside of the range become its ends.
    pub fn from_day_number(days: i64) -> Self {
        let days = days.clamp(Self::MIN.day_number(), Self::MAX.day_number()) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = (shifted + 2) % 12 + 1;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let small = |n: i64| u8::try_from(n).unwrap_or(1);
        Self { year: u16::try_from(year).unwrap_or(0), month: small(month), day: small(day) }
    }

    /// Reads a `date-text`, without quotes.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(text);
        let date = date_text(&mut cursor)?;
        cursor.is_at_end().then_some(date)
    }

    /// With a day of two columns (RFC 9051 §9 `date-day-fixed`).
    pub(super) fn write_fixed(self, out: &mut Vec<u8>) {
        out.push(if self.day < 10 { b' ' } else { b'0' + self.day / 10 });
        out.push(b'0' + self.day % 10);
        out.push(b'-');
        out.extend(self.month_name().as_bytes());
        out.push(b'-');
        for place in [1000, 100, 10, 1] {
            out.push(b'0' + u8::try_from(self.year / place % 10).unwrap_or(0));
        }
    }

    fn month_name(self) -> &'static str {
        MONTHS.get(usize::from(self.month) - 1).copied().unwrap_or("Jan")
    }
}

/// As a `date` (RFC 9051 §9): `1-Feb-1994`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:04}", self.day, self.month_name(), self.year)
    }
}

/// `date-text`, and the day as in `date-day-fixed` too: clients mix them up.
pub(super) fn date_text(cursor: &mut Cursor<'_>) -> Option<Date> {
    let padded = cursor.literally(b" ").is_some();
    let day = digits(cursor, 1, if padded { 1 } else { 2 })?;
    cursor.literally(b"-")?;
    let name = cursor.take(3)?;
    let month = MONTHS.iter().position(|m| m.as_bytes().eq_ignore_ascii_case(name))? + 1;
    cursor.literally(b"-")?;
    let year = digits(cursor, 4, 4)?;
    Date::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
}

/// Between `least` and `most` digits, as many as there are.
pub(super) fn digits(cursor: &mut Cursor<'_>, least: usize, most: usize) -> Option<u32> {
    let mut n = 0;
    let mut seen = 0;
    while seen < most {
        let Some(digit) = cursor.peek().filter(u8::is_ascii_digit) else { break };
        n = n * 10 + u32::from(digit - b'0');
        cursor.advance();
        seen += 1;
    }
    (seen >= least).then_some(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_numbers_go_both_ways_over_all_days() {
        let mut last = Date::MIN.day_number() - 1;
        for year in 0..=9999 {
            for month in 1..=12 {
                for day in 1..=31 {
                    let Some(date) = Date::new(year, month, day) else { continue };
                    assert_eq!(date.day_number(), last + 1);
                    assert_eq!(Date::from_day_number(last + 1), date);
                    last += 1;
                }
            }
        }
        assert_eq!(last, Date::MAX.day_number());
        assert_eq!(Date::new(1970, 1, 1).map(Date::day_number), Some(0));
    }

    #[test]
    fn dates_are_read_and_written() {
        for text in ["1-Feb-1994", "31-Dec-9999", "29-Feb-2000"] {
            assert_eq!(Date::parse(text.as_bytes()).expect(text).to_string(), text);
        }
        for wrong in ["", "1-Feb-94", "29-Feb-1900", "0-Jan-2000", "1-Foo-2000", "1-Feb-1994 ", "+1-Feb-1994"] {
            assert_eq!(Date::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
