//! Addresses of Hugo.

use crate::service::import::permalinks::{Facts, hugo_slug, plain};
use crate::service::import::site::{at, text_at};
use serde_json::{Map, Value};

/// What Hugo's configuration says about addresses.
#[derive(Debug, Default)]
pub struct Hugo {
    content: String,
    /// Patterns by section.
    permalinks: Vec<(String, String)>,
    /// Dates are taken from names, which then lose them.
    dated_names: bool,
}

impl Hugo {
    pub fn new(config: &Map<String, Value>) -> Hugo {
        let languages = at(config, &["languages"]).and_then(Value::as_object).into_iter().flatten();
        let more = languages.filter_map(|(_, language)| at(language.as_object()?, &["permalinks"]));
        let tables = at(config, &["permalinks"]).into_iter().chain(more).filter_map(Value::as_object);
        let dates = at(config, &["frontmatter", "date"]);
        Hugo {
            content: text_at(config, &["contentDir"]).unwrap_or_else(|| "content".to_owned()),
            permalinks: tables.flat_map(patterns).collect(),
            dated_names: dates.is_some_and(|dates| dates.to_string().contains(":filename")),
        }
    }

    /// The addresses of a page, without the prefix of its language.
    pub fn addresses(&self, facts: &Facts<'_>) -> Vec<String> {
        let content = self.content.trim_matches('/');
        let below = |folder: &str| facts.path.strip_prefix(folder)?.strip_prefix('/');
        let path = below(content).or_else(|| below("content")).unwrap_or(facts.path);
        let page = Facts { path, ..*facts };
        let folders = page.folders();
        let section = folders.first().copied().unwrap_or_default();
        let own = facts.document.path.as_deref().filter(|path| path.contains(':') && !path.contains("://"));
        let pattern = own
            .or_else(|| self.permalinks.iter().find(|(name, _)| name == section).map(|(_, pattern)| pattern.as_str()));
        if let Some(pattern) = pattern {
            return page.expand(pattern, |token| value(&page, &folders, token));
        }
        // Without a pattern: folders and name, the last of them replaced by the slug.
        let name = if self.dated_names { page.bare_name() } else { page.name() };
        let last = page.slug().map_or_else(|| hugo_slug(name), hugo_slug);
        let folder: String = folders.iter().map(|folder| format!("/{}", hugo_slug(folder))).collect();
        vec![plain(&format!("{folder}/{last}"))]
    }

    /// Addresses of an alias: without a slash at its beginning it counts from the folder of the page.
    pub fn alias(alias: &str, address: &str) -> String {
        let folder = address.rsplit_once('/').map_or("", |(folder, _)| folder);
        if alias.starts_with('/') || alias.contains("://") { alias.to_owned() } else { format!("{folder}/{alias}") }
    }
}

/// `posts = '…'`, and the same under `page`.
fn patterns(table: &Map<String, Value>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (section, value) in table {
        match value {
            Value::String(pattern) => found.push((section.trim_matches('/').to_owned(), pattern.clone())),
            Value::Object(page) if section == "page" => found.extend(patterns(page)),
            _ => {}
        }
    }
    found
}

fn value(page: &Facts<'_>, folders: &[&str], token: &str) -> Option<String> {
    let name = hugo_slug(page.name());
    let slug = page.slug().map(hugo_slug);
    let folders: Vec<String> = folders.iter().map(|folder| hugo_slug(folder)).collect();
    Some(match token {
        "title" => hugo_slug(page.title),
        "slug" => slug.unwrap_or_else(|| hugo_slug(page.title)),
        "slugorfilename" | "slugorcontentbasename" => slug.unwrap_or(name),
        "filename" | "contentbasename" => name,
        "section" | "sectionslug" => folders.first().cloned().unwrap_or_default(),
        "sections" | "sectionslugs" => folders.join("/"),
        token if token.starts_with("sections[") || token.starts_with("sectionslugs[") => {
            let (_, range) = token.trim_end_matches(']').split_once('[')?;
            sections(&folders, range)?
        }
        _ => return None,
    })
}

/// The sections that `1:`, `:last`, `0` or `last` names.
fn sections(folders: &[String], range: &str) -> Option<String> {
    let place = |text: &str| match text {
        "last" => Some(folders.len().saturating_sub(1)),
        text => text.parse::<usize>().ok(),
    };
    Some(match range.split_once(':') {
        Some((from, to)) => {
            let from = if from.is_empty() { 0 } else { place(from)? };
            let to = if to.is_empty() { folders.len() } else { place(to)? };
            folders.get(from..to.min(folders.len())).unwrap_or_default().join("/")
        }
        None => folders.get(place(range)?).cloned().unwrap_or_default(),
    })
}
