//! What the addresses in imported texts lead to.

mod lookup;

use crate::content::address;
use crate::content::interchange::BY_NAME;
use crate::content::relink::Use;
use crate::domain::link::Links;
use crate::domain::slug::Slug;
use crate::service::import::heads::Header;
use crate::service::import::permalinks::plain;
use crate::service::import::scan;
use crate::service::import::site::Site;
use crate::service::import::targets::lookup::Names;
use percent_encoding::percent_decode_str;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Endings of files that are images, taken or not.
const IMAGES: [&str; 10] = ["png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "bmp", "tif", "tiff"];

/// What an address becomes. `Option::None` beside it: the address is none of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file of this import, with the query and fragment of the address.
    Post { key: String, tail: String },
    /// A file of the site that is no post.
    File(PathBuf),
    /// A reason why it cannot be brought in.
    Missing(&'static str),
    /// A reason why it leads nowhere now, though it may again.
    Gone(&'static str),
}

/// The files of an import by the names under which others link to them.
pub struct Targets<'a> {
    root: PathBuf,
    site: &'a Site,
    /// Folders in which addresses that begin with a slash are looked for.
    bases: Vec<PathBuf>,
    slugs: HashMap<String, Slug>,
    old_paths: HashMap<String, String>,
    /// The surest old address of each file.
    homes: HashMap<String, String>,
    names: OnceCell<Names>,
}

impl<'a> Targets<'a> {
    /// Knows nothing yet; `root` is canonical.
    pub fn new(root: PathBuf, site: &'a Site) -> Targets<'a> {
        let (slugs, old_paths, homes) = (HashMap::new(), HashMap::new(), HashMap::new());
        Targets { bases: bases(&root, site), root, site, slugs, old_paths, homes, names: OnceCell::new() }
    }

    /// Remembers a file with its address on the blog.
    pub fn add(&mut self, header: &Header, slug: Slug) {
        self.slugs.insert(header.key.clone(), slug);
        if let Some(address) = header.addresses.first() {
            self.homes.insert(header.key.clone(), address.path.clone());
        }
    }

    /// Remembers further addresses of a file that has one on the blog.
    pub fn add_paths(&mut self, key: &str, paths: &[String]) {
        if !self.slugs.contains_key(key) {
            return;
        }
        for path in paths {
            self.old_paths.entry(path.clone()).or_insert_with(|| key.to_owned());
        }
    }

    /// The path of a file's post, without the base path.
    pub fn path_of(&self, key: &str) -> Option<String> {
        self.slugs.get(key).map(|slug| Links::root().post(slug))
    }

    /// What `address` in the file `key` leads to.
    pub fn resolve(&self, key: &str, usage: Use, address: &str) -> Option<Target> {
        if address.starts_with("//") || address.starts_with(['#', '?']) || address.is_empty() {
            return None;
        }
        if let Some(name) = address.strip_prefix(BY_NAME) {
            return Some(self.named(key, name));
        }
        if let Some(path) = address.strip_prefix("@/") {
            let (path, tail) = split_tail(path);
            let post = self.in_section(&decoded(path)).map(|key| Target::Post { key, tail: tail.to_owned() });
            return Some(post.unwrap_or(Target::Missing("no such file in the import")));
        }
        if address::scheme(address).is_some() {
            // What leads to the old site by its whole address, and is there.
            let path = self.site.is_own(address)?.then(|| address.split_once("://")?.1.split_once('/'))??.1;
            let (path, tail) = split_tail(path);
            return self
                .at_root(&decoded(path), usage, tail)
                .filter(|target| !matches!(target, Target::Missing(_) | Target::Gone(_)));
        }
        let (path, tail) = split_tail(address);
        let path = decoded(path);
        if let Some(from_root) = path.strip_prefix('/') {
            return self.at_root(from_root, usage, tail);
        }
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let joined = join(folder, &path);
        let beside = joined.as_ref().and_then(|joined| self.beside(joined, tail));
        let found = beside.or_else(|| self.beside_old_address(key, &path, tail)).or_else(|| self.above(key, &path));
        if let Some(found) = found {
            return Some(found);
        }
        Some(match self.elsewhere(key, &path, tail) {
            Target::Missing(_) if joined.is_none() => Target::Missing("it lies outside of the folder that is imported"),
            found => found,
        })
    }

    /// A post or a file at this path.
    fn beside(&self, path: &str, tail: &str) -> Option<Target> {
        let file = || scan::inside(&self.root, Path::new(path)).filter(|_| !is_unfit(path)).map(Target::File);
        self.post(path, tail).or_else(file)
    }

    /// An address that begins with a slash is one of the old site.
    fn at_root(&self, path: &str, usage: Use, tail: &str) -> Option<Target> {
        let old = plain(path);
        if let Some(key) = self.old_paths.get(&old) {
            return Some(Target::Post { key: key.clone(), tail: tail.to_owned() });
        }
        if let Some(post) = self.post(path, tail) {
            return Some(post);
        }
        let within = old_base(&self.site.base, path);
        let file = [path, within].into_iter().find_map(|path| {
            let path = join("", path)?;
            self.bases.iter().find_map(|base| scan::inside(base, Path::new(&path)))
        });
        let image = || self.image_of_site([path, within]);
        if let Some(file) = file.filter(|_| !is_unfit(path)).or_else(image) {
            return Some(Target::File(file));
        }
        if usage == Use::Image || is_image(path) || is_attachment(path) {
            return Some(Target::Missing("there is no such file in the folder or its static files"));
        }
        let gone = !is_of_every_blog(&old) && !self.slugs.is_empty();
        gone.then_some(Target::Gone("nothing that is imported was at this address"))
    }

    /// A relative address as browsers read it: from the old address of the page on.
    fn beside_old_address(&self, key: &str, path: &str, tail: &str) -> Option<Target> {
        let home = self.homes.get(key)?;
        let above = home.rsplit_once('/').map_or("", |(above, _)| above);
        let found = [home.as_str(), above]
            .into_iter()
            .find_map(|folder| self.old_paths.get(&plain(&join(folder, path)?)).filter(|found| *found != key))?;
        Some(Target::Post { key: found.clone(), tail: tail.to_owned() })
    }

    /// An image outside of the imported folder, but inside of its site.
    fn above(&self, key: &str, path: &str) -> Option<Target> {
        let place = self.site.path_of(key);
        let folder = place.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.image_of_site([join(folder, path)?.as_str()]).map(Target::File)
    }

    /// The first of these paths that is an image in the folder of the site: nothing else is read there.
    fn image_of_site<const N: usize>(&self, paths: [&str; N]) -> Option<PathBuf> {
        let images = paths.into_iter().filter(|path| is_image(path));
        images.filter_map(|path| join("", path)).find_map(|path| scan::inside(&self.site.root, Path::new(&path)))
    }

    fn post(&self, path: &str, tail: &str) -> Option<Target> {
        let bare = path.trim_end_matches('/');
        let bare = bare.strip_suffix(".html").unwrap_or(bare);
        let endings = ["", ".md", ".markdown", ".mdx", "/index.md", "/index.mdx", "/_index.md", "/README.md"];
        let mut candidates = endings.iter().map(|ending| format!("{bare}{ending}"));
        let key = candidates.find(|key| self.slugs.contains_key(key))?;
        Some(Target::Post { key, tail: tail.to_owned() })
    }

    /// `@/blog/x.md` counts from a site's content folder, of which the import may be a part.
    fn in_section(&self, path: &str) -> Option<String> {
        let mut rest = path;
        loop {
            if self.slugs.contains_key(rest) {
                return Some(rest.to_owned());
            }
            rest = rest.split_once('/')?.1;
        }
    }
}

/// The folder that is imported and those of the site's static files; never one that a link leads to.
fn bases(root: &Path, site: &Site) -> Vec<PathBuf> {
    let own = ["static", "public", "assets"].map(|folder| root.join(folder));
    let is_itself = |base: &PathBuf| base.canonicalize().is_ok_and(|canonical| canonical == *base);
    let own = std::iter::once(root.to_owned()).chain(own).filter(is_itself);
    own.chain(site.static_folders()).collect()
}

/// A path without that of the whole site before it.
fn old_base<'a>(base: &str, path: &'a str) -> &'a str {
    let base = base.trim_start_matches('/');
    path.strip_prefix(base).filter(|rest| !base.is_empty() && rest.starts_with('/')).unwrap_or(path)
}

