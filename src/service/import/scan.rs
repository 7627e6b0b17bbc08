//! Finds the files to import and reads what stands at their head.

use crate::content::front_matter::{self, Document};
use crate::content::relink;
use crate::domain::post::MAX_SOURCE;
use crate::domain::slug::Slug;
use crate::domain::time::{Timestamp, Zone};
use crate::error::{Error, Result};
use percent_encoding::percent_decode_str;
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
    /// The address asked for, before it is numbered.
    pub slug: Slug,
    /// Addresses it had, percent-decoded, beginning with `/`, without one at the end.
    pub old_paths: Vec<String>,
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
        let mut document = front_matter::parse(text.strip_prefix('\u{FEFF}').unwrap_or(text))?;
        // Left behind by some editors, shown by none.
        document.body.retain(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
        take_heading(&mut document);
        Ok((bytes, document))
    }

    /// The head of a file. `zone` is that of dates without one.
    pub fn header(&self, key: &str, zone: &Zone) -> std::result::Result<Header, String> {
        let (_, mut document) = self.read(key)?;
        document.body = String::new();
        let title = document.title.clone().unwrap_or_else(|| title_of_name(&name_of(key)));
        let dated = date(&document, key, zone)?;
        Ok(Header {
            key: key.to_owned(),
            undated: dated.is_none(),
            date: dated.unwrap_or_else(|| self.modified(key)),
            slug: slug(&document, key, &title),
            old_paths: old_paths(&document),
            title,
            document,
        })
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

/// A heading that begins the text is the title: pages show that already.
fn take_heading(document: &mut Document) {
    let Some((heading, end)) = relink::leading_heading(&document.body) else { return };
    let known = document.title.as_ref().is_none_or(|title| title.trim() == heading);
    if known && !heading.is_empty() {
        document.title = Some(heading);
        document.body = document.body.get(end..).unwrap_or_default().trim_start_matches(['\n', '\r']).to_owned();
    }
}

/// The file's name without its ending; of `name/index.md` the folder's.
fn name_of(key: &str) -> String {
    let mut parts = key.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let name = if stem == "index" { parts.next().unwrap_or(stem) } else { stem };
    // `roadmap@1` is how a flat folder keeps two files of one name apart.
    match name.rsplit_once('@') {
        Some((before, number)) if !before.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            before.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// `2015-09-17-hello` is a date and a name.
fn split_date(name: &str) -> Option<(String, &str)> {
    let (date, rest) = (name.get(..10)?, name.get(10..)?);
    let shape = date
        .bytes()
        .enumerate()
        .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    let ends = rest.is_empty() || rest.starts_with(['-', '_', ' ']);
    (shape && ends).then(|| (date.to_owned(), rest.trim_start_matches(['-', '_', ' '])))
}

/// `2015/09/17/name` anywhere in a path.
fn date_in_path(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.windows(3).find_map(|window| {
        let [year, month, day] = window else { return None };
        let digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        (year.len() == 4 && digits(year, 4) && digits(month, 2) && digits(day, 2))
            .then(|| format!("{year}-{month:0>2}-{day:0>2}"))
    })
}

fn title_of_name(name: &str) -> String {
    let rest = split_date(name).map_or(name, |(_, rest)| if rest.is_empty() { name } else { rest });
    rest.replace(['-', '_'], " ")
}

fn slug(document: &Document, key: &str, title: &str) -> Slug {
    let of_path = document.path.as_deref().and_then(|path| path.trim_end_matches('/').rsplit('/').next());
    let of_path = of_path.map(|part| part.strip_suffix(".html").unwrap_or(part).to_owned());
    let name = name_of(key);
    let of_name = split_date(&name).map_or(name.as_str(), |(_, rest)| rest).to_owned();
    [document.slug.clone(), of_path, Some(of_name), Some(title.to_owned()), Some("post".into())]
        .into_iter()
        .flatten()
        .find_map(|text| Slug::from_title(&decoded(&text)))
        // The last of them always gives one.
        .unwrap_or_else(|| slug(document, "post.md", "post"))
}

/// When it was published, wherever that is said. An error: it is said and makes no sense.
fn date(document: &Document, key: &str, zone: &Zone) -> std::result::Result<Option<Timestamp>, String> {
    if let Some(text) = document.date.as_deref().filter(|text| !text.trim().is_empty()) {
        return moment(text, zone).map(Some).ok_or_else(|| format!("Its date “{text}” cannot be read."));
    }
    let of_name = || key.rsplit('/').take(2).find_map(|part| split_date(part.strip_suffix(".md").unwrap_or(part)));
    let day = document
        .path
        .as_deref()
        .and_then(date_in_path)
        .or_else(|| of_name().map(|(day, _)| day))
        .or_else(|| date_in_path(key));
    Ok(day.and_then(|day| moment(&day, zone)))
}

/// A day without a time is taken as its noon: it stays the same day when the blog's zone changes.
pub fn moment(text: &str, zone: &Zone) -> Option<Timestamp> {
    let text = text.trim();
    let zoned = text.replace(" +", "+").replace(" -", "-").replace(" UTC", "Z").replace(" Z", "Z");
    if text.len() == 10 {
        return Timestamp::parse(&format!("{text}T12:00"), zone);
    }
    Timestamp::parse(text, zone).or_else(|| Timestamp::parse(&zoned, zone))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn old_paths(document: &Document) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for text in document.path.iter().chain(&document.aliases) {
        let path = text
            .split_once("://")
            .map_or(text.as_str(), |(_, rest)| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"));
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = format!("/{}", decoded(path).trim_matches('/'));
        if path != "/" && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(path: Option<&str>, slug: Option<&str>, date: Option<&str>) -> Document {
        Document {
            path: path.map(Into::into),
            slug: slug.map(Into::into),
            date: date.map(Into::into),
            ..Document::default()
        }
    }

    #[test]
    fn slugs_come_from_front_matter_then_path_then_name() {
        let slug = |path, given, key| slug(&document(path, given, None), key, "The Title").to_string();
        assert_eq!(slug(Some("2021/08/03/Push"), Some("Given"), "a.md"), "given");
        assert_eq!(slug(Some("2021/08/03/Push.html"), None, "a.md"), "push");
        assert_eq!(slug(Some("2017/02/06/roadmap/"), None, "roadmap@0.md"), "roadmap");
        assert_eq!(slug(None, None, "roadmap@0.md"), "roadmap");
        assert_eq!(slug(None, None, "posts/2015-09-17-Hello_World.md"), "hello_world");
        assert_eq!(slug(None, None, "posts/Trip/index.md"), "trip");
        assert_eq!(slug(None, None, "2015-09-17.md"), "the-title");
        assert_eq!(slug(None, None, "index.md"), "index");
        assert_eq!(slug(None, None, "!!!.md"), "the-title");
    }

    #[test]
    fn dates_come_from_front_matter_then_path_then_name() {
        let day = |path, given, key| {
            date(&document(path, None, given), key, &Zone::utc()).unwrap().map(|time| time.rfc3339()[..10].to_owned())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(day(Some("2021/08/03/x"), Some("2020-01-02"), "2015-09-17-x.md"), some("2020-01-02"));
        assert_eq!(day(Some("2021/8/3/x"), None, "2015-09-17-x.md"), some("2021-08-03"));
        assert_eq!(day(None, None, "2015-09-17-x.md"), some("2015-09-17"));
        assert_eq!(day(None, None, "2015-09-17-x/index.md"), some("2015-09-17"));
        assert_eq!(day(None, None, "2015/09/17/x.md"), some("2015-09-17"));
        assert_eq!(day(None, None, "x.md"), None);
        assert_eq!(day(None, Some("2015-09-17 10:00:00 +0200"), "x.md"), some("2015-09-17"));
        assert!(date(&document(None, None, Some("yesterday")), "x.md", &Zone::utc()).is_err());
    }

    #[test]
    fn old_addresses_have_one_form() {
        let mut document = document(Some("2021/08/03/x/"), None, None);
        document.aliases =
            ["/a%20b", "https://example.org/c?d#e", "2021/08/03/x", "/", "x.html"].map(Into::into).into();
        assert_eq!(old_paths(&document), ["/2021/08/03/x", "/a b", "/c", "/x.html"]);
    }
}
