//! Every setting of the program, its default and its limits; values only.
//!
//! `SETTINGS` is the one table: flags, environment variables, keys of the configuration file,
//! defaults and help all follow from it.

use crate::error::Checked;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

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
    /// How slow a client may be.
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
        help: "Address to listen on, for example 0.0.0.0:8080 or [::1]:8080. Port 0 takes a free one.",
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
        default: Some("16MB"),
        repeatable: false,
        help: "Memory for pages of the data file, from 1MB to 1TB; 64MiB works too.",
        set: |config, values| {
            config.cache = size(last(values), 1_000_000)?;
            Ok(())
        },
    },
    Setting {
        name: "page-cache",
        value: "SIZE",
        default: Some("8MB"),
        repeatable: false,
        help: "Memory for rendered pages, up to 1TB; 0 renders each time.",
        set: |config, values| {
            config.page_cache = size(last(values), 0)?;
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
        name: "metrics-token",
        value: "TOKEN",
        default: None,
        repeatable: false,
        help: "Bearer token with which /metrics may be read from elsewhere, 16 characters or more; better in the \
               environment or the file, as everybody on the machine sees flags. Not set: only this machine may.",
        set: |config, values| {
            config.metrics_token = Some(token(last(values))?);
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

/// Where values came from, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Flag,
    Environment,
    File(PathBuf),
}

/// The settings one source names.
#[derive(Debug, Clone)]
pub struct Layer {
    pub source: Source,
    pub values: BTreeMap<&'static str, Vec<String>>,
}

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

impl Default for Config {
    fn default() -> Config {
        let mut config = Config {
            data: PathBuf::new(),
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))],
            public_url: None,
            trusted_proxies: Vec::new(),
            cache: 0,
            page_cache: 0,
            bcrypt_cost: None,
            max_connections: 0,
            patience: Patience::default(),
            metrics_token: None,
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

impl Config {
    /// Defaults, changed by `layers`; of two that name a setting the earlier one counts.
    pub fn resolve(layers: &[Layer]) -> Checked<Config> {
        let mut config = Config::default();
        for layer in layers.iter().rev() {
            for setting in SETTINGS {
                if let Some(values) = layer.values.get(setting.name) {
                    (setting.set)(&mut config, values)
                        .map_err(|message| format!("{}: {message}", setting.called(&layer.source)))?;
                }
            }
        }
        Ok(config)
    }
}

impl Layer {
    /// What the environment names; an empty variable names nothing.
    pub fn environment(read: impl Fn(&str) -> Option<String>) -> Layer {
        let mut values = BTreeMap::new();
        for setting in SETTINGS {
            let Some(text) = read(&variable(setting.name)).filter(|text| !text.trim().is_empty()) else { continue };
            let parts = if setting.repeatable {
                text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
            } else {
                vec![text]
            };
            values.insert(setting.name, parts);
        }
        Layer { source: Source::Environment, values }
    }

    /// What a configuration file in TOML names. Underscores may stand for hyphens. The error is a
    /// sentence with the file's name.
    pub fn file(path: PathBuf, text: &str) -> Checked<Layer> {
        let table: toml::Table = toml::from_str(text).map_err(|cause| {
            let line =
                cause.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.lines().count().max(1));
            format!("“{}” is not TOML: line {line}: {}.", path.display(), cause.message())
        })?;
        let mut values = BTreeMap::new();
        for (key, value) in &table {
            let setting = Setting::by_name(&key.replace('_', "-")).ok_or_else(|| unknown_key(&path, key))?;
            let texts = texts(value, setting.repeatable).ok_or_else(|| {
                format!(
                    "{}: this is not a {} as it is wanted here.",
                    setting.called(&Source::File(path.clone())),
                    setting.value
                )
            })?;
            if values.insert(setting.name, texts).is_some() {
                return Err(format!("{} is there twice.", setting.called(&Source::File(path))).into());
            }
        }
        Ok(Layer { source: Source::File(path), values })
    }
}

fn unknown_key(path: &std::path::Path, key: &str) -> String {
    let known: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
    format!("“{}” has the key “{key}”, which is no setting; the settings are {}.", path.display(), known.join(", "))
}

fn texts(value: &toml::Value, repeatable: bool) -> Option<Vec<String>> {
    match value {
        toml::Value::String(text) => Some(vec![text.clone()]),
        toml::Value::Integer(number) => Some(vec![number.to_string()]),
        toml::Value::Array(items) if repeatable => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

fn last(values: &[String]) -> &str {
    values.last().map_or("", String::as_str)
}

fn each<T>(values: &[String], read: fn(&str) -> Checked<T>) -> Checked<Vec<T>> {
    values.iter().map(|value| read(value.trim())).collect()
}

/// The message does not repeat a secret.
fn token(text: &str) -> Checked<String> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.len() < 16 || !visible {
        return Err("Please use 16 or more letters, digits and signs, without spaces.".into());
    }
    Ok(text.to_owned())
}

fn address(text: &str) -> Checked<SocketAddr> {
    let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    local
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| format!("“{text}” is not an address with a port, such as 127.0.0.1:8080 or [::1]:8080.").into())
}

fn network(text: &str) -> Checked<IpNet> {
    let single = text.parse::<IpAddr>().map(IpNet::from);
    single
        .or_else(|_| text.parse())
        .map_err(|_| format!("“{text}” is not a network or an address, such as 10.0.0.0/8 or 127.0.0.1.").into())
}

fn number(text: &str, low: u64, high: u64) -> Checked<u64> {
    match text.trim().parse() {
        Ok(number) if (low..=high).contains(&number) => Ok(number),
        _ => Err(format!("“{text}” is not a whole number from {low} to {high}.").into()),
    }
}

/// Bytes: a number with `B`, `KB`, `MB`, `GB`, `TB` (thousands) or `KiB`, `MiB`, `GiB`, `TiB`.
fn size(text: &str, low: usize) -> Checked<usize> {
    const TB: u64 = 1_000_000_000_000;
    let wrong = || format!("“{text}” is not a size such as 8MB or 64MiB.");
    let trimmed = text.trim();
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = trimmed.split_at(digits);
    let count: u64 = count.parse().map_err(|_| wrong())?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => TB,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return Err(wrong().into()),
    };
    let bytes = count.checked_mul(factor).filter(|bytes| *bytes <= TB).and_then(|bytes| usize::try_from(bytes).ok());
    match bytes {
        Some(bytes) if bytes >= low => Ok(bytes),
        Some(_) => Err(format!("“{text}” is too small; please give at least 1MB.").into()),
        None => Err(format!("“{text}” is more than a machine has; please give less.").into()),
    }
}

