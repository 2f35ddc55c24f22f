//! What must hold of an account after every test.

use account::State;
use store::Account;

/// Whether an account is whole: the store's own check is clean, and the fold of its log is its state.
pub fn account(account: &Account) -> Result<(), String> {
    let report = account.check().map_err(|error| format!("the store's check failed: {error}"))?;
    if !report.is_clean() {
        return Err(format!("the store's check found: {report:?}"));
    }
    let log = account.log(None).map_err(|error| format!("the log cannot be read: {error}"))?;
    let folded = State::replay(&log).map_err(|error| format!("the log does not fold: {error}"))?;
    let state = account.state().map_err(|error| format!("there is no state: {error}"))?;
    if folded == *state { Ok(()) } else { Err("the fold of the log is not the state".to_owned()) }
}
