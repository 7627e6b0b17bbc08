//! Addresses of Eleventy.

use crate::content::header;
use crate::service::import::permalinks::{Facts, jekyll_slug, plain, strftime};
use crate::service::import::site::script;
use serde_json::{Map, Value};
use std::path::Path;

/// What Eleventy's configuration says about addresses.
#[derive(Debug)]
pub struct Eleventy {
    input: String,
}

impl Eleventy {
    pub fn new(config: &str) -> Eleventy {
        let input = script::value(config, "input").unwrap_or_default();
        Eleventy { input: input.trim_matches(['.', '/']).to_owned() }
    }

    /// Values that the data files of the folders above `path` give to every file in them.
    pub fn defaults(root: &Path, path: &str) -> Map<String, Value> {
        let mut values = Map::new();
        let mut folder = root.to_owned();
        for part in path.rsplit_once('/').map_or("", |(folders, _)| folders).split('/') {
            folder.push(part);
            for ending in [".11tydata.json", ".json"] {
                if let Ok(text) = std::fs::read_to_string(folder.join(format!("{part}{ending}"))) {
                    values.extend(header::configuration("json", &text).unwrap_or_default());
                }
            }
            for ending in [".11tydata.js", ".11tydata.cjs", ".11tydata.mjs"] {
                if let Ok(text) = std::fs::read_to_string(folder.join(format!("{part}{ending}")))
                    && let Some(permalink) = script::value(&text, "permalink")
                {
                    values.insert("permalink".to_owned(), permalink.into());
                }
            }
        }
        values.retain(|key, _| {
            ["permalink", "tags", "author", "authors", "lang", "locale", "draft"].contains(&key.as_str())
        });
        // Eleventy's tags of a folder name a collection.
        values.remove("tags");
        values
    }

    /// The addresses of a page: its permalink, or its path without the date of its name.
    pub fn addresses(&self, facts: &Facts<'_>) -> Vec<String> {
        let input = format!("{}/", self.input);
        let page = Facts { path: facts.path.strip_prefix(&input).unwrap_or(facts.path), ..*facts };
        if let Some(pattern) = page.document.path.as_deref().filter(|path| path.contains("{{")) {
            return filled(pattern, &page).map(|path| plain(&path)).into_iter().collect();
        }
        let (mut folders, name) = (page.folders(), page.bare_name());
        if folders.last() == Some(&name) {
            folders.pop();
        }
        vec![plain(&format!("{}/{name}", folders.join("/")))]
    }
}

/// Puts values in place of `{{ name | filter }}`; none where one of them is not known.
fn filled(pattern: &str, page: &Facts<'_>) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, more)) = rest.split_once("{{") {
        let (inside, after) = more.split_once("}}")?;
        out.push_str(before);
        out.push_str(&value(inside.trim_matches(['-', ' ']), page)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

fn value(inside: &str, page: &Facts<'_>) -> Option<String> {
    let mut parts = inside.split('|').map(str::trim);
    let name = parts.next()?;
    let filters: Vec<&str> = parts.collect();
    if name == "page.date" || name == "date" {
        let format = filters.iter().find_map(|filter| filter.split(['"', '\'']).nth(1));
        return strftime(&format.map_or_else(|| "%Y-%m-%d".to_owned(), luxon), *page.days.first()?);
    }
    let text = match name {
        "page.fileSlug" => page.bare_name().to_owned(),
        "page.filePathStem" => format!("/{}/{}", page.folders().join("/"), page.bare_name()),
        "title" => page.title.to_owned(),
        "slug" => page.slug().unwrap_or(page.bare_name()).to_owned(),
        name => page.document.fields.get(&name.to_lowercase())?.clone(),
    };
    let slugged = filters.iter().any(|filter| filter.starts_with("slug"));
    Some(if slugged { jekyll_slug(&text) } else { text })
}

/// `yyyy/MM/dd` as `%Y/%m/%d`.
fn luxon(format: &str) -> String {
    if format.contains('%') {
        return format.to_owned();
    }
    let pairs = [("yyyy", "%Y"), ("YYYY", "%Y"), ("MM", "%m"), ("dd", "%d"), ("DD", "%d")];
    pairs.into_iter().fold(format.to_owned(), |format, (from, to)| format.replace(from, to))
}
