//! Mails of which everything is known without parsing them, and a source that a search reads them from.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use account::EmailId;
use account::search::Source;
use imap::Date;
use mime::{Limits, Scanner};

/// A mail with what is known of it without parsing it.
pub(crate) struct Mail {
    pub(crate) octets: Vec<u8>,
    pub(crate) structure: Vec<u8>,
    /// Fields of its header, decoded.
    pub(crate) header: Vec<(&'static str, String)>,
    /// Texts of headers of parts and messages inside, decoded.
    pub(crate) inner: Vec<&'static str>,
    /// Its texts, decoded.
    pub(crate) body: Vec<&'static str>,
    /// The day of its Date field.
    pub(crate) sent: Option<Date>,
}

/// Fields as they stand in a mail and as they are meant.
const FROM: [(&str, &str); 3] = [
    ("Ann Example <ann@example.org>", "Ann Example <ann@example.org>"),
    ("=?utf-8?q?J=C3=BCrgen?= <j@example.net>", "Jürgen <j@example.net>"),
    ("bob@example.com\r\n (Bob\r\n\tBuilder)", "bob@example.com (Bob\tBuilder)"),
];
const SUBJECT: [(&str, &str); 4] = [
    ("Lunch on Friday", "Lunch on Friday"),
    ("=?iso-8859-1?Q?Gr=FC=DFe?= aus\r\n Bonn", "Grüße aus Bonn"),
    ("=?koi8-r?b?z9TQ1dPL?=", "отпуск"),
    ("", ""),
];
/// Year, month and day.
type Day = (u16, u8, u8);

const DATES: [(&str, Option<Day>); 4] = [
    ("Tue, 31 Dec 2019 23:30:00 -0800", Some((2019, 12, 31))),
    ("Wed, 1 Jan 2020 00:30:00 +0200", Some((2020, 1, 1))),
    ("Thu, 2 Jan 2020 12:00:00 GMT", Some((2020, 1, 2))),
    ("some day", None),
];
/// A body with its own header fields, what of these and of inner ones a person would see, and its texts.
type Body = (&'static str, &'static [&'static str], &'static [&'static str]);

const BODIES: [Body; 4] = [
    ("Content-Type: text/plain\r\n\r\nHello lunch\r\n", &[], &["Hello lunch"]),
    (
        "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6ne Gr=\r\n=FC=DFe\r\n",
        &[],
        &["Schöne Grüße"],
    ),
    (
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+QmlnPC9iPiBOZXdz\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: nested\r\n\r\nwithin\r\n--b--\r\n",
        &["Content-Type: text/html", "Content-Type: message/rfc822", "Subject: nested"],
        &["Big News", "within"],
    ),
    ("\r\n", &[], &[]),
];

/// Every mail that can be made of these.
pub(crate) static MAILS: LazyLock<Vec<Mail>> = LazyLock::new(|| {
    let mut mails = Vec::new();
    for n in 0..192 {
        let (from, subject, date, body) = (n % 3, n / 3 % 4, n / 12 % 4, n / 48 % 4);
        let mut header = vec![("From", FROM[from].1.to_owned()), ("Date", DATES[date].0.to_owned())];
        let mut octets = format!("From: {}\r\nDate: {}\r\n", FROM[from].0, DATES[date].0);
        let mut field = |name: &'static str, value: &str, meant: &str| {
            octets.extend([name, ": ", value, "\r\n"]);
            header.push((name, meant.to_owned()));
        };
        // Some mails lack some fields.
        if n % 5 != 0 {
            field("Subject", SUBJECT[subject].0, SUBJECT[subject].1);
        }
        if n % 7 == 0 {
            field("X-Unlisted", "first Lunch", "first Lunch");
            field("X-Unlisted", "=?utf-8?b?Z3LDvG4=?=", "grün");
        }
        if n % 3 == 0 {
            field("To", "Team: ann@example.org;", "Team: ann@example.org;");
        }
        if n % 4 == 0 {
            field("Cc", "carol@example.org", "carol@example.org");
        }
        if n % 11 == 0 {
            field("Bcc", "dan@example.org", "dan@example.org");
        }
        octets.push_str(BODIES[body].0);
        if let Some((kind, _)) = BODIES[body].0.split_once("\r\n").filter(|(kind, _)| !kind.is_empty()) {
            header.push(("Content-Type", kind.split_once(": ").unwrap().1.to_owned()));
        }
        let mut scanner = Scanner::new(Limits::default());
        scanner.push(octets.as_bytes());
        mails.push(Mail {
            structure: scanner.finish().encode(),
            octets: octets.into_bytes(),
            header,
            inner: BODIES[body].1.to_vec(),
            body: BODIES[body].2.to_vec(),
            sent: DATES[date].1.and_then(|(y, m, d)| Date::new(y, m, d)),
        });
    }
    mails
});

/// The mail of an email: ids repeat the list.
pub(crate) fn mail(email: EmailId) -> &'static Mail {
    &MAILS[usize::try_from(email.get()).unwrap() % MAILS.len()]
}

/// Reads from the list, and counts.
#[derive(Default)]
pub(crate) struct Mails {
    pub(crate) structures: usize,
    pub(crate) bodies: usize,
    pub(crate) octets: usize,
}

impl Source for Mails {
    type Error = std::convert::Infallible;

    fn structures(
        &mut self,
        emails: &mut dyn Iterator<Item = EmailId>,
        visit: &mut dyn FnMut(EmailId, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), Self::Error> {
        for email in emails {
            self.structures += 1;
            if visit(email, &mail(email).structure).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn body(
        &mut self,
        email: EmailId,
        from: u64,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Self::Error> {
        self.bodies += usize::from(from == 0);
        let rest = mail(email).octets.get(usize::try_from(from).unwrap()..).unwrap_or_default();
        for piece in rest.chunks(100) {
            self.octets += piece.len();
            if visit(piece).is_break() {
                break;
            }
        }
        Ok(())
    }
}
