//! One pass over a message: ENVELOPE, BODYSTRUCTURE, part offsets, sort keys, preview, searchable text.
