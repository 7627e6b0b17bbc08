//! What came of an import.

use std::collections::BTreeMap;

/// A file and a sentence about it.
pub type Remark = (String, String);

/// What came of an import.
#[derive(Debug, Default)]
pub struct Report {
    /// The program that made the site, where its configuration was found.
    pub generator: Option<&'static str>,
    /// An old address of a post and the new one.
    pub example: Option<(String, String)>,
    pub new: usize,
    pub changed: usize,
    pub unchanged: usize,
    /// Of the new and changed ones.
    pub drafts: usize,
    /// Images stored that were not there before.
    pub images: usize,
    /// The same of files that are no images.
    pub files: usize,
    /// Accounts made for authors.
    pub accounts: usize,
    pub categories: usize,
    /// Section files of a site generator, which are no posts.
    pub sections: usize,
    /// Files that could not be taken.
    pub refused: Vec<Remark>,
    /// Posts left as they are because somebody changed or deleted them on the blog.
    pub kept: Vec<Remark>,
    /// Images and files that a text names and that could not be brought in.
    pub missing: Vec<Remark>,
    /// Files that were taken, but not quite as they say, or passed over.
    pub remarks: Vec<Remark>,
    /// Constructs of other programs in the texts, by kind.
    pub constructs: Counts,
    /// Files passed over, by kind.
    pub passed_over: Counts,
}

/// How often each kind of thing was met, and in which files.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<String, Vec<(String, usize)>>);

/// One kind of thing.
pub struct Count<'a> {
    pub kind: &'a str,
    /// How often it was met in all files.
    pub total: usize,
    /// The files it was met in, in the order of the import, each with its number.
    pub files: &'a [(String, usize)],
}

impl Counts {
    /// Counts one thing of this kind in the file `key`. The kind is a phrase for the report, for
    /// example “Hugo shortcode youtube (now a link)”.
    pub fn add(&mut self, kind: impl Into<String>, key: &str) {
        let files = self.0.entry(kind.into()).or_default();
        match files.last_mut() {
            Some((file, count)) if file == key => *count += 1,
            _ => files.push((key.to_owned(), 1)),
        }
    }

    /// Every kind, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = Count<'_>> {
        self.0.iter().map(|(kind, files)| Count { kind, total: files.iter().map(|(_, count)| count).sum(), files })
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Report {
    /// Files that are posts on the blog now, or were before.
    pub fn taken(&self) -> usize {
        self.new + self.changed + self.unchanged + self.kept.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_counted_with_their_files() {
        let mut counts = Counts::default();
        assert!(counts.is_empty());
        for (kind, key) in [("youtube", "a.md"), ("youtube", "a.md"), ("gist", "a.md"), ("youtube", "b.md")] {
            counts.add(kind, key);
        }
        let found: Vec<_> = counts.iter().map(|count| (count.kind, count.total, count.files.len())).collect();
        assert_eq!(found, [("gist", 1, 1), ("youtube", 3, 2)]);
    }
}
