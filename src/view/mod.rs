//! Domain values to markup, never queries.
