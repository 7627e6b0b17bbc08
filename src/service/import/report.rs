//! What came of an import.

/// A file and a sentence about it.
pub type Remark = (String, String);

/// What came of an import.
#[derive(Debug, Default)]
pub struct Report {
    pub new: usize,
    pub changed: usize,
    pub unchanged: usize,
    /// Of the new and changed ones.
    pub drafts: usize,
    /// Images stored that were not there before.
    pub images: usize,
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
}
