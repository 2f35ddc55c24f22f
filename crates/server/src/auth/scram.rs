//! SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the server's side (RFC 5802, RFC 7677), without I/O: texts in, texts out.
//!
//! The nonce is made here and the channel binding comes from our own TLS, so a transcript of another connection, or of
//! one relayed by somebody in the middle, never fits.

mod message;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::base64;
pub(super) use message::ClientFirst;

/// How often the password is hashed over for new keys (RFC 7677 §4 asks for 4096 at least). It is the client that pays
/// at each login, and it may be a phone.
const ITERATIONS: u32 = 20_000;

/// The keys of a password (RFC 5802 §3): they can check a client, and prove the server to it, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    /// How often the password was hashed over.
    iterations: u32,
    /// What it was salted with.
    salt: Vec<u8>,
    /// Checks the client.
    stored_key: [u8; 32],
    /// Proves the server.
    server_key: [u8; 32],
}

impl From<Keys> for store::Scram {
    fn from(keys: Keys) -> Self {
        Self {
            salt: keys.salt,
            iterations: keys.iterations,
            stored_key: keys.stored_key.to_vec(),
            server_key: keys.server_key.to_vec(),
        }
    }
}

impl Keys {
    /// New keys, salted anew. The error is the system's, when it gives no random numbers.
    pub(super) fn new(password: &[u8]) -> Result<Self, getrandom::Error> {
        let mut salt = vec![0; 16];
        getrandom::fill(&mut salt)?;
        Ok(Self::derive(password, salt, ITERATIONS))
    }

    fn derive(password: &[u8], salt: Vec<u8>, iterations: u32) -> Self {
        let salted = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, &salt, iterations);
        let client_key = hmac(&salted, b"Client Key");
        Self {
            iterations,
            salt,
            stored_key: Sha256::digest(client_key).into(),
            server_key: hmac(&salted, b"Server Key"),
        }
    }

    /// Keys for a name that nobody has: the same ones each time it is asked for, and no password fits them. `secret`
    /// has to outlive restarts, or they would give the fake away.
    pub(super) fn fake(secret: &[u8; 32], name: &str) -> Self {
        let salt = hmac(secret, &[b"salt ", name.as_bytes()].concat());
        let stored_key = hmac(secret, &[b"key ", name.as_bytes()].concat());
        Self { iterations: ITERATIONS, salt: salt[..16].to_vec(), stored_key, server_key: stored_key }
    }

    /// Keys as the directory keeps them; `None` if they cannot be keys of SCRAM-SHA-256.
    pub(super) fn kept(scram: &store::Scram) -> Option<Self> {
        Some(Self {
            iterations: scram.iterations,
            salt: scram.salt.clone(),
            stored_key: scram.stored_key.as_slice().try_into().ok()?,
            server_key: scram.server_key.as_slice().try_into().ok()?,
        })
    }

    /// Keys that a password fits, for the salt that these show.
    pub(super) fn with_password(self, password: &[u8]) -> Self {
        Self::derive(password, self.salt, self.iterations)
    }

    /// Rounds, salt and keys, as they are kept.
    pub(super) fn octets(&self) -> Vec<u8> {
        [&self.iterations.to_le_bytes()[..], &self.salt, &self.stored_key, &self.server_key].concat()
    }

    /// The keys that were kept, if they are for the salt that these show.
    pub(super) fn with_octets(self, octets: &[u8]) -> Option<Self> {
        let rest = octets.strip_prefix(&self.iterations.to_le_bytes())?.strip_prefix(&*self.salt)?;
        let (stored_key, rest) = rest.split_first_chunk()?;
        let (server_key, rest) = rest.split_first_chunk()?;
        rest.is_empty().then_some(Self { stored_key: *stored_key, server_key: *server_key, ..self })
    }

    /// Whether a password, prepared, is the one that the keys were made of.
    #[cfg(test)]
    pub(super) fn fit(&self, password: &[u8]) -> bool {
        *self == Self::derive(password, self.salt.clone(), self.iterations)
    }
}

