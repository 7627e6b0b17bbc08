//! Finds the files to import and reads what stands at their head.

use crate::content::front_matter::{self, Document};
use crate::content::relink;
use crate::domain::post::MAX_SOURCE;
use crate::domain::slug::Slug;
use crate::domain::time::{Timestamp, Zone};
use crate::error::{Error, Result};
use crate::service::import::names;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Deepest folder below the one that is imported.
const MAX_DEPTH: usize = 32;
/// Room for front matter beside the longest text, in bytes.
const MAX_FRONT_MATTER: usize = 100_000;

/// The files below a path, and what could not be looked at with the reason.
#[derive(Default)]
pub struct Tree {
    /// Canonical folder, out of which nothing is read.
    pub root: PathBuf,
    /// Paths below the root with `/`, sorted.
    pub keys: Vec<String>,
    pub problems: Vec<(String, String)>,
    /// Section files of a site generator, which are no posts.
    pub sections: usize,
}

/// What is known of a file before its text is looked at.
pub struct Header {
    /// Its path below the root with `/`; under this name it is remembered.
    pub key: String,
    /// Front matter; its body is emptied, so that a thousand of them take little memory.
    pub document: Document,
    pub title: String,
    pub date: Timestamp,
    /// Neither front matter nor path nor name has a date.
    pub undated: bool,
    /// Not to be public: it says so, lies in a folder of drafts, or has no date.
    pub draft: bool,
    /// The address asked for, before it is numbered.
    pub slug: Slug,
    /// Addresses it had, percent-decoded, beginning with `/`, without one at the end.
    pub old_paths: Vec<String>,
    /// Addresses that generators make by themselves, as far as nobody else asks for them.
    pub default_paths: Vec<String>,
}

/// Finds every Markdown file of a folder, or the one file.
pub fn tree(path: &Path) -> Result<Tree> {
    let unreadable = |cause: std::io::Error| {
        Error::Failed(format!("“{}” cannot be read: {cause}. Please name a folder or a Markdown file.", path.display()))
    };
    let canonical = path.canonicalize().map_err(unreadable)?;
    let mut tree = Tree::default();
    if canonical.is_dir() {
        tree.root = canonical;
        fs::read_dir(&tree.root).map_err(unreadable)?;
        tree.walk(Path::new(""), 0);
        tree.keys.sort();
    } else {
        let name = canonical.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        tree.root = canonical.parent().map(Path::to_owned).unwrap_or_default();
        tree.keys.push(name);
    }
    Ok(tree)
}

