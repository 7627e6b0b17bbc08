//! Addresses of Zola, Pelican and Docusaurus.

use crate::service::import::dates;
use crate::service::import::permalinks::{Facts, latin_slug, plain, strftime};
use crate::service::import::site::script;
use crate::service::import::site::text_at;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What Zola's configuration says about addresses.
#[derive(Debug, Default)]
pub struct Zola {
    pattern: Option<String>,
    /// How names become parts of an address: `on`, `safe` or `off`.
    paths: String,
}

impl Zola {
    pub fn new(config: &Map<String, Value>) -> Zola {
        let paths = text_at(config, &["slugify", "paths"]);
        Zola { pattern: text_at(config, &["path_pattern"]), paths: paths.unwrap_or_else(|| "on".to_owned()) }
    }

    /// The addresses of a page; one that names its path has no other.
    pub fn addresses(&self, facts: &Facts<'_>, section_pattern: Option<&str>) -> Vec<String> {
        if facts.document.path.is_some() {
            return Vec::new();
        }
        let part = |text: &str| if self.paths == "on" { latin_slug(text) } else { text.to_owned() };
        let page = Facts { path: facts.path.strip_prefix("content/").unwrap_or(facts.path), ..*facts };
        let folders: String = page.folders().iter().map(|folder| format!("/{}", part(folder))).collect();
        let slug = page.slug().unwrap_or(page.bare_name());
        let mut paths = Vec::new();
        if let Some(pattern) = section_pattern.or(self.pattern.as_deref()) {
            let pattern = pattern.replace('{', ":").replace('}', "");
            paths.extend(page.expand(&pattern, |token| match token {
                "slug" => Some(part(slug)),
                "title" => Some(part(page.title)),
                "section" => Some(folders.trim_start_matches('/').to_owned()),
                _ => None,
            }));
        }
        paths.push(plain(&format!("{folders}/{}", part(slug))));
        paths
    }
}

/// What `pelicanconf.py` and `publishconf.py` say about addresses.
#[derive(Debug, Default)]
pub struct Pelican {
    values: BTreeMap<String, String>,
}

impl Pelican {
    pub fn new(values: BTreeMap<String, String>) -> Pelican {
        Pelican { values }
    }

    /// A setting that is a text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The category of a file that names none: the folder it lies in.
    pub fn category(&self, path: &str) -> Option<String> {
        let content = self.get("PATH").unwrap_or("content").trim_matches(['.', '/']);
        let below = path.strip_prefix(content).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
        let folder = below.rsplit_once('/').map(|(folder, _)| folder.rsplit('/').next().unwrap_or(folder));
        let by_folder = self.get("USE_FOLDER_AS_CATEGORY") != Some("False");
        folder.filter(|folder| by_folder && !["articles", "posts", "blog"].contains(folder)).map(str::to_owned)
    }

    /// The addresses of an article.
    pub fn addresses(&self, facts: &Facts<'_>) -> Vec<String> {
        let setting = |name| self.get(name).unwrap_or("{slug}.html");
        let mut patterns = vec![setting("ARTICLE_URL"), setting("ARTICLE_SAVE_AS")];
        if facts.document.language.is_some() {
            patterns.extend([self.get("ARTICLE_LANG_URL").unwrap_or("{slug}-{lang}.html")]);
        }
        let mut paths = Vec::new();
        for pattern in patterns {
            for slug in self.slugs(facts) {
                for path in self.expand(pattern, facts, &slug) {
                    if !paths.contains(&path) {
                        paths.push(path);
                    }
                }
            }
        }
        paths
    }

    /// The slug is made from the title, or from the name of the file where the settings say so.
    fn slugs(&self, facts: &Facts<'_>) -> Vec<String> {
        if let Some(slug) = facts.slug() {
            return vec![slug.to_owned()];
        }
        let by_name = self.get("SLUGIFY_SOURCE") == Some("basename");
        vec![latin_slug(if by_name { facts.name() } else { facts.title })]
    }

