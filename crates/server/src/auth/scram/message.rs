//! The client's messages (RFC 5802 §7).

use super::{Binding, Broken};
use crate::auth::base64;

/// The client's first message.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::auth) struct ClientFirst {
    /// As it came: the client repeats it, and so does the hash.
    pub(super) gs2_header: String,
    /// The message without the GS2 header.
    pub(super) bare: String,
    pub(super) nonce: String,
    /// Whom the client wants to act as, if it says.
    pub(in crate::auth) authzid: Option<String>,
    /// Whose password it knows.
    pub(in crate::auth) username: String,
}

impl ClientFirst {
    /// `client-first-message`, under the rules of RFC 5802 §6 for its channel binding flag.
    pub(in crate::auth) fn parse(message: &[u8], binding: Binding) -> Result<Self, Broken> {
        let text = std::str::from_utf8(message).map_err(|_| Broken::Syntax)?;
        if text.contains('\0') {
            return Err(Broken::Syntax);
        }
        let (flag, rest) = text.split_once(',').ok_or(Broken::Syntax)?;
        check_flag(flag, binding)?;
        let (authzid, bare) = rest.split_once(',').ok_or(Broken::Syntax)?;
        let authzid = match authzid {
            "" => None,
            named => Some(saslname(named.strip_prefix("a=").ok_or(Broken::Syntax)?)?),
        };
        if bare.starts_with("m=") {
            return Err(Broken::Extension);
        }
        let mut attributes = bare.split(',');
        let username = saslname(attribute(attributes.next(), "n=")?)?;
        let nonce = attribute(attributes.next(), "r=")?;
        if nonce.is_empty() || !nonce.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Broken::Syntax);
        }
        extensions(attributes)?;
        let gs2_header = text[..text.len() - bare.len()].to_owned();
        Ok(Self { gs2_header, bare: bare.to_owned(), nonce: nonce.to_owned(), authzid, username })
    }
}

fn check_flag(flag: &str, binding: Binding) -> Result<(), Broken> {
    match (flag, binding) {
        ("n", Binding::Unavailable | Binding::Declined)
        | ("y", Binding::Unavailable)
        | ("p=tls-exporter", Binding::Exporter(_)) => Ok(()),
        // "y" with `Declined`: somebody took -PLUS out of the list on its way to the client.
        ("n" | "y", _) => Err(Broken::Binding),
        (other, _) if other.starts_with("p=") => Err(Broken::Binding),
        _ => Err(Broken::Syntax),
    }
}

/// The client's last message.
pub(super) struct ClientFinal<'a> {
    pub(super) channel_binding: &'a str,
    pub(super) nonce: &'a str,
    pub(super) without_proof: &'a str,
    pub(super) proof: [u8; 32],
}

impl<'a> ClientFinal<'a> {
    /// `client-final-message`.
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, Broken> {
        let text = std::str::from_utf8(message).map_err(|_| Broken::Syntax)?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(Broken::Syntax)?;
        let proof = base64::decode(proof).and_then(|p| p.try_into().ok()).ok_or(Broken::Syntax)?;
        let mut attributes = without_proof.split(',');
        let channel_binding = attribute(attributes.next(), "c=")?;
        let nonce = attribute(attributes.next(), "r=")?;
        extensions(attributes)?;
        Ok(Self { channel_binding, nonce, without_proof, proof })
    }
}

fn attribute<'a>(found: Option<&'a str>, name: &str) -> Result<&'a str, Broken> {
    found.and_then(|text| text.strip_prefix(name)).ok_or(Broken::Syntax)
}

/// Extensions that we need not understand are passed over; all have the form `x=…`.
fn extensions<'a>(attributes: impl Iterator<Item = &'a str>) -> Result<(), Broken> {
    for attribute in attributes {
        match attribute.as_bytes() {
            [b'm', b'=', ..] => return Err(Broken::Extension),
            [letter, b'=', _, ..] if letter.is_ascii_alphabetic() => {}
            _ => return Err(Broken::Syntax),
        }
    }
    Ok(())
}

/// `saslname`: `=2C` is a comma, `=3D` an equals sign, and no other `=` may be.
fn saslname(text: &str) -> Result<String, Broken> {
    let mut name = String::with_capacity(text.len());
    let mut parts = text.split('=');
    name.push_str(parts.next().unwrap_or_default());
    for part in parts {
        if let Some(rest) = part.strip_prefix("2C") {
            name.push(',');
            name.push_str(rest);
        } else if let Some(rest) = part.strip_prefix("3D") {
            name.push('=');
            name.push_str(rest);
        } else {
            return Err(Broken::Syntax);
        }
    }
    if name.is_empty() { Err(Broken::Syntax) } else { Ok(name) }
}
