//! The site that the imported files belong to: its generator, its configuration and its folders.

mod eleventy;
mod find;
mod hexo;
mod hugo;
mod jekyll;
mod others;
mod script;

use crate::content::address;
use crate::content::front_matter::Frame;
use crate::domain::time::Zone;
use crate::service::import::permalinks::Facts;
use crate::service::import::site::eleventy::Eleventy;
use crate::service::import::site::hexo::Hexo;
use crate::service::import::site::hugo::Hugo;
use crate::service::import::site::jekyll::Jekyll;
use crate::service::import::site::others::{Docusaurus, Pelican, Zola};
use serde_json::{Map, Value};
use std::path::PathBuf;

pub use crate::service::import::site::find::find;
pub use crate::service::import::site::others::dated_folders;

/// A site, as far as its configuration tells.
#[derive(Debug, Default)]
pub struct Site {
    /// The canonical folder of the whole site; the folder that is imported where nothing tells.
    pub root: PathBuf,
    /// Where the imported folder lies below the root, or empty.
    pub(in crate::service::import) below: String,
    /// Where the root lies below the imported folder, or empty.
    pub(in crate::service::import) above: String,
    pub(in crate::service::import) generator: Generator,
    /// The host of the site, without a port.
    pub host: Option<String>,
    /// The path under which it is served, `/blog`, or empty.
    pub base: String,
    /// In which dates without a zone count.
    pub zone: Option<Zone>,
    /// Folders whose files have addresses from the root on, relative to the root of the site.
    pub statics: Vec<String>,
    /// Languages that the configuration names.
    pub languages: Vec<String>,
    /// Folders of content, each in one language.
    pub language_folders: Vec<(String, String)>,
    /// The language of files that say none.
    pub language: Option<String>,
    /// Whether that one has a prefix in addresses, too.
    pub(in crate::service::import) language_in_path: bool,
}

/// The program that made the site.
#[derive(Debug, Default)]
pub enum Generator {
    #[default]
    Unknown,
    Jekyll(Jekyll),
    Hexo(Hexo),
    Hugo(Hugo),
    Zola(Zola),
    Pelican(Pelican),
    Eleventy(Eleventy),
    Docusaurus(Docusaurus),
}

