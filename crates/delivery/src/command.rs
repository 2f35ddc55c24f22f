//! The commands of LMTP (RFC 2033 §4, RFC 5321 §4.1.1, RFC 3030 §2): one line to one value.

use crate::path::{self, Address};
use crate::reply::Reply;

/// A command line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// LHLO (RFC 2033 §4.1), with the name that the client gives itself.
    Lhlo(String),
    /// MAIL (RFC 5321 §4.1.1.2).
    Mail(Mail),
    /// RCPT (RFC 5321 §4.1.1.3).
    Rcpt(Address),
    /// DATA (RFC 5321 §4.1.1.4).
    Data,
    /// BDAT (RFC 3030 §2): that many octets follow.
    Bdat(Chunk),
    /// RSET (RFC 5321 §4.1.1.5).
    Rset,
    /// NOOP (RFC 5321 §4.1.1.9).
    Noop,
    /// VRFY (RFC 5321 §4.1.1.6).
    Vrfy,
    /// HELP (RFC 5321 §4.1.1.8).
    Help,
    /// QUIT (RFC 5321 §4.1.1.10).
    Quit,
}

/// What MAIL says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Who gets what cannot be delivered; `None` for `<>`.
    pub(crate) from: Option<Address>,
    /// SIZE (RFC 1870 §6.1), 0 where it is not said.
    pub(crate) size: u64,
    /// Which characters the addresses and the message's header may have.
    pub(crate) header: Header,
}

/// SMTPUTF8 (RFC 6531 §3.4) or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Header {
    /// ASCII.
    #[default]
    Ascii,
    /// UTF-8.
    Utf8,
}

/// What BDAT says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The octets that follow.
    pub(crate) octets: u64,
    /// Whether the message ends with them.
    pub(crate) place: ChunkPlace,
}

/// Where in its message a chunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkPlace {
    /// More will come.
    Inner,
    /// `LAST`
    Last,
}

/// Reads one line without its CR LF; what is wrong with it is the answer to it.
pub(crate) fn parse(line: &[u8]) -> Result<Command, Reply> {
    // Before all else: no command begins so.
    if gate::begins_as_http(line) {
        return Err(Reply::Http);
    }
    let line = std::str::from_utf8(line).map_err(|_| Reply::NotUtf8)?;
    if line.chars().any(|char| char.is_control() && char != '\t') {
        return Err(Reply::ControlCharacter);
    }
    let line = line.trim_end_matches([' ', '\t']);
    let (verb, arguments) = line.split_once(' ').unwrap_or((line, ""));
    match verb.to_ascii_uppercase().as_str() {
        "LHLO" => lhlo(arguments),
        "HELO" | "EHLO" => Err(Reply::NotSmtp),
        "MAIL" => mail(arguments),
        "RCPT" => rcpt(arguments),
        "DATA" => alone(arguments, Command::Data),
        "BDAT" => bdat(arguments).map(Command::Bdat),
        "RSET" => alone(arguments, Command::Rset),
        "NOOP" => Ok(Command::Noop),
        "VRFY" if !arguments.is_empty() => Ok(Command::Vrfy),
        "VRFY" => Err(Reply::BadArguments),
        "HELP" => Ok(Command::Help),
        "QUIT" => alone(arguments, Command::Quit),
        "EXPN" | "TURN" | "ETRN" | "SEND" | "SOML" | "SAML" | "STARTTLS" | "AUTH" | "XCLIENT" => {
            Err(Reply::NotImplemented)
        }
        _ => Err(Reply::Unknown),
    }
}

/// A command that takes no arguments.
fn alone(arguments: &str, command: Command) -> Result<Command, Reply> {
    if arguments.is_empty() { Ok(command) } else { Err(Reply::BadArguments) }
}

/// Any name will do: it is written into the Received field and nothing hangs on it.
fn lhlo(arguments: &str) -> Result<Command, Reply> {
    let name = arguments.trim();
    if name.is_empty() || name.contains([' ', '\t']) {
        Err(Reply::BadArguments)
    } else {
        Ok(Command::Lhlo(name.into()))
    }
}

