//! Categories and tags.

use crate::domain::id::CategoryId;
use crate::domain::slug::Slug;
use crate::domain::text;
use crate::error::{Checked, FieldErrors, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

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
        let slug = slug_of(&name).ok_or("A tag needs a letter or digit.")?;
        Ok(Tag { slug, name })
    }

    /// Makes tags of their names; each once, in the order given.
    pub fn from_names(names: &[String]) -> Checked<Vec<Tag>> {
        let mut tags: Vec<Tag> = Vec::new();
        for name in names {
            let tag = Tag::from_name(name)?;
            if !tags.iter().any(|other| is_same_name(&other.name, &tag.name)) {
                tags.push(tag);
            }
            if tags.len() > MAX_TAGS {
                return Err(format!("At most {MAX_TAGS} tags.").into());
            }
        }
        Ok(tags)
    }

    /// Names as forms show them: separated by commas, in quotes where a name has a comma itself.
    pub fn join_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
        let quoted = |name: &str| {
            let is_plain = !name.contains(',') && !name.starts_with(['"', '“']);
            match name.contains(['“', '”']) {
                _ if is_plain => name.to_owned(),
                false => format!("“{name}”"),
                true => format!("\"{}\"", name.replace('"', "\"\"")),
            }
        };
        names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
    }

    /// The names in a text that `join_names` made or somebody typed.
    pub fn split_names(text: &str) -> Vec<String> {
        let (mut names, mut rest) = (Vec::new(), text);
        loop {
            rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            if rest.is_empty() {
                return names;
            }
            let plain = || rest.split_once(',').map_or((rest.to_owned(), ""), |(name, rest)| (name.to_owned(), rest));
            let (name, after) = quoted(rest).unwrap_or_else(plain);
            names.push(name.trim().to_owned());
            rest = after;
        }
    }
}

/// A name in quotes at the beginning of `text`, and what comes after it. Quotes that do not hold a whole name are
/// signs like others.
fn quoted(text: &str) -> Option<(String, &str)> {
    if let Some((name, after)) = text.strip_prefix('“').and_then(|text| text.split_once('”')) {
        let after = after.trim_start();
        return Some((name.to_owned(), if after.is_empty() { "" } else { after.strip_prefix(',')? }));
    }
    let (mut name, mut rest) = (String::new(), text.strip_prefix('"')?);
    loop {
        let (part, after) = rest.split_once('"')?;
        name.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None if after.trim_start().is_empty() => return Some((name, "")),
            None => return Some((name, after.trim_start().strip_prefix(',')?)),
        }
    }
}

/// The slug of a tag or category of this name. Signs that tell names apart become words: `C#` gives `c-sharp`, `C++`
/// `c-plus-plus`, `.NET` `dot-net`.
pub fn slug_of(name: &str) -> Option<Slug> {
    let mut spoken = String::with_capacity(name.len() + 16);
    let mut before = ' ';
    let mut letters = name.trim().chars().peekable();
    while let Some(c) = letters.next() {
        let is_before_letter = letters.peek().is_some_and(|next| next.is_alphanumeric());
        match c {
            '#' if before.is_alphanumeric() => spoken.push_str(" sharp "),
            '+' => spoken.push_str(" plus "),
            '*' => spoken.push_str(" star "),
            '.' if before.is_whitespace() && is_before_letter => spoken.push_str("dot "),
            c => spoken.push(c),
        }
        before = c;
    }
    Slug::from_title(name).and_then(|_| Slug::from_title(&spoken))
}

/// Whether two names are spellings of one tag or category: case, accents, and what separates words make no
/// difference, any other sign does.
pub fn is_same_name(one: &str, other: &str) -> bool {
    one == other || folded(one) == folded(other)
}

fn folded(name: &str) -> String {
    let letters = name.trim_start_matches('#').nfkd().flat_map(char::to_lowercase).nfkd();
    let letters = letters.filter(|c| !is_combining_mark(*c) && !matches!(c, '\'' | '’'));
    let spaced: String = letters.map(|c| if matches!(c, '-' | '_') { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
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
    /// Whether the slug was made from the name, so that another one will do.
    pub is_slug_made: bool,
    pub description: String,
}

impl CategoryInput {
    /// Checks every field.
    pub fn validate(&self) -> Result<ValidCategory> {
        let mut errors = FieldErrors::new();
        let name = errors.check("name", text::line(&self.name, 60));
        let is_slug_made = self.slug.trim().is_empty();
        let slug = if is_slug_made {
            let made = slug_of(&self.name).ok_or(Cow::Borrowed("The name needs a letter or digit."));
            if name.is_some() { errors.check("name", made) } else { None }
        } else {
            errors.check("slug", Slug::parse(&self.slug))
        };
        let description = errors.check("description", text::optional_line(&self.description, 500));
        errors.finish()?;
        match (name, slug, description) {
            (Some(name), Some(slug), Some(description)) => Ok(ValidCategory { name, slug, is_slug_made, description }),
            _ => Err(crate::error::Error::internal("no field at fault")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn signs_tell_names_apart() {
        let slug = |name: &str| slug_of(name).unwrap().as_str().to_owned();
        for (name, expected) in [
            ("C", "c"),
            ("C#", "c-sharp"),
            ("C++", "c-plus-plus"),
            (".NET", "dot-net"),
            ("ASP.NET", "asp.net"),
            ("Node.js", "node.js"),
            ("#rust", "rust"),
            ("A*", "a-star"),
            ("Berlin, Germany", "berlin-germany"),
        ] {
            assert_eq!(slug(name), expected);
        }
        assert!(slug_of("++").is_none());
        assert!(is_same_name("Web Dev", "web-dev") && is_same_name("Café", "cafe") && is_same_name("#Rust", "rust"));
        assert!(!is_same_name("C", "C#") && !is_same_name("Yahoo!", "Yahoo") && !is_same_name("R&D", "R D"));
    }

    #[test]
    fn names_in_a_form_are_separated_by_commas_outside_of_quotes() {
        let split = |text: &str| Tag::split_names(text);
        assert_eq!(split(" Rust,, web dev ,"), ["Rust", "web dev"]);
        assert_eq!(split("\"Berlin, Germany\", Rust"), ["Berlin, Germany", "Rust"]);
        assert_eq!(split("“Berlin, Germany”, Rust"), ["Berlin, Germany", "Rust"]);
        assert_eq!(split("5\" disks, \"so called\" art, \"open"), ["5\" disks", "\"so called\" art", "\"open"]);
    }

    proptest! {
        #[test]
        fn names_survive_a_form(names in prop::collection::vec("[a-c,\" “”]{0,8}", 0..6)) {
            let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
            prop_assert_eq!(Tag::split_names(&Tag::join_names(names.iter().map(String::as_str))), names);
        }
    }
}
