//! pamphlet: a blog server in one executable that keeps everything in one file.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::allow_attributes)
)]

#[macro_use]
pub mod error;
pub mod domain;
