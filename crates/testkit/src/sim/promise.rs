//! What a server promises with its OK, held against what is durable; and whether its NO was due.

use account::{MailboxId, State};
use imap::{MailboxName, Uid};

use super::ledger::{Ledger, named};
use super::truth::Moment;
use super::wish::Wish;
use crate::model::set;

/// A command under way.
pub(super) struct Promise {
    pub(super) wish: Wish,
    /// When it was said.
    pub(super) since: Moment,
    /// The UIDVALIDITY of the mailbox that was selected; 0 for none.
    pub(super) selected: u64,
    /// The messages that were meant, as far as the client knew them.
    pub(super) uids: Vec<u32>,
}

/// What was said in answer.
pub(super) struct Answer<'a> {
    /// The words of the tagged response's code.
    pub(super) code: &'a [String],
    /// The words of COPYUID where it came untagged.
    pub(super) copied: Option<&'a [String]>,
    /// All of it.
    pub(super) text: &'a str,
}

/// The account that a command was for, as it is and as it was.
pub(super) struct Held<'a> {
    pub(super) ledger: &'a Ledger,
    /// How many commits there were when the command was said.
    pub(super) since: usize,
    /// How many there were at the login: what other processes did since may be seen a second later.
    pub(super) login: usize,
    /// Whose command it is.
    pub(super) session: u64,
}

impl Promise {
    /// Whether what was promised is so. SELECT is the client's to look at.
    pub(super) fn is_kept(&self, answer: &Answer, held: &Held) -> Result<(), String> {
        let Held { ledger, since, login, session } = *held;
        let due = |so: bool, otherwise: &str| if so { Ok(()) } else { Err(otherwise.to_owned()) };
        let was = |what: &str, so: &dyn Fn(&State) -> bool| due(ledger.was(since, so), what);
        let was_seen = |what: &str, so: &dyn Fn(&State) -> bool| due(ledger.was(login, so), what);
        let did = |this: &dyn Fn(&State, &State) -> bool| {
            due(ledger.did(since, session, this), &format!("{:?} is not durable", self.wish))
        };
        match self.wish {
            Wish::Append(name, mark) => match words(answer.code, "APPENDUID")? {
                Some([validity, uid]) => {
                    let validity = number(validity)?;
                    was("it is in another mailbox", &|state| named(state, name) == ledger.valid(validity))?;
                    ledger.holds(validity, small(uid)?, mark)
                }
                _ => Err(format!("no APPENDUID in {:?}", answer.code)),
            },
            Wish::Keyword(_, number) => ledger.has_keyword(self.selected, &self.uids, &format!("k{number}")),
            Wish::Mark(_) => ledger.has_keyword(self.selected, &self.uids, "\\deleted"),
            Wish::Copy(_, name) | Wish::Move(_, name) => {
                let Some(copied) = answer.copied.or(words(answer.code, "COPYUID")?) else { return Ok(()) };
                let [into, ..] = copied else { return Err(format!("half a COPYUID: {copied:?}")) };
                let into = number(into)?;
                was("they are in another mailbox", &|state| named(state, name) == ledger.valid(into))?;
                transferred(ledger, (self.selected, into), copied, matches!(self.wish, Wish::Move(..)).then_some(()))
            }
            Wish::List => {
                let told = listed(answer.text, |attributes| !attributes.contains("\\NonExistent"));
                let names = |state: &State| state.by_name().map(|m| m.name.to_string()).collect::<Vec<_>>();
                was_seen(&format!("LIST told {told:?}"), &|state| sorted(names(state)) == told)
            }
            Wish::Subscriptions => {
                let told = listed(answer.text, |attributes| attributes.contains("\\Subscribed"));
                let names = |state: &State| state.subscriptions().map(ToString::to_string).collect::<Vec<_>>();
                was_seen(&format!("{told:?} are said to be subscribed"), &|state| sorted(names(state)) == told)
            }
            Wish::Status(name) => {
                let (_, told) = answer.text.split_once("* STATUS ").ok_or("no STATUS")?;
                let modseq = after(told, "HIGHESTMODSEQ ").and_then(|text| text.parse().ok());
                ledger.tell(modseq.ok_or("no HIGHESTMODSEQ")?)?;
                let id = after(told, "MAILBOXID (").ok_or("no MAILBOXID")?;
                was_seen("STATUS told another MAILBOXID", &|state| object_id(state, name).as_deref() == Some(id))
            }
            Wish::Create(name) => {
                let Some([_, id]) = answer.code.get(..2) else { return Err("no MAILBOXID".to_owned()) };
                did(&|before, after| named(before, name).is_none() && object_id(after, name).as_ref() == Some(id))
            }
            Wish::Delete(name) => did(&|before, after| {
                named(before, name).is_some_and(|id| after.mailbox(id).is_none()) && named(after, name).is_none()
            }),
            Wish::Rename("INBOX", to) => did(&|before, after| inbox_went(before, after, to).is_some()),
            Wish::Rename(from, to) => did(&|before, after| renamed(before, after, (from, to))),
            Wish::Subscribe(name) => was("it is not subscribed", &|state| is_subscribed(state, name)),
            Wish::Unsubscribe(name) => was("it is subscribed", &|state| !is_subscribed(state, name)),
            Wish::Login
            | Wish::Enable
            | Wish::Select(_)
            | Wish::Expunge
            | Wish::Fetch
            | Wish::Noop
            | Wish::Idle
            | Wish::Done => Ok(()),
        }
    }

