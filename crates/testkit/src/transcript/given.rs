//! What a transcript begins with.

/// One `given` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// `mailbox NAME`: an empty mailbox.
    Mailbox(String),
    /// `no mailbox NAME`: one of a new account's mailboxes is not there.
    NoMailbox(String),
    /// `NAME with 3 messages (\Seen)`: that many of [`crate::mail::numbered`].
    Messages {
        /// Where.
        mailbox: String,
        /// How many.
        count: u32,
        /// The flags of each.
        flags: Vec<String>,
    },
    /// `NAME with mail nested (\Seen) "17-Jul-1996 02:44:25 -0700"`: one of `tests/transcripts/mails`.
    Message {
        /// Where.
        mailbox: String,
        /// Which mail.
        mail: Mail,
        /// Its flags.
        flags: Vec<String>,
        /// Its INTERNALDATE; `None`: now.
        date: Option<String>,
    },
    /// `NAME without UID 2`: it was there and has been expunged.
    Without {
        /// Where.
        mailbox: String,
        /// Which.
        uid: u32,
    },
    /// `NAME begins at UID 4294967290`: an empty mailbox with that UIDNEXT.
    BeginsAt {
        /// Where.
        mailbox: String,
        /// Its UIDNEXT.
        uid: u32,
    },
    /// `subscribed NAME`
    Subscribed(String),
    /// `not subscribed NAME`
    NotSubscribed(String),
    /// `append limit 1000`
    AppendLimit(u64),
    /// `plaintext refused`: no password goes over a connection without TLS.
    PlaintextRefused,
    /// `messages are recent`: nobody has selected the mailboxes before (RFC 3501 §2.3.2).
    Recent,
    /// `only in memory`: what is told depends on the clock or on the gate of these tests.
    OnlyInMemory,
    /// `A connects` and the like: how a session begins.
    Opening(String, Opening),
}

impl Given {
    /// The mailbox into which it puts messages.
    pub fn filled(&self) -> Option<&str> {
        match self {
            Self::Messages { mailbox, .. } | Self::Message { mailbox, .. } => Some(mailbox),
            _ => None,
        }
    }
}

/// What a session has done before the transcript begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// `A connects`: nothing; the greeting is part of the transcript, and the connection is made at its first word.
    Connects,
    /// `A is greeted`: the greeting has been heard.
    Greeted,
    /// `A logs in`
    LoggedIn,
    /// `A enables QRESYNC`
    Enabled(String),
    /// `A selects NAME`
    Selected(String),
    /// `A examines NAME`
    Examined(String),
}

/// A message that a transcript names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mail {
    /// The next of [`crate::mail::numbered`].
    Numbered,
    /// A file of `tests/transcripts/mails`.
    Named(String),
}

/// Reads what follows `given`.
pub(super) fn parse(text: &str) -> Result<Given, String> {
    let words = words(text)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse().map_err(|_| format!("{word} is no number"));
    Ok(match words.as_slice() {
        ["messages", "are", "recent"] => Given::Recent,
        ["only", "in", "memory"] => Given::OnlyInMemory,
        ["plaintext", "refused"] => Given::PlaintextRefused,
        ["append", "limit", octets] => Given::AppendLimit(octets.parse().map_err(|_| "no number".to_owned())?),
        ["mailbox", name] => Given::Mailbox((*name).to_owned()),
        ["no", "mailbox", name] => Given::NoMailbox((*name).to_owned()),
        ["subscribed", name] => Given::Subscribed((*name).to_owned()),
        ["not", "subscribed", name] => Given::NotSubscribed((*name).to_owned()),
        [name, "without", "UID", uid] => Given::Without { mailbox: (*name).to_owned(), uid: number(uid)? },
        [name, "begins", "at", "UID", uid] => Given::BeginsAt { mailbox: (*name).to_owned(), uid: number(uid)? },
        [name, "with", count, "messages" | "message", rest @ ..] => {
            Given::Messages { mailbox: (*name).to_owned(), count: number(count)?, flags: flags(rest)?.0 }
        }
        [name, "with", "mail", mail, rest @ ..] => {
            let (flags, date) = flags(rest)?;
            Given::Message { mailbox: (*name).to_owned(), mail: Mail::Named((*mail).to_owned()), flags, date }
        }
        [session, "connects"] => Given::Opening((*session).to_owned(), Opening::Connects),
        [session, "is", "greeted"] => Given::Opening((*session).to_owned(), Opening::Greeted),
        [session, "logs", "in"] => Given::Opening((*session).to_owned(), Opening::LoggedIn),
        [session, "enables", what] => Given::Opening((*session).to_owned(), Opening::Enabled((*what).to_owned())),
        [session, "selects", name] => Given::Opening((*session).to_owned(), Opening::Selected((*name).to_owned())),
        [session, "examines", name] => Given::Opening((*session).to_owned(), Opening::Examined((*name).to_owned())),
        _ => return Err(format!("given {text}: not one of the forms of tests/transcripts/README.md")),
    })
}

/// `(\Seen $Junk) "17-Jul-1996 02:44:25 -0700"`, either left out.
fn flags(words: &[&str]) -> Result<(Vec<String>, Option<String>), String> {
    let (list, date) = match words {
        [list, date] if list.starts_with('(') => (*list, Some((*date).to_owned())),
        [list] if list.starts_with('(') => (*list, None),
        [date] => ("()", Some((*date).to_owned())),
        [] => ("()", None),
        _ => return Err(format!("{words:?}: flags in parentheses and a date in quotes were due")),
    };
    let inner = list.trim_start_matches('(').trim_end_matches(')');
    Ok((inner.split_whitespace().map(str::to_owned).collect(), date))
}

/// Splits at spaces, but neither in quotes nor in parentheses. Quotes are taken off.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (word, after) = if let Some(inner) = rest.strip_prefix('"') {
            inner.split_once('"').ok_or("a quote has no end")?
        } else if rest.starts_with('(') {
            rest.split_at(rest.find(')').ok_or("a parenthesis has no end")? + 1)
        } else {
            rest.split_at(rest.find(' ').unwrap_or(rest.len()))
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Ok(words)
}
