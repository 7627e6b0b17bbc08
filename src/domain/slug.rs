//! Slugs: the last part of an address, in any script.

use crate::domain::text;
use crate::error::Checked;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
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
/// How many bytes before the limit a slug may be cut to end with a word.
const WORD: usize = 40;

impl Slug {
    /// Checks what somebody typed; the error is a sentence for the form.
    ///
    /// Takes any form of Unicode: file names of macOS and addresses copied from them come in NFD.
    pub fn parse(text: &str) -> Checked<Slug> {
        let text = text.trim();
        if text.len() > MAX_SLUG * 4 {
            return Err(too_long());
        }
        if is_plain(text) && text.len() <= MAX_SLUG {
            return Ok(Slug(text.to_owned()));
        }
        let text: String = text.nfc().collect();
        if text.is_empty() {
            return Err("Please enter an address.".into());
        }
        if text.len() > MAX_SLUG {
            return Err(too_long());
        }
        match Slug::from_title(&text) {
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
        // Whole words at a time, since the last sigma of a Greek word has a form of its own.
        let lower = title.nfkd().collect::<String>().to_lowercase();
        for c in lower.nfkd() {
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
            } else if c != '\'' && c != '’' && !text::is_hidden(c) {
                let joint = if c == '.' || c == '_' { c } else { '-' };
                gap = Some(if gap.is_some_and(|before| before != joint) { '-' } else { joint });
            }
        }
        let mut slug: String = slug.nfc().collect();
        truncate(&mut slug, MAX_SLUG);
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
        truncate(&mut slug, MAX_SLUG - tail.len());
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

fn too_long() -> Cow<'static, str> {
    format!("The address may have at most {MAX_SLUG} bytes.").into()
}

/// Cuts a slug to `max` bytes: between words if one ends near, else between grapheme clusters.
fn truncate(slug: &mut String, max: usize) {
    const JOINTS: [char; 3] = ['-', '.', '_'];
    if slug.len() > max {
        let limit = (0..=max).rev().find(|at| slug.is_char_boundary(*at)).unwrap_or(0);
        let head = slug.get(..limit).unwrap_or_default();
        let joint = if slug.get(limit..).is_some_and(|rest| rest.starts_with(JOINTS)) {
            Some(limit)
        } else {
            head.rfind(JOINTS)
        };
        let end = joint.filter(|at| at + WORD >= max).unwrap_or_else(|| text::cluster_start(slug, limit));
        slug.truncate(end);
    }
    while slug.ends_with(JOINTS) {
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

    #[test]
    fn the_last_sigma_of_a_word_has_its_own_form() {
        let slug = |title| Slug::from_title(title).map(|slug| slug.0);
        assert_eq!(slug("Ο ΔΡΌΜΟΣ ΤΗΣ ΣΟΦΊΑΣ"), Some("ο-δρόμος-της-σοφίας".into()));
        assert_eq!(slug("ΟΔΟΣ"), Some("οδος".into()));
        // Addresses of before stay valid.
        assert!(Slug::parse("οδοσ").is_ok());
    }

    #[test]
    fn marks_without_a_glyph_leave_no_trace() {
        let slug = |title| Slug::from_title(title).map(|slug| slug.0);
        assert_eq!(slug("x\u{200E}y\u{200F} \u{200B}z"), Some("xy-z".into()));
        assert_eq!(slug("ශ්\u{200D}රී"), Some("ශ්රී".into()));
    }

    #[test]
    fn both_forms_of_a_letter_are_one_address() {
        let composed = Slug::from_title("ガイド ёж").unwrap();
        let apart: String = composed.as_str().nfd().collect();
        assert_ne!(apart, composed.as_str());
        assert_eq!(Slug::parse(&apart), Ok(composed));
    }

    #[test]
    fn long_titles_are_cut_between_words_or_letters() {
        let cut = Slug::from_title(&"alpha beta gamma ".repeat(20)).unwrap();
        assert!(cut.0.ends_with("-alpha") || cut.0.ends_with("-beta") || cut.0.ends_with("-gamma"), "{cut}");
        assert!(cut.0.len() > 180 && cut.numbered(12).0.ends_with("-12"));
        let cut = Slug::from_title(&"कि".repeat(100)).unwrap();
        assert!(cut.0.ends_with("कि") && cut.0.len() > 190, "{cut}");
        assert!(cut.numbered(1_000_000).0.len() <= MAX_SLUG);
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
