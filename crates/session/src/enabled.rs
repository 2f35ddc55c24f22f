//! What the client has turned on (RFC 5161; RFC 9051 §6.3.1). Nothing is ever turned off again.

use imap::NameForm;

/// What the client has turned on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Enabled {
    /// `IMAP4rev2`: names in UTF-8, ESEARCH for SEARCH, no RECENT (RFC 9051 appendix E).
    pub(crate) rev2: bool,
    /// CONDSTORE, by whatever command (RFC 7162 §3.1): FETCH responses tell MODSEQ.
    pub(crate) condstore: bool,
    /// `QRESYNC`: VANISHED instead of EXPUNGE (RFC 7162 §3.2.3).
    pub(crate) qresync: bool,
}

impl Enabled {
    /// How mailbox names are written to this client.
    pub(crate) fn names(self) -> NameForm {
        if self.rev2 { NameForm::Utf8 } else { NameForm::Utf7 }
    }
}
