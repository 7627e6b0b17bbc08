//! Where code and raw HTML stand in a text, so that nothing else is looked for there.

use crate::content::markdown;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Code, formulas and raw HTML of one text.
pub struct Regions {
    code: Vec<Range<usize>>,
    html: Vec<Range<usize>>,
}

impl Regions {
    pub fn of(text: &str) -> Regions {
        Regions::read(text, true)
    }

    /// As MDX has them: text is never code because it is indented.
    pub fn of_fenced(text: &str) -> Regions {
        Regions::read(text, false)
    }

    fn read(text: &str, indented: bool) -> Regions {
        let mut regions = Regions { code: Vec::new(), html: Vec::new() };
        // Where inline HTML such as `<code>` began.
        let mut inline_code = None;
        let mut events = Parser::new_ext(text, markdown::options() | Options::ENABLE_MATH).into_offset_iter();
        for (event, place) in events.by_ref() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) if !indented => {}
                Event::Start(Tag::CodeBlock(_)) | Event::Code(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {
                    regions.code.push(place);
                }
                Event::Start(Tag::HtmlBlock) => {
                    let block = text.get(place.clone()).unwrap_or_default();
                    let is_code = ["<pre", "<textarea"].iter().any(|tag| begins_with(block.trim_start(), tag));
                    if is_code { regions.code.push(place) } else { regions.html.push(place) }
                }
                Event::InlineHtml(html) => match inline_code {
                    None if ["<code", "<kbd", "<samp", "<pre"].iter().any(|tag| begins_with(&html, tag)) => {
                        inline_code = Some(place.start);
                    }
                    Some(start) if html.starts_with("</") => {
                        regions.code.push(start..place.end);
                        inline_code = None;
                    }
                    _ => {}
                },
                Event::End(TagEnd::Paragraph) => inline_code = None,
                _ => {}
            }
        }
        // Links find a definition by its label, letter for letter.
        for (_, definition) in events.reference_definitions().iter() {
            let label = text.get(definition.span.clone()).and_then(|text| text.find("]:"));
            regions.code.extend(label.map(|end| definition.span.start..definition.span.start + end));
        }
        regions.code.sort_by_key(|place| place.start);
        regions
    }

    /// Whether code or a formula stands at `at`.
    pub fn is_code(&self, at: usize) -> bool {
        holds(&self.code, at)
    }

    /// The block of raw HTML around `at`, in which Markdown is not read.
    pub fn html_block(&self, at: usize) -> Option<Range<usize>> {
        around(&self.html, at).cloned()
    }

    /// Whether a block of raw HTML stands at `at`.
    pub fn is_html(&self, at: usize) -> bool {
        holds(&self.html, at)
    }
}

fn holds(places: &[Range<usize>], at: usize) -> bool {
    around(places, at).is_some()
}

fn around(places: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    let after = places.partition_point(|place| place.start <= at);
    places.get(after.checked_sub(1)?).filter(|place| place.contains(&at))
}

/// Whether `text` begins with `start`, in whatever case.
pub fn begins_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_formulas_and_html_are_told_from_text() {
        let text = "a `b` c\n\n```\nd\n```\n\n<div>\ne\n</div>\n\n<pre>f</pre>\n\nx <code>g</code> h $y_i$ z\n";
        let regions = Regions::of(text);
        for code in ["b", "d\n", "f<", "g", "y_i"] {
            assert!(regions.is_code(text.find(code).unwrap()), "{code}");
        }
        for other in ["a ", "c\n", "e\n", "x <", "h ", "z\n"] {
            assert!(!regions.is_code(text.find(other).unwrap()), "{other}");
        }
        assert!(regions.is_html(text.find("e\n").unwrap()) && !regions.is_html(0));
        let defined = Regions::of("[`A<T>`]\n\n[`A<T>`]: https://a.example/{{x}}\n");
        assert!(defined.is_code(12) && !defined.is_code(40));
    }
}
