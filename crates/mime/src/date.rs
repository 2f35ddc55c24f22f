//! The Date field of real mail (RFC 5322 §3.3, §4.3), and what other programs wrote instead.

use crate::cursor::{Cursor, is_space};

/// A moment as its sender wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub unix: i64,
    /// Minutes east of UTC of the sender's clock. SENTON and its kin compare the sender's date (RFC 9051 §6.4.4).
    pub zone_minutes: i16,
}

impl Sent {
    /// The sender's calendar date, as days since 1970-01-01: "disregarding time and timezone" (RFC 9051 §6.4.4).
    pub fn local_day(&self) -> i64 {
        self.unix.saturating_add(i64::from(self.zone_minutes) * 60).div_euclid(86_400)
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
pub fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Reads a Date field's value; `None` if it names no day.
///
/// An invalid time is 00:00:00, an invalid zone UTC (RFC 5256 §2.2).
pub fn parse(value: &[u8]) -> Option<Sent> {
    let mut found = Found::default();
    let words = clean(value.get(..LONGEST).unwrap_or(value));
    for word in words.split(|&octet| octet == b' ').filter(|word| !word.is_empty()) {
        found.word(word);
    }
    found.sent()
}

/// Octets of a date that are read; more are no date.
const LONGEST: usize = 200;

/// Words with one kind of white space, without comments, and without commas but for one after the first word: that is a weekday, also
/// where it is spelt like a month (Spanish and Italian `Mar`). Obsolete syntax allows white space around colons (RFC 5322 §4.3).
fn clean(value: &[u8]) -> Vec<u8> {
    let mut words = Vec::with_capacity(value.len());
    let mut cursor = Cursor::new(value);
    loop {
        cursor.skip_cfws();
        if cursor.eat(b',') {
            if !words.is_empty() && !words.trim_ascii().contains(&b' ') {
                words.push(b',');
            }
            continue;
        }
        let word = cursor.take_while(|octet| !is_space(octet) && !matches!(octet, b',' | b'('));
        if word.is_empty() {
            return words;
        }
        if !words.ends_with(b":") && !word.starts_with(b":") {
            words.push(b' ');
        }
        words.extend_from_slice(word);
    }
}

#[derive(Default)]
struct Found {
    day: Option<u8>,
    month: Option<u8>,
    /// What a word before a comma would be, if no other one is a month: `Apr, 02 2014`.
    perhaps: Option<u8>,
    year: Option<i64>,
    time: Option<(i64, i64, i64)>,
    zone: Option<i16>,
}

impl Found {
    fn word(&mut self, word: &[u8]) {
        let Some(&first) = word.first() else { return };
        if let Some(weekday) = word.strip_suffix(b",").filter(|_| first.is_ascii_alphabetic()) {
            self.perhaps = month(weekday);
            return;
        }
        let word = word.strip_suffix(b",").unwrap_or(word);
        if let Some(zone) = colon_zone(word) {
            self.zone = self.zone.or(Some(zone));
        } else if word.contains(&b':') {
            // ISO 8601 puts the time behind a T, in the same word.
            match word.iter().position(|&octet| octet == b'T') {
                Some(at) if first.is_ascii_digit() => {
                    self.dashed(word.get(..at).unwrap_or_default());
                    self.clock(word.get(at + 1..).unwrap_or_default());
                }
                _ => self.clock(word),
            }
        } else if matches!(first, b'+' | b'-') && word.len() > 1 {
            self.zone = self.zone.or_else(|| numeric_zone(word));
        } else if first.is_ascii_digit() {
            self.numeric(word);
        } else if self.month.is_none() && month(word).is_some() {
            self.month = month(word);
        } else if let Some((hour, _, _)) = self.time.as_mut().filter(|_| is_half_day(word)) {
            // "06:09:22 PM", as some programs' locale has it.
            *hour = *hour % 12 + if word.eq_ignore_ascii_case(b"pm") { 12 } else { 0 };
        } else if self.time.is_some() && self.zone.is_none() {
            self.zone = named_zone(word);
        }
    }

    fn numeric(&mut self, word: &[u8]) {
        if word.iter().any(|octet| matches!(octet, b'-' | b'/')) {
            return self.dashed(word);
        }
        let digits = word.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let value = number(word);
        if self.day.is_none() && digits <= 2 && (1..=31).contains(&value) {
            self.day = u8::try_from(value).ok();
        } else if self.year.is_none() {
            self.year = full_year(value, digits);
        }
    }

    /// `2003-02-13`, `13-Feb-2003`.
    fn dashed(&mut self, word: &[u8]) {
        let mut pieces = word.split(|octet| matches!(octet, b'-' | b'/'));
        let (Some(a), Some(b), Some(c), None) = (pieces.next(), pieces.next(), pieces.next(), pieces.next()) else {
            return;
        };
        if let Some(month) = month(b) {
            (self.day, self.month, self.year) = (day(a), Some(month), full_year(number(c), c.len()));
        } else if a.len() == 4 {
            let month = u8::try_from(number(b)).ok().filter(|month| (1..=12).contains(month));
            (self.year, self.month, self.day) = (full_year(number(a), 4), month, day(c));
        }
    }

    /// `17:09:03`, `17:09`, `17:09:03.123`, `17:09:03+0100`, `17:09:03Z`.
    fn clock(&mut self, word: &[u8]) {
        let split = word.iter().position(|octet| matches!(octet, b'+' | b'-' | b'Z')).unwrap_or(word.len());
        let (clock, zone) = word.split_at_checked(split).unwrap_or((word, &[]));
        if zone.len() > 1 && self.zone.is_none() {
            self.zone = numeric_zone(zone);
        }
        let mut pieces = clock.split(|&octet| octet == b':');
        let mut piece = || pieces.next().map(number);
        let (hour, minute, second) = (piece().unwrap_or(99), piece().unwrap_or(99), piece().unwrap_or(0));
        // A leap second is a second of the grammar (RFC 5322 §3.3), and of the day that it ends.
        let valid = hour < 24 && minute < 60 && second <= 60;
        self.time = Some(if valid { (hour, minute, second.min(59)) } else { (0, 0, 0) });
    }

    fn sent(self) -> Option<Sent> {
        let (day, month, year) = (self.day?, self.month.or(self.perhaps)?, self.year?);
        if day > days_in(year, month) {
            return None;
        }
        let (hour, minute, second) = self.time.unwrap_or_default();
        let zone_minutes = self.zone.unwrap_or(0);
        let local = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        Some(Sent { unix: local - i64::from(zone_minutes) * 60, zone_minutes })
    }
}

fn is_half_day(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"am") || word.eq_ignore_ascii_case(b"pm")
}

fn number(word: &[u8]) -> i64 {
    let digits = word.iter().take_while(|octet| octet.is_ascii_digit());
    digits.take(9).fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
}

fn day(word: &[u8]) -> Option<u8> {
    u8::try_from(number(word)).ok().filter(|day| (1..=31).contains(day))
}

/// Years of two and three digits (RFC 5322 §4.3).
fn full_year(value: i64, digits: usize) -> Option<i64> {
    match (digits, value) {
        (..=2, 0..=49) => Some(2000 + value),
        (..=3, _) => Some(1900 + value),
        (4, _) => Some(value),
        _ => None,
    }
}

fn month(word: &[u8]) -> Option<u8> {
    const NAMES: [&[u8]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let start = word.get(..3)?;
    let at = NAMES.iter().position(|name| start.eq_ignore_ascii_case(name))?;
    u8::try_from(at + 1).ok()
}

fn days_in(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `+0100`, `-0330`, `+01:00`.
fn numeric_zone(word: &[u8]) -> Option<i16> {
    let (sign, digits) = word.split_first()?;
    let digits: Vec<u8> = digits.iter().copied().filter(|&octet| octet != b':').take(5).collect();
    if digits.len() != 4 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = i16::try_from(number(&digits)).ok()?;
    let minutes = value / 100 * 60 + value % 100;
    if value % 100 > 59 || minutes > 24 * 60 {
        return None;
    }
    Some(if *sign == b'-' { -minutes } else { minutes })
}

/// A zone with a colon that is a word of its own: `+01:00`, `GMT+01:00`.
fn colon_zone(word: &[u8]) -> Option<i16> {
    let sign = word.iter().position(|octet| matches!(octet, b'+' | b'-'))?;
    let (name, zone) = word.split_at_checked(sign)?;
    let named = name.is_empty() || [&b"GMT"[..], b"UTC", b"UT"].iter().any(|known| name.eq_ignore_ascii_case(known));
    if named && zone.contains(&b':') { numeric_zone(zone) } else { None }
}

/// The zones of obsolete syntax; military letters were used wrongly and are UTC (RFC 5322 §4.3).
fn named_zone(word: &[u8]) -> Option<i16> {
    let upper = word.to_ascii_uppercase();
    let hours = match upper.as_slice() {
        b"UT" | b"UTC" | b"GMT" | b"Z" => 0,
        b"EDT" => -4,
        b"EST" | b"CDT" => -5,
        b"CST" | b"MDT" => -6,
        b"MST" | b"PDT" => -7,
        b"PST" => -8,
        _ => {
            // "GMT+0100" says more than "GMT".
            let rest = upper.strip_prefix(b"GMT").or_else(|| upper.strip_prefix(b"UTC"))?;
            return numeric_zone(rest);
        }
    };
    Some(hours * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_real_mail() {
        let table = [
            ("Fri, 21 Nov 1997 09:55:06 -0600", Some((880_127_706, -360))),
            ("31 Dec 2000 16:01:33 -0800", Some((978_307_293, -480))),
            ("21 Nov 97 09:55:06 GMT", Some((880_106_106, 0))),
            ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", Some((880_127_706, -360))),
            (
                "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)",
                Some((-27_723_480, -210)),
            ),
            ("Mon Jan  3 01:05:34 1996", Some((820_631_134, 0))),
            ("2003-02-13T10:00:00Z", Some((1_045_130_400, 0))),
            ("2003-02-13T10:00:00+01:00", Some((1_045_126_800, 60))),
            ("13-Feb-2003 10:00:00 EST", Some((1_045_148_400, -300))),
            ("Thu, 13 Feb 2003 10:00:00 GMT+0100", Some((1_045_126_800, 60))),
            ("Thu, 13 Feb 103 10:00:00 +0000", Some((1_045_130_400, 0))),
            ("Thu, 13 Feb 2003 25:61:00 +0000", Some((1_045_094_400, 0))),
            ("Thu, 13 Feb 2003 10:00:00 +9999", Some((1_045_130_400, 0))),
            ("Wed 29 May 2019 06:09:22 PM EDT", Some((1_559_167_762, -240))),
            ("29 May 2019 12:00 AM +0000", Some((1_559_088_000, 0))),
            ("13 Feb 2003", Some((1_045_094_400, 0))),
            ("Fri, 4 Apr 2014 18:08:17 +01:00", Some((1_396_631_297, 60))),
            ("Fri, 4 Apr 2014 18:08:17 GMT+01:00", Some((1_396_631_297, 60))),
            ("Fri, 4 Apr 2014 18:08:17 -03:30", Some((1_396_647_497, -210))),
            ("Mar, 02 Apr 2014 10:00:00 +0000", Some((1_396_432_800, 0))),
            ("mar, 2 Apr 2014 10:00:00 +0000", Some((1_396_432_800, 0))),
            ("Apr, 02 2014 10:00:00 +0000", Some((1_396_432_800, 0))),
            ("02, Apr 2014 10:00:00 +0000", Some((1_396_432_800, 0))),
            ("Sat, 31 Dec 2016 23:59:60 +0000", Some((1_483_228_799, 0))),
            ("Sat, 31 Dec 2016 15:59:60 -0800", Some((1_483_228_799, -480))),
            ("29 Feb 2003 00:00:00 +0000", None),
            ("yesterday", None),
            ("", None),
            ("13 Feb 99999999999999999999", None),
        ];
        for (text, wanted) in table {
            assert_eq!(parse(text.as_bytes()).map(|sent| (sent.unix, sent.zone_minutes)), wanted, "{text}");
        }
    }

    #[test]
    fn the_senders_day_is_not_the_day_in_utc() {
        let sent = parse(b"31 Dec 2000 16:01:33 -0800").unwrap();
        assert_eq!(sent.local_day(), days_from_civil(2000, 12, 31));
        assert_eq!(sent.unix.div_euclid(86_400), days_from_civil(2001, 1, 1));
        for zone in ["-0800", "+0000", "+0530"] {
            let sent = parse(format!("31 Dec 2016 23:59:60 {zone}").as_bytes()).unwrap();
            assert_eq!(sent.local_day(), days_from_civil(2016, 12, 31), "a leap second in {zone}");
        }
    }
}
