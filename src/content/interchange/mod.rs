//! Turns what site generators and note programs add to Markdown into the Markdown that pamphlet renders.
//!
//! Text in, text and a list of findings out. Code is left alone. What is not understood stays readable as it was
//! written; nothing is dropped without a finding.

mod attributes;
mod components;
mod containers;
mod embeds;
mod expression;
mod forms;
mod lines;
mod meaning;
mod notes;
mod pelican;
mod regions;
mod services;
mod tag;
mod template;
#[cfg(test)]
mod tests;

pub use crate::content::interchange::forms::BY_NAME;

/// Longest example of a finding, in characters.
const MAX_EXAMPLE: usize = 80;

/// What became of something that Markdown does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It is Markdown or HTML now.
    Translated,
    /// It stays in the text as it was written.
    Text,
    /// Readers do not see it.
    LeftOut,
}

/// Something that Markdown does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is, as the program it comes from calls it: “Hugo shortcode “figure””.
    pub kind: String,
    /// How it stood there, cut short.
    pub example: String,
    pub outcome: Outcome,
}

impl Finding {
    fn new(kind: impl Into<String>, example: &str, outcome: Outcome) -> Finding {
        let example = example.chars().take(4 * MAX_EXAMPLE).collect::<String>();
        let line = example.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut = if line.chars().count() > MAX_EXAMPLE { "…" } else { "" };
        let example = line.chars().take(MAX_EXAMPLE).collect::<String>() + cut;
        Finding { kind: kind.into(), example, outcome }
    }
}

/// A text as pamphlet has it, and what was found in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Translated {
    pub text: String,
    pub findings: Vec<Finding>,
}

/// Translates the body of a Markdown file. `liquid`: the site's generator runs Liquid over code, too (Jekyll).
///
/// An address that begins with [`BY_NAME`] names a file in the way of another program.
pub fn translate(source: &str, liquid: bool) -> Translated {
    let mut findings = Vec::new();
    let mut text = source.to_owned();
    if text.contains("{{") || text.contains("{%") {
        text = template::translate(&text, liquid, &mut findings);
    }
    if text.contains('}') || text.contains('|') {
        text = pelican::translate(&text);
    }
    if text.contains('<') || text.contains("import ") || text.contains("export ") || text.contains("{/*") {
        text = components::translate(&text, &mut findings);
    }
    if ["[[", "==", "%%", "[TOC]", "[toc]"].iter().any(|sign| text.contains(sign)) {
        text = notes::translate(&text, &mut findings);
    }
    if [":::", "!!!", "???", "[!"].iter().any(|sign| text.contains(sign)) {
        text = containers::translate(&text, &mut findings);
    }
    if text.contains('{') {
        text = attributes::translate(&text, &mut findings);
    }
    if text.contains('<') || text.contains("![") {
        text = embeds::translate(&text, &mut findings);
    }
    Translated { text, findings }
}

/// Puts texts in the places of others; the places are in order and do not overlap.
fn replaced(text: &str, edits: Vec<(std::ops::Range<usize>, String)>) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (place, new) in edits {
        if let Some(before) = text.get(at..place.start) {
            out.push_str(before);
            out.push_str(&new);
            at = place.end;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