impl Site {
    /// The name of the generator, for the report.
    pub fn generator(&self) -> Option<&'static str> {
        Some(match self.generator {
            Generator::Unknown => return None,
            Generator::Jekyll(_) => "Jekyll",
            Generator::Hexo(_) => "Hexo",
            Generator::Hugo(_) => "Hugo",
            Generator::Zola(_) => "Zola",
            Generator::Pelican(_) => "Pelican",
            Generator::Eleventy(_) => "Eleventy",
            Generator::Docusaurus(_) => "Docusaurus",
        })
    }

    /// The path of an imported file below the root of the site.
    pub fn path_of(&self, key: &str) -> String {
        if !self.below.is_empty() {
            return format!("{}/{key}", self.below);
        }
        let within = key.strip_prefix(self.above.as_str()).and_then(|rest| rest.strip_prefix('/'));
        within.filter(|_| !self.above.is_empty()).unwrap_or(key).to_owned()
    }

    /// What the site says about a file besides its own header.
    pub fn frame(&self, path: &str) -> Frame {
        let mut frame = Frame::default();
        match &self.generator {
            Generator::Jekyll(jekyll) => {
                frame.words = true;
                frame.defaults = jekyll.defaults(path);
            }
            Generator::Eleventy(_) => frame.defaults = Eleventy::defaults(&self.root, path),
            Generator::Pelican(pelican) => {
                if let Some(category) = pelican.category(path) {
                    frame.defaults.insert("category".to_owned(), category.into());
                }
                if let Some(author) = pelican.get("AUTHOR") {
                    frame.defaults.insert("author".to_owned(), author.into());
                }
            }
            _ => {}
        }
        frame
    }

    /// The addresses that the generator gave a file, best first, without the path of the site.
    pub fn addresses(&self, facts: &Facts<'_>) -> Vec<String> {
        let mut paths = match &self.generator {
            Generator::Unknown => Vec::new(),
            Generator::Jekyll(jekyll) => jekyll.addresses(facts),
            Generator::Hexo(hexo) => hexo.addresses(facts),
            Generator::Hugo(hugo) => hugo.addresses(facts),
            Generator::Zola(zola) => zola.addresses(facts, self.section_pattern(facts).as_deref()),
            Generator::Pelican(pelican) => pelican.addresses(facts),
            Generator::Eleventy(eleventy) => eleventy.addresses(facts),
            Generator::Docusaurus(docusaurus) => docusaurus.addresses(facts),
        };
        if let Some(language) = facts.language.filter(|language| self.is_prefixed(language)) {
            paths.iter_mut().for_each(|path| *path = format!("/{}{path}", language.to_lowercase()));
        }
        paths
    }

    /// Whether the addresses of a language begin with its name.
    fn is_prefixed(&self, language: &str) -> bool {
        let takes_part = matches!(self.generator, Generator::Hugo(_) | Generator::Zola(_) | Generator::Docusaurus(_));
        takes_part && (self.language_in_path || self.language.as_deref() != Some(language))
    }

    /// An alias as the generator understands it. `address` is the best address of its page.
    pub fn aliases(&self, alias: &str, address: Option<&str>) -> Vec<String> {
        let relative = || address.map(|address| Hugo::alias(alias, address));
        match self.generator {
            Generator::Hugo(_) => vec![relative().unwrap_or_else(|| alias.to_owned())],
            Generator::Unknown => relative().into_iter().chain([alias.to_owned()]).collect(),
            _ => vec![alias.to_owned()],
        }
    }

    /// A pattern that a section of Zola has for its pages.
    fn section_pattern(&self, facts: &Facts<'_>) -> Option<String> {
        let folder = facts.path.strip_suffix("/index").unwrap_or(facts.path).rsplit_once('/')?.0;
        let text = std::fs::read_to_string(self.root.join(folder).join("_index.md")).ok()?;
        let document = crate::content::front_matter::parse(&text, &Frame::default()).ok()?;
        document.fields.get("path_pattern").cloned()
    }

    /// Whether an absolute address belongs to this site; `None`: the site's host is not known.
    pub fn is_own(&self, url: &str) -> Option<bool> {
        let host = host_of(url)?;
        self.host.as_ref().map(|own| own.trim_start_matches("www.") == host.trim_start_matches("www."))
    }

    /// Folders of static files, whose addresses begin with a slash.
    pub fn static_folders(&self) -> Vec<PathBuf> {
        let folders = self.statics.iter().map(|folder| self.root.join(folder));
        let is_itself = |folder: &PathBuf| folder.canonicalize().is_ok_and(|canonical| canonical == *folder);
        folders.filter(is_itself).collect()
    }

    /// Takes host and path from the address of the site.
    fn set_url(&mut self, url: &str) {
        self.host = host_of(url);
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        self.set_base(rest.split_once('/').map_or("", |(_, path)| path));
    }

    /// The path under which the site is served.
    pub fn set_base(&mut self, path: &str) {
        let path = path.trim_matches('/');
        self.base = if path.is_empty() { String::new() } else { format!("/{path}") };
    }

    /// The name of the imported folder, where nothing tells of a site around it.
    pub fn folder_name(&self) -> Option<&str> {
        let is_alone = self.generator().is_none() && self.below.is_empty();
        let name = self.root.file_name().and_then(|name| name.to_str());
        name.filter(|name| is_alone && !name.starts_with(['.', '_']))
    }
}

/// The host of an absolute address, in lower case.
fn host_of(url: &str) -> Option<String> {
    address::scheme(url)?;
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    (!host.is_empty()).then(|| host.to_lowercase())
}

/// The value at a path of keys, whatever their case.
fn at<'a>(map: &'a Map<String, Value>, path: &[&str]) -> Option<&'a Value> {
    let (key, rest) = path.split_first()?;
    let value = map
        .get(*key)
        .or_else(|| map.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value))?;
    if rest.is_empty() { Some(value) } else { at(value.as_object()?, rest) }
}

/// The text there, if it is not blank.
fn text_at(map: &Map<String, Value>, path: &[&str]) -> Option<String> {
    let text = match at(map, path)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Array(list) => list.first()?.as_str()?.trim().to_owned(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}
