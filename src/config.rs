//! Every setting of the program, its default and its limits; values only.

use ipnet::IpNet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Megabyte, as sizes are written on the command line.
pub const MB: usize = 1_000_000;

/// What the command line, the environment and the configuration file decide.
#[derive(Debug, Clone)]
pub struct Config {
    /// The one file that holds everything.
    pub data: PathBuf,
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// Where visitors reach the blog; its path is the base path.
    pub public_url: Option<String>,
    /// Networks of proxies whose forwarded headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// redb's cache in bytes.
    pub cache: usize,
    /// Rendered pages kept in memory, in bytes.
    pub page_cache: usize,
    /// bcrypt cost, 10 to 16; `None`: timed at first start.
    pub bcrypt_cost: Option<u32>,
    /// Connections open at once.
    pub max_connections: usize,
    /// How the log is written.
    pub log: LogFormat,
    /// Levels by module: `info,pamphlet=debug`.
    pub log_level: String,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data: PathBuf::from("pamphlet.redb"),
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))],
            public_url: None,
            trusted_proxies: Vec::new(),
            cache: 16 * MB,
            page_cache: 8 * MB,
            bcrypt_cost: None,
            max_connections: 1_024,
            log: LogFormat::Text,
            log_level: "info".into(),
        }
    }
}
