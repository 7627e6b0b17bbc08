//! Finds the configuration of the site that a folder belongs to: in it, above it or in a folder of it.

use crate::content::header;
use crate::domain::time::Zone;
use crate::service::import::site::eleventy::Eleventy;
use crate::service::import::site::hexo::Hexo;
use crate::service::import::site::hugo::Hugo;
use crate::service::import::site::jekyll::Jekyll;
use crate::service::import::site::others::{Docusaurus, Pelican, Zola};
use crate::service::import::site::{Generator, Site, at, script, text_at};
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;

/// Folders above the imported one that are looked at.
const MAX_ABOVE: usize = 6;
/// Largest configuration, in bytes.
const MAX_CONFIGURATION: u64 = 256 * 1024;
/// Folders of static files, whatever the generator.
const STATICS: [&str; 8] =
    ["static", "public", "assets", "source", "src", "content", "docs/.vuepress/public", "src/assets"];

/// The site of the canonical folder `root`.
pub fn find(root: &Path) -> Site {
    let mut plain = None;
    for folder in root.ancestors().take(MAX_ABOVE + 1) {
        if let Some(site) = recognise(folder) {
            return placed(site, folder, root);
        }
        if plain.is_none() && (folder.join("package.json").is_file() || is_above_posts(folder, root)) {
            plain = Some(folder);
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    if let Some(folder) = root.ancestors().take(3).find(|folder| is_bare_jekyll(folder, root)) {
        return placed(jekyll(&Map::new()), folder, root);
    }
    let mut inner: Vec<_> = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    inner.sort();
    for folder in inner.iter().filter(|folder| folder.is_dir() && !folder.is_symlink()).take(100) {
        if let Some(site) = recognise(folder) {
            return placed(site, folder, root);
        }
    }
    placed(Site::default(), plain.unwrap_or(root), root)
}

/// `content` and `_posts` lie in the folder of their site.
fn is_above_posts(folder: &Path, root: &Path) -> bool {
    ["content", "_posts", "_drafts", "source/_posts"].iter().any(|name| folder.join(name) == *root)
}

fn placed(mut site: Site, folder: &Path, root: &Path) -> Site {
    let relative = |path: &Path, base: &Path| {
        path.strip_prefix(base).map(|path| path.to_string_lossy().replace('\\', "/")).unwrap_or_default()
    };
    site.root = folder.to_owned();
    site.below = relative(root, folder);
    site.above = relative(folder, root);
    site.statics.extend(STATICS.map(str::to_owned));
    site
}

fn recognise(folder: &Path) -> Option<Site> {
    let first = |names: &[&str]| names.iter().find_map(|name| read(&folder.join(name)));
    if let Some(text) = first(&["pelicanconf.py"]) {
        return Some(pelican(&text, read(&folder.join("publishconf.py")).as_deref()));
    }
    if let Some(text) =
        first(&["docusaurus.config.js", "docusaurus.config.ts", "docusaurus.config.mjs", "docusaurus.config.cjs"])
    {
        return Some(docusaurus(&text));
    }
    let eleventy =
        [".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs", "eleventy.config.ts"];
    if let Some(text) = first(&eleventy) {
        let mut site = Site { generator: Generator::Eleventy(Eleventy::new(&text)), ..Site::default() };
        site.set_base(script::value(&text, "pathPrefix").unwrap_or_default());
        return Some(site);
    }
    if let Some(config) = configuration(folder, &["zola"]) {
        return Some(zola(&config));
    }
    if let Some(config) = configuration(folder, &["hugo", "config/_default/hugo", "config/_default/config"]) {
        return Some(hugo(folder, config));
    }
    if let Some(config) = configuration(folder, &["config"]) {
        if config.contains_key("base_url") {
            return Some(zola(&config));
        }
        let is_hugo =
            at(&config, &["baseURL"]).is_some() || folder.join("content").is_dir() && at(&config, &["title"]).is_some();
        return is_hugo.then(|| hugo(folder, config));
    }
    if let Some(config) = configuration(folder, &["_config"]) {
        return Some(if is_hexo(folder, &config) { hexo(&config) } else { jekyll(&config) });
    }
    None
}

/// Whether this is the folder of a Jekyll site that has no configuration.
fn is_bare_jekyll(folder: &Path, root: &Path) -> bool {
    let posts = [folder.join("_posts"), folder.join("_drafts")];
    posts.iter().any(|posts| root.starts_with(posts) || folder == root && posts.is_dir())
}

fn read(file: &Path) -> Option<String> {
    let length = fs::metadata(file).ok().filter(fs::Metadata::is_file)?.len();
    if length > MAX_CONFIGURATION {
        return None;
    }
    fs::read_to_string(file).ok()
}

/// The first of these files, with whatever ending; one that cannot be read says nothing.
fn configuration(folder: &Path, names: &[&str]) -> Option<Map<String, Value>> {
    names.iter().find_map(|name| {
        ["toml", "yaml", "yml", "json"].iter().find_map(|ending| {
            let text = read(&folder.join(format!("{name}.{ending}")))?;
            Some(header::configuration(ending, &text).unwrap_or_default())
        })
    })
}

fn jekyll(config: &Map<String, Value>) -> Site {
    let mut site = Site { generator: Generator::Jekyll(Jekyll::new(config)), ..Site::default() };
    site.set_url(&text_at(config, &["url"]).unwrap_or_default());
    site.set_base(&text_at(config, &["baseurl"]).unwrap_or_default());
    site.zone = text_at(config, &["timezone"]).and_then(|name| Zone::parse(&name));
    site.language = ["lang", "locale", "language", "default_lang"].iter().find_map(|key| text_at(config, &[key]));
    site.languages = texts(config, &["languages"]);
    site
}

fn hexo(config: &Map<String, Value>) -> Site {
    let mut site = Site { generator: Generator::Hexo(Hexo::new(config)), ..Site::default() };
    site.set_url(&text_at(config, &["url"]).unwrap_or_default());
    if let Some(root) = text_at(config, &["root"]).filter(|root| root != "/") {
        site.set_base(&root);
    }
    site.zone = text_at(config, &["timezone"]).and_then(|name| Zone::parse(&name));
    site.language = text_at(config, &["language"]);
    site
}

/// Jekyll has a `_config.yml`, too.
fn is_hexo(folder: &Path, config: &Map<String, Value>) -> bool {
    let own = ["new_post_name", "public_dir", "source_dir", "default_layout", "post_asset_folder", "filename_case"];
    let package = || read(&folder.join("package.json")).is_some_and(|text| text.contains("\"hexo\""));
    own.iter().any(|key| config.contains_key(*key)) || package()
}

fn hugo(folder: &Path, mut config: Map<String, Value>) -> Site {
    for part in ["permalinks", "languages", "frontmatter"] {
        if let Some(table) = configuration(folder, &[&format!("config/_default/{part}")]) {
            config.insert(part.to_owned(), Value::Object(table));
        }
    }
    let mut site = Site { generator: Generator::Hugo(Hugo::new(&config)), ..Site::default() };
    site.set_url(&text_at(&config, &["baseURL"]).unwrap_or_default());
    site.zone = text_at(&config, &["timeZone"]).and_then(|name| Zone::parse(&name));
    site.languages = at(&config, &["languages"])
        .and_then(Value::as_object)
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default();
    let languages = at(&config, &["languages"]).and_then(Value::as_object).into_iter().flatten();
    let folder = |language: &Value| text_at(language.as_object()?, &["contentDir"]);
    let folders =
        languages.filter_map(|(code, language)| Some((folder(language)?.trim_matches('/').to_owned(), code.clone())));
    site.language_folders = folders.collect();
    let default = text_at(&config, &["defaultContentLanguage"]);
    // Where several languages are named, English is Hugo's own default.
    let english = || site.languages.iter().find(|code| *code == "en").cloned();
    site.language = default
        .or_else(english)
        .or_else(|| text_at(&config, &["languageCode"]))
        .or_else(|| text_at(&config, &["locale"]));
    site.language_in_path =
        at(&config, &["defaultContentLanguageInSubdir"]).is_some_and(|value| value.to_string().contains("true"));
    site.statics.extend(texts(&config, &["staticDir"]));
    site
}

fn zola(config: &Map<String, Value>) -> Site {
    let mut site = Site { generator: Generator::Zola(Zola::new(config)), ..Site::default() };
    site.set_url(&text_at(config, &["base_url"]).unwrap_or_default());
    site.language = Some(text_at(config, &["default_language"]).unwrap_or_else(|| "en".to_owned()));
    site.languages = at(config, &["languages"])
        .and_then(Value::as_object)
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default();
    site
}

fn pelican(text: &str, published: Option<&str>) -> Site {
    let mut values = script::python(text);
    let url = published.and_then(|text| script::python(text).remove("SITEURL"));
    if let Some(url) = url.filter(|url| !url.is_empty()) {
        values.insert("SITEURL".to_owned(), url);
    }
    let mut site = Site::default();
    let get = |name: &str| values.get(name).map(String::as_str);
    site.set_url(get("SITEURL").unwrap_or_default());
    site.zone = get("TIMEZONE").and_then(Zone::parse);
    site.language = get("DEFAULT_LANG").map(str::to_owned);
    site.statics.extend(get("PATH").map(|path| path.trim_matches(['.', '/']).to_owned()));
    site.generator = Generator::Pelican(Pelican::new(values));
    site
}

fn docusaurus(text: &str) -> Site {
    let mut site = Site { generator: Generator::Docusaurus(Docusaurus::new(text)), ..Site::default() };
    site.set_url(script::value(text, "url").unwrap_or_default());
    site.set_base(script::value(text, "baseUrl").unwrap_or_default());
    site.language = script::value(text, "defaultLocale").map(str::to_owned);
    site
}

fn texts(config: &Map<String, Value>, path: &[&str]) -> Vec<String> {
    match at(config, path) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}
