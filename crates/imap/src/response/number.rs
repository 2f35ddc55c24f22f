//! Numbers in decimal.

/// The pairs 00 to 99.
const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// Writes a number in decimal, two digits at a step.
pub fn number(out: &mut Vec<u8>, mut n: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    while n >= 10 {
        let pair = usize::try_from(n % 100).unwrap_or(0) * 2;
        n /= 100;
        at -= 2;
        if let (Some(to), Some(from)) = (digits.get_mut(at..at + 2), PAIRS.get(pair..pair + 2)) {
            to.copy_from_slice(from);
        }
        if n == 0 {
            // The pair's first digit may be the number's leading zero only if n was below 10, and it was not.
            out.extend_from_slice(digits.get(at..).unwrap_or_default());
            return;
        }
    }
    at -= 1;
    if let (Some(to), Ok(digit)) = (digits.get_mut(at), u8::try_from(n)) {
        *to = b'0' + digit;
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_std_writes_them() {
        for shift in 0..64 {
            for near in [-1_i64, 0, 1] {
                let n = (1_u64 << shift).wrapping_add_signed(near);
                let mut out = Vec::new();
                number(&mut out, n);
                assert_eq!(out, n.to_string().as_bytes());
            }
        }
        for n in (0..=100_000).chain([u64::MAX]) {
            let mut out = Vec::new();
            number(&mut out, n);
            assert_eq!(out, n.to_string().as_bytes());
        }
    }
}
