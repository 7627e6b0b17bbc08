//! Who wrote a post: names out of Markdown, and out of the site's list of its authors.

use crate::content::header;
use crate::service::import::site::Site;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where sites keep their authors.
const FILES: [&str; 7] = [
    "_data/authors",
    "data/authors",
    "source/_data/authors",
    "authors",
    "blog/authors",
    "content/authors",
    "content/blog/authors",
];
/// Largest list of authors, in bytes.
const MAX_FILE: u64 = 256 * 1024;

/// Names by the keys under which texts mention them.
#[derive(Debug, Default)]
pub struct Authors(BTreeMap<String, String>);

impl Authors {
    /// Reads the lists of a site and of the imported folder.
    pub fn find(site: &Site, root: &Path) -> Authors {
        let mut names = BTreeMap::new();
        for folder in [site.root.as_path(), root] {
            for file in FILES {
                for ending in ["yml", "yaml", "toml", "json"] {
                    if let Some(map) = read(&folder.join(format!("{file}.{ending}")), ending) {
                        names.extend(map.iter().filter_map(|(key, value)| Some((key.clone(), name_in(value)?))));
                    }
                }
            }
            // Hugo has a file for each, or a page.
            for entry in fs::read_dir(folder.join("data/authors")).into_iter().flatten().flatten().take(1000) {
                let path = entry.path();
                let ending = path.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
                let key = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                if let Some(name) = read(&path, &ending).and_then(|map| name_in(&Value::Object(map))) {
                    names.insert(key, name);
                }
            }
        }
        Authors(names)
    }

    /// The names of those who are mentioned, each once.
    pub fn named(&self, mentioned: &[String]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for text in mentioned {
            let found = match self.0.get(text.trim().trim_start_matches('@')) {
                Some(name) => vec![name.clone()],
                None => plain(text),
            };
            for name in found {
                if !name.is_empty() && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }
}

fn read(file: &Path, ending: &str) -> Option<Map<String, Value>> {
    if fs::metadata(file).ok()?.len() > MAX_FILE {
        return None;
    }
    header::configuration(ending, &fs::read_to_string(file).ok()?).ok()
}

fn name_in(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Object(map) => ["name", "display_name", "title"].iter().find_map(|key| map.get(*key)?.as_str())?,
        _ => return None,
    };
    Some(text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The names in a text that may be Markdown: those of its links, or the text without its signs and address.
fn plain(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        if let Some((_, name)) = before.rsplit_once('[') {
            links.push(bare(name));
        }
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    if links.is_empty() { vec![bare(text)] } else { links }
}

fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            // `Ada <ada@example.org>`, `<a href="…">Ada</a>`.
            '<' => inside = true,
            '>' if inside => inside = false,
            _ if inside => {}
            '*' | '`' | '[' | ']' => {}
            c => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_markup_and_keys_get_their_names() {
        let authors = Authors(BTreeMap::from([("ada".to_owned(), "Ada Lovelace".to_owned())]));
        let named = |texts: &[&str]| authors.named(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(named(&["[Ada Lovelace](https://example.org/ada), Example Inc."]), ["Ada Lovelace"]);
        assert_eq!(named(&["[Ada](x) and [Grace *Hopper*](y)"]), ["Ada", "Grace Hopper"]);
        assert_eq!(named(&["Ada <ada@example.org>", "<a href='x'>Grace</a>"]), ["Ada", "Grace"]);
        assert_eq!(named(&["ada", "Ada Lovelace", "grace"]), ["Ada Lovelace", "grace"]);
        assert_eq!(named(&["Ada on behalf of the team, and others"]), ["Ada on behalf of the team, and others"]);
        assert_eq!(named(&["snake_case_author"]), ["snake_case_author"]);
    }
}
