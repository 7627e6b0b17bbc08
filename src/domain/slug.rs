//! Slugs: the last part of an address, in any script.

use crate::error::Checked;
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Letters, marks and digits of any script in lower case, joined by single hyphens, dots or
/// underscores; 1 to 200 bytes of UTF-8, NFC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slug(String);

/// Limit of a slug in bytes of UTF-8.
pub const MAX_SLUG: usize = 200;

impl Slug {
    /// Checks what somebody typed; the error is a sentence for the form.
    pub fn parse(text: &str) -> Checked<Slug> {
        let text = text.trim();
        if text.is_empty() {
            return Err("Please enter an address.".into());
        }
        if text.len() > MAX_SLUG {
            return Err(format!("The address may have at most {MAX_SLUG} bytes.").into());
        }
        if is_plain(text) {
            return Ok(Slug(text.to_owned()));
        }
        match Slug::from_title(text) {
            Some(slug) if slug.0 == text => Ok(slug),
            Some(slug) => {
                Err(format!("Only lower-case letters, digits and single hyphens, for example “{slug}”.").into())
            }
            None => Err("The address needs at least one letter or digit.".into()),
        }
    }

    /// Makes a slug of a title; `None` when it has neither letter nor digit.
    ///
    /// Latin letters lose their accents (`Café` gives `cafe`); other scripts stay as they are.
    pub fn from_title(title: &str) -> Option<Slug> {
        let mut slug = String::new();
        let mut gap = None;
        let mut latin = false;
        for c in title.nfkd().flat_map(char::to_lowercase).nfkd() {
            if is_combining_mark(c) {
                // A mark belongs to the letter before it; on its own it is noise.
                if !latin && gap.is_none() && !slug.is_empty() {
                    slug.push(c);
                }
                continue;
            }
            if c.is_alphanumeric() {
                latin = c.is_ascii();
                if let Some(joint) = gap.take()
                    && !slug.is_empty()
                {
                    slug.push(joint);
                }
                slug.push(c);
            } else if c != '\'' && c != '’' {
                let joint = if c == '.' || c == '_' { c } else { '-' };
                gap = Some(if gap.is_some_and(|before| before != joint) { '-' } else { joint });
            }
        }
        let mut slug: String = slug.nfc().collect();
        truncate(&mut slug);
        if slug.is_empty() { None } else { Some(Slug(slug)) }
    }

    /// The slug as it stands in an address before percent-encoding.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same slug with `-number` behind it, for a second post of the same title.
    pub fn numbered(&self, number: u32) -> Slug {
        let tail = format!("-{number}");
        let mut slug = self.0.clone();
        while slug.len() + tail.len() > MAX_SLUG {
            slug.pop();
        }
        Slug(slug + &tail)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text is certainly a slug already: words of lower-case ASCII letters and digits with one joint
/// between two of them. Every address of a page is asked this.
fn is_plain(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.split(['-', '.', '_']).all(is_word)
}

fn truncate(slug: &mut String) {
    while slug.len() > MAX_SLUG {
        slug.pop();
    }
    while slug.ends_with(['-', '.', '_']) {
        slug.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn titles_of_any_script_give_slugs() {
        let slug = |title| Slug::from_title(title).map(|slug| slug.0);
        assert_eq!(slug("Hello, World!"), Some("hello-world".into()));
        assert_eq!(slug("Café Ångström"), Some("cafe-angstrom".into()));
        assert_eq!(slug("Rust 1.90.0"), Some("rust-1.90.0".into()));
        assert_eq!(slug("Мой первый пост"), Some("мой-первый-пост".into()));
        assert_eq!(slug("日本語のブログ"), Some("日本語のブログ".into()));
        assert_eq!(slug("مرحبا بالعالم"), Some("مرحبا-بالعالم".into()));
        assert_eq!(slug("हिन्दी में"), Some("हिन्दी-में".into()));
        assert_eq!(slug("What's new"), Some("whats-new".into()));
        assert_eq!(slug("../../etc/passwd"), Some("etc-passwd".into()));
        assert_eq!(slug("!!! …"), None);
    }

    proptest! {
        #[test]
        fn a_slug_parses_to_itself(title in "\\PC{0,300}") {
            if let Some(slug) = Slug::from_title(&title) {
                prop_assert!(slug.0.len() <= MAX_SLUG);
                prop_assert_eq!(Slug::parse(slug.as_str()), Ok(slug.clone()));
                prop_assert!(!slug.0.contains(['/', '\\', '?', '#', '%', ' ']));
            }
        }
    }
}