/// What the server can say about channel binding on this connection, for the mechanism that the client chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// SCRAM-SHA-256 where no -PLUS is offered.
    Unavailable,
    /// SCRAM-SHA-256 although -PLUS is offered: a client that can bind would have done so.
    Declined,
    /// SCRAM-SHA-256-PLUS, with `tls-exporter` (RFC 9266 §2).
    Exporter([u8; 32]),
}

/// A message that is none, or that says what must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Not the grammar of RFC 5802 §7.
    Syntax,
    /// An extension that we would have to understand (RFC 5802 §5.1, `m`).
    Extension,
    /// The channel binding flag contradicts what was offered (RFC 5802 §6), or the binding is another connection's.
    Binding,
    /// The nonce is not ours.
    Nonce,
    /// The password is wrong.
    Proof,
}

/// The exchange after the server's first message: what the client's last one is checked against.
pub(super) struct Pending {
    /// base64 of the GS2 header and the binding, as the client has to repeat it.
    channel_binding: String,
    nonce: String,
    /// `client-first-message-bare "," server-first-message ","`.
    auth_message: String,
    keys: Keys,
}

/// The client's last message, read and not judged yet.
pub(super) struct Proof {
    /// What the proof says that `ClientKey` is: the same for the same password and salt, whatever the nonces.
    client_key: [u8; 32],
    auth_message: String,
}

impl Proof {
    /// What tells one password from another.
    pub(super) fn client_key(&self) -> &[u8] {
        &self.client_key
    }
}

/// 18 octets of randomness as printable text without a comma.
pub(super) fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 18];
    getrandom::fill(&mut bytes)?;
    Ok(base64::encode(&bytes))
}

/// The server's first message, and what it then waits for.
pub(super) fn server_first(first: &ClientFirst, binding: Binding, keys: Keys, nonce: &str) -> (String, Pending) {
    let nonce = format!("{}{nonce}", first.nonce);
    let text = format!("r={nonce},s={},i={}", base64::encode(&keys.salt), keys.iterations);
    let mut bound = first.gs2_header.clone().into_bytes();
    if let Binding::Exporter(exporter) = binding {
        bound.extend_from_slice(&exporter);
    }
    let auth_message = format!("{},{text},", first.bare);
    (text, Pending { channel_binding: base64::encode(&bound), nonce, auth_message, keys })
}

impl Pending {
    /// Reads the client's last message. Whether its proof is right nobody knows yet.
    pub(super) fn read(&self, message: &[u8]) -> Result<Proof, Broken> {
        let last = message::ClientFinal::parse(message)?;
        if last.channel_binding != self.channel_binding {
            return Err(Broken::Binding);
        }
        if last.nonce != self.nonce {
            return Err(Broken::Nonce);
        }
        let auth_message = format!("{}{}", self.auth_message, last.without_proof);
        let signature = hmac(&self.keys.stored_key, auth_message.as_bytes());
        let mut client_key = [0; 32];
        for ((key, proof), signed) in client_key.iter_mut().zip(last.proof).zip(signature) {
            *key = proof ^ signed;
        }
        Ok(Proof { client_key, auth_message })
    }

    /// Checks the proof, and gives the server's last message, which proves that it knows the keys.
    pub(super) fn check(&self, proof: &Proof) -> Result<String, Broken> {
        let stored_key: [u8; 32] = Sha256::digest(proof.client_key).into();
        if !bool::from(stored_key.ct_eq(&self.keys.stored_key)) {
            return Err(Broken::Proof);
        }
        Ok(format!("v={}", base64::encode(&hmac(&self.keys.server_key, proof.auth_message.as_bytes()))))
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length (RFC 2104 §2), so there is no error to hand on.
    Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |mac| mac.chain_update(message).finalize().into_bytes().into())
}

#[cfg(test)]
pub(super) mod client;
#[cfg(test)]
mod tests;
