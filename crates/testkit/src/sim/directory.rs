//! A directory at whose calls others may go first.

use std::sync::Arc;

use account::codec::Format;
use store::backend::{Backend, Standing};
use store::turn::{Stop, pass};
use store::{AccountId, Credentials, Directory, Entry, Error};

/// The directory of a backend, with stops.
#[derive(Debug)]
pub(super) struct Stepped(pub(super) Arc<dyn Backend>);

impl Stepped {
    fn ask(&self, name: &'static str) -> &dyn Directory {
        pass(Stop::Directory(name));
        self.0.directory()
    }
}

impl Directory for Stepped {
    fn format(&self) -> Result<Format, Error> {
        self.0.directory().format()
    }

    fn version(&self) -> u64 {
        self.0.directory().version()
    }

    fn refresh(&self) -> Result<u64, Error> {
        self.ask("refresh").refresh()
    }

    fn add(&self, name: &str, credentials: Option<&Credentials>, now: i64) -> Result<AccountId, Error> {
        self.ask("add").add(name, credentials, now)
    }

    fn list(&self) -> Result<Vec<Entry>, Error> {
        self.ask("list").list()
    }

    fn find(&self, id: AccountId) -> Result<Option<Entry>, Error> {
        self.ask("find").find(id)
    }

    fn find_by_name(&self, name: &str) -> Result<Option<Entry>, Error> {
        self.ask("find_by_name").find_by_name(name)
    }

    fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, Error> {
        self.ask("credentials").credentials(id)
    }

    fn set_password(&self, id: AccountId, credentials: &Credentials) -> Result<(), Error> {
        self.ask("set_password").set_password(id, credentials)
    }

    fn disable(&self, id: AccountId) -> Result<(), Error> {
        self.ask("disable").disable(id)
    }

    fn enable(&self, id: AccountId) -> Result<(), Error> {
        self.ask("enable").enable(id)
    }

    fn remove(&self, id: AccountId) -> Result<(), Error> {
        self.ask("remove").remove(id)
    }

    fn add_alias(&self, address: &str, id: AccountId) -> Result<(), Error> {
        self.ask("add_alias").add_alias(address, id)
    }

    fn remove_alias(&self, address: &str) -> Result<bool, Error> {
        self.ask("remove_alias").remove_alias(address)
    }

    fn aliases(&self) -> Result<Vec<(String, AccountId)>, Error> {
        self.ask("aliases").aliases()
    }

    fn after(&self, id: Option<AccountId>) -> Result<Option<AccountId>, Error> {
        self.ask("after").after(id)
    }

    fn raise_format(&self, format: Format) -> Result<(), Error> {
        self.ask("raise_format").raise_format(format)
    }

    fn standing(&self, id: AccountId) -> Result<Standing, Error> {
        self.ask("standing").standing(id)
    }

    fn made(&self, id: AccountId) -> Result<(), Error> {
        self.ask("made").made(id)
    }

    fn lost(&self) -> Result<Vec<AccountId>, Error> {
        self.ask("lost").lost()
    }

    fn strange(&self, most: usize) -> Result<Vec<(AccountId, Error)>, Error> {
        self.ask("strange").strange(most)
    }

    fn put_right(&self) -> Option<&str> {
        self.0.directory().put_right()
    }

    fn place(&self, id: AccountId) -> String {
        self.0.directory().place(id)
    }

    fn give_uid_validities(&self, time: i64, count: u32) -> Result<u32, Error> {
        self.ask("give_uid_validities").give_uid_validities(time, count)
    }

    fn note_uid_validity(&self, given: u32, time: i64) -> Result<(), Error> {
        self.ask("note_uid_validity").note_uid_validity(given, time)
    }

    fn removed(&self) -> Result<Vec<AccountId>, Error> {
        self.ask("removed").removed()
    }

    fn forget_removed(&self, id: AccountId) -> Result<(), Error> {
        self.ask("forget_removed").forget_removed(id)
    }
}