    /// Whether an OK says that something was written.
    pub(super) fn writes(&self) -> bool {
        match self.wish {
            Wish::Append(..) | Wish::Create(_) | Wish::Delete(_) | Wish::Rename(..) => true,
            Wish::Keyword(..) | Wish::Mark(_) | Wish::Copy(..) | Wish::Move(..) => !self.uids.is_empty(),
            _ => false,
        }
    }

    /// Whether others may have brought it about that it was refused, so that NO is an answer.
    pub(super) fn may_be_refused(&self, held: &Held) -> bool {
        let was = |so: &dyn Fn(&State) -> bool| held.ledger.was(held.since, so);
        let no = |name: &str| was(&|state| named(state, name).is_none());
        let some = |name: &str| was(&|state| named(state, name).is_some());
        let selected = held.ledger.valid(self.selected);
        let left = || was(&|state| selected.is_none_or(|id| state.mailbox(id).is_none()));
        match self.wish {
            // Others may have expunged what was meant (RFC 2180 §4.2).
            Wish::Keyword(..) | Wish::Mark(_) => true,
            Wish::Delete(name) => no(name),
            Wish::Select(name) | Wish::Status(name) | Wish::Append(name, _) => {
                held.ledger.was(held.login, |state| named(state, name).is_none())
            }
            Wish::Copy(_, name) | Wish::Move(_, name) => no(name) || left(),
            Wish::Expunge => left(),
            Wish::Create(name) => some(name),
            Wish::Rename(from, to) => {
                let nothing = |state: &State| below(state, from).is_empty();
                let in_the_way =
                    |state: &State| below(state, from).iter().any(|(_, name)| taken(state, name, (from, to)));
                some(to) || was(&nothing) || was(&in_the_way)
            }
            _ => false,
        }
    }
}

/// Whether the messages at their new place are those of the old one, and gone from there if they were moved.
fn transferred(ledger: &Ledger, (from, into): (u64, u64), copied: &[String], moved: Option<()>) -> Result<(), String> {
    let [_, old, new] = copied else { return Err(format!("half a COPYUID: {copied:?}")) };
    let (old, new) = (set(old)?, set(new)?);
    if old.len() != new.len() {
        return Err(format!("{old:?} cannot have become {new:?}"));
    }
    for (old, new) in old.into_iter().zip(new) {
        let (was, is) = (ledger.email(from, old), ledger.email(into, new));
        if was != is || is.is_none() {
            return Err(format!("UID {old} was email {was:?}, and its copy {new} is {is:?}"));
        }
        let stays = ledger.mailbox(from).zip(Uid::new(old)).and_then(|(m, uid)| m.messages.by_uid(uid));
        if moved.and(stays).is_some() {
            return Err(format!("UID {old} was moved and is there"));
        }
    }
    Ok(())
}

/// Whether a mailbox and all below it have their new names, and are the same still.
fn renamed(before: &State, after: &State, (from, to): (&str, &str)) -> bool {
    let all = below(before, from);
    !all.is_empty()
        && all.iter().all(|(id, name)| {
            let new = format!("{to}{}", name.strip_prefix(from).unwrap_or_default());
            named(after, &new) == Some(*id) && object_id(after, &new) == Some(before.ids().mailbox(*id).to_string())
        })
}

/// Whether all messages of INBOX are in a mailbox of that name which was not there, and INBOX is empty.
fn inbox_went(before: &State, after: &State, to: &str) -> Option<()> {
    let there = |state: &State, name: &str| named(state, name).and_then(|id| state.mailbox(id)).cloned();
    let (old, new, left) = (there(before, "INBOX")?, there(after, to)?, there(after, "INBOX")?);
    let emails = |mailbox: &account::Mailbox| mailbox.messages.iter().map(|m| (m.uid, m.email)).collect::<Vec<_>>();
    let all_there = named(before, to).is_none() && emails(&old) == emails(&new);
    (all_there && left.id == old.id && left.messages.is_empty()).then_some(())
}

/// The mailbox of a name and those below it.
fn below(state: &State, name: &str) -> Vec<(MailboxId, String)> {
    let all = state.by_name().map(|mailbox| (mailbox.id, mailbox.name.to_string()));
    all.filter(|(_, of)| of.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))).collect()
}

fn taken(state: &State, name: &str, (from, to): (&str, &str)) -> bool {
    name.strip_prefix(from).is_some_and(|rest| named(state, &format!("{to}{rest}")).is_some())
}

/// The MAILBOXID of the mailbox that has a name.
pub(super) fn object_id(state: &State, name: &str) -> Option<String> {
    Some(state.ids().mailbox(named(state, name)?).to_string())
}

fn is_subscribed(state: &State, name: &str) -> bool {
    MailboxName::new(name).is_ok_and(|name| state.is_subscribed(&name))
}

/// The names in the lines of a LIST that have such attributes.
fn listed(text: &str, such: impl Fn(&str) -> bool) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("* LIST (")?.split_once("\"/\" "));
    let names = lines.filter(|(attributes, _)| such(attributes)).map(|(_, name)| name.split(' ').next());
    sorted(names.map(|name| name.unwrap_or_default().to_owned()).collect())
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.split_once(word)?.1.split([')', ' ']).next()
}

/// The words after a code's name, if it has that name.
pub(super) fn words<'a>(code: &'a [String], name: &str) -> Result<Option<&'a [String]>, String> {
    match code {
        [first, rest @ ..] if first == name => Ok(Some(rest)),
        [first, ..] if first == "BUG" => Err("a bug, as the server says".to_owned()),
        _ => Ok(None),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

fn small(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text:?} is no UID"))
}
