//! A list of emails as bytes: LEB128 of the zigzag differences. Order and repeats are kept.

use account::EmailId;

use crate::Error;

/// Writes a list.
pub(crate) fn write(ids: impl IntoIterator<Item = EmailId>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut before = 0i64;
    for id in ids {
        let id = id.get().cast_signed();
        let step = id.wrapping_sub(before);
        let mut zigzag = ((step << 1) ^ (step >> 63)).cast_unsigned();
        before = id;
        while zigzag >= 0x80 {
            out.push((zigzag & 0x7f) as u8 | 0x80);
            zigzag >>= 7;
        }
        out.push((zigzag & 0x7f) as u8);
    }
    out
}

/// Reads what [`write`] wrote.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<EmailId>, Error> {
    let damaged = || Error::damaged("a list of emails in the log");
    let mut ids = Vec::new();
    let (mut value, mut shift, mut before) = (0u64, 0, 0i64);
    for byte in bytes {
        if shift > 63 {
            return Err(damaged());
        }
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            let step = (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
            before = before.wrapping_add(step);
            ids.push(EmailId::new(before.cast_unsigned()).ok_or_else(damaged)?);
            (value, shift) = (0, 0);
        }
    }
    if shift == 0 { Ok(ids) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_as_it_was() {
        let ids: Vec<_> = [1, 2, 3, 1 << 48, 5, 5, 4, 1 << 20].into_iter().filter_map(EmailId::new).collect();
        assert_eq!(read(&write(ids.iter().copied())).unwrap(), ids);
        assert_eq!(read(&[]).unwrap(), []);
        assert!(read(&[0x80]).is_err() && read(&[0]).is_err() && read(&[0xff; 11]).is_err());
    }
}
