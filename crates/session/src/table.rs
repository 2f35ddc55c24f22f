//! What varies by command, in one place: its name, the states that it is legal in (RFC 9051 §6), and whether the client
//! may be told of expunged messages while it runs (RFC 9051 §7.5.1).

use imap::Target;
use imap::command::{Command, Numbers, SearchKey};

use crate::view::Expunges;

/// In which states a command is legal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Legal {
    Anytime,
    BeforeLogin,
    LoggedIn,
    Selected,
}

/// What holds for a command.
pub(crate) struct Rules {
    pub(crate) name: &'static str,
    pub(crate) legal: Legal,
    pub(crate) expunges: Expunges,
}

const fn rules(name: &'static str, legal: Legal) -> Rules {
    Rules { name, legal, expunges: Expunges::Allowed }
}

/// No EXPUNGE during FETCH, STORE and SEARCH: the client's numbers would shift under it. The UID forms are other
/// commands: there it is allowed.
fn by_target(seq: &'static str, uid: &'static str, target: &Target) -> Rules {
    match target {
        Target::Seq(_) => Rules { expunges: Expunges::Deferred, ..rules(seq, Legal::Selected) },
        Target::Uid(_) => rules(uid, Legal::Selected),
    }
}

/// The rules of a command.
pub(crate) fn of(command: &Command) -> Rules {
    use Legal::{Anytime, BeforeLogin, LoggedIn, Selected};
    match command {
        Command::Capability => rules("CAPABILITY", Anytime),
        Command::Noop => rules("NOOP", Anytime),
        Command::Logout => rules("LOGOUT", Anytime),
        Command::Id(_) => rules("ID", Anytime),
        Command::StartTls => rules("STARTTLS", BeforeLogin),
        Command::Authenticate(_) => rules("AUTHENTICATE", BeforeLogin),
        Command::Login(_) => rules("LOGIN", BeforeLogin),
        Command::Enable(_) => rules("ENABLE", LoggedIn),
        // What is expunged while SELECT describes the mailbox can wait: its numbers have just been told.
        Command::Select(_) => Rules { expunges: Expunges::Deferred, ..rules("SELECT", LoggedIn) },
        Command::Create { .. } => rules("CREATE", LoggedIn),
        Command::Delete(_) => rules("DELETE", LoggedIn),
        Command::Rename { .. } => rules("RENAME", LoggedIn),
        Command::Subscribe(_) => rules("SUBSCRIBE", LoggedIn),
        Command::Unsubscribe(_) => rules("UNSUBSCRIBE", LoggedIn),
        Command::List(_) => rules("LIST", LoggedIn),
        Command::Lsub(_) => rules("LSUB", LoggedIn),
        Command::Xlist(_) => rules("XLIST", LoggedIn),
        Command::Namespace => rules("NAMESPACE", LoggedIn),
        Command::Status(_) => rules("STATUS", LoggedIn),
        Command::Append(_) => rules("APPEND", LoggedIn),
        Command::Idle => rules("IDLE", LoggedIn),
        Command::Check => rules("CHECK", Selected),
        Command::Close => rules("CLOSE", Selected),
        Command::Unselect => rules("UNSELECT", Selected),
        Command::Expunge(None) => rules("EXPUNGE", Selected),
        Command::Expunge(Some(_)) => rules("UID EXPUNGE", Selected),
        Command::Search(search) => match search.numbers {
            Numbers::Seq => Rules { expunges: Expunges::Deferred, ..rules("SEARCH", Selected) },
            // A UID SEARCH that names sequence numbers may not be told either (RFC 7162 §3.2.10.2).
            Numbers::Uid if names_numbers(&search.key) => {
                Rules { expunges: Expunges::Deferred, ..rules("UID SEARCH", Selected) }
            }
            Numbers::Uid => rules("UID SEARCH", Selected),
        },
        Command::Fetch(fetch) => by_target("FETCH", "UID FETCH", &fetch.target),
        Command::Store(store) => by_target("STORE", "UID STORE", &store.target),
        // COPY and MOVE by sequence number may be told of expunges: MOVE tells its own (RFC 6851 §3.3).
        Command::Copy { target: Target::Seq(_), .. } => rules("COPY", Selected),
        Command::Copy { target: Target::Uid(_), .. } => rules("UID COPY", Selected),
        Command::Move { target: Target::Seq(_), .. } => rules("MOVE", Selected),
        Command::Move { target: Target::Uid(_), .. } => rules("UID MOVE", Selected),
        Command::Replace(replace) => match replace.target {
            Target::Seq(_) => rules("REPLACE", Selected),
            Target::Uid(_) => rules("UID REPLACE", Selected),
        },
        Command::Unknown(_) => rules("unknown", Anytime),
    }
}

/// Whether a search names sequence numbers. The parser bounds the depth.
fn names_numbers(key: &SearchKey) -> bool {
    match key {
        SearchKey::Seq(_) => true,
        SearchKey::And(keys) => keys.iter().any(names_numbers),
        SearchKey::Or(one, other) => names_numbers(one) || names_numbers(other),
        SearchKey::Not(key) => names_numbers(key),
        _ => false,
    }
}
