//! Levels and ids of the headings in one article.

use crate::content::address;
use crate::content::raw_html;
use crate::content::raw_html::Piece;
use crate::domain::slug::Slug;
use std::collections::HashMap;
use std::collections::HashSet;

/// Beginnings of ids that belong to the page around an article (its conversation, forms and
/// landmarks) or to footnotes; ids of the article that would clash get `section-` in front.
const RESERVED: &[&str] = &[
    "account", "admin", "body", "comment", "content", "field", "fn-", "fnref-", "footer", "form", "header", "login",
    "logout", "main", "menu", "nav", "page", "reply", "search", "site", "skip", "top",
];

/// What is known of the headings and ids so far.
#[derive(Debug, Default)]
pub struct Outline {
    levels: Vec<u8>,
    ids: HashSet<String>,
    numbers: HashMap<String, u32>,
}

impl Outline {
    /// The level a heading gets whose author gave it `level`, from 1.
    ///
    /// The page's title is the one `h1`, so the article's highest headings become `h2`, and each
    /// heading goes at most one level deeper than the one before it: assistive technology reads
    /// an outline without gaps, whichever levels the author likes (WCAG 2.2, technique G141).
    pub fn level(&mut self, level: u8) -> u8 {
        while self.levels.last().is_some_and(|open| *open >= level) {
            self.levels.pop();
        }
        self.levels.push(level);
        u8::try_from(self.levels.len() + 1).unwrap_or(6).min(6)
    }

    /// An id nothing else in the article has, made of a heading's text.
    pub fn id_of(&mut self, heading: &str) -> String {
        let slug = Slug::from_title(heading).map_or_else(|| "section".into(), |slug| slug.as_str().replace('.', "-"));
        let base = guarded(&slug);
        let mut id = base.clone();
        while !self.ids.insert(id.clone()) {
            let number = self.numbers.entry(base.clone()).or_insert(1);
            *number += 1;
            id = format!("{base}-{number}");
        }
        id
    }

    /// An id the author gave, made safe; `None` if the article has it already.
    pub fn claim(&mut self, id: &str) -> Option<String> {
        let id = guarded(id);
        self.ids.insert(id.clone()).then_some(id)
    }

    /// Notes an id the renderer made.
    pub fn reserve(&mut self, id: &str) -> bool {
        self.ids.insert(id.to_owned())
    }
}

/// The text of a heading; notes in it do not belong to its name.
pub fn heading_text(markup: &str) -> String {
    let mut text = String::new();
    let mut notes = 0usize;
    for piece in raw_html::pieces(markup) {
        match piece {
            Piece::Text(part) if notes == 0 => text.push_str(&address::decoded(part)),
            Piece::Open(name, attributes) => match name.as_str() {
                "sup" => notes += 1,
                "img" => text.extend(attributes.iter().filter(|(name, _)| name == "alt").map(|(_, alt)| alt.as_ref())),
                _ => {}
            },
            Piece::Close(name) if name == "sup" => notes = notes.saturating_sub(1),
            _ => {}
        }
    }
    text
}

fn guarded(id: &str) -> String {
    let taken = RESERVED.iter().any(|word| {
        let rest =
            id.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word)).and_then(|_| id.get(word.len()..));
        rest.is_some_and(|rest| word.ends_with('-') || rest.is_empty() || rest == "s" || rest.starts_with(['-', '_']))
    });
    if taken { format!("section-{id}") } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(given: &[u8]) -> Vec<u8> {
        let mut outline = Outline::default();
        given.iter().map(|level| outline.level(*level)).collect()
    }

    #[test]
    fn levels_begin_at_two_and_never_skip() {
        assert_eq!(levels(&[1, 2, 3, 2, 1]), [2, 3, 4, 3, 2]);
        assert_eq!(levels(&[2, 3, 2]), [2, 3, 2]);
        assert_eq!(levels(&[3, 3]), [2, 2]);
        assert_eq!(levels(&[2, 4, 6, 2]), [2, 3, 4, 2]);
        assert_eq!(levels(&[1, 2, 3, 4, 5, 6]), [2, 3, 4, 5, 6, 6]);
    }

    #[test]
    fn ids_are_unique_and_leave_the_page_its_own() {
        let mut outline = Outline::default();
        assert_eq!(outline.id_of("Hello, World"), "hello-world");
        assert_eq!(outline.id_of("Hello World!"), "hello-world-2");
        assert_eq!(outline.id_of("Über uns"), "uber-uns");
        assert_eq!(outline.id_of("はじめに"), "はじめに");
        assert_eq!(outline.id_of("???"), "section");
        assert_eq!(outline.id_of("Comments"), "section-comments");
        assert_eq!(outline.id_of("Comment 12"), "section-comment-12");
        assert_eq!(outline.id_of("Commentary"), "commentary");
        assert_eq!(outline.claim("fn-1"), Some("section-fn-1".into()));
        assert_eq!(outline.claim("hello-world"), None);
    }
}
