//! Categories and tags.

use crate::domain::id::CategoryId;
use crate::domain::slug::Slug;
use crate::domain::text;
use crate::error::{Checked, FieldErrors, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Most tags on one post.
pub const MAX_TAGS: usize = 30;

/// What a post is about; a post has at most one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    pub id: CategoryId,
    pub slug: Slug,
    pub name: String,
    /// Plain text, shown above the category's list.
    #[serde(default)]
    pub description: String,
}

/// A word a post is filed under; it exists as long as a post carries it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag {
    pub slug: Slug,
    pub name: String,
}

impl Tag {
    /// Makes a tag of a name; the address follows from it.
    pub fn from_name(name: &str) -> Checked<Tag> {
        let name = text::line(name, 50)?;
        let slug = Slug::from_title(&name).ok_or("A tag needs a letter or digit.")?;
        Ok(Tag { slug, name })
    }

    /// Reads tags separated by commas; each address once, in the order given.
    pub fn parse_list(text: &str) -> Checked<Vec<Tag>> {
        let mut tags: Vec<Tag> = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let tag = Tag::from_name(name)?;
            if !tags.iter().any(|other| other.slug == tag.slug) {
                tags.push(tag);
            }
            if tags.len() > MAX_TAGS {
                return Err(format!("At most {MAX_TAGS} tags.").into());
            }
        }
        Ok(tags)
    }
}

/// The fields of the category form, as typed.
#[derive(Debug, Clone, Default)]
pub struct CategoryInput {
    pub name: String,
    /// Empty: made from the name.
    pub slug: String,
    pub description: String,
}

/// Checked fields of a category.
#[derive(Debug, Clone)]
pub struct ValidCategory {
    pub name: String,
    pub slug: Slug,
    pub description: String,
}

impl CategoryInput {
    /// Checks every field.
    pub fn validate(&self) -> Result<ValidCategory> {
        let mut errors = FieldErrors::new();
        let name = errors.check("name", text::line(&self.name, 60));
        let slug = if self.slug.trim().is_empty() {
            let made = Slug::from_title(&self.name).ok_or(Cow::Borrowed("The name needs a letter or digit."));
            if name.is_some() { errors.check("name", made) } else { None }
        } else {
            errors.check("slug", Slug::parse(&self.slug))
        };
        let description = errors.check("description", text::optional_line(&self.description, 500));
        errors.finish()?;
        match (name, slug, description) {
            (Some(name), Some(slug), Some(description)) => Ok(ValidCategory { name, slug, description }),
            _ => Err(crate::error::Error::internal("no field at fault")),
        }
    }
}
