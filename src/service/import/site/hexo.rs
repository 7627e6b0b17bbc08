//! Addresses of Hexo.

use crate::service::import::permalinks::{Facts, hexo_slug};
use crate::service::import::site::{at, text_at};
use serde_json::{Map, Value};

/// What Hexo's `_config.yml` says about addresses.
#[derive(Debug, Default)]
pub struct Hexo {
    permalink: String,
    category: String,
    language: String,
    categories: Vec<(String, String)>,
}

impl Hexo {
    pub fn new(config: &Map<String, Value>) -> Hexo {
        let map = at(config, &["category_map"]).and_then(Value::as_object).into_iter().flatten();
        Hexo {
            permalink: text_at(config, &["permalink"]).unwrap_or_else(|| ":year/:month/:day/:title/".to_owned()),
            category: text_at(config, &["default_category"]).unwrap_or_else(|| "uncategorized".to_owned()),
            language: text_at(config, &["permalink_defaults", "lang"])
                .or_else(|| text_at(config, &["language"]))
                .unwrap_or_default(),
            categories: map.filter_map(|(name, slug)| Some((name.clone(), slug.as_str()?.to_owned()))).collect(),
        }
    }

    /// The addresses of a post: Hexo names it by its file, with or without the date of the name.
    pub fn addresses(&self, facts: &Facts<'_>) -> Vec<String> {
        let below = ["_posts/", "_drafts/"].iter().find_map(|folder| facts.path.split_once(folder));
        let below = below.map_or(facts.path, |(_, below)| below);
        let whole = below.strip_suffix("/index").filter(|_| facts.path.ends_with("/index")).unwrap_or(below);
        let folder = whole.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let bare = format!("{folder}{}", facts.bare_name());
        let mut paths = Vec::new();
        for title in [below, whole, bare.as_str()] {
            let found = facts.expand(&self.permalink, |token| self.value(facts, title, token));
            paths.extend(found.into_iter().filter(|path| !paths.contains(path)).collect::<Vec<_>>());
        }
        paths
    }

    fn value(&self, facts: &Facts<'_>, title: &str, token: &str) -> Option<String> {
        Some(match token {
            "title" => title.to_owned(),
            "name" => title.rsplit('/').next().unwrap_or(title).to_owned(),
            "post_title" => hexo_slug(facts.title),
            "category" => self.category(&facts.document.categories),
            "lang" => facts.document.language.clone().unwrap_or_else(|| self.language.clone()),
            // hexo-abbrlink and the like keep their part in the header.
            other => facts.document.fields.get(other)?.clone(),
        })
    }

    fn category(&self, names: &[String]) -> String {
        if names.is_empty() {
            return hexo_slug(&self.category);
        }
        let slug = |name: &String| {
            let known = self.categories.iter().find(|(known, _)| known == name);
            known.map_or_else(|| hexo_slug(name), |(_, slug)| slug.clone())
        };
        names.iter().map(slug).collect::<Vec<_>>().join("/")
    }
}
