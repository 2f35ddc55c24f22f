//! HTTP at a door where mail is spoken. A browser, or a program that fetches what strangers name, can be led to send a request here
//! whose body holds commands: no line that comes after the first sign of HTTP may be obeyed.

/// The methods of RFC 9110 §9, PATCH (RFC 5789) and the preface of HTTP/2 (RFC 9113 §3.4).
const METHODS: [&[u8]; 10] =
    [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"PRI"];

/// The one field that each request has (RFC 9110 §7.2).
const HOST: &[u8] = b"Host:";

/// Whether a line that is no command here begins as a request or its Host field does.
pub fn begins_as_http(line: &[u8]) -> bool {
    let word = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    METHODS.iter().any(|method| word.eq_ignore_ascii_case(method))
        || line.get(..HOST.len()).is_some_and(|name| name.eq_ignore_ascii_case(HOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_their_host_field_are_known() {
        for line in
            ["GET / HTTP/1.1", "post /x HTTP/1.0", "PRI * HTTP/2.0", "Host: mail.example", "HOST:x", "PUT", "GET\t/"]
        {
            assert!(begins_as_http(line.as_bytes()), "{line}");
        }
        for line in ["", "LHLO x", "GETS x", "a LOGIN x y", "Hostess", "RCPT TO:<get@example>", " GET /"] {
            assert!(!begins_as_http(line.as_bytes()), "{line}");
        }
    }
}