    fn expand(&self, pattern: &str, facts: &Facts<'_>, slug: &str) -> Vec<String> {
        let days = facts.days.iter().copied().map(Some).chain(facts.days.is_empty().then_some(None));
        days.filter_map(|day| {
            let mut out = String::new();
            let mut rest = pattern;
            while let Some((before, more)) = rest.split_once('{') {
                let (token, after) = more.split_once('}')?;
                out.push_str(before);
                out.push_str(&match token.split_once(':').unwrap_or((token, "")) {
                    ("slug", _) => slug.to_owned(),
                    ("date", format) => strftime(format, day?)?,
                    ("category", _) => latin_slug(
                        facts
                            .document
                            .categories
                            .first()
                            .map_or_else(|| self.get("DEFAULT_CATEGORY").unwrap_or("misc"), String::as_str),
                    ),
                    ("author", _) => {
                        latin_slug(facts.document.authors.first().map(String::as_str).or(self.get("AUTHOR"))?)
                    }
                    ("lang", _) => facts.document.language.clone().or(self.get("DEFAULT_LANG").map(str::to_owned))?,
                    (name, _) => facts.document.fields.get(name)?.clone(),
                });
                rest = after;
            }
            out.push_str(rest);
            Some(plain(&out))
        })
        .collect()
    }
}

/// The blogs of a Docusaurus site: their folder and the beginning of their addresses.
#[derive(Debug)]
pub struct Docusaurus {
    blogs: Vec<(String, String)>,
}

impl Docusaurus {
    pub fn new(script: &str) -> Docusaurus {
        let trimmed = |path: &str| path.trim_matches(['.', '/']).to_owned();
        let blocks = ["blog", "plugin-content-blog"].into_iter().flat_map(|key| script::blocks(script, key));
        let mut blogs: Vec<(String, String)> = blocks
            .filter_map(|block| {
                let path = script::value(block, "path");
                let route = script::value(block, "routeBasePath");
                (path.is_some() || route.is_some())
                    .then(|| (trimmed(path.unwrap_or("blog")), trimmed(route.unwrap_or("blog"))))
            })
            .collect();
        if !blogs.iter().any(|(folder, _)| folder == "blog") {
            blogs.push(("blog".to_owned(), "blog".to_owned()));
        }
        Docusaurus { blogs }
    }

    /// The addresses of a post: the date of its name as folders and its name, or its slug.
    pub fn addresses(&self, facts: &Facts<'_>) -> Vec<String> {
        let translated =
            facts.path.strip_prefix("i18n/").and_then(|rest| rest.split_once("docusaurus-plugin-content-blog"));
        let path = translated.map_or_else(
            || facts.path.to_owned(),
            |(_, rest)| format!("blog/{}", rest.trim_start_matches(|c| c != '/').trim_start_matches('/')),
        );
        let found = self.blogs.iter().find_map(|(folder, route)| {
            path.strip_prefix(folder.as_str())?.strip_prefix('/').map(|below| (below, route))
        });
        let Some((below, route)) = found else { return Vec::new() };
        if let Some(slug) = facts.slug() {
            return vec![plain(&format!("{route}/{slug}"))];
        }
        let below = below.strip_suffix("/index").unwrap_or(below);
        vec![plain(&format!("{route}/{}", dated_folders(below)))]
    }
}

/// `2024-05-06-owls` as `2024/05/06/owls`, whatever folders stand before it.
pub fn dated_folders(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let of_name = dates::of_name(name).map(|(date, rest)| format!("{folder}/{}/{rest}", date.strftime("%Y/%m/%d")));
    let of_folder = || {
        let (above, last) = folder.rsplit_once('/').unwrap_or(("", folder));
        let (date, rest) = dates::of_name(last)?;
        Some(format!("{above}/{}/{rest}/{name}", date.strftime("%Y/%m/%d")))
    };
    of_name.or_else(of_folder).unwrap_or_else(|| path.to_owned())
}