/// Whether an old address has a meaning on every blog, so that a link to it need not be reported.
fn is_of_every_blog(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let own = [
        "",
        "archive",
        "archives",
        "posts",
        "tag",
        "tags",
        "category",
        "categories",
        "search",
        "author",
        "feed",
        "rss",
    ];
    own.contains(&first)
        || ["/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json", "/sitemap.xml"].contains(&path)
}

fn is_markdown(path: &str) -> bool {
    let end = path.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    ["md", "markdown", "mdx", "mkd", "mdown"].contains(&end.as_str())
}

/// Whether its name has the ending of a file that people put beside their posts.
fn is_attachment(path: &str) -> bool {
    const ENDINGS: [&str; 14] =
        ["pdf", "zip", "gz", "mp4", "webm", "mov", "mp3", "m4a", "ogg", "wav", "flac", "txt", "csv", "epub"];
    path.rsplit_once('.').is_some_and(|(_, end)| ENDINGS.contains(&end.to_ascii_lowercase().as_str()))
}

/// Whether it is a post, or hidden: such files are not brought in as attachments.
fn is_unfit(path: &str) -> bool {
    is_markdown(path) || path.split('/').any(|part| part.starts_with('.'))
}

/// Whether its name is that of an image.
pub fn is_image(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| IMAGES.contains(&end.to_ascii_lowercase().as_str()))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The path, and its query and fragment.
fn split_tail(address: &str) -> (&str, &str) {
    address.split_at(address.find(['?', '#']).unwrap_or(address.len()))
}

