//! Every setting of the program, its default and its limits; values only.
//!
//! `SETTINGS` is the one table: flags, environment variables, keys of the configuration file,
//! defaults and help all follow from it.

mod layers;
mod values;

use crate::config::values::{address, each, last, level, network, number, origin, size, switch, token};
use crate::error::Checked;
use ipnet::IpNet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use crate::config::layers::{Layer, Source};

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
    /// Bytes of memory that the system lets the program have, as far as is known. No option sets it.
    pub memory: Option<u64>,
    /// redb's cache in bytes; `None`: `cache_size` decides.
    pub cache: Option<usize>,
    /// Rendered pages kept in memory, in bytes; `None`: `page_cache_size` decides.
    pub page_cache: Option<usize>,
    /// bcrypt cost, 10 to 16; `None`: timed at first start.
    pub bcrypt_cost: Option<u32>,
    /// Longest life of a session, however often it is used.
    pub session_lifetime: Duration,
    /// Connections open at once.
    pub max_connections: usize,
    /// How slow a client may be.
    pub patience: Patience,
    /// Whether the GraphQL API tells what it knows.
    pub graphql_introspection: bool,
    /// Bearer token for `/metrics`; loopback needs none.
    pub metrics_token: Option<String>,
    /// Requests to the APIs that one token, member or address may make in a minute; 0: no limit.
    pub api_quota: u32,
    /// Origins whose pages may read the APIs' answers: `https://example.org`, or `*` for every one.
    pub cors_origins: Vec<String>,
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
    /// Longest time that a listener hears nothing of a stream of events.
    pub heartbeat: Duration,
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
            heartbeat: Duration::from_secs(12),
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

/// One setting: all there is to know about it.
pub struct Setting {
    /// Name of the flag (`--public-url`), of the key in the file (`public-url`) and, in capitals,
    /// of the environment variable (`PAMPHLET_PUBLIC_URL`).
    pub name: &'static str,
    /// What stands for the value in help.
    pub value: &'static str,
    /// As it would be written; `None`: not set.
    pub default: Option<&'static str>,
    /// May be given more than once; in the environment separated by commas.
    pub repeatable: bool,
    /// Sentences for help: meaning, limits, what it means when it is not set.
    pub help: &'static str,
    set: fn(&mut Config, &[String]) -> Checked<()>,
}

