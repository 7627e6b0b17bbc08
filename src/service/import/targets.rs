//! What the addresses in imported texts lead to.

mod lookup;

use crate::content::address;
use crate::content::interchange::BY_NAME;
use crate::content::relink::Use;
use crate::domain::link::Links;
use crate::domain::slug::Slug;
use crate::service::import::scan::{self, Header};
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
}

/// The files of an import by the names under which others link to them.
pub struct Targets {
    root: PathBuf,
    /// Folders in which addresses that begin with a slash are looked for.
    bases: Vec<PathBuf>,
    slugs: HashMap<String, Slug>,
    old_paths: HashMap<String, String>,
    names: OnceCell<Names>,
}

impl Targets {
    /// Knows nothing yet; `root` is canonical.
    pub fn new(root: PathBuf) -> Targets {
        Targets { bases: bases(&root), root, slugs: HashMap::new(), old_paths: HashMap::new(), names: OnceCell::new() }
    }

    /// Remembers a file with its address on the blog.
    pub fn add(&mut self, header: &Header, slug: Slug) {
        self.slugs.insert(header.key.clone(), slug);
        self.add_paths(&header.key, &header.old_paths);
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
            return None;
        }
        let (path, tail) = split_tail(address);
        let path = decoded(path);
        if let Some(from_root) = path.strip_prefix('/') {
            return self.at_root(from_root, usage, tail);
        }
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let joined = join(folder, &path);
        if let Some(found) = joined.as_ref().and_then(|joined| self.beside(joined, tail)) {
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
        let old = format!("/{}", path.trim_matches('/'));
        if let Some(key) = self.old_paths.get(&old) {
            return Some(Target::Post { key: key.clone(), tail: tail.to_owned() });
        }
        let joined = join("", path);
        let file = joined.and_then(|path| self.bases.iter().find_map(|base| scan::inside(base, Path::new(&path))));
        let missing = usage == Use::Image || is_image(path) || is_attachment(path);
        let missing = missing.then_some(Target::Missing("there is no such file in the folder or its static files"));
        file.filter(|_| !is_unfit(path)).map(Target::File).or(missing)
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

/// The folder that is imported and that of a site's static files, in it or beside `content`; never
/// one that a link leads to.
fn bases(root: &Path) -> Vec<PathBuf> {
    let beside = root.parent().filter(|_| root.file_name().is_some_and(|name| name == "content"));
    let candidates = [Some(root.to_owned()), Some(root.join("static")), beside.map(|site| site.join("static"))];
    let is_itself = |base: &PathBuf| base.canonicalize().is_ok_and(|canonical| canonical == *base);
    candidates.into_iter().flatten().filter(is_itself).collect()
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

    fn targets(root: &Path) -> Targets {
        let slug = |text| Slug::parse(text).unwrap();
        let mut targets = Targets::new(root.to_owned());
        targets.slugs.insert("posts/a.md".into(), slug("a"));
        targets.slugs.insert("posts/b/index.md".into(), slug("b"));
        targets.old_paths.insert("/2015/01/02/a".into(), "posts/a.md".into());
        targets
    }

    #[test]
    fn links_between_files_are_found() {
        let targets = targets(Path::new("/nowhere"));
        let post = |key: &str, tail: &str| Some(Target::Post { key: key.into(), tail: tail.into() });
        let from = |address| targets.resolve("posts/b/index.md", Use::Link, address);
        assert_eq!(from("../a.md"), post("posts/a.md", ""));
        assert_eq!(from("../a"), post("posts/a.md", ""));
        assert_eq!(from("@/posts/a.md#x"), post("posts/a.md", "#x"));
        assert_eq!(from("@/blog/posts/b/index.md"), post("posts/b/index.md", ""));
        assert_eq!(from("/2015/01/02/a/?q#x"), post("posts/a.md", "?q#x"));
        assert_eq!(targets.resolve("posts/a.md", Use::Link, "b/"), post("posts/b/index.md", ""));
        for other in ["https://example.org/a.md", "mailto:a@b.c", "#x", "?q", "//host/a.md", "/elsewhere", ""] {
            assert_eq!(from(other), None, "{other}");
        }
    }

    #[test]
    fn nothing_outside_of_the_folder_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("root");
        std::fs::create_dir_all(root.join("posts")).unwrap();
        std::fs::write(folder.path().join("secret.png"), "x").unwrap();
        std::fs::write(root.join("posts/y.png"), "x").unwrap();
        let targets = targets(&root);
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
        let image = |root: &str, address| Targets::new(site.join(root)).resolve("a.md", Use::Image, address);
        assert_eq!(image("content", "/in.png"), Some(Target::File(site.join("content/static/in.png"))));
        assert_eq!(image("content", "/up.webp?v=1"), Some(Target::File(site.join("static/up.webp"))));
        assert!(matches!(image("content", "/gone.jpg"), Some(Target::Missing(_))));
        assert!(matches!(image("content", "/gone"), Some(Target::Missing(_))));
        assert!(matches!(image("posts", "/up.webp"), Some(Target::Missing(_))), "only beside a folder “content”");
        let link = |address| Targets::new(site.join("content")).resolve("a.md", Use::Link, address);
        assert_eq!(link("/doc.pdf"), Some(Target::File(site.join("static/doc.pdf"))));
        assert!(matches!(link("/gone.pdf"), Some(Target::Missing(_))));
        assert_eq!((link("/gone"), link("/v1.2")), (None, None));
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
