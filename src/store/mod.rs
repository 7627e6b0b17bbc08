//! The only code that knows redb.