fn level(text: &str) -> Checked<String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let good = |part: &str| {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        LEVELS.contains(&level.trim().to_ascii_lowercase().as_str())
    };
    if text.split(',').all(good) {
        Ok(text.trim().to_owned())
    } else {
        Err(format!("“{text}” is no log level; please choose one of {} or write warn,request=info.", LEVELS.join(", "))
            .into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn layer(source: Source, name: &'static str, value: &str) -> Layer {
        Layer { source, values: BTreeMap::from([(name, vec![value.to_owned()])]) }
    }

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
        assert_eq!((config.cache, config.page_cache, config.max_connections), (16_000_000, 8_000_000, 1_024));
        assert_eq!((config.log, config.log_level.as_str()), (LogFormat::Text, "info"));
    }

    #[test]
    fn flags_come_before_the_environment_before_the_file_before_the_default() {
        let flag = layer(Source::Flag, "data", "flag");
        let environment = layer(Source::Environment, "data", "environment");
        let file = layer(Source::File("f.toml".into()), "data", "file");
        let data = |layers: &[&Layer]| {
            let layers: Vec<Layer> = layers.iter().map(|layer| (*layer).clone()).collect();
            Config::resolve(&layers).unwrap().data.display().to_string()
        };
        assert_eq!(data(&[&flag, &environment, &file]), "flag");
        assert_eq!(data(&[&environment, &file]), "environment");
        assert_eq!(data(&[&file]), "file");
        assert_eq!(data(&[]), "pamphlet.redb");
    }

    #[test]
    fn a_wrong_value_is_named_with_its_source() {
        let error = |layer| Config::resolve(&[layer]).unwrap_err();
        assert!(error(layer(Source::Flag, "listen", "x")).starts_with("--listen: "));
        assert!(error(layer(Source::Environment, "bcrypt-cost", "9")).starts_with("PAMPHLET_BCRYPT_COST: "));
        assert!(error(layer(Source::File("p.toml".into()), "cache", "much")).contains("“p.toml”"));
        assert!(error(layer(Source::Flag, "log-level", "loud")).contains("loud"));
    }

    #[test]
    fn the_file_takes_lists_numbers_and_underscores_and_refuses_unknown_keys() {
        let text = "public_url = 'https://example.org'\nmax-connections = 9\ntrusted-proxy = ['::1', '10.0.0.0/8']\n";
        let config = Config::resolve(&[Layer::file("p.toml".into(), text).unwrap()]).unwrap();
        assert_eq!(config.public_url.as_deref(), Some("https://example.org"));
        assert_eq!((config.max_connections, config.trusted_proxies.len()), (9, 2));
        let error = |text| Layer::file("p.toml".into(), text).unwrap_err();
        assert!(error("lisen = 'x'").contains("“lisen”"));
        assert!(error("data = ['a', 'b']").contains("data"));
        assert!(error("public_url = 'a'\npublic-url = 'b'").contains("twice"));
        assert!(error("data = ").contains("not TOML"));
    }

    #[test]
    fn lists_in_the_environment_are_separated_by_commas() {
        let read = |name: &str| match name {
            "PAMPHLET_LISTEN" => Some("127.0.0.1:1, localhost:2".to_owned()),
            "PAMPHLET_PUBLIC_URL" => Some(String::new()),
            _ => None,
        };
        let config = Config::resolve(&[Layer::environment(read)]).unwrap();
        assert_eq!(config.listen.len(), 2);
        assert_eq!(config.public_url, None);
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("8MB", 0), Ok(8_000_000));
        assert_eq!(size("8 MiB", 0), Ok(8 << 20));
        assert_eq!(size("64k", 0), Ok(64_000));
        assert_eq!(size("0", 0), Ok(0));
        for bad in ["", "MB", "-1", "8 miles", "1.5MB", "99999999999999999999", "2TB", "999999999TB"] {
            assert!(size(bad, 0).is_err(), "{bad}");
        }
        assert!(size("1k", 1_000_000).is_err());
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
