//! Changes addresses in Markdown and leaves every other byte as the author wrote it.

use crate::content::markdown;
use pulldown_cmark::{Event, LinkType, Parser, Tag};
use std::ops::Range;

/// What an address is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Link,
    Image,
}

/// Asks `change` about each address in links, images and reference definitions, and in `src` of
/// `<img>` and `href` of `<a>` in raw HTML; puts what it returns in its place. Code is not looked at.
pub fn relink(source: &str, mut change: impl FnMut(Use, &str) -> Option<String>) -> String {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for (place, usage) in places(source) {
        if let Some(new) = source.get(place.clone()).and_then(|address| change(usage, address)) {
            edits.push((place, new));
        }
    }
    edits.sort_by_key(|(place, _)| place.start);
    let (mut out, mut end) = (String::with_capacity(source.len()), 0);
    for (place, new) in edits {
        // The same definition may be found twice.
        if let Some(before) = source.get(end..place.start) {
            out.push_str(before);
            out.push_str(&new);
            end = place.end;
        }
    }
    out.push_str(source.get(end..).unwrap_or_default());
    out
}

/// The first heading of the text, if nothing stands before it: its words, and where the text
/// after it begins.
pub fn leading_heading(source: &str) -> Option<(String, usize)> {
    let mut events = Parser::new_ext(source, markdown::options()).into_offset_iter();
    let (first, place) = events.next()?;
    if !matches!(first, Event::Start(Tag::Heading { level: pulldown_cmark::HeadingLevel::H1, .. })) {
        return None;
    }
    let mut words = String::new();
    for (event, _) in events {
        match event {
            Event::Text(text) => words.push_str(&text),
            // Titles show code between backticks.
            Event::Code(code) if code.contains('`') => words.push_str(&format!("`` {code} ``")),
            Event::Code(code) => words.push_str(&format!("`{code}`")),
            Event::SoftBreak | Event::HardBreak => words.push(' '),
            Event::End(pulldown_cmark::TagEnd::Heading(_)) => break,
            _ => {}
        }
    }
    Some((words.trim().to_owned(), place.end))
}

/// Where addresses stand in the source, each with its use.
fn places(source: &str) -> Vec<(Range<usize>, Use)> {
    let mut places = Vec::new();
    let mut definitions_of_images = Vec::new();
    let mut events = Parser::new_ext(source, markdown::options()).into_offset_iter();
    for (event, range) in events.by_ref() {
        let (kind, address, id, usage) = match event {
            Event::Start(Tag::Link { link_type, dest_url, id, .. }) => (link_type, dest_url, id, Use::Link),
            Event::Start(Tag::Image { link_type, dest_url, id, .. }) => (link_type, dest_url, id, Use::Image),
            Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_) => {
                places.extend(in_html(source, range));
                continue;
            }
            _ => continue,
        };
        if kind == LinkType::Inline {
            places.extend(inline(source, range, &address).map(|place| (place, usage)));
        } else if usage == Use::Image {
            definitions_of_images.push(id.to_lowercase());
        }
    }
    for (label, definition) in events.reference_definitions().iter() {
        let image = definitions_of_images.contains(&label.to_lowercase());
        let usage = if image { Use::Image } else { Use::Link };
        places.extend(defined(source, definition.span.clone(), &definition.dest).map(|place| (place, usage)));
    }
    places
}

/// `[text](ADDRESS "title")`: the text may hold another link, the title hardly ever does.
fn inline(source: &str, range: Range<usize>, address: &str) -> Option<Range<usize>> {
    let text = source.get(range.clone())?;
    let mut search = text.len();
    while let Some(open) = text.get(..search).and_then(|before| before.rfind("](")) {
        if let Some(found) = starts_with(text, open + 2, address) {
            return Some(range.start + found.start..range.start + found.end);
        }
        search = open;
    }
    None
}

/// `[label]: ADDRESS "title"`.
fn defined(source: &str, range: Range<usize>, address: &str) -> Option<Range<usize>> {
    let text = source.get(range.clone())?;
    let found = starts_with(text, text.find("]:")? + 2, address)?;
    Some(range.start + found.start..range.start + found.end)
}

/// Where `address` stands in `text` from `at` on, white space and `<` before it skipped.
fn starts_with(text: &str, at: usize, address: &str) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let trimmed = rest.trim_start();
    let trimmed = trimmed.strip_prefix('<').unwrap_or(trimmed);
    let start = at + (rest.len() - trimmed.len());
    (!address.is_empty() && trimmed.starts_with(address)).then(|| start..start + address.len())
}