/// Every setting, in the order of help.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "data",
        value: "FILE",
        default: Some("pamphlet.redb"),
        repeatable: false,
        help: "The one file that holds everything.",
        set: |config, values| {
            config.data = PathBuf::from(last(values));
            if config.data.as_os_str().is_empty() { Err("Please name a file.".into()) } else { Ok(()) }
        },
    },
    Setting {
        name: "listen",
        value: "ADDR:PORT",
        default: Some("127.0.0.1:8080"),
        repeatable: true,
        help: "Address to listen on, for example 0.0.0.0:8080 or [::1]:8080. [::] takes IPv4 too, unless an IPv4 address of the same port is given. Port 0 takes a free one.",
        set: |config, values| {
            config.listen = each(values, address)?;
            Ok(())
        },
    },
    Setting {
        name: "public-url",
        value: "URL",
        default: None,
        repeatable: false,
        help: "Where visitors reach the blog, for example https://example.org/blog; its path is the base path under \
               which everything lives. Not set: the root of whatever host is asked for.",
        set: |config, values| {
            // `domain::link` knows which addresses will do; it stands above this module.
            config.public_url = Some(last(values).trim().to_owned());
            Ok(())
        },
    },
    Setting {
        name: "trusted-proxy",
        value: "CIDR",
        default: None,
        repeatable: true,
        help: "Network, or single address, of a proxy whose forwarded headers are believed, for example 127.0.0.1 or \
               10.0.0.0/8. Not set: those headers are ignored.",
        set: |config, values| {
            config.trusted_proxies = each(values, network)?;
            Ok(())
        },
    },
    Setting {
        name: "cache",
        value: "SIZE",
        default: None,
        repeatable: false,
        help: "Memory for pages of the data file, from 1MB to 1TB; 64MiB works too. Not set: a 64th of what the machine \
               or the container has, from 8MB to 64MB.",
        set: |config, values| {
            config.cache = Some(size(last(values), 1_000_000)?);
            Ok(())
        },
    },
    Setting {
        name: "page-cache",
        value: "SIZE",
        default: None,
        repeatable: false,
        help: "Memory for rendered pages, up to 1TB, a quarter of it for the parts of pages that members share; 0 renders \
               each time. Not set: a 128th of what the machine or the container has, from 4MB to 8MB.",
        set: |config, values| {
            config.page_cache = Some(size(last(values), 0)?);
            Ok(())
        },
    },
    Setting {
        name: "bcrypt-cost",
        value: "10..16",
        default: None,
        repeatable: false,
        help: "Work put into each password hash; one more doubles it. Not set: timed at first start to take about a \
               quarter of a second.",
        set: |config, values| {
            config.bcrypt_cost = Some(u32::try_from(number(last(values), 10, 16)?).unwrap_or(16));
            Ok(())
        },
    },
    Setting {
        name: "session-days",
        value: "DAYS",
        default: Some("90"),
        repeatable: false,
        help: "Days after which everybody has to log in again, from 1 to 3650, however often they visit. A session that \
               nobody uses for 30 days ends earlier.",
        set: |config, values| {
            config.session_lifetime = Duration::from_secs(number(last(values), 1, 3_650)? * 24 * 3_600);
            Ok(())
        },
    },
    Setting {
        name: "max-connections",
        value: "NUMBER",
        default: Some("1024"),
        repeatable: false,
        help: "Connections open at once, from 1 to 1000000; more wait.",
        set: |config, values| {
            config.max_connections = usize::try_from(number(last(values), 1, 1_000_000)?).unwrap_or(1_024);
            Ok(())
        },
    },
    Setting {
        name: "graphql-introspection",
        value: "on|off",
        default: Some("on"),
        repeatable: false,
        help: "Whether /graphql tells programs which types and fields it has.",
        set: |config, values| {
            config.graphql_introspection = switch(last(values))?;
            Ok(())
        },
    },
    Setting {
        name: "metrics-token",
        value: "TOKEN",
        default: None,
        repeatable: false,
        help: "Bearer token with which /metrics may be read from elsewhere, 16 characters or more; better in the \
               environment or the file, as everybody on the machine sees flags. Not set: only this machine may. A \
               proxy on this machine that adds no forwarded headers counts as this machine.",
        set: |config, values| {
            config.metrics_token = Some(token(last(values))?);
            Ok(())
        },
    },
    Setting {
        name: "api-quota",
        value: "NUMBER",
        default: Some("1200"),
        repeatable: false,
        help: "Requests to /api and /graphql that one member (tokens included) or address may make in a minute, and writes \
               that a member may make through pages and APIs together, up to 1000000; a reader may make a tenth of \
               these writes. 0 for no limit.",
        set: |config, values| {
            config.api_quota = u32::try_from(number(last(values), 0, 1_000_000)?).unwrap_or(0);
            Ok(())
        },
    },
    Setting {
        name: "cors-origin",
        value: "ORIGIN",
        default: None,
        repeatable: true,
        help: "Site whose pages may use /api and /graphql in a browser, for example https://example.org, or * for every \
               one; never with cookies. Not set: none.",
        set: |config, values| {
            config.cors_origins = each(values, origin)?;
            Ok(())
        },
    },
    Setting {
        name: "log",
        value: "text|json",
        default: Some("text"),
        repeatable: false,
        help: "How the log on standard error is written.",
        set: |config, values| {
            config.log = match last(values) {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                other => return Err(format!("“{other}” is no log format; please choose text or json.").into()),
            };
            Ok(())
        },
    },
    Setting {
        name: "log-level",
        value: "LEVEL",
        default: Some("info"),
        repeatable: false,
        help: "What is logged: off, error, warn, info, debug or trace, also by module: warn,request=info.",
        set: |config, values| {
            config.log_level = level(last(values))?;
            Ok(())
        },
    },
];