/// After `FROM:` or `TO:`, in any case. Blanks after the colon are no harm.
fn after_keyword<'a>(arguments: &'a str, keyword: &str) -> Result<&'a str, Reply> {
    let arguments = arguments.trim_start();
    let (found, rest) = arguments.split_at_checked(keyword.len()).ok_or(Reply::BadArguments)?;
    if found.eq_ignore_ascii_case(keyword) { Ok(rest.trim_start()) } else { Err(Reply::BadArguments) }
}

fn mail(arguments: &str) -> Result<Command, Reply> {
    let text = after_keyword(arguments, "FROM:")?;
    let (from, parameters) = path::path(text).map_err(|_| Reply::BadSender)?;
    let mut mail = Mail { from, ..Mail::default() };
    for parameter in parameters_of(parameters)? {
        let (name, value) = parameter.split_once('=').map_or((parameter, None), |(name, value)| (name, Some(value)));
        match (name.to_ascii_uppercase().as_str(), value) {
            // More digits than fit are a size that is too large, not a mistake (RFC 1870 §6.1: up to 20 digits).
            ("SIZE", Some(digits)) if digits_only(digits) => mail.size = digits.parse().unwrap_or(u64::MAX),
            ("BODY", Some(body)) if body.eq_ignore_ascii_case("7BIT") || body.eq_ignore_ascii_case("8BITMIME") => {}
            ("SMTPUTF8", None) => mail.header = Header::Utf8,
            ("SIZE" | "BODY" | "SMTPUTF8", _) => return Err(Reply::BadArguments),
            _ => return Err(Reply::UnknownParameter),
        }
    }
    if mail.header == Header::Ascii && mail.from.as_ref().is_some_and(|from| !from.is_ascii()) {
        return Err(Reply::SenderNeedsUtf8);
    }
    Ok(Command::Mail(mail))
}

fn rcpt(arguments: &str) -> Result<Command, Reply> {
    let text = after_keyword(arguments, "TO:")?;
    let (Some(to), parameters) = path::path(text).map_err(|_| Reply::BadRecipient)? else {
        return Err(Reply::BadRecipient);
    };
    // No extension that is announced adds a parameter to RCPT.
    if parameters_of(parameters)?.next().is_some() { Err(Reply::UnknownParameter) } else { Ok(Command::Rcpt(to)) }
}

/// What comes after a path: nothing, or blanks and parameters.
fn parameters_of(text: &str) -> Result<impl Iterator<Item = &str>, Reply> {
    if text.is_empty() || text.starts_with([' ', '\t']) {
        Ok(text.split([' ', '\t']).filter(|parameter| !parameter.is_empty()))
    } else {
        Err(Reply::BadArguments)
    }
}

