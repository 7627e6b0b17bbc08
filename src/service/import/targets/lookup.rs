//! Finds what a text names without saying where it lies: notes, posts and files.

use crate::content::outline::Outline;
use crate::service::import::names;
use crate::service::import::scan;
use crate::service::import::targets::{Target, Targets, decoded, is_markdown, is_unfit, join, split_tail};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Most files that are remembered by their names.
const MAX_FILES: usize = 100_000;
/// Deepest folder that is looked into for files.
const MAX_DEPTH: usize = 32;
/// Nobody has it.
const NOWHERE: Target = Target::Missing("there is no such file in the import");

/// Posts and files by the last part of their paths, in lower case.
#[derive(Default)]
pub struct Names {
    posts: HashMap<String, Vec<String>>,
    files: HashMap<String, Vec<String>>,
}

impl Targets<'_> {
    /// What another program calls `name` in the file `key`: a path from wherever, or the name alone.
    pub(super) fn named(&self, key: &str, name: &str) -> Target {
        let (path, tail) = split_tail(name);
        let path = decoded(path);
        let tail = fragment(tail);
        if path.is_empty() {
            return Target::Post { key: key.to_owned(), tail };
        }
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside = join(folder, &path).and_then(|path| self.beside(&path, &tail));
        beside.unwrap_or_else(|| self.elsewhere(key, &path, &tail))
    }

    /// What is not found beside the file `key`: in the folder of its name, from the root of the import, among the
    /// site's static files, or anywhere under this name.
    pub(super) fn elsewhere(&self, key: &str, path: &str, tail: &str) -> Target {
        let stem = key.rsplit_once('.').map_or(key, |(stem, _)| stem);
        let found = [stem, ""].iter().find_map(|folder| self.beside(&join(folder, path)?, tail));
        let joined = || join("", path).unwrap_or_default();
        let in_bases = || {
            let path = joined();
            let mut files = self.bases.iter().filter_map(|base| scan::inside(base, Path::new(&path)));
            files.next().filter(|_| !is_unfit(&path)).map(Target::File)
        };
        let section = || self.in_section(&joined()).map(|key| Target::Post { key, tail: tail.to_owned() });
        let post = || self.post_named(key, path).map(|key| Target::Post { key, tail: tail.to_owned() });
        let file = || self.file_named(key, path).map(Target::File);
        found.or_else(in_bases).or_else(section).or_else(post).or_else(file).unwrap_or(NOWHERE)
    }

    fn post_named(&self, from: &str, path: &str) -> Option<String> {
        let wanted = bare(path);
        let last = wanted.rsplit('/').next()?;
        let posts = &self.names().posts;
        let found = posts.get(last).or_else(|| posts.get(names::undated(last)))?;
        nearest(from, found.iter().filter(|key| ends_with(&bare(key), &wanted) || !wanted.contains('/')))
    }

    fn file_named(&self, from: &str, path: &str) -> Option<PathBuf> {
        if is_markdown(path) {
            return None;
        }
        let wanted = path.trim_start_matches(['.', '/']).to_lowercase();
        let found = self.names().files.get(wanted.rsplit('/').next()?)?;
        let file = nearest(from, found.iter().filter(|file| ends_with(&file.to_lowercase(), &wanted)))?;
        scan::inside(&self.root, Path::new(&file))
    }

    fn names(&self) -> &Names {
        self.names.get_or_init(|| {
            let mut names = Names::default();
            for (key, slug) in &self.slugs {
                let bare = bare(key);
                let last = bare.rsplit('/').next().unwrap_or_default();
                let mut calls = vec![last.to_owned(), names::undated(last).to_owned(), slug.as_str().to_owned()];
                calls.sort();
                calls.dedup();
                for call in calls {
                    names.posts.entry(call).or_default().push(key.clone());
                }
            }
            let mut left = MAX_FILES;
            walk(&self.root, "", 0, &mut left, &mut names.files);
            names
        })
    }
}

/// A path without the ending of a post, in lower case.
fn bare(path: &str) -> String {
    let path = path.trim_start_matches(['.', '/']).trim_end_matches('/').to_lowercase();
    let path = if is_markdown(&path) { path.rsplit_once('.').map_or("", |(path, _)| path) } else { &path };
    path.strip_suffix("/index").unwrap_or(path).to_owned()
}

/// Whether the last parts of `path` are those of `wanted`.
fn ends_with(path: &str, wanted: &str) -> bool {
    path.strip_suffix(wanted).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// Of several files of one name the one in the same folder, else that with the shortest path.
fn nearest<'a>(from: &str, keys: impl Iterator<Item = &'a String>) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let rank =
        |key: &&String| (key.rsplit_once('/').map_or("", |(other, _)| other) != folder, key.len(), (*key).clone());
    keys.min_by_key(rank).cloned()
}

/// The fragment of an address; a heading that is written out becomes its id.
fn fragment(tail: &str) -> String {
    match tail.split_once('#') {
        Some((query, heading)) if !heading.is_empty() => {
            format!("{query}#{}", Outline::default().id_of(&decoded(heading)))
        }
        _ => tail.to_owned(),
    }
}

fn walk(root: &Path, folder: &str, depth: usize, left: &mut usize, files: &mut HashMap<String, Vec<String>>) {
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else { return };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Ok(kind) = entry.file_type() else { continue };
        if name.starts_with('.') || name == "node_modules" || *left == 0 {
            continue;
        }
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if kind.is_dir() && depth < MAX_DEPTH {
            walk(root, &path, depth + 1, left, files);
        } else if kind.is_file() && !is_markdown(&name) {
            *left -= 1;
            files.entry(name.to_lowercase()).or_default().push(path);
        }
    }
}
