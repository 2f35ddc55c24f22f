//! Passwords at rest, and what it takes to check one: argon2id for the password itself (RFC 9106), and the keys of
//! SCRAM-SHA-256 (RFC 5802 §3), which can check a password but not be used as one.

use std::borrow::Cow;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use store::Credentials;
use subtle::ConstantTimeEq;

use super::scram::Keys;

/// Memory in KiB, passes and lanes of a new hash: OWASP's first choice. About 20 ms on one core of a small server.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// The longest password taken, in octets: argon2 reads all of it, so a very long one would be work for nothing.
const LONGEST: usize = 1024;

/// What a [`Memory`] asks the system for: more than 32 MiB, so that the C library maps it by itself and gives it back
/// when it is dropped. A smaller piece would stay with each thread that ever hashed. What is not used is never touched.
const MAPPED: usize = 33 * 1024 * 1024;

/// A password that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Nothing at all.
    #[error("the password is empty; choose one")]
    Empty,
    /// More than [`LONGEST`] octets.
    #[error("the password is longer than 1024 octets; choose a shorter one")]
    Long,
    /// A character that RFC 4013 §2.3 prohibits, such as a line break.
    #[error("the password has a character that no password may have, such as a line break; choose another")]
    Prohibited,
    /// The system gives no random numbers, or no memory.
    #[error("the system gave no random numbers or no memory to hash the password")]
    System,
}

/// Everything that is kept of a new password. Takes as long as a login does.
pub fn credentials(password: &str) -> Result<Credentials, PasswordError> {
    if password.is_empty() {
        return Err(PasswordError::Empty);
    }
    let prepared = stringprep::saslprep(password).map_err(|_| PasswordError::Prohibited)?;
    if prepared.len() > LONGEST {
        return Err(PasswordError::Long);
    }
    if prepared.is_empty() {
        return Err(PasswordError::Empty);
    }
    let hash = hash(prepared.as_bytes()).ok_or(PasswordError::System)?;
    let keys = Keys::new(prepared.as_bytes()).map_err(|_| PasswordError::System)?;
    Ok(Credentials { hash, scram: keys.into() })
}

/// The password as it is compared (RFC 4616 §2, RFC 4013). Octets that `SASLprep` cannot take stay as they are: they
/// match no password that [`credentials`] took.
pub(super) fn prepare(password: &[u8]) -> Cow<'_, [u8]> {
    if password.is_ascii() {
        return Cow::Borrowed(password);
    }
    match std::str::from_utf8(password).map(stringprep::saslprep) {
        Ok(Ok(Cow::Owned(prepared))) => Cow::Owned(prepared.into_bytes()),
        _ => Cow::Borrowed(password),
    }
}

/// What argon2 works in: 19 MiB while it works.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            // Zeroed anew, not copied: nothing that is in it matters.
            self.0 = Vec::with_capacity(count.max(MAPPED / Block::SIZE));
            self.0.resize(count, Block::new());
        }
        &mut self.0[..count]
    }
}

/// Whether a prepared password is the one that was hashed. Takes some 20 ms.
pub(super) fn verify(password: &[u8], hash: &str, memory: &mut Memory) -> bool {
    if password.len() > LONGEST {
        return false;
    }
    let Ok(kept) = PasswordHash::new(hash) else { return false };
    let (Some(salt), Some(expected)) = (&kept.salt, &kept.hash) else { return false };
    let algorithm = Algorithm::try_from(kept.algorithm.as_str());
    let version = kept.version.map_or(Ok(Version::V0x13), Version::try_from);
    let (Ok(algorithm), Ok(version), Ok(params)) = (algorithm, version, Params::try_from(&kept)) else { return false };
    let blocks = memory.blocks(params.block_count());
    let mut found = vec![0; expected.len()];
    let hashed = Argon2::new(algorithm, version, params).hash_password_into_with_memory(
        password,
        salt.as_ref(),
        &mut found,
        blocks,
    );
    hashed.is_ok() && bool::from(found.ct_eq(expected.as_bytes()))
}

