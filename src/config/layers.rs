//! Where values of settings come from, and which of two counts.

use crate::config::{Config, SETTINGS, Setting, variable};
use crate::error::Checked;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
            // A number may stand for a number, but is no name of a file or address of a host.
            let is_number = value.is_integer() && ["FILE", "URL", "TOKEN", "ORIGIN", "CIDR"].contains(&setting.value);
            let texts = texts(value, setting.repeatable).filter(|_| !is_number).ok_or_else(|| {
                let form = if setting.repeatable { "a text or a list of texts" } else { "a text in quotes" };
                format!("{}: please write {form}.", setting.called(&Source::File(path.clone())))
            })?;
            if values.insert(setting.name, texts).is_some() {
                return Err(format!("{} is there twice.", setting.called(&Source::File(path))).into());
            }
        }
        Ok(Layer { source: Source::File(path), values })
    }
}

fn unknown_key(path: &Path, key: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(source: Source, name: &'static str, value: &str) -> Layer {
        Layer { source, values: BTreeMap::from([(name, vec![value.to_owned()])]) }
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
        assert!(error("data = 5").contains("data in “p.toml”: please write a text in quotes"));
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
}
