//! Charsets of one octet a character that the web does not know: the code pages of DOS, and PTCP154.

use std::char::REPLACEMENT_CHARACTER;

use yore::CodePage;
use yore::code_pages as dos;

/// A charset of one octet a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// A code page of DOS, by its number.
    Dos(u16),
    /// Asian Cyrillic (IANA's PTCP154).
    Ptcp154,
}

impl Page {
    /// By a name in lower case without what separates its words.
    pub(super) fn named(name: &str) -> Option<Self> {
        if ["ptcp154", "pt154", "cp154", "cyrillicasian", "csptcp154"].contains(&name) {
            return Some(Self::Ptcp154);
        }
        let starts = ["csibm", "ibm", "cspc", "cp", "dos", "oem", "xcp", ""];
        let number = starts.iter().find_map(|start| name.strip_prefix(start)?.trim_start_matches('0').parse().ok())?;
        table(number).map(|_| Self::Dos(number))
    }

    /// The character of an octet.
    pub(super) fn character(self, octet: u8) -> char {
        if octet.is_ascii() {
            return char::from(octet);
        }
        match self {
            Self::Dos(858) if octet == 0xd5 => '€',
            Self::Dos(number) => table(number).map_or(REPLACEMENT_CHARACTER, |page| {
                page.decode_lossy(&[octet]).chars().next().unwrap_or(REPLACEMENT_CHARACTER)
            }),
            Self::Ptcp154 => PTCP154.get(usize::from(octet - 128)).copied().unwrap_or(REPLACEMENT_CHARACTER),
        }
    }
}

fn table(number: u16) -> Option<&'static dyn CodePage> {
    Some(match number {
        437 => &dos::CP437,
        737 => &dos::CP737,
        850 | 858 => &dos::CP850,
        852 => &dos::CP852,
        855 => &dos::CP855,
        857 => &dos::CP857,
        860 => &dos::CP860,
        861 => &dos::CP861,
        862 => &dos::CP862,
        863 => &dos::CP863,
        864 => &dos::CP864,
        865 => &dos::CP865,
        869 => &dos::CP869,
        _ => return None,
    })
}

#[rustfmt::skip]
const PTCP154: [char; 128] = [
    '\u{496}', '\u{492}', '\u{4ee}', '\u{493}', '\u{201e}', '\u{2026}', '\u{4b6}', '\u{4ae}', '\u{4b2}', '\u{4af}', '\u{4a0}', '\u{4e2}', '\u{4a2}', '\u{49a}', '\u{4ba}', '\u{4b8}',
    '\u{497}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{4b3}', '\u{4b7}', '\u{4a1}', '\u{4e3}', '\u{4a3}', '\u{49b}', '\u{4bb}', '\u{4b9}',
    '\u{a0}', '\u{40e}', '\u{45e}', '\u{408}', '\u{4e8}', '\u{498}', '\u{4b0}', '\u{a7}', '\u{401}', '\u{a9}', '\u{4d8}', '\u{ab}', '\u{ac}', '\u{4ef}', '\u{ae}', '\u{49c}',
    '\u{b0}', '\u{4b1}', '\u{406}', '\u{456}', '\u{499}', '\u{4e9}', '\u{b6}', '\u{b7}', '\u{451}', '\u{2116}', '\u{4d9}', '\u{bb}', '\u{458}', '\u{4aa}', '\u{4ab}', '\u{49d}',
    '\u{410}', '\u{411}', '\u{412}', '\u{413}', '\u{414}', '\u{415}', '\u{416}', '\u{417}', '\u{418}', '\u{419}', '\u{41a}', '\u{41b}', '\u{41c}', '\u{41d}', '\u{41e}', '\u{41f}',
    '\u{420}', '\u{421}', '\u{422}', '\u{423}', '\u{424}', '\u{425}', '\u{426}', '\u{427}', '\u{428}', '\u{429}', '\u{42a}', '\u{42b}', '\u{42c}', '\u{42d}', '\u{42e}', '\u{42f}',
    '\u{430}', '\u{431}', '\u{432}', '\u{433}', '\u{434}', '\u{435}', '\u{436}', '\u{437}', '\u{438}', '\u{439}', '\u{43a}', '\u{43b}', '\u{43c}', '\u{43d}', '\u{43e}', '\u{43f}',
    '\u{440}', '\u{441}', '\u{442}', '\u{443}', '\u{444}', '\u{445}', '\u{446}', '\u{447}', '\u{448}', '\u{449}', '\u{44a}', '\u{44b}', '\u{44c}', '\u{44d}', '\u{44e}', '\u{44f}',
];