/// A PHC string for a new password.
fn hash(password: &[u8]) -> Option<String> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).ok()?;
    let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
    let (mut salt, mut hash) = ([0; 16], [0; Params::DEFAULT_OUTPUT_LEN]);
    getrandom::fill(&mut salt).ok()?;
    let mut memory = Memory::default();
    let blocks = memory.blocks(params.block_count());
    let written = ParamsString::try_from(&params).ok()?;
    Argon2::new(algorithm, version, params).hash_password_into_with_memory(password, &salt, &mut hash, blocks).ok()?;
    let kept = PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: written,
        salt: Salt::new(&salt).ok(),
        hash: Output::new(&hash).ok(),
    };
    Some(kept.to_string())
}

/// A hash as dear as any, to be verified against for a name that nobody has: that takes as long, then, as for a name
/// that somebody has. Nobody knows a password that fits it, and it would open nothing.
pub(super) const DUMMY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(password: &[u8], hash: &str) -> bool {
        super::verify(password, hash, &mut Memory::default())
    }

    #[test]
    fn a_password_verifies_and_no_other() {
        let made = credentials("correct horse").unwrap();
        assert!(made.hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", made.hash);
        assert!(verify(b"correct horse", &made.hash));
        for wrong in ["", "correct horse ", "Correct horse", "correct horsf"] {
            assert!(!verify(wrong.as_bytes(), &made.hash), "{wrong}");
        }
        for broken in ["nonsense", "", "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA", "$scrypt$AAAA$AAAA"] {
            assert!(!verify(b"correct horse", broken));
        }
        assert_ne!(made.hash, credentials("correct horse").unwrap().hash, "salted");
    }

    #[test]
    fn the_crate_s_own_verifier_agrees() {
        use argon2::password_hash::PasswordVerifier;
        let made = credentials("correct horse").unwrap();
        let check = |password: &[u8]| Argon2::default().verify_password(password, made.hash.as_str()).is_ok();
        assert!(check(b"correct horse") && !check(b"incorrect horse"));
    }

    #[test]
    fn the_same_memory_serves_again() {
        let (one, other) = (credentials("one").unwrap(), credentials("other").unwrap());
        let mut memory = Memory::default();
        for _ in 0..2 {
            assert!(super::verify(b"one", &one.hash, &mut memory));
            assert!(!super::verify(b"one", &other.hash, &mut memory));
            assert!(super::verify(b"other", &other.hash, &mut memory));
        }
    }

    #[test]
    fn the_forms_of_one_password_are_one() {
        // RFC 4013 §3: U+00AA is `a`, and a soft hyphen is nothing.
        let made = credentials("\u{aa}I\u{ad}X").unwrap();
        assert!(verify(&prepare(b"aIX"), &made.hash));
        assert!(verify(&prepare("\u{aa}IX".as_bytes()), &made.hash));
        // "é" typed on a Mac and on anything else.
        let made = credentials("caf\u{e9}").unwrap();
        assert!(verify(&prepare("cafe\u{301}".as_bytes()), &made.hash));
        assert_eq!(&*prepare(b"\xff\xfe"), b"\xff\xfe");
    }

    #[test]
    fn what_cannot_be_a_password_is_refused() {
        assert_eq!(credentials(""), Err(PasswordError::Empty));
        assert_eq!(credentials("\u{ad}"), Err(PasswordError::Empty));
        assert_eq!(credentials("a\nb"), Err(PasswordError::Prohibited));
        assert_eq!(credentials(&"x".repeat(1025)), Err(PasswordError::Long));
        assert!(!verify(&vec![b'x'; 1 << 20], DUMMY));
    }

    #[test]
    fn the_dummy_costs_as_much_as_a_real_one() {
        let params = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(params(DUMMY), params(&credentials("x").unwrap().hash));
    }
}
