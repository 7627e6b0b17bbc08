//! Use cases with their permissions: the only door to data.
