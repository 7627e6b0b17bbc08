//! Reads YAML into a tree of texts: every scalar keeps the word that the author wrote.

use crate::error::Checked;
use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Most values in a document; an alias counts as often as it is used.
const MAX_VALUES: usize = 10_000;
/// Deepest nesting of lists and tables.
const MAX_DEPTH: usize = 64;

/// What went wrong, and in which line, counted from 1.
pub struct YamlError {
    pub line: usize,
    pub message: String,
}

/// A list or table that has begun and not ended.
enum Open {
    List { anchor: usize, items: Vec<Value> },
    Table { anchor: usize, map: Map<String, Value>, key: Option<String> },
}

/// Puts the values together in the order in which the parser finds them.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, (Value, usize)>,
    values: usize,
    root: Option<Value>,
}

/// Reads the first document. Scalars become strings, empty ones and `null` become null.
pub fn parse(text: &str) -> Result<Value, YamlError> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) =
            event.map_err(|error| YamlError { line: error.marker().line(), message: error.info().clone() })?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        builder.take(event).map_err(|message| YamlError { line: span.start.line(), message: message.into_owned() })?;
    }
    Ok(builder.root.unwrap_or_default())
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Checked<()> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                self.count(1)?;
                let is_key = matches!(self.open.last(), Some(Open::Table { key: None, .. }));
                let in_list = matches!(self.open.last(), Some(Open::List { .. }));
                let absent = style == ScalarStyle::Plain && !is_key && is_absent(&text, in_list);
                let value = if absent { Value::Null } else { Value::String(text.into_owned()) };
                self.close(value, anchor, 1);
            }
            Event::SequenceStart(_, anchor, _) => self.begin(Open::List { anchor, items: Vec::new() })?,
            Event::MappingStart(_, anchor, _) => self.begin(Open::Table { anchor, map: Map::new(), key: None })?,
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { anchor, items }) => self.end(Value::Array(items), anchor),
                Some(Open::Table { anchor, map, .. }) => self.end(Value::Object(map), anchor),
                None => {}
            },
            Event::Alias(anchor) => {
                let (value, size) = self.anchors.get(&anchor).cloned().ok_or("an alias without its anchor")?;
                self.count(size)?;
                self.put(value);
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, values: usize) -> Checked<()> {
        self.values += values;
        if self.values > MAX_VALUES { Err(format!("more than {MAX_VALUES} values").into()) } else { Ok(()) }
    }

    fn begin(&mut self, open: Open) -> Checked<()> {
        self.count(1)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("lists and tables nested more than {MAX_DEPTH} deep").into());
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, value: Value, anchor: usize) {
        let size = if anchor == 0 { 0 } else { size_of(&value) };
        self.close(value, anchor, size);
    }

    fn close(&mut self, value: Value, anchor: usize, size: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (value.clone(), size));
        }
        self.put(value);
    }

    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Table { map, key, .. }) => match key.take() {
                None => *key = Some(key_of(value)),
                // `<<: *defaults` brings in what the table does not say itself.
                Some(name) if name == "<<" => merge(map, value),
                Some(name) => drop(map.insert(name, value)),
            },
        }
    }
}

fn key_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn merge(map: &mut Map<String, Value>, value: Value) {
    match value {
        Value::Object(more) => {
            for (key, value) in more {
                map.entry(key).or_insert(value);
            }
        }
        Value::Array(list) => list.into_iter().for_each(|value| merge(map, value)),
        _ => {}
    }
}

/// A tag may be called “null”; a field of that value has none.
fn is_absent(text: &str, in_list: bool) -> bool {
    matches!(text, "" | "~") || !in_list && matches!(text, "null" | "Null" | "NULL")
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(size_of).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size_of).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        parse(text).unwrap_or_else(|error| panic!("line {}: {}", error.line, error.message))
    }

    #[test]
    fn scalars_keep_their_words() {
        assert_eq!(
            read(
                "a: No\nb: [on, 0777, 1e3, 1.10, null]\nc: 2024_01\nd: true\ne: 0x1F\nf: .inf\ng: 12:30:45\nh: \"\"\n"
            ),
            json!({"a": "No", "b": ["on", "0777", "1e3", "1.10", "null"], "c": "2024_01", "d": "true", "e": "0x1F",
                   "f": ".inf", "g": "12:30:45", "h": ""})
        );
        assert_eq!(read("a:\nb: ~\nc: null\nd: 'null'\n"), json!({"a": null, "b": null, "c": null, "d": "null"}));
    }

    #[test]
    fn anchors_and_merges_are_followed() {
        let text = "base: &base {x: 1, y: 2}\nuse:\n  <<: *base\n  y: 3\nlist: [&n name, *n]\n";
        assert_eq!(
            read(text),
            json!({"base": {"x": "1", "y": "2"}, "use": {"x": "1", "y": "3"}, "list": ["name", "name"]})
        );
        assert!(parse("a: &a [*a]\n").is_err());
    }

    #[test]
    fn an_error_has_its_line() {
        let error = parse("a: 1\nb: [1\nc: 2\n").map_err(|error| error.line).unwrap_err();
        assert!((2..=4).contains(&error), "{error}");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[a-c:&*<\\[\\]{},\n \"'|>-]{0,80}") {
            drop(parse(&text));
        }
    }
}
