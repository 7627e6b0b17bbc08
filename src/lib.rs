//! pamphlet: a blog server in one executable that keeps everything in one file.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::allow_attributes)
)]

#[macro_use]
pub mod error;
pub mod assets;
pub mod cli;
pub mod config;
pub mod content;
pub mod domain;
pub mod server;
pub mod service;
pub mod store;
pub mod view;
pub mod web;
