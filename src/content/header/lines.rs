//! Headers that are lines of `Key: value` without a fence, as Pelican, MultiMarkdown and reStructuredText write them.

use serde_json::{Map, Value};

/// Keys with which such a header begins; any other line is text.
const FIRST_KEYS: [&str; 22] = [
    "author",
    "authors",
    "categories",
    "category",
    "comments",
    "created",
    "date",
    "description",
    "draft",
    "keywords",
    "lang",
    "layout",
    "permalink",
    "published",
    "save_as",
    "slug",
    "status",
    "subtitle",
    "summary",
    "tags",
    "title",
    "url",
];
/// Of these a header has at least one.
const SURE_KEYS: [&str; 3] = ["title", "date", "layout"];

/// The values of a header that ends at the first blank line, and the text after it.
pub fn split(text: &str) -> Option<(Map<String, Value>, &str)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let is_blank = line.trim().is_empty();
        if is_blank {
            break;
        }
        match (entry(line), fields.last_mut()) {
            (Some((key, value)), _) => fields.push((key, value)),
            (None, Some((_, value))) if line.starts_with("    ") || line.starts_with('\t') => {
                value.push(' ');
                value.push_str(line.trim());
            }
            _ => return None,
        }
        end += line.len();
    }
    let is_header = begins_header(text) && fields.iter().any(|(key, _)| SURE_KEYS.contains(&key.as_str()));
    let map = fields.into_iter().map(|(key, value)| (key.clone(), value_of(&key, &value))).collect();
    is_header.then_some((map, text.get(end..).unwrap_or_default()))
}

/// Whether the first line is `Title: …` or another entry of a header.
pub fn begins_header(text: &str) -> bool {
    let first = text.lines().next().and_then(entry);
    first.is_some_and(|(key, _)| FIRST_KEYS.contains(&key.as_str()))
}

/// `Key: value` or `:key: value`, the key in lower case.
fn entry(line: &str) -> Option<(String, String)> {
    let line = line.trim_end();
    let (key, value) = line.strip_prefix(':').unwrap_or(line).split_once(':')?;
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' '))
        && key.len() <= 40;
    let is_apart = value.is_empty() || value.starts_with([' ', '\t']);
    (is_key && is_apart).then(|| (key.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

/// Pelican parts authors at semicolons, or at commas.
fn value_of(key: &str, value: &str) -> Value {
    if key == "authors" || key == "author" {
        let sign = if value.contains(';') { ';' } else { ',' };
        return value.split(sign).map(|name| Value::String(name.trim().to_owned())).collect();
    }
    Value::String(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_of_metadata_are_a_header() {
        let read = |text: &'static str| split(text).map(|(map, rest)| (Value::Object(map), rest));
        assert_eq!(
            read("Title: A: b\nDate: 2024-05-06\nAuthors: Ada; Grace\nSummary: One\n    two\n\nText\n"),
            Some((
                json!({"title": "A: b", "date": "2024-05-06", "authors": ["Ada", "Grace"], "summary": "One two"}),
                "\nText\n"
            ))
        );
        assert_eq!(read(":title: X\n:date: 2024\n"), Some((json!({"title": "X", "date": "2024"}), "")));
    }

    #[test]
    fn text_is_no_header() {
        for text in ["Note: this\n\nText", "Title\n", "Title: x\nand so on\n", "https://x\n", "", "Author: x\n\nText"] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