fn digits_only(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn bdat(arguments: &str) -> Result<Chunk, Reply> {
    let mut words = arguments.split([' ', '\t']).filter(|word| !word.is_empty());
    let digits = words.next().filter(|digits| digits_only(digits)).ok_or(Reply::BadChunk)?;
    let octets = digits.parse().map_err(|_| Reply::BadChunk)?;
    let place = match (words.next(), words.next()) {
        (None, _) => ChunkPlace::Inner,
        (Some(word), None) if word.eq_ignore_ascii_case("LAST") => ChunkPlace::Last,
        _ => return Err(Reply::BadChunk),
    };
    Ok(Chunk { octets, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(local: &str, domain: &str) -> Address {
        Address { local: local.into(), domain: Some(domain.into()) }
    }

    #[test]
    fn commands_are_read() {
        let from = Some(address("a", "b"));
        let mail = |size, header| Command::Mail(Mail { from: from.clone(), size, header });
        let table = [
            ("LHLO mx.example", Command::Lhlo("mx.example".into())),
            ("lhlo [127.0.0.1] ", Command::Lhlo("[127.0.0.1]".into())),
            ("MAIL FROM:<>", Command::Mail(Mail::default())),
            ("mail from: <a@b>", mail(0, Header::Ascii)),
            ("MAIL FROM:<a@b> BODY=8BITMIME SIZE=12", mail(12, Header::Ascii)),
            ("MAIL FROM:<a@b> size=99999999999999999999 body=7bit", mail(u64::MAX, Header::Ascii)),
            ("MAIL FROM:<a@b> SMTPUTF8", mail(0, Header::Utf8)),
            ("RCPT TO:<a@b>", Command::Rcpt(address("a", "b"))),
            ("RCPT TO:<ä@b>", Command::Rcpt(address("ä", "b"))),
            ("data", Command::Data),
            ("BDAT 0 last", Command::Bdat(Chunk { octets: 0, place: ChunkPlace::Last })),
            ("BDAT 12345678901", Command::Bdat(Chunk { octets: 12_345_678_901, place: ChunkPlace::Inner })),
            ("RSET", Command::Rset),
            ("NOOP anything", Command::Noop),
            ("VRFY a", Command::Vrfy),
            ("HELP MAIL", Command::Help),
            ("QUIT", Command::Quit),
        ];
        for (line, command) in table {
            assert_eq!(parse(line.as_bytes()), Ok(command), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let table: &[(&[u8], Reply)] = &[
            (b"", Reply::Unknown),
            (b"FROBNICATE", Reply::Unknown),
            (b"POST / HTTP/1.1", Reply::Http),
            (b"GET /\xff HTTP/1.0", Reply::Http),
            (b"host: 127.0.0.1:24", Reply::Http),
            (b"HELO x", Reply::NotSmtp),
            (b"EHLO x", Reply::NotSmtp),
            (b"LHLO", Reply::BadArguments),
            (b"LHLO a b", Reply::BadArguments),
            (b"NO\0OP", Reply::ControlCharacter),
            (b"NOOP \xff", Reply::NotUtf8),
            (b"MAIL", Reply::BadArguments),
            (b"MAIL TO:<a@b>", Reply::BadArguments),
            (b"MAIL FROM:a@b", Reply::BadSender),
            (b"MAIL FROM:<a@b>SIZE=1", Reply::BadArguments),
            (b"MAIL FROM:<a@b> SIZE", Reply::BadArguments),
            (b"MAIL FROM:<a@b> SIZE=-1", Reply::BadArguments),
            (b"MAIL FROM:<a@b> BODY=BINARYMIME", Reply::BadArguments),
            (b"MAIL FROM:<a@b> SMTPUTF8=1", Reply::BadArguments),
            (b"MAIL FROM:<a@b> UNKNOWN=1", Reply::UnknownParameter),
            (b"MAIL FROM:<a@b> AUTH=<>", Reply::UnknownParameter),
            ("MAIL FROM:<ä@b>".as_bytes(), Reply::SenderNeedsUtf8),
            (b"RCPT TO:<>", Reply::BadRecipient),
            (b"RCPT TO:<a@b", Reply::BadRecipient),
            (b"RCPT TO:<a@b> NOTIFY=NEVER", Reply::UnknownParameter),
            (b"RCPT FROM:<a@b>", Reply::BadArguments),
            (b"DATA x", Reply::BadArguments),
            (b"BDAT", Reply::BadChunk),
            (b"BDAT x", Reply::BadChunk),
            (b"BDAT 1 FIRST", Reply::BadChunk),
            (b"BDAT 1 LAST x", Reply::BadChunk),
            (b"BDAT 99999999999999999999", Reply::BadChunk),
            (b"VRFY", Reply::BadArguments),
            (b"STARTTLS", Reply::NotImplemented),
            (b"EXPN list", Reply::NotImplemented),
        ];
        for (line, reply) in table {
            assert_eq!(parse(line), Err(*reply), "{}", line.escape_ascii());
        }
    }
}
