//! Dev only: transcripts, a model client, a crashing disk, generators of mail.
