//! Every setting of the program, its default and its limits; values only.

use ipnet::IpNet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

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
    /// What is waited for.
    pub patience: Patience,
    /// Bearer token for `/metrics`; loopback needs none.
    pub metrics_token: Option<String>,
    /// How the log is written.
    pub log: LogFormat,
    /// Levels by module: `info,pamphlet=debug`.
    pub log_level: String,
}

/// How slow a client may be. No option sets it: tests have no time to wait for the defaults.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request, and between the requests of one connection.
    pub head: Duration,
    /// Longest time without a byte in either direction, or in which a client takes nothing of an answer.
    pub idle: Duration,
    /// Longest pause within a body that is sent to us, and the time before `least_rate` counts.
    pub body: Duration,
    /// Bytes a second that a body has to keep up on average.
    pub least_rate: u64,
    /// In each such time a client that blocks our writing has to take `least_read` bytes.
    pub window: Duration,
    pub least_read: usize,
    /// How long we read on after an answer that ends the connection, so that the answer arrives.
    pub linger: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(20),
            body: Duration::from_secs(10),
            least_rate: 8 * 1_024,
            window: Duration::from_secs(10),
            least_read: 16 * 1_024,
            linger: Duration::from_secs(2),
        }
    }
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
            patience: Patience::default(),
            metrics_token: None,
            log: LogFormat::Text,
            log_level: "info".into(),
        }
    }
}
