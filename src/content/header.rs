//! The header of a Markdown file, in TOML or YAML, as one tree of values.

use crate::error::Checked;
use serde_json::{Map, Value};

/// Largest header, in bytes.
const MAX_HEADER: usize = 64 * 1024;
/// Most values in a header; an alias counts as often as it is used.
const MAX_VALUES: usize = 10_000;

/// The keys and values of a header.
#[derive(Debug, Default)]
pub struct Header(Map<String, Value>);

/// Cuts a file into its header and what follows it; no header is an empty one.
///
/// `+++` lines enclose TOML, `---` lines YAML. A file that begins with a Markdown rule (`---`)
/// has no header, but one that goes on with `key: value` has one and needs its end. The error is
/// a sentence that names the line.
pub fn split(text: &str) -> Checked<(Header, &str)> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.trim_end() {
        "+++" => {
            let (header, body) =
                enclosed(rest, &["+++"]).ok_or("The front matter begins with +++, but no line of +++ ends it.")?;
            Ok((toml(header)?, body))
        }
        "---" => match enclosed(rest, &["---", "..."]) {
            Some((header, body)) => Ok(yaml(header)?.map_or((Header::default(), text), |header| (header, body))),
            None if is_entry(rest.lines().next().unwrap_or_default()) => {
                Err("The front matter begins with ---, but no line of --- ends it.".into())
            }
            None => Ok((Header::default(), text)),
        },
        _ => Ok((Header::default(), text)),
    }
}

/// Whether a line looks like `key: value`.
fn is_entry(line: &str) -> bool {
    let is_key = |key: &str| {
        key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    let key = line.trim_end().split_once(": ").map(|(key, _)| key).or_else(|| line.trim_end().strip_suffix(':'));
    key.is_some_and(is_key)
}

/// What stands before the first line that is one of `ends`, and what after it.
fn enclosed<'a>(text: &'a str, ends: &[&str]) -> Option<(&'a str, &'a str)> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if ends.contains(&line.trim_end()) {
            return Some((text.get(..at)?, text.get(at + line.len()..)?));
        }
        at += line.len();
    }
    None
}

fn toml(header: &str) -> Checked<Header> {
    check_size(header)?;
    let table = header.parse::<toml::Table>().map_err(|error| {
        let line =
            error.span().and_then(|span| header.get(..span.start)).map_or(0, |before| before.matches('\n').count());
        // The first line of the file is the one of +++.
        format!("The front matter is not TOML: line {}: {}.", line + 2, one_line(error.message()))
    })?;
    Ok(Header(table.into_iter().map(|(key, value)| (key, from_toml(value))).collect()))
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(yes) => Value::Bool(yes),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(list) => list.into_iter().map(from_toml).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, from_toml(value))).collect(),
    }
}

/// `None` where it is text between two Markdown rules.
fn yaml(header: &str) -> Checked<Option<Header>> {
    check_size(header)?;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_VALUES,
            max_events: MAX_VALUES * 4,
            max_aliases: 100,
            max_recorded_anchor_events: MAX_VALUES,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
    };
    match serde_saphyr::from_str_with_options::<Value>(header, options) {
        Ok(Value::Object(map)) => Ok(Some(Header(map))),
        Ok(Value::Null) => Ok(Some(Header::default())),
        Ok(_) => Ok(None),
        // Prose between two rules is seldom YAML.
        Err(_) if !header.contains(':') => Ok(None),
        Err(error) => {
            let line = error.location().map_or(0, |location| location.line());
            let message = error.without_snippet().to_string();
            Err(format!("The front matter is not YAML: line {}: {}.", line + 1, one_line(&message)).into())
        }
    }
}

fn check_size(header: &str) -> Checked<()> {
    if header.len() > MAX_HEADER {
        return Err(format!("The front matter is longer than {} KB.", MAX_HEADER / 1024).into());
    }
    Ok(())
}

fn one_line(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').chars().take(200).collect()
}

impl Header {
    /// The value at the first of `paths` that has one; `extra.image` looks into a table.
    fn find(&self, paths: &[&'static str]) -> Option<(&'static str, &Value)> {
        paths.iter().find_map(|path| {
            let (table, key) = path.split_once('.').map_or((None, *path), |(table, key)| (Some(table), key));
            let map = match table {
                Some(table) => self.0.get(table)?.as_object()?,
                None => &self.0,
            };
            map.get(key).filter(|value| !value.is_null()).map(|value| (*path, value))
        })
    }

    /// A text, or a number or the first of a list as one; blank is absent.
    pub fn text(&self, paths: &[&'static str]) -> Checked<Option<String>> {
        let Some((path, value)) = self.find(paths) else { return Ok(None) };
        let value = match value {
            Value::Array(list) => match list.first() {
                Some(first) => first,
                None => return Ok(None),
            },
            other => other,
        };
        match text_of(value) {
            Some(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            None => Err(wrong(path, "a text")),
        }
    }

    /// A list of texts; a single text counts as one, or as several where commas part it.
    pub fn list(&self, paths: &[&'static str], commas: bool) -> Checked<Vec<String>> {
        let Some((path, value)) = self.find(paths) else { return Ok(Vec::new()) };
        let texts = match value {
            Value::Array(list) => list.iter().filter(|value| !value.is_null()).map(text_of).collect(),
            Value::String(text) if commas => Some(text.split(',').map(|part| part.trim().to_owned()).collect()),
            other => text_of(other).map(|text| vec![text]),
        };
        let mut texts: Vec<String> = texts.ok_or_else(|| wrong(path, "a list of texts"))?;
        texts.retain(|text| !text.is_empty());
        Ok(texts)
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Yes or no, where it is said; tables of that name configure something else.
    pub fn flag(&self, paths: &[&'static str]) -> Checked<Option<bool>> {
        match self.find(paths) {
            None | Some((_, Value::Object(_))) => Ok(None),
            Some((_, Value::Bool(yes))) => Ok(Some(*yes)),
            Some((path, Value::String(word))) => match word.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" => Ok(Some(true)),
                "false" | "no" | "off" => Ok(Some(false)),
                _ => Err(wrong(path, "true or false")),
            },
            Some((path, _)) => Err(wrong(path, "true or false")),
        }
    }

    /// Whether the value there is yes or no.
    pub fn is_flag(&self, path: &'static str) -> bool {
        self.find(&[path]).is_some_and(|(_, value)| value.is_boolean())
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        // Authors and images are sometimes tables.
        Value::Object(map) => ["name", "title", "image", "src", "path", "url"]
            .iter()
            .find_map(|key| map.get(*key)?.as_str())
            .map(|text| text.trim().to_owned()),
        _ => None,
    }
}

fn wrong(path: &str, wanted: &str) -> std::borrow::Cow<'static, str> {
    format!("The front matter's “{path}” should be {wanted}.").into()
}
