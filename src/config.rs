//! Every setting, its default and its limits; values only.

use ipnet::IpNet;

/// What the server was started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Proxies whose forwarded headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Connections served at once.
    pub max_connections: usize,
    /// Bytes that rendered pages may take.
    pub page_cache: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config { trusted_proxies: Vec::new(), max_connections: 1024, page_cache: 8 << 20 }
    }
}
