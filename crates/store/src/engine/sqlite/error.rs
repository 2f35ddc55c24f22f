//! What SQLite's errors mean to the store. No other file knows them.

use rusqlite::ErrorCode;

use crate::{Error, disk};

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            // SQLite does not say why.
            Some(ErrorCode::CannotOpen) if disk::has_no_descriptors() => Self::NoDescriptors,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            // Every statement is ours and fits the tables, so the last two are tables and values that are not ours.
            Some(
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown | ErrorCode::TypeMismatch,
            ) => Self::damaged(error.to_string()),
            None if is_odd_value(&error) => Self::damaged(error.to_string()),
            _ => Self::Database(error.to_string().into()),
        }
    }
}

/// A column that holds something else than what is ever written to it.
fn is_odd_value(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
    )
}

/// Whether a connection that met this error must not be used again.
pub(super) fn spoils(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Database(_) | Error::Replaced { .. } | Error::Foreign { .. } => true,
        // A full disk is undone cleanly, and another process's lock says nothing of ours.
        _ => false,
    }
}
