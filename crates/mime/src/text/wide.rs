//! UTF-16 and UTF-32, whose order of octets the text says itself (RFC 2781 §4.3; Unicode §3.10).

use std::char::{REPLACEMENT_CHARACTER, decode_utf16};

/// Which octet of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Big,
    Little,
}

/// Decodes either in pieces.
#[derive(Debug)]
pub(super) struct Wide {
    /// Octets of a unit: 2 or 4.
    unit: usize,
    /// `None` until the first unit has come.
    order: Option<Order>,
    /// The beginning of a unit.
    held: Vec<u8>,
    /// The first half of a surrogate pair.
    high: Option<u16>,
}

impl Wide {
    pub(super) fn utf16(order: Option<Order>) -> Self {
        Self { unit: 2, order, held: Vec::new(), high: None }
    }

    pub(super) fn utf32(order: Option<Order>) -> Self {
        Self { unit: 4, ..Self::utf16(order) }
    }

    pub(super) fn push(&mut self, piece: &[u8], out: &mut String) {
        for octet in piece {
            self.held.push(*octet);
            if self.held.len() == self.unit {
                self.read(out);
                self.held.clear();
            }
        }
    }

    pub(super) fn finish(mut self, out: &mut String) {
        if !self.held.is_empty() || self.high.take().is_some() {
            out.push(REPLACEMENT_CHARACTER);
        }
    }

    fn read(&mut self, out: &mut String) {
        let begins = self.order.is_none();
        let order = *self.order.get_or_insert_with(|| order_of(&self.held));
        let fold = |value: u32, octet: &u8| value << 8 | u32::from(*octet);
        let value = match order {
            Order::Big => self.held.iter().fold(0, fold),
            Order::Little => self.held.iter().rev().fold(0, fold),
        };
        if value == 0xfeff && (begins || out.is_empty()) {
            return;
        }
        match u16::try_from(value) {
            Ok(unit) if self.unit == 2 => self.half(unit, out),
            _ => out.push(char::from_u32(value).unwrap_or(REPLACEMENT_CHARACTER)),
        }
    }

    fn half(&mut self, unit: u16, out: &mut String) {
        let high = self.high.take();
        if high.is_none() && (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
            return;
        }
        let units = high.into_iter().chain([unit]);
        out.extend(decode_utf16(units).map(|c| c.unwrap_or(REPLACEMENT_CHARACTER)));
    }
}

/// What the first unit says: a byte order mark, or where the zeros of a Latin letter stand; else big comes first (RFC 2781 §4.3).
fn order_of(unit: &[u8]) -> Order {
    let latin = || unit.split_first().is_some_and(|(first, rest)| *first != 0 && rest.iter().all(|octet| *octet == 0));
    match unit {
        [0xff, 0xfe, ..] => Order::Little,
        [0xfe, 0xff, ..] | [0, 0, 0xfe, 0xff] => Order::Big,
        _ if latin() => Order::Little,
        _ => Order::Big,
    }
}
