//! The header of a Markdown file, in YAML, TOML, JSON or lines of metadata, as one tree of values.

mod lines;
mod yaml;

use crate::error::Checked;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Largest header, in bytes.
const MAX_HEADER: usize = 64 * 1024;

/// The keys and values of a header.
#[derive(Debug, Default)]
pub struct Header(Map<String, Value>);

/// Cuts a file into its header and what follows it; no header is an empty one.
///
/// `+++` lines enclose TOML, `---` lines YAML (`---toml` and `---json` what they say), braces
/// JSON. Hexo leaves out the first `---`, Pelican ends at a blank line. A file that begins with a
/// Markdown rule (`---`) has no header, but one that goes on with `key: value` has one and needs
/// its end. The error is a sentence that names the line.
pub fn split(text: &str) -> Checked<(Header, &str)> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.trim_end() {
        "+++" => {
            let (header, body) = enclosed(rest, |line| line == "+++")
                .ok_or("The front matter begins with +++, but no line of +++ ends it.")?;
            Ok((toml(header)?, body))
        }
        fence @ ("---toml" | "---json" | "---yaml" | "---yml") => {
            let (header, body) = enclosed(rest, is_fence)
                .ok_or_else(|| format!("The front matter begins with {fence}, but no line of --- ends it."))?;
            match fence {
                "---toml" => Ok((toml(header)?, body)),
                "---json" => Ok((json(header)?.0, body)),
                _ => Ok((yaml(header)?.unwrap_or_default(), body)),
            }
        }
        first if is_fence(first) => match enclosed(rest, |line| is_fence(line) || line == "...") {
            Some((header, body)) => Ok(yaml(header)?.map_or((Header::default(), text), |header| (header, body))),
            None if is_entry(rest.lines().next().unwrap_or_default()) => {
                Err("The front matter begins with ---, but no line of --- ends it.".into())
            }
            None => Ok((Header::default(), text)),
        },
        first if first.starts_with('{') => match json(text) {
            Ok((header, length)) => Ok((header, text.get(length..).unwrap_or_default())),
            Err(error) if first == "{" => Err(error),
            Err(_) => Ok((Header::default(), text)),
        },
        _ => Ok(without_fence(text)),
    }
}

/// A header of lines: Hexo's, which `---` ends, or Pelican's, which a blank line ends.
fn without_fence(text: &str) -> (Header, &str) {
    if lines::begins_header(text)
        && let Some((header, body)) = enclosed(text, is_fence)
        && let Ok(Some(header)) = yaml(header)
    {
        return (header, body);
    }
    match lines::split(text) {
        Some((map, body)) => (Header(map), body),
        None => (Header::default(), text),
    }
}

/// `---`, or longer, as Hexo takes it.
fn is_fence(line: &str) -> bool {
    line.len() >= 3 && line.bytes().all(|byte| byte == b'-')
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

/// What stands before the first line that `ends` the header, and what after it.
fn enclosed(text: &str, ends: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if ends(line.trim_end()) {
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

/// The object that the text begins with, and how long it is.
fn json(text: &str) -> Checked<(Header, usize)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Map<String, Value>>();
    let map = values.next().unwrap_or_else(|| Ok(Map::new())).map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        format!("The front matter is not JSON: line {}: {message}.", error.line())
    })?;
    let length = values.byte_offset();
    check_size(text.get(..length).unwrap_or_default())?;
    Ok((Header(map), length))
}

/// `None` where it is text between two Markdown rules.
fn yaml(header: &str) -> Checked<Option<Header>> {
    check_size(header)?;
    match yaml::parse(header) {
        Ok(Value::Object(map)) => Ok(Some(Header(map))),
        Ok(Value::Null) => Ok(Some(Header::default())),
        Ok(_) => Ok(None),
        // Prose between two rules is seldom YAML.
        Err(_) if !header.contains(':') => Ok(None),
        Err(error) => {
            Err(format!("The front matter is not YAML: line {}: {}.", error.line + 1, one_line(&error.message)).into())
        }
    }
}

