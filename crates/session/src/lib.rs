//! The IMAP session, sans-IO: a value with four doors.
