//! Levels and ids of the headings in one article.

use crate::content::address;
use crate::content::raw_html;
use crate::content::raw_html::Piece;
use crate::domain::slug::Slug;
use std::collections::HashMap;
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Ids of the page around an article, and beginnings of those that are numbered there, in its forms and
/// in footnotes. Ids of the article that would clash get `section-` in front, and links to them too.
const RESERVED: &[&str] = &["comments", "comments-title", "main", "sign"];
const NUMBERED: &[&str] = &["comment-", "fn-", "fnref-"];
const FORMS: &[&str] = &["error-", "field-", "hint-"];
/// Longest id that is made of a heading, in bytes.
const MAX_ID: usize = 600;

/// What is known of the headings and ids so far.
#[derive(Debug, Default)]
pub struct Outline {
    levels: Vec<u8>,
    ids: HashSet<String>,
    numbers: HashMap<String, u32>,
    /// Fragments that links of the article lead to.
    wanted: HashSet<String>,
    /// Ids that the author gave, and no other heading gets.
    given: HashSet<String>,
    /// Reserved ids with what they became.
    renamed: HashMap<String, String>,
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

    /// Notes what the article's links lead to and which ids its author gave, before any heading comes.
    pub fn expect(&mut self, wanted: HashSet<String>, given: HashSet<String>) {
        (self.wanted, self.given) = (wanted, given);
    }

    /// An id nothing else in the article has, made of a heading's text: GitHub's, unless a link of the
    /// article leads to what another program makes of that heading.
    pub fn id_of(&mut self, heading: &str) -> String {
        let of_github = github(heading);
        let is_decided = self.wanted.is_empty() || self.wanted.contains(&of_github);
        let others = if is_decided { Vec::new() } else { others(heading, &of_github) };
        let wanted = others.into_iter().find(|id| self.wanted.contains(id) && self.is_free(id));
        let chosen = wanted.unwrap_or(of_github);
        let base = self.guarded(&chosen);
        let mut id = base.clone();
        while self.given.contains(&id) || !self.ids.insert(id.clone()) {
            let number = self.numbers.entry(base.clone()).or_insert(0);
            *number += 1;
            id = format!("{base}-{number}");
        }
        id
    }

    /// An id the author gave, made safe; `None` if the article has it already.
    pub fn claim(&mut self, id: &str) -> Option<String> {
        let id = self.guarded(id);
        self.ids.insert(id.clone()).then_some(id)
    }

    /// The article with links to renamed ids led after them.
    pub fn follow(&self, html: String) -> String {
        const LINK: &str = "href=\"#";
        if self.renamed.is_empty() {
            return html;
        }
        let mut out = String::with_capacity(html.len() + 64);
        for (index, part) in html.split(LINK).enumerate() {
            if index == 0 {
                out.push_str(part);
                continue;
            }
            let is_in_tag = out.rfind('<') > out.rfind('>');
            out.push_str(LINK);
            let (fragment, rest) = part.split_at(part.find('"').unwrap_or(part.len()));
            out.push_str(self.renamed.get(fragment).filter(|_| is_in_tag).map_or(fragment, String::as_str));
            out.push_str(rest);
        }
        out
    }

    fn is_free(&self, id: &str) -> bool {
        !self.ids.contains(id) && !self.given.contains(id)
    }

