//! SASL PLAIN (RFC 4616).

/// `[authzid] NUL authcid NUL passwd`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain<'a> {
    /// Whom the client wants to act as, if it says.
    pub(super) authzid: Option<&'a str>,
    /// Whose password it knows.
    pub(super) authcid: &'a str,
    pub(super) password: &'a [u8],
}

/// Reads the client's only message; `None` if it is none (RFC 4616 §2).
pub(super) fn parse(message: &[u8]) -> Option<Plain<'_>> {
    let mut parts = message.split(|b| *b == 0);
    let (authzid, authcid, password) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || authcid.is_empty() || password.is_empty() {
        return None;
    }
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let authzid = if authzid.is_empty() { None } else { Some(text(authzid)?) };
    Some(Plain { authzid, authcid: text(authcid)?, password })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_4616() {
        let plain = Plain { authzid: None, authcid: "tim", password: b"tanstaaftanstaaf" };
        assert_eq!(parse(b"\0tim\0tanstaaftanstaaf"), Some(plain));
        let plain = Plain { authzid: Some("Ursel"), authcid: "Kurt", password: b"xipj3plmq" };
        assert_eq!(parse(b"Ursel\0Kurt\0xipj3plmq"), Some(plain));
    }

    #[test]
    fn what_is_no_message() {
        let wrong: [&[u8]; 8] = [b"", b"\0", b"\0\0", b"tim\0pw", b"\0\0pw", b"\0tim\0", b"\0tim\0pw\0", b"\0\xff\0pw"];
        for message in wrong {
            assert_eq!(parse(message), None, "{message:?}");
        }
    }
}
