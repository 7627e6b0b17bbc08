//! The addresses that a file had on the old site, certain ones and guessed ones.

use crate::service::import::dates;
use crate::service::import::permalinks::{Facts, hugo_slug, jekyll_pretty, plain};
use crate::service::import::site::{Site, dated_folders};

/// How sure an old address is: of two files that had one, the surer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The header says it.
    Own,
    /// The configuration of the site gives it.
    Site,
    /// The header says that it led here.
    Alias,
    /// Generators make it without being told.
    Likely,
    /// It would be one if the folder were another part of a site.
    Guess,
}

/// An old address in its one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub rank: Rank,
    pub path: String,
}

impl Address {
    /// Whether the header names it.
    pub fn is_asked_for(&self) -> bool {
        matches!(self.rank, Rank::Own | Rank::Alias)
    }
}

/// Folders that are not part of any address.
const CONTAINERS: [&str; 14] = [
    "content",
    "contents",
    "source",
    "src",
    "data",
    "site",
    "pages",
    "app",
    "_posts",
    "_drafts",
    "www",
    "web",
    "docs",
    "collections",
];

/// All addresses of a file, the surest first, each once. `local` is its path below the imported folder.
pub fn of(site: &Site, permalink: Option<&str>, local: &str, facts: &Facts<'_>) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    let mut add = |rank, path: String| {
        let with_base = (!site.base.is_empty()).then(|| format!("{}{path}", site.base));
        for path in with_base.into_iter().chain([path]) {
            if path != "/" && path.len() <= 1000 && !found.iter().any(|known| known.path == path) {
                found.push(Address { rank, path });
            }
        }
    };
    let own = own(site, facts);
    let told = permalink.map(|pattern| facts.expand(pattern, |token| any_value(facts, token))).unwrap_or_default();
    let by_site = site.addresses(facts);
    let best =
        own.iter().chain(&told).chain(&by_site).next().cloned().or_else(|| likely(local, facts).into_iter().next());
    // Where the header names the address, the file was at no other.
    let ranks = (
        if own.is_empty() { Rank::Site } else { Rank::Likely },
        if told.is_empty() { Rank::Site } else { Rank::Likely },
    );
    own.iter().for_each(|path| add(Rank::Own, path.clone()));
    told.into_iter().for_each(|path| add(ranks.0, path));
    by_site.into_iter().for_each(|path| add(ranks.0.max(ranks.1), path));
    for alias in &facts.document.aliases {
        for alias in site.aliases(alias, best.as_deref()) {
            if let Some(path) = on_site(site, &alias) {
                add(Rank::Alias, path);
            }
        }
    }
    let rank = if site.generator().is_none() { Rank::Likely } else { Rank::Guess };
    likely(local, facts).into_iter().for_each(|path| add(rank, path));
    // One of a single part might be in the way of a page.
    let guesses = guesses(site.folder_name(), local, facts).into_iter().filter(|path| path.matches('/').count() > 1);
    guesses.for_each(|path| add(Rank::Guess, path));
    found.sort_by_key(|address| address.rank);
    found
}

/// The address of the header, unless it is a pattern.
fn own(site: &Site, facts: &Facts<'_>) -> Vec<String> {
    let path = facts.document.path.as_deref();
    let path = path.filter(|path| path.contains("://") || !path.contains([':', '{']));
    path.and_then(|path| on_site(site, path)).into_iter().collect()
}

/// The path of an address that is one of this site, or may be.
fn on_site(site: &Site, address: &str) -> Option<String> {
    let path = match address.split_once("://") {
        Some(_) if site.is_own(address) == Some(false) => return None,
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => address,
    };
    Some(plain(&without_dots(path.split(['?', '#']).next().unwrap_or_default())))
}

/// `/posts/owls/../old` as `/posts/old`.
fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Values of tokens that no generator has claimed.
fn any_value(facts: &Facts<'_>, token: &str) -> Option<String> {
    let slug = || facts.slug().unwrap_or(facts.bare_name());
    Some(match token {
        "title" | "slug" | "slugorfilename" => slug().to_owned(),
        "name" | "filename" | "basename" | "contentbasename" => facts.name().to_owned(),
        "post_title" => hugo_slug(facts.title),
        "category" => hugo_slug(facts.document.categories.first()?),
        "categories" => facts.document.categories.iter().map(|name| hugo_slug(name)).collect::<Vec<_>>().join("/"),
        "section" => (*facts.folders().iter().find(|folder| !CONTAINERS.contains(folder))?).to_owned(),
        "sections" | "folders" => {
            let folders = facts.folders();
            folders.into_iter().filter(|folder| !CONTAINERS.contains(folder)).collect::<Vec<_>>().join("/")
        }
        "path" => facts.path.to_owned(),
        "lang" => facts.document.language.clone()?,
        "output_ext" => String::new(),
        other => facts.document.fields.get(other)?.clone(),
    })
}

/// What generators make of a path by themselves: the path with the slug in place of the name, else the path, the path
/// without the date of its name, and for a name with a date what Jekyll makes of it.
fn likely(local: &str, facts: &Facts<'_>) -> Vec<String> {
    let path = if local == "index" { "" } else { local.strip_suffix("/index").unwrap_or(local) };
    if path.is_empty() {
        return Vec::new();
    }
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let prefix = facts.language.map(|language| format!("/{}", language.to_lowercase())).unwrap_or_default();
    let dated = dates::of_name(name).filter(|(_, rest)| !rest.is_empty());
    let mut paths = Vec::new();
    if let Some(slug) = facts.slug() {
        paths.push(plain(&format!("{prefix}/{folder}/{slug}")));
    } else {
        paths.push(plain(&format!("{prefix}/{path}")));
        paths.extend(dated.map(|(_, rest)| plain(&format!("{prefix}/{folder}/{rest}"))));
    }
    if let Some((date, rest)) = dated {
        let last = facts.slug().unwrap_or(rest);
        paths.push(plain(&format!("/{}/{}", date.strftime("%Y/%m/%d"), jekyll_pretty(last))));
    }
    paths
}

/// Further addresses that it may have had: by the names of the folders above without those that hold content, and by
/// the name of the file in spite of its slug.
fn guesses(folder: Option<&str>, local: &str, facts: &Facts<'_>) -> Vec<String> {
    let bare = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        let skipped = parts.iter().take_while(|part| CONTAINERS.contains(part)).count();
        parts.get(skipped..).unwrap_or_default().join("/")
    };
    let named = folder.map(|folder| bare(&format!("{folder}/{local}")));
    let mut paths = Vec::new();
    for path in [Some(bare(facts.path)), named].into_iter().flatten() {
        paths.extend(likely(&path, facts));
        let path = path.strip_suffix("/index").unwrap_or(&path);
        paths.extend((!path.is_empty()).then(|| plain(&dated_folders(path))));
    }
    paths.push(plain(local.strip_suffix("/index").unwrap_or(local)));
    paths
}