    fn guarded(&mut self, id: &str) -> String {
        if !is_reserved(id) {
            return id.to_owned();
        }
        let guarded = format!("section-{id}");
        // The footnotes' own links stay.
        if !id.starts_with("fn") {
            self.renamed.insert(id.to_owned(), guarded.clone());
        }
        guarded
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

fn is_reserved(id: &str) -> bool {
    let id = id.to_ascii_lowercase();
    let numbered =
        |start: &&str| id.strip_prefix(*start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    RESERVED.contains(&id.as_str()) || NUMBERED.iter().any(numbered) || FORMS.iter().any(|start| id.starts_with(start))
}

/// The id GitHub gives a heading (github-slugger): lower case, spaces as hyphens, letters, marks, digits,
/// hyphens and underscores alone.
fn github(heading: &str) -> String {
    let kept = |c: char| match c {
        ' ' | '\u{A0}' => Some('-'),
        '-' | '_' => Some(c),
        _ if c.is_alphanumeric() || is_combining_mark(c) => Some(c),
        _ => None,
    };
    let id: String = heading.trim().to_lowercase().chars().filter_map(kept).nfc().collect();
    let end =
        if id.len() > MAX_ID { (0..=MAX_ID).rev().find(|at| id.is_char_boundary(*at)).unwrap_or(0) } else { id.len() };
    let id = id.get(..end).unwrap_or_default();
    if id.is_empty() { "section".into() } else { id.to_owned() }
}

/// Ids that other programs give a heading whose id on GitHub is `github`.
fn others(heading: &str, github: &str) -> Vec<String> {
    let words = github.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    // kramdown begins with a letter.
    let lettered = words.trim_start_matches(|c: char| !c.is_alphabetic()).to_owned();
    let hyphened = github.trim_start_matches(|c: char| !c.is_alphabetic()).to_owned();
    let plain = Slug::from_title(heading).map(|slug| slug.as_str().to_owned());
    let undotted = plain.as_ref().map(|slug| slug.replace('.', "-"));
    // Zola takes an apostrophe for the end of a word.
    let parted = Slug::from_title(&heading.replace(['\'', '’'], " ")).map(|slug| slug.as_str().to_owned());
    [Some(words), Some(lettered), Some(hyphened), plain, undotted, parted]
        .into_iter()
        .flatten()
        .filter(|id| !id.is_empty())
        .collect()
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
    fn links_of_the_article_decide_and_given_ids_come_first() {
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<HashSet<_>>();
        let mut outline = Outline::default();
        outline.expect(set(&["uber-uns", "first-step", "a--b", "step", "what-s-new"]), set(&["step"]));
        assert_eq!(outline.id_of("Über uns"), "uber-uns");
        assert_eq!(outline.id_of("1. First step"), "first-step");
        assert_eq!(outline.id_of("A & B"), "a--b");
        assert_eq!(outline.id_of("What's new"), "what-s-new");
        assert_eq!(outline.id_of("Step"), "step-1");
        assert_eq!(outline.claim("step"), Some("step".into()));
    }

    #[test]
    fn links_follow_ids_that_had_to_change() {
        let mut outline = Outline::default();
        outline.id_of("Comments");
        let html = r##"<a href="#comments">x</a> href="#comments" <a href="#other">y</a>"##;
        let followed = r##"<a href="#section-comments">x</a> href="#comments" <a href="#other">y</a>"##;
        assert_eq!(outline.follow(html.into()), followed);
    }

    #[test]
    fn ids_are_unique_and_leave_the_page_its_own() {
        let mut outline = Outline::default();
        assert_eq!(outline.id_of("Hello, World"), "hello-world");
        assert_eq!(outline.id_of("Hello World!"), "hello-world-1");
        assert_eq!(outline.id_of("Über uns"), "über-uns");
        assert_eq!(outline.id_of("C++ & Rust 1.90: a_b (2)"), "c--rust-190-a_b-2");
        assert_eq!(outline.id_of("はじめに"), "はじめに");
        assert_eq!(outline.id_of("???"), "section");
        assert_eq!(outline.id_of("Comments"), "section-comments");
        assert_eq!(outline.id_of("Comment 12"), "section-comment-12");
        for free in ["Commentary", "Content negotiation", "Site map", "Comment threads", "Search", "Form"] {
            assert_eq!(outline.id_of(free), free.to_lowercase().replace(' ', "-"));
        }
        assert_eq!(outline.claim("fn-1"), Some("section-fn-1".into()));
        assert_eq!(outline.claim("hello-world"), None);
    }
}