/// Reads the configuration of a site generator by the ending of its name.
pub fn configuration(ending: &str, text: &str) -> Checked<Map<String, Value>> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    match ending {
        "toml" => Ok(toml(text)?.0),
        "json" => Ok(json(text)?.0.0),
        _ => Ok(yaml(text)?.unwrap_or_default().0),
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

/// The value at `key`, in any case.
fn get<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key).or_else(|| map.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value))
}

impl Header {
    /// Takes from `defaults` what the header does not say itself.
    pub fn fill(&mut self, defaults: &Map<String, Value>) {
        for (key, value) in defaults {
            if get(&self.0, key).is_none() {
                self.0.insert(key.clone(), value.clone());
            }
        }
    }

    /// The value at the first of `paths` that has one; `extra.image` looks into a table.
    fn find<'a>(&self, paths: &[&'a str]) -> Option<(&'a str, &Value)> {
        paths.iter().find_map(|path| {
            let (table, key) = path.split_once('.').map_or((None, *path), |(table, key)| (Some(table), key));
            let map = match table {
                Some(table) => get(&self.0, table)?.as_object()?,
                None => &self.0,
            };
            get(map, key).filter(|value| !value.is_null()).map(|value| (*path, value))
        })
    }

    /// A text, or a number or the first of a list as one; blank is absent, and so is a table that
    /// configures something else.
    pub fn text(&self, paths: &[&str]) -> Option<String> {
        let (_, value) = self.find(paths)?;
        let value = match value {
            Value::Array(list) => list.first()?,
            other => other,
        };
        text_of(value).filter(|text| !text.is_empty())
    }

    /// A list of texts; a single text counts as one, or as several where commas part it.
    pub fn list(&self, paths: &[&str], commas: bool) -> Vec<String> {
        let mut texts = Vec::new();
        match self.find(paths) {
            None => {}
            Some((_, Value::String(text))) if commas => {
                // `[a, b]` in a header of lines.
                let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
                texts.extend(text.split(',').map(|part| part.trim().to_owned()));
            }
            Some((_, value)) => collect(value, &mut texts),
        }
        texts.retain(|text| !text.is_empty());
        texts
    }

    /// The value at `path` if it is a single text, neither a list nor a table.
    pub fn lone_text(&self, path: &str) -> Option<&str> {
        self.find(&[path]).and_then(|(_, value)| value.as_str())
    }

    /// Texts that may be part of an address, by their keys in lower case.
    pub fn short_texts(&self) -> BTreeMap<String, String> {
        const MOST: usize = 40;
        const LONGEST: usize = 200;
        let texts = self.0.iter().filter_map(|(key, value)| Some((key.to_lowercase(), text_of(value)?)));
        texts.filter(|(key, text)| key.len() <= MOST && text.len() <= LONGEST).take(MOST).collect()
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
            Some((path, Value::String(word))) => yes_or_no(word).map(Some).ok_or_else(|| wrong(path)),
            Some((path, _)) => Err(wrong(path)),
        }
    }

    /// Whether the value there is yes or no.
    pub fn is_flag(&self, path: &str) -> bool {
        self.find(&[path]).is_some_and(|(_, value)| match value {
            Value::String(word) => yes_or_no(word).is_some(),
            value => value.is_boolean(),
        })
    }
}

fn yes_or_no(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        // Authors and images are sometimes tables.
        Value::Object(map) => ["name", "title", "image", "src", "path", "url", "feature", "teaser"]
            .iter()
            .find_map(|key| map.get(*key)?.as_str())
            .map(|text| text.trim().to_owned()),
        _ => None,
    }
}

/// The texts of a list; Hexo nests one list in another.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(value, texts)),
        value => texts.extend(text_of(value)),
    }
}

fn wrong(path: &str) -> std::borrow::Cow<'static, str> {
    format!("The front matter's “{path}” should be true or false.").into()
}