impl Tree {
    fn walk(&mut self, folder: &Path, depth: usize) {
        let key = folder.to_string_lossy().into_owned();
        if depth > MAX_DEPTH {
            return self.problems.push((key, format!("Folders more than {MAX_DEPTH} deep are not looked at.")));
        }
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(cause) => return self.problems.push((key, format!("The folder cannot be read: {cause}."))),
        };
        for entry in entries {
            match entry {
                Ok(entry) => self.enter(folder, &entry, depth),
                Err(cause) => self.problems.push((key.clone(), format!("The folder cannot be read: {cause}."))),
            }
        }
    }

    fn enter(&mut self, folder: &Path, entry: &fs::DirEntry, depth: usize) {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let relative = folder.join(&name);
        let Ok(kind) = entry.file_type() else { return };
        if text.starts_with('.') {
            return;
        }
        if kind.is_dir() {
            return self.walk(&relative, depth + 1);
        }
        let markdown = Path::new(&name).extension().is_some_and(|end| end == "md" || end == "markdown");
        if !markdown {
            return;
        }
        let key = relative.to_string_lossy().replace('\\', "/");
        if text.starts_with("_index.") {
            self.sections += 1;
        } else if kind.is_symlink() && inside(&self.root, &relative).is_none() {
            self.problems.push((key, "The link leads out of the folder and is not followed.".into()));
        } else {
            self.keys.push(key);
        }
    }

    /// Reads a file and what stands at its head. The error is a sentence for the report.
    pub fn read(&self, key: &str) -> std::result::Result<(Vec<u8>, Document), String> {
        let file = inside(&self.root, Path::new(key)).ok_or("The file is gone or cannot be reached.")?;
        let length = fs::metadata(&file).map_err(|cause| format!("The file cannot be read: {cause}."))?.len();
        let limit = MAX_SOURCE + MAX_FRONT_MATTER;
        if length > limit as u64 {
            return Err(format!("The file has {length} bytes; at most {limit} can be taken."));
        }
        let bytes = fs::read(&file).map_err(|cause| format!("The file cannot be read: {cause}."))?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|cause| format!("The file is not UTF-8 (from byte {} on).", cause.valid_up_to()))?;
        if text.trim_start_matches('\u{FEFF}').trim().is_empty() {
            return Err("It is empty.".into());
        }
        let mut document = front_matter::parse(text.strip_prefix('\u{FEFF}').unwrap_or(text))?;
        // Left behind by some editors, shown by none.
        document.body.retain(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
        take_heading(&mut document);
        Ok((bytes, document))
    }

    /// The head of a file; `None`: it is about the folder. `zone` is that of dates without one.
    pub fn header(&self, key: &str, zone: &Zone, now: Timestamp) -> std::result::Result<Option<Header>, String> {
        let (_, mut document) = self.read(key)?;
        if !document.headed && is_about_folder(key) {
            return Ok(None);
        }
        document.body = String::new();
        let title = document.title.clone().unwrap_or_else(|| names::title_of_name(&names::name_of(key)));
        let dated = names::date(&document, key, zone, now)?;
        let draft = document.draft || dated.is_none() || self.is_among_drafts(key);
        Ok(Some(Header {
            key: key.to_owned(),
            undated: dated.is_none(),
            draft,
            // A draft was at no address.
            default_paths: if draft { Vec::new() } else { names::default_paths(key) },
            date: dated.unwrap_or_else(|| self.modified(key)),
            slug: names::slug(&document, key, &title),
            old_paths: names::old_paths(&document),
            title,
            document,
        }))
    }

    /// Whether one of its folders, the one that is imported among them, is one of drafts.
    fn is_among_drafts(&self, key: &str) -> bool {
        let is_drafts = |name: &str| name == "_drafts" || name == "drafts";
        let root = self.root.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let folders = key.rsplit_once('/').map_or("", |(folders, _)| folders);
        is_drafts(&root) || folders.split('/').any(is_drafts)
    }

    /// Whether Jekyll reads this file, which looks for tags in code, too. Hexo, which has the same folders, does not.
    pub fn runs_liquid(&self, key: &str) -> bool {
        let path = self.root.join(key);
        let parts: Vec<_> = path.iter().filter_map(|part| part.to_str()).collect();
        let of_posts = |part: &&str| matches!(*part, "_posts" | "_drafts");
        let at = parts.iter().rposition(of_posts);
        at.is_some_and(|at| at == 0 || parts.get(at - 1) != Some(&"source"))
    }

    fn modified(&self, key: &str) -> Timestamp {
        let time = fs::metadata(self.root.join(key)).and_then(|metadata| metadata.modified()).unwrap_or(UNIX_EPOCH);
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(0))
    }
}

/// The file at `relative` below `root`; `None` when it does not exist or is not below it.
pub fn inside(root: &Path, relative: &Path) -> Option<PathBuf> {
    let file = root.join(relative).canonicalize().ok()?;
    (file.starts_with(root) && file.is_file()).then_some(file)
}

/// Whether it has a name under which people describe a folder of files.
fn is_about_folder(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or_default().to_lowercase();
    ["readme.md", "license.md", "changelog.md"].contains(&name.as_str())
}

/// A heading that begins the text is the title: pages show that already.
fn take_heading(document: &mut Document) {
    let Some((heading, end)) = relink::leading_heading(&document.body) else { return };
    let known = document.title.as_ref().is_none_or(|title| title.trim() == heading);
    if known && !heading.is_empty() {
        document.title = Some(heading);
        document.body = document.body.get(end..).unwrap_or_default().trim_start_matches(['\n', '\r']).to_owned();
    }
}
