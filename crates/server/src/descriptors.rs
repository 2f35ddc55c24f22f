//! How many files may be open at once, and how many of them are for accounts.

use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use store::Options;
use tracing::warn;

/// Raises the limit as far as it goes: ten thousand sessions are ten thousand descriptors. What it is then.
pub(crate) fn raise() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _as_it_was = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let current = getrlimit(Resource::Nofile).current;
    current.map_or(usize::MAX, |current| usize::try_from(current).unwrap_or(usize::MAX))
}

/// Whether an error says that no more may be opened.
pub(crate) fn are_missing(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|errno| [Errno::MFILE, Errno::NFILE].contains(&errno))
}

/// Half of what may be open is for accounts, and half for connections.
fn accounts(limit: usize) -> usize {
    (limit / 2 / Options::DESCRIPTORS).max(1)
}

/// Sees to it that the accounts leave descriptors for connections, and tells where that takes some from them.
pub(crate) fn fit(options: &mut Options) {
    let limit = raise();
    let accounts = accounts(limit);
    if accounts < options.open_accounts {
        warn!(
            limit,
            accounts,
            instead_of = options.open_accounts,
            "the limit of open files leaves room for fewer open accounts: raise it (LimitNOFILE, `ulimit -Hn`)"
        );
        options.open_accounts = accounts;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_take_half_of_what_may_be_open() {
        assert_eq!(accounts(1024), 73);
        assert_eq!(accounts(0), 1);
        let mut options = Options::default();
        fit(&mut options);
        assert!(options.open_accounts * Options::DESCRIPTORS * 2 <= raise().max(2 * Options::DESCRIPTORS));
    }
}
