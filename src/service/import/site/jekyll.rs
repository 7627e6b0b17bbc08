//! Addresses of Jekyll and Octopress.

use crate::service::import::permalinks::{Facts, jekyll_pretty, jekyll_slug};
use crate::service::import::site::{at, text_at};
use serde_json::{Map, Value};

/// What `_config.yml` says about addresses.
#[derive(Debug, Default)]
pub struct Jekyll {
    permalink: String,
    /// Folders that are not part of an address: `source`, `collections_dir`.
    containers: Vec<String>,
    /// Patterns by the names of collections.
    collections: Vec<(String, String)>,
    defaults: Vec<Defaults>,
}

/// Values for the headers of some files.
#[derive(Debug)]
struct Defaults {
    path: String,
    kind: Option<String>,
    values: Map<String, Value>,
}

impl Jekyll {
    pub fn new(config: &Map<String, Value>) -> Jekyll {
        let folder = |key: &str| text_at(config, &[key]).map(|path| path.trim_matches(['.', '/']).to_owned());
        let containers = ["source", "collections_dir"].into_iter().filter_map(folder).filter(|path| !path.is_empty());
        let collections = at(config, &["collections"]).and_then(Value::as_object).into_iter().flatten();
        let permalink =
            |value: &Value| value.as_object().and_then(|table| text_at(table, &["permalink"])).unwrap_or_default();
        Jekyll {
            permalink: text_at(config, &["permalink"]).unwrap_or_else(|| "date".to_owned()),
            containers: containers.collect(),
            collections: collections.map(|(name, value)| (name.clone(), permalink(value))).collect(),
            defaults: defaults(config),
        }
    }

    /// Values that the header of the file at `path` need not say.
    pub fn defaults(&self, path: &str) -> Map<String, Value> {
        let mut values = Map::new();
        let bare = self.bare(path);
        let (_, collection) = collection(bare);
        let kind = collection.map_or("pages", |name| if name == "drafts" { "posts" } else { name });
        for defaults in &self.defaults {
            let scope = defaults.path.trim_matches('/');
            let inside = [path, bare].iter().any(|path| {
                scope.is_empty()
                    || path.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            if inside && defaults.kind.as_deref().is_none_or(|wanted| wanted == kind) {
                values.extend(defaults.values.clone());
            }
        }
        values
    }

    fn bare<'a>(&self, path: &'a str) -> &'a str {
        let strip = |path: &'a str, folder: &String| path.strip_prefix(folder.as_str())?.strip_prefix('/');
        self.containers.iter().fold(path, |path, folder| strip(path, folder).unwrap_or(path))
    }

    /// The addresses of a file.
    pub fn addresses(&self, facts: &Facts<'_>) -> Vec<String> {
        let bare = self.bare(facts.path);
        let (above, name) = collection(bare);
        let own = facts.document.path.as_deref().filter(|path| path.contains(':'));
        let pattern = match (own, name) {
            (Some(own), _) => own.to_owned(),
            (None, Some("posts" | "drafts")) => self.of_collection("posts").unwrap_or_else(|| self.pattern()),
            (None, Some(name)) => self.of_collection(name).unwrap_or_else(|| "/:collection/:path/".to_owned()),
            // A page stays where it is; that is nothing to be told.
            (None, None) => return Vec::new(),
        };
        let categories: Vec<&str> =
            above.iter().copied().chain(facts.document.categories.iter().map(String::as_str)).collect();
        let within = name.and_then(|name| bare.split_once(&format!("_{name}/"))).map_or(bare, |(_, rest)| rest);
        facts.expand(&pattern, |token| {
            let words = facts.slug().unwrap_or(facts.bare_name());
            Some(match token {
                "title" => jekyll_pretty(words),
                "slug" => jekyll_slug(words),
                "name" => jekyll_slug(facts.name()),
                "basename" => facts.name().to_owned(),
                "categories" => joined(&categories, |name| name.to_lowercase()),
                "slugified_categories" => joined(&categories, jekyll_slug),
                "collection" => name?.to_owned(),
                "path" => within.to_owned(),
                "output_ext" => ".html".to_owned(),
                _ => return None,
            })
        })
    }

    fn of_collection(&self, name: &str) -> Option<String> {
        let pattern = self.collections.iter().find(|(known, _)| known == name).map(|(_, pattern)| pattern)?;
        Some(style(pattern)).filter(|pattern| !pattern.is_empty())
    }

    fn pattern(&self) -> String {
        style(&self.permalink)
    }
}

/// The pattern of a style that has a name.
fn style(permalink: &str) -> String {
    let pattern = match permalink {
        "date" => "/:categories/:year/:month/:day/:title:output_ext",
        "pretty" => "/:categories/:year/:month/:day/:title/",
        "ordinal" => "/:categories/:year/:y_day/:title:output_ext",
        "weekdate" => "/:categories/:year/W:week/:short_day/:title:output_ext",
        "none" => "/:categories/:title:output_ext",
        pattern => pattern,
    };
    pattern.to_owned()
}

/// The folders above the collection that a file belongs to, and its name without `_`.
fn collection(path: &str) -> (Vec<&str>, Option<&str>) {
    let parts: Vec<&str> = path.split('/').collect();
    let folders = parts.split_last().map_or(&[][..], |(_, folders)| folders);
    match folders.iter().position(|part| part.starts_with('_')) {
        Some(place) => (
            folders.get(..place).unwrap_or_default().to_vec(),
            folders.get(place).map(|part| part.trim_start_matches('_')),
        ),
        None => (Vec::new(), None),
    }
}

fn joined(names: &[&str], form: impl Fn(&str) -> String) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in names.iter().map(|name| form(name)) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join("/")
}

fn defaults(config: &Map<String, Value>) -> Vec<Defaults> {
    let list = at(config, &["defaults"]).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|entry| {
        let entry = entry.as_object()?;
        // A layout and the like say nothing here.
        let used = ["permalink", "category", "categories", "author", "authors", "lang", "published", "tags"];
        let values = at(entry, &["values"])?.as_object()?;
        Some(Defaults {
            path: text_at(entry, &["scope", "path"]).unwrap_or_default(),
            kind: text_at(entry, &["scope", "type"]),
            values: values
                .iter()
                .filter(|(key, _)| used.contains(&key.as_str()))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
        })
    })
    .collect()
}