/// The addresses in raw HTML.
fn in_html(source: &str, range: Range<usize>) -> Vec<(Range<usize>, Use)> {
    let mut found = Vec::new();
    let mut at = range.start;
    while let Some(open) = source.get(at..range.end).and_then(|rest| rest.find('<')) {
        at += open + 1;
        let rest = source.get(at..range.end).unwrap_or_default();
        let name: String =
            rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let (attribute, usage) = match name.as_str() {
            "img" => ("src", Use::Image),
            "a" => ("href", Use::Link),
            _ => continue,
        };
        at += name.len();
        if let Some(place) = attribute_value(source, at..range.end, attribute) {
            at = place.end;
            found.push((place, usage));
        }
    }
    found
}

/// The value of an attribute in the tag whose name ends where `range` begins.
fn attribute_value(source: &str, range: Range<usize>, wanted: &str) -> Option<Range<usize>> {
    let bytes = source.as_bytes();
    let mut at = range.start;
    let skip = |mut at: usize, skipped: fn(&u8) -> bool| {
        while at < range.end && bytes.get(at).is_some_and(skipped) {
            at += 1;
        }
        at
    };
    loop {
        at = skip(at, |byte| byte.is_ascii_whitespace() || *byte == b'/');
        let name_end = skip(at, |byte| !byte.is_ascii_whitespace() && !b"=>/".contains(byte));
        if name_end == at {
            return None;
        }
        let name = source.get(at..name_end)?;
        at = skip(name_end, u8::is_ascii_whitespace);
        if bytes.get(at) != Some(&b'=') {
            continue;
        }
        at = skip(at + 1, u8::is_ascii_whitespace);
        let value = match bytes.get(at)? {
            quote @ (b'"' | b'\'') => {
                let length = source.get(at + 1..range.end)?.find(char::from(*quote))?;
                at + 1..at + 1 + length
            }
            _ => at..skip(at, |byte| !byte.is_ascii_whitespace() && *byte != b'>'),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        at = value.end + usize::from(matches!(bytes.get(value.end), Some(b'"' | b'\'')));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every address in brackets, so that a change shows where it was made.
    fn marked(source: &str) -> String {
        relink(source, |usage, address| Some(format!("{}:{address}", if usage == Use::Image { "I" } else { "L" })))
    }

    #[test]
    fn links_images_and_definitions_are_found() {
        assert_eq!(marked("[a](x.md) ![b](y.png \"t\")"), "[a](L:x.md) ![b](I:y.png \"t\")");
        assert_eq!(marked("[![b](y.png)](x.md)"), "[![b](I:y.png)](L:x.md)");
        assert_eq!(
            marked("![a][r] [b][s]\n\n[r]: y.png\n[s]: <x.md> 't'\n"),
            "![a][r] [b][s]\n\n[r]: I:y.png\n[s]: <L:x.md> 't'\n"
        );
        assert_eq!(marked("![R]\n\n[r]: y.png\n"), "![R]\n\n[r]: I:y.png\n");
        assert_eq!(marked("![a]( <my pic.png> )"), "![a]( <I:my pic.png> )");
        assert_eq!(marked("x [y](z) [z] y"), "x [y](L:z) [z] y");
    }

    #[test]
    fn raw_html_is_looked_into() {
        assert_eq!(marked("<img alt=\"a > b\" src='y.png' />"), "<img alt=\"a > b\" src='I:y.png' />");
        assert_eq!(marked("<p>\n<IMG\n SRC=y.png>\n</p>"), "<p>\n<IMG\n SRC=I:y.png>\n</p>");
        assert_eq!(
            marked("a <a class=x href=\"u\">v</a> <imgx src=a>"),
            "a <a class=x href=\"L:u\">v</a> <imgx src=a>"
        );
    }

    #[test]
    fn code_is_left_alone() {
        for code in ["`[a](x.md)`", "    ![b](y.png)\n", "```\n<img src=\"y.png\">\n```\n", "`<img src=y.png>`"] {
            assert_eq!(marked(code), code);
        }
    }

    #[test]
    fn a_heading_at_the_very_beginning_is_a_title() {
        let source = "# The `push` for\n\ntext";
        let (title, end) = leading_heading(source).unwrap();
        assert_eq!((title.as_str(), source[end..].trim()), ("The `push` for", "text"));
        assert_eq!(leading_heading("text\n\n# Later\n"), None);
        assert_eq!(leading_heading("## Second\n"), None);
    }

    proptest! {
        #[test]
        fn what_is_not_changed_stays_byte_for_byte(source in "[\\PC\\n]{0,200}") {
            prop_assert_eq!(relink(&source, |_, _| None), source.clone());
            prop_assert_eq!(relink(&source, |_, address| Some(address.to_owned())), source);
        }

        #[test]
        fn brackets_in_any_order_do_not_panic(source in "[\\[\\]()<>!a=\"' \\n:/`]{0,80}") {
            let _ = marked(&source);
            let _ = leading_heading(&source);
        }
    }
}
