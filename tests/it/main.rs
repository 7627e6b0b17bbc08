//! The black-box suite: a real server on a real socket, told as stories.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by ending"
)]

mod client;
mod disk;
mod harness;
mod http_framing;
mod http_pipelines;
mod program;
mod story;

mod accounts;
mod admin;
mod admin_socket;
mod api_commands;
mod api_hostile;
mod api_members;
mod api_operations;
mod api_problems;
mod api_rest;
mod architecture;
mod attachments;
mod auth;
mod browser;
mod browser_live;
mod budget;
mod cache;
mod cli;
mod comments;
mod crash;
mod data_file;
mod discovery;
mod edges;
mod graphql;
mod graphql_http;
mod imports;
mod kept;
mod limits;
mod links;
mod live;
mod matrix;
mod media;
mod members;
mod metrics;
mod migrate;
mod parity;
mod parity_accounts;
mod parity_categories;
mod parity_comments;
mod parity_own;
mod parity_posts;
mod parity_world;
mod parity_writes;
mod passwords;
mod posts;
mod power_cuts;
mod refused_forms;
mod renamed;
mod resets;
mod secrets;
mod shared_host;
mod shares;
mod slow_clients;
mod staff_names;
mod storage_faults;
mod text;
mod throttles;
mod tokens;
mod write_quota;
