//! Every command's conduct, one file each. A command answers itself, or leaves [`Work`] behind that will.

mod append;
pub(crate) mod authenticate;
mod capability;
mod close;
mod copy;
mod enable;
mod expunge;
pub(crate) mod fetch;
mod id;
pub(crate) mod idle;
mod list;
mod login;
mod logout;
mod mailboxes;
mod namespace;
mod rename;
mod replace;
pub(crate) mod search;
mod select;
mod starttls;
mod status;
mod store;
pub(crate) mod upload;

pub(crate) use enable::tell_highest_modseq;

use imap::command::{Access, Command};
use imap::response::Code;
use imap::{Announced, Tag};

use crate::reply::Answer;
use crate::session::Session;
use crate::view::View;
use crate::work::Work;

/// Begins a command. An error is its tagged answer; so is nothing at all, if it has answered itself.
pub(crate) fn run(
    session: &mut Session,
    tag: &Tag,
    command: Command,
    announced: Option<Announced>,
) -> Result<Option<Work>, Answer> {
    let answer = match command {
        Command::Append(command) => return append::start(session, tag, command, announced).map(Some),
        Command::Replace(command) => return replace::start(session, tag, command, announced).map(Some),
        Command::Authenticate(command) => return authenticate::start(session, tag, &command),
        Command::Login(command) => return login::login(session, tag, &command),
        Command::Fetch(command) => return fetch::start(session, tag, command),
        Command::Search(command) => return search::start(session, tag, command).map(Some),
        Command::Idle => return Ok(Some(idle::start(session, tag))),
        Command::Logout => return Ok(logout::logout(session, tag)),
        Command::StartTls => return starttls::start_tls(session, tag).map(|()| None),
        Command::Capability => capability::capability(session),
        Command::Noop | Command::Check => Answer::ok("Up to date"),
        Command::Id(fields) => id::id(session, &fields),
        Command::Enable(names) => enable::enable(session, &names),
        Command::Select(command) => select::select(session, &command)?,
        Command::Create { mailbox, special_use } => mailboxes::create(session, mailbox, special_use)?,
        Command::Delete(name) => mailboxes::delete(session, name)?,
        Command::Rename { from, to } => rename::rename(session, from, to)?,
        Command::Subscribe(name) => mailboxes::subscribe(session, name)?,
        Command::Unsubscribe(name) => mailboxes::unsubscribe(session, name)?,
        Command::List(command) => list::list(session, &command)?,
        Command::Lsub(command) => list::lsub(session, &command)?,
        Command::Xlist(command) => list::xlist(session, &command)?,
        Command::Namespace => namespace::namespace(session),
        Command::Status(command) => status::run(session, &command)?,
        Command::Close => close::close(session)?,
        Command::Unselect => close::unselect(session),
        Command::Expunge(only) => expunge::run(session, only)?,
        Command::Store(command) => store::run(session, &command)?,
        Command::Copy { target, mailbox } => copy::copy(session, &target, &mailbox)?,
        Command::Move { target, mailbox } => copy::move_messages(session, &target, &mailbox)?,
        Command::Unknown(name) => Answer::bad(format!("There is no command {name}")),
    };
    session.finish(tag, &answer);
    Ok(None)
}

/// The selected mailbox, if the client may change it (RFC 9051 §6.3.3).
fn writable(session: &Session) -> Result<&View, Answer> {
    let view = session.state.view().ok_or_else(|| Answer::bad("SELECT a mailbox first"))?;
    match view.access {
        Access::ReadWrite => Ok(view),
        Access::ReadOnly => {
            Err(Answer::no(Code::NoPerm, "The mailbox is open for reading only: SELECT it to change it"))
        }
    }
}
