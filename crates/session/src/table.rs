//! What varies by command, in one place: its name, whether the client may be told of expunged messages while it runs
//! (RFC 9051 §7.5.1), in which states it is legal (RFC 9051 §6), and its conduct, which is given what is there in these
//! states. A new command is one row.

use imap::command::{Command, Numbers, SearchKey};
use imap::{Announced, Tag, Target};

use crate::command::{
    append, authenticate, capability, close, copy, enable, expunge, fetch, id, idle, list, login, logout, mailboxes,
    namespace, rename, replace, search, select, starttls, status, store,
};
use crate::conduct::{Conduct, Row, Rule, anytime, before_login, logged_in, selected};
use crate::reply::{Done, Wrong};
use crate::view::Expunges;

/// The row of a command. A message may be announced behind it.
pub(crate) fn row(tag: &Tag, command: Command, announced: Option<Announced>) -> Row {
    match command {
        Command::Capability => anytime("CAPABILITY", (), capability::run),
        Command::Noop => anytime("NOOP", (), |_, _, ()| Done::UpToDate),
        Command::Logout => anytime("LOGOUT", (), logout::run),
        Command::Id(fields) => anytime("ID", fields, id::run),
        Command::Unknown(name) => Rule::from("unknown").row(Conduct::None(Wrong::Unknown(name))),

        Command::StartTls => before_login("STARTTLS", (), starttls::run),
        Command::Authenticate(command) => before_login("AUTHENTICATE", command, authenticate::start),
        Command::Login(command) => before_login("LOGIN", command, login::run),

        Command::Enable(names) => logged_in("ENABLE", names, enable::run),
        // What is expunged while SELECT describes the mailbox can wait: its numbers have just been told.
        Command::Select(command) => logged_in(Rule("SELECT", Expunges::Deferred), command, select::run),
        Command::Create { mailbox, special_use } => logged_in("CREATE", (mailbox, special_use), mailboxes::create),
        Command::Delete(name) => logged_in("DELETE", name, mailboxes::delete),
        Command::Rename { from, to } => logged_in("RENAME", (from, to), rename::run),
        Command::Subscribe(name) => logged_in("SUBSCRIBE", name, mailboxes::subscribe),
        Command::Unsubscribe(name) => logged_in("UNSUBSCRIBE", name, mailboxes::unsubscribe),
        Command::List(command) => logged_in("LIST", command, list::list),
        Command::Lsub(command) => logged_in("LSUB", command, list::lsub),
        Command::Xlist(command) => logged_in("XLIST", command, list::xlist),
        Command::Namespace => logged_in("NAMESPACE", (), namespace::run),
        Command::Status(command) => logged_in("STATUS", command, status::run),
        Command::Append(command) => logged_in("APPEND", (command, announced), append::start),
        Command::Idle => logged_in("IDLE", (), idle::start),

        Command::Check => selected("CHECK", (), |_, _, ()| Done::UpToDate),
        Command::Close => selected("CLOSE", (), close::close),
        Command::Unselect => selected("UNSELECT", (), close::unselect),
        Command::Expunge(None) => selected("EXPUNGE", None, expunge::run),
        Command::Expunge(only) => selected("UID EXPUNGE", only, expunge::run),
        Command::Search(command) => {
            selected(of_search(command.numbers, &command.key), (tag.clone(), command), search::start)
        }
        Command::Fetch(command) => selected(deferring(&command.target, "FETCH", "UID FETCH"), command, fetch::start),
        Command::Store(command) => selected(deferring(&command.target, "STORE", "UID STORE"), command, store::run),
        Command::Copy { target, mailbox } => {
            selected(either(&target, "COPY", "UID COPY"), (target, mailbox), copy::copy)
        }
        Command::Move { target, mailbox } => {
            selected(either(&target, "MOVE", "UID MOVE"), (target, mailbox), copy::move_messages)
        }
        Command::Replace(command) => {
            selected(either(&command.target, "REPLACE", "UID REPLACE"), (command, announced), replace::start)
        }
    }
}

/// COPY, MOVE and REPLACE by sequence number may be told of expunges: MOVE tells its own (RFC 6851 §3.3).
fn either(target: &Target, seq: &'static str, uid: &'static str) -> Rule {
    match target {
        Target::Seq(_) => seq.into(),
        Target::Uid(_) => uid.into(),
    }
}

/// No EXPUNGE during FETCH, STORE and SEARCH: the client's numbers would shift under it. The UID forms are other
/// commands: there it is allowed.
fn deferring(target: &Target, seq: &'static str, uid: &'static str) -> Rule {
    match target {
        Target::Seq(_) => Rule(seq, Expunges::Deferred),
        Target::Uid(_) => uid.into(),
    }
}

/// A UID SEARCH that names sequence numbers may not be told either (RFC 7162 §3.2.10.2).
fn of_search(numbers: Numbers, key: &SearchKey) -> Rule {
    match numbers {
        Numbers::Seq => Rule("SEARCH", Expunges::Deferred),
        Numbers::Uid if names_numbers(key) => Rule("UID SEARCH", Expunges::Deferred),
        Numbers::Uid => "UID SEARCH".into(),
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