/// `path` as seen from `folder`, below the root; `None` when it leads above it.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part if part.contains('\0') => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn targets<'a>(root: &Path, site: &'a Site) -> Targets<'a> {
        let slug = |text| Slug::parse(text).unwrap();
        let mut targets = Targets::new(root.to_owned(), site);
        targets.slugs.insert("posts/a.md".into(), slug("a"));
        targets.slugs.insert("posts/b/index.md".into(), slug("b"));
        targets.old_paths.insert("/2015/01/02/a".into(), "posts/a.md".into());
        targets
    }

    #[test]
    fn links_between_files_are_found() {
        let site = Site::default();
        let targets = targets(Path::new("/nowhere"), &site);
        let post = |key: &str, tail: &str| Some(Target::Post { key: key.into(), tail: tail.into() });
        let from = |address| targets.resolve("posts/b/index.md", Use::Link, address);
        assert_eq!(from("../a.md"), post("posts/a.md", ""));
        assert_eq!(from("../a"), post("posts/a.md", ""));
        assert_eq!(from("@/posts/a.md#x"), post("posts/a.md", "#x"));
        assert_eq!(from("@/blog/posts/b/index.md"), post("posts/b/index.md", ""));
        assert_eq!(from("/2015/01/02/a/?q#x"), post("posts/a.md", "?q#x"));
        assert_eq!(targets.resolve("posts/a.md", Use::Link, "b/"), post("posts/b/index.md", ""));
        for other in ["https://example.org/a.md", "mailto:a@b.c", "#x", "?q", "//host/a.md", "/tags/x/", ""] {
            assert_eq!(from(other), None, "{other}");
        }
        assert!(matches!(from("/elsewhere/"), Some(Target::Gone(_))));
    }

    #[test]
    fn nothing_outside_of_the_folder_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("root");
        std::fs::create_dir_all(root.join("posts")).unwrap();
        std::fs::write(folder.path().join("secret.png"), "x").unwrap();
        std::fs::write(root.join("posts/y.png"), "x").unwrap();
        let site = Site::default();
        let targets = targets(&root, &site);
        let image = |address| targets.resolve("posts/a.md", Use::Image, address);
        assert_eq!(image("y.png"), Some(Target::File(root.join("posts/y.png"))));
        assert_eq!(image("./y%2Epng?v=1"), Some(Target::File(root.join("posts/y.png"))));
        assert_eq!(image("/posts/y.png"), Some(Target::File(root.join("posts/y.png"))));
        for escape in ["../../secret.png", "%2e%2e/%2e%2e/secret.png", "..\\..\\secret.png", "x/../../../secret.png"] {
            assert!(matches!(image(escape), Some(Target::Missing(_))), "{escape}");
        }
        assert!(matches!(image("/../secret.png"), Some(Target::Missing(_))));
        assert!(matches!(image("/../secret"), Some(Target::Missing(_))));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("secret.png"), root.join("posts/link.png")).unwrap();
            assert!(matches!(image("link.png"), Some(Target::Missing(_))));
        }
    }

    #[test]
    fn images_of_the_whole_site_are_among_its_static_files() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().canonicalize().unwrap();
        for file in ["content/static/in.png", "static/up.webp", "static/doc.pdf", "posts/x.md"] {
            std::fs::create_dir_all(site.join(file).parent().unwrap()).unwrap();
            std::fs::write(site.join(file), "x").unwrap();
        }
        let resolve = |root: &str, usage, address| {
            let root = site.join(root);
            let found = crate::service::import::site::find(&root);
            Targets::new(root, &found).resolve("a.md", usage, address)
        };
        let image = |root: &str, address| resolve(root, Use::Image, address);
        assert_eq!(image("content", "/in.png"), Some(Target::File(site.join("content/static/in.png"))));
        assert_eq!(image("content", "/up.webp?v=1"), Some(Target::File(site.join("static/up.webp"))));
        assert!(matches!(image("content", "/gone.jpg"), Some(Target::Missing(_))));
        assert!(matches!(image("content", "/gone"), Some(Target::Missing(_))));
        assert!(matches!(image("posts", "/up.webp"), Some(Target::Missing(_))), "only beside a folder “content”");
        let link = |address| resolve("content", Use::Link, address);
        assert_eq!(link("/doc.pdf"), Some(Target::File(site.join("static/doc.pdf"))));
        assert!(matches!(link("/gone.pdf"), Some(Target::Missing(_))));
    }

    proptest! {
        #[test]
        fn a_joined_path_never_leads_up(folder in "[a-c/]{0,12}", path in "[a-c/.\\\\]{0,20}") {
            if let Some(joined) = join(&folder, &path) {
                prop_assert!(!joined.split('/').any(|part| part == ".."), "{}", joined);
                prop_assert!(!joined.starts_with('/'));
            }
        }
    }
}
