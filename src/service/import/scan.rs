//! Finds the files to import and reads them.

use crate::content::front_matter::{self, Document, Frame};
use crate::content::relink;
use crate::domain::post::MAX_SOURCE;
use crate::error::{Error, Result};
use crate::service::import::html;
use crate::service::import::kinds::{self, Kind};
use crate::service::import::report::Counts;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Deepest folder below the one that is imported.
const MAX_DEPTH: usize = 32;
/// Room for front matter beside the longest text, in bytes.
const MAX_FRONT_MATTER: usize = 100_000;
/// How much of a file tells whether it is an export.
const EXPORT_HEAD: u64 = 64 * 1024;

/// The files below a path, and what could not be looked at with the reason.
#[derive(Default)]
pub struct Tree {
    /// Canonical folder, out of which no text is read.
    pub root: PathBuf,
    /// Paths below the root with `/`, sorted.
    pub keys: Vec<String>,
    /// The files whose names are not UTF-8, by their keys.
    odd: HashMap<String, PathBuf>,
    pub problems: Vec<(String, String)>,
    /// Section files of a site generator, which are no posts.
    pub sections: usize,
    /// Files passed over, by kind.
    pub others: Counts,
}

/// Finds every Markdown file of a folder, or the one file. `site` is the folder of the whole site.
pub fn tree(path: &Path, site: Option<&Path>) -> Result<Tree> {
    let unreadable = |cause: std::io::Error| {
        Error::Failed(format!("“{}” cannot be read: {cause}. Please name a folder or a Markdown file.", path.display()))
    };
    let canonical = path.canonicalize().map_err(unreadable)?;
    let mut tree = Tree::default();
    if canonical.is_dir() {
        tree.root = canonical;
        fs::read_dir(&tree.root).map_err(unreadable)?;
        tree.walk(Path::new(""), 0, site);
        tree.keys.sort();
    } else {
        refuse_other_kinds(&canonical)?;
        let name = Path::new(canonical.file_name().unwrap_or_default());
        tree.root = canonical.parent().map(Path::to_owned).unwrap_or_default();
        let key = tree.key_of(name);
        tree.keys.push(key);
    }
    Ok(tree)
}

/// A single file that is named has to be Markdown, whatever its ending, and not plainly something else.
fn refuse_other_kinds(file: &Path) -> Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let what = match kinds::kind(&name) {
        Kind::Other(what) if what != "plain text" => Some(what),
        Kind::Markdown => None,
        _ => head_of(file).and_then(|head| kinds::export(&head)),
    };
    match what {
        Some(what) => Err(Error::Failed(format!(
            "“{name}” is {what}; this command takes Markdown files. Please convert it to Markdown first."
        ))),
        None => Ok(()),
    }
}

fn head_of(file: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    fs::File::open(file).ok()?.take(EXPORT_HEAD).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

impl Tree {
    fn walk(&mut self, folder: &Path, depth: usize, site: Option<&Path>) {
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
                Ok(entry) => self.enter(folder, &entry, depth, site),
                Err(cause) => self.problems.push((key.clone(), format!("The folder cannot be read: {cause}."))),
            }
        }
    }

    fn enter(&mut self, folder: &Path, entry: &fs::DirEntry, depth: usize, site: Option<&Path>) {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let relative = folder.join(&name);
        let Ok(kind) = entry.file_type() else { return };
        if text.starts_with('.') {
            return;
        }
        if kind.is_dir() {
            let top = site.is_some_and(|site| self.root.join(folder) == site);
            if !kinds::has_no_posts(&text, top) {
                self.walk(&relative, depth + 1, site);
            }
            return;
        }
        let what = kinds::kind(&text);
        if what == Kind::Nothing {
            return;
        }
        let key = self.key_of(&relative);
        match what {
            Kind::Other(what) => self.others.add(what, &key),
            Kind::Data => {
                if let Some(what) = head_of(&entry.path()).and_then(|head| kinds::export(&head)) {
                    self.others.add(what, &key);
                }
            }
            _ if text.starts_with("_index.") => self.sections += 1,
            _ if kind.is_symlink() && inside(&self.root, &relative).is_none() => {
                self.problems.push((key, "The link leads out of the folder and is not followed.".into()));
            }
            _ => self.keys.push(key),
        }
    }

    /// The path with `/`; bytes that are not UTF-8 percent-encoded.
    fn key_of(&mut self, relative: &Path) -> String {
        if let Some(text) = relative.to_str() {
            return text.replace('\\', "/");
        }
        let mut key = String::new();
        for chunk in relative.as_os_str().as_encoded_bytes().utf8_chunks() {
            key.push_str(chunk.valid());
            for byte in chunk.invalid() {
                key.push_str(&format!("%{byte:02X}"));
            }
        }
        self.odd.insert(key.clone(), relative.to_owned());
        key
    }

    /// The file of a key, below the root.
    pub fn file_of(&self, key: &str) -> PathBuf {
        self.root.join(self.odd.get(key).map_or(OsStr::new(key), |path| path.as_os_str()))
    }

    /// Whether the name of the file can be read.
    pub fn is_named(&self, key: &str) -> bool {
        !self.odd.contains_key(key)
    }

    /// Reads a file and what stands at its head. The error is a sentence for the report.
    pub fn read(&self, key: &str, frame: &Frame) -> std::result::Result<(Vec<u8>, Document), String> {
        let file = inside(&self.root, &self.file_of(key)).ok_or("The file is gone or cannot be reached.")?;
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
        let mut document = front_matter::parse(text.strip_prefix('\u{FEFF}').unwrap_or(text), frame)?;
        // Left behind by some editors, shown by none.
        document.body.retain(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
        if kinds::kind(key) == Kind::Html {
            document.body = html::in_markdown(&document.body);
        }
        take_heading(&mut document);
        Ok((bytes, document))
    }

    /// Whether Jekyll reads this file, which looks for tags in code, too. Hexo, which has the same folders, does not.
    pub fn runs_liquid(&self, key: &str) -> bool {
        let path = self.root.join(key);
        let parts: Vec<_> = path.iter().filter_map(|part| part.to_str()).collect();
        let of_posts = |part: &&str| matches!(*part, "_posts" | "_drafts");
        let at = parts.iter().rposition(of_posts);
        at.is_some_and(|at| at == 0 || parts.get(at - 1) != Some(&"source"))
    }
}

/// The file at `relative` below `root`; `None` when it does not exist or is not below it.
pub fn inside(root: &Path, relative: &Path) -> Option<PathBuf> {
    let file = root.join(relative).canonicalize().ok()?;
    (file.starts_with(root) && file.is_file()).then_some(file)
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