impl Setting {
    /// The setting of that name.
    pub fn by_name(name: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// How this setting is called where `source` comes from.
    pub fn called(&self, source: &Source) -> String {
        match source {
            Source::Flag => format!("--{}", self.name),
            Source::Environment => variable(self.name),
            Source::File(path) => format!("{} in “{}”", self.name, path.display()),
        }
    }
}

/// The environment variable of an option.
pub fn variable(option: &str) -> String {
    format!("PAMPHLET_{}", option.to_uppercase().replace('-', "_"))
}

/// Least and most of redb's cache if nobody says how large it is, in bytes.
const CACHE: (u64, u64) = (8_000_000, 64_000_000);
/// Likewise of the rendered pages.
const PAGE_CACHE: (u64, u64) = (4_000_000, 8_000_000);

impl Config {
    /// redb's cache in bytes: a 64th of the memory, since what it does not hold the system most likely does.
    pub fn cache_size(&self) -> usize {
        self.cache.unwrap_or_else(|| self.share(64, CACHE))
    }

    /// Rendered pages kept in memory, in bytes.
    pub fn page_cache_size(&self) -> usize {
        self.page_cache.unwrap_or_else(|| self.share(128, PAGE_CACHE))
    }

    fn share(&self, part: u64, (least, most): (u64, u64)) -> usize {
        let share = self.memory.map_or(least, |memory| (memory / part).clamp(least, most));
        usize::try_from(share).unwrap_or(usize::MAX)
    }
}

impl Default for Config {
    fn default() -> Config {
        let mut config = Config {
            data: PathBuf::new(),
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))],
            public_url: None,
            trusted_proxies: Vec::new(),
            memory: None,
            cache: None,
            page_cache: None,
            bcrypt_cost: None,
            session_lifetime: Duration::ZERO,
            max_connections: 0,
            patience: Patience::default(),
            graphql_introspection: true,
            metrics_token: None,
            api_quota: 0,
            cors_origins: Vec::new(),
            log: LogFormat::Text,
            log_level: String::new(),
        };
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                // A test sets every default and looks at the result.
                drop((setting.set)(&mut config, &[default.to_owned()]));
            }
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_default_is_one_that_its_own_setting_takes() {
        let mut config = Config::default();
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                (setting.set)(&mut config, &[default.to_owned()]).unwrap();
            }
        }
        assert_eq!(config.data, PathBuf::from("pamphlet.redb"));
        assert_eq!(config.listen, ["127.0.0.1:8080".parse().unwrap()]);
        assert_eq!((config.cache, config.page_cache, config.max_connections), (None, None, 1_024));
        assert_eq!((config.log, config.log_level.as_str()), (LogFormat::Text, "info"));
    }

    #[test]
    fn caches_are_a_share_of_the_memory_unless_they_are_named() {
        let sizes = |config: Config| (config.cache_size(), config.page_cache_size());
        let share = |memory| sizes(Config { memory, ..Config::default() });
        assert_eq!(share(None), (8_000_000, 4_000_000));
        assert_eq!(share(Some(512_000_000)), (8_000_000, 4_000_000));
        assert_eq!(share(Some(1_024_000_000)), (16_000_000, 8_000_000));
        assert_eq!(share(Some(u64::MAX)), (64_000_000, 8_000_000));
        let named = Config { cache: Some(5_000_000), page_cache: Some(0), memory: Some(u64::MAX), ..Config::default() };
        assert_eq!(sizes(named), (5_000_000, 0));
    }

    proptest! {
        #[test]
        fn no_value_makes_a_setting_panic(text in "\\PC{0,40}") {
            for setting in SETTINGS {
                let _ = (setting.set)(&mut Config::default(), std::slice::from_ref(&text));
            }
        }
    }
}
