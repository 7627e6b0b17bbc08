//! Changes addresses in Markdown and leaves every other byte as the author wrote it.

use crate::content::markdown;
use pulldown_cmark::{Event, LinkType, Parser, Tag};
use std::collections::HashMap;
use std::ops::Range;

/// What an address is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Link,
    /// An image, a film or a sound.
    Image,
}

/// What becomes of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    To(String),
    /// The link or image goes, and its words stay; an image without words leaves its file's name.
    Words,
}

/// An address in the source.
struct Place {
    address: Range<usize>,
    usage: Use,
    /// What takes the link away: places with what comes there.
    without: Vec<(Range<usize>, String)>,
}

/// Elements of raw HTML with an attribute that is an address.
const ELEMENTS: [(&str, &str, Use); 9] = [
    ("img", "src", Use::Image),
    ("a", "href", Use::Link),
    ("video", "src", Use::Image),
    ("video", "poster", Use::Image),
    ("audio", "src", Use::Image),
    ("source", "src", Use::Image),
    ("track", "src", Use::Image),
    ("embed", "src", Use::Image),
    ("object", "data", Use::Image),
];

/// Asks `change` about each address in links, images and reference definitions, and in raw HTML; does what it returns.
/// Code is not looked at.
pub fn relink(source: &str, mut change: impl FnMut(Use, &str) -> Option<Change>) -> String {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for place in places(source) {
        match source.get(place.address.clone()).and_then(|address| change(place.usage, address)) {
            Some(Change::To(new)) => edits.push((place.address, new)),
            Some(Change::Words) => edits.extend(place.without),
            None => {}
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
fn places(source: &str) -> Vec<Place> {
    let mut places = Vec::new();
    // Links by the label of their definition.
    let mut labelled: HashMap<String, Vec<(Range<usize>, LinkType, Use)>> = HashMap::new();
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
            if let Some((address, open)) = inline(source, range.clone(), &address) {
                let without = without(source, &range, open, usage, &address);
                places.push(Place { address, usage, without });
            }
        } else {
            labelled.entry(id.to_lowercase()).or_default().push((range, kind, usage));
        }
    }
    for (label, definition) in events.reference_definitions().iter() {
        let Some(address) = defined(source, definition.span.clone(), &definition.dest) else { continue };
        let links = labelled.remove(&label.to_lowercase()).unwrap_or_default();
        let image = links.iter().any(|(_, _, usage)| *usage == Use::Image);
        let usage = if image { Use::Image } else { Use::Link };
        let without = links.into_iter().filter_map(|(mut range, kind, usage)| {
            // The parser counts the empty brackets of `[words][]` as text.
            if kind == LinkType::Collapsed && source.get(range.end..)?.starts_with("[]") {
                range.end += 2;
            }
            let text = source.get(range.clone())?;
            let open = match kind {
                LinkType::Reference => text.rfind("][")?,
                LinkType::Collapsed => text.len().checked_sub(3)?,
                _ => text.len().checked_sub(1)?,
            };
            Some(without(source, &range, range.start + open, usage, &address))
        });
        let without = without.flatten().collect();
        places.push(Place { address, usage, without });
    }
    places
}

/// What leaves the words of the link at `range`, whose bracket closes at `close`.
fn without(
    source: &str,
    range: &Range<usize>,
    close: usize,
    usage: Use,
    address: &Range<usize>,
) -> Vec<(Range<usize>, String)> {
    let begin = range.start + if usage == Use::Image { 2 } else { 1 };
    let words = source.get(begin..close).unwrap_or_default();
    let name = if words.trim().is_empty() { file_name(source.get(address.clone()).unwrap_or_default()) } else { "" };
    if begin > close {
        return Vec::new();
    }
    vec![(range.start..begin, String::new()), (close..range.end, name.to_owned())]
}

/// The last part of an address.
fn file_name(address: &str) -> &str {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    path.rsplit(['/', ':']).find(|part| !part.is_empty()).unwrap_or(address)
}

/// `[text](ADDRESS "title")`: the text may hold another link, the title hardly ever does. The address, and where the
/// bracket closes.
fn inline(source: &str, range: Range<usize>, address: &str) -> Option<(Range<usize>, usize)> {
    let text = source.get(range.clone())?;
    let mut search = text.len();
    while let Some(open) = text.get(..search).and_then(|before| before.rfind("](")) {
        if let Some(found) = starts_with(text, open + 2, address) {
            return Some((range.start + found.start..range.start + found.end, range.start + open));
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
fn in_html(source: &str, range: Range<usize>) -> Vec<Place> {
    let mut found = Vec::new();
    let mut at = range.start;
    while let Some(open) = source.get(at..range.end).and_then(|rest| rest.find('<')) {
        let start = at + open;
        at = start + 1;
        let rest = source.get(at..range.end).unwrap_or_default();
        let name: String =
            rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let behind = at + name.len();
        for (_, attribute, usage) in ELEMENTS.iter().filter(|(element, ..)| *element == name) {
            let Some(address) = attribute_value(source, behind..range.end, attribute) else { continue };
            let tag_end = source.get(address.end..range.end).and_then(|rest| rest.find('>'));
            at = at.max(address.end);
            let without = tag_end.map(|length| start..address.end + length + 1).map(|tag| {
                if *usage == Use::Link || *attribute == "poster" {
                    return vec![(whole_attribute(source, behind, &address, attribute), String::new())];
                }
                let alt = attribute_value(source, behind..tag.end, "alt").and_then(|place| source.get(place));
                let alt = alt.filter(|alt| !alt.trim().is_empty());
                let name = source.get(address.clone()).map(file_name).unwrap_or_default();
                // `</video>` and the like go with it.
                let rest = source.get(tag.end..).unwrap_or_default();
                let close = format!("</{}>", source.get(start + 1..behind).unwrap_or_default());
                let blank = rest.len() - rest.trim_start().len();
                let closed = rest.get(blank..).is_some_and(|rest| rest.starts_with(&close));
                let end = if closed { tag.end + blank + close.len() } else { tag.end };
                vec![(tag.start..end, alt.unwrap_or(name).to_owned())]
            });
            found.push(Place { address, usage: *usage, without: without.unwrap_or_default() });
        }
    }
    found
}

/// An attribute with its name, its quotes and the space before it.
fn whole_attribute(source: &str, behind: usize, value: &Range<usize>, name: &str) -> Range<usize> {
    let before = source.get(behind..value.start).unwrap_or_default().to_ascii_lowercase();
    let start = before.rfind(name).map_or(value.start, |at| behind + at);
    let spaces = source.get(behind..start).map_or(0, |before| before.len() - before.trim_end().len());
    let quoted = source.get(value.end..).is_some_and(|rest| rest.starts_with(['"', '\'']));
    start - spaces..value.end + usize::from(quoted)
}

/// The value of an attribute in the tag whose name ends where `range` begins.
pub fn attribute_value(source: &str, range: Range<usize>, wanted: &str) -> Option<Range<usize>> {
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
        relink(source, |usage, address| {
            Some(Change::To(format!("{}:{address}", if usage == Use::Image { "I" } else { "L" })))
        })
    }

    /// Without any link or image.
    fn bare(source: &str) -> String {
        relink(source, |_, _| Some(Change::Words))
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
    fn films_and_sounds_are_found() {
        assert_eq!(
            marked("<video poster=\"p.png\" src=\"a.mp4\" controls><source src=b.webm></video>"),
            "<video poster=\"I:p.png\" src=\"I:a.mp4\" controls><source src=I:b.webm></video>"
        );
    }

    #[test]
    fn links_can_go_and_leave_their_words() {
        assert_eq!(bare("a [b *c*](x.md \"t\") d ![e](y.png) ![](z/y.png)"), "a b *c* d e y.png");
        assert_eq!(bare("[![b](y.png)](x.md)"), "b");
        assert_eq!(bare("[a][r] [r][] [r]\n\n[r]: x.md\n"), "a r r\n\n[r]: x.md\n");
        assert_eq!(bare("<a class=\"k\" href=\"x.md\">b</a>"), "<a class=\"k\">b</a>");
        assert_eq!(bare("<img src=\"a/y.png\" alt=\"An owl\"> <video src=\"v.mp4\" controls></video>"), "An owl v.mp4");
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
            prop_assert_eq!(relink(&source, |_, address| Some(Change::To(address.to_owned()))), source);
        }

        #[test]
        fn brackets_in_any_order_do_not_panic(source in "[\\[\\]()<>!a=\"' \\n:/`]{0,80}") {
            let _ = marked(&source);
            let _ = bare(&source);
            let _ = leading_heading(&source);
        }
    }
}
