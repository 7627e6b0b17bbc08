//! Turns frames and scripts of other services into links, and films written as images into players.

use crate::content::address;
use crate::content::interchange::forms;
use crate::content::interchange::meaning;
use crate::content::interchange::regions::{Regions, begins_with};
use crate::content::interchange::services;
use crate::content::interchange::{Finding, Outcome, replaced};
use crate::content::markdown;
use crate::content::relink;
use pulldown_cmark::{Event, LinkType, Parser, Tag};
use std::ops::Range;

/// Elements that show something of another page.
const FRAMES: [&str; 4] = ["iframe", "script", "object", "embed"];
/// Elements of a page that have no place in a post; the words in them are not shown.
const UNSEEN: [&str; 5] = ["style", "template", "select", "textarea", "svg"];

/// Translates a text.
pub fn translate(text: &str, findings: &mut Vec<Finding>) -> String {
    let regions = Regions::of(text);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let last_end = text.rfind("-->").unwrap_or(0);
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + found;
        at = start + 1;
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with("!--") {
            // Where none ends any more, none is looked for.
            at += if at < last_end { rest.find("-->").unwrap_or(0) } else { 0 };
            continue;
        }
        let of = |names: &[&'static str]| names.iter().copied().find(|name| is_tag(rest, name));
        if regions.is_code(start) || text.get(..start).is_some_and(|before| before.ends_with('\\')) {
            continue;
        }
        if let Some(name) = of(&UNSEEN) {
            findings.push(Finding::new(format!("HTML element “{name}”"), rest, Outcome::LeftOut));
        }
        let Some(name) = of(&FRAMES) else { continue };
        let Some(place) = element(text, start, name) else { continue };
        let raw = text.get(place.clone()).unwrap_or_default();
        at = place.end;
        match frame(text, &place, name, &regions) {
            Some(new) => {
                findings.push(Finding::new(format!("HTML element “{name}”"), raw, Outcome::Translated));
                edits.push((place, new));
            }
            None => findings.push(Finding::new(format!("HTML element “{name}”"), raw, Outcome::LeftOut)),
        }
    }
    let text = replaced(text, edits);
    let films = films(&text, findings);
    replaced(&text, films)
}

fn is_tag(rest: &str, name: &str) -> bool {
    begins_with(rest, name) && rest.get(name.len()..).is_some_and(|tail| tail.starts_with([' ', '\n', '\t', '>', '/']))
}

/// From the tag at `start` to the end of the element.
fn element(text: &str, start: usize, name: &str) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let tag = tag_end(rest)?;
    if name == "embed" || rest.get(..tag)?.ends_with("/>") {
        return Some(start..start + tag);
    }
    let mut at = tag;
    // An element that nothing ends is its tag.
    while let Some(found) = rest.get(at..).and_then(|tail| tail.find("</")) {
        let close = at + found + 2;
        if rest.get(close..).is_some_and(|tail| begins_with(tail, name)) {
            let end = rest.get(close..)?.find('>')?;
            return Some(start..start + close + end + 1);
        }
        if close - tag > 20_000 {
            break;
        }
        at = close;
    }
    Some(start..start + tag)
}

/// Length of a tag; a `>` in quotes does not end it.
fn tag_end(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in rest.char_indices().take(5_000) {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '>') => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The link in the place of an element; `None` where it shows nothing.
fn frame(text: &str, place: &Range<usize>, name: &str, regions: &Regions) -> Option<String> {
    let tag = place.start + 1 + name.len()..place.start + tag_end(text.get(place.clone())?)?;
    let value = |attribute| relink::attribute_value(text, tag.clone(), attribute).and_then(|place| text.get(place));
    let source = ["src", "data-src", "data", "data-lazy-src"].iter().find_map(|attribute| value(attribute))?.trim();
    let source = address::decoded(source);
    if source.is_empty() || source.starts_with("about:") || !address::is_web(&source) {
        return None;
    }
    let shown = services::at(&source);
    if name == "script"
        && !["gist.github.com", "asciinema.org", "speakerdeck.com"].iter().any(|host| source.contains(host))
    {
        return None;
    }
    let words = match value("title").filter(|title| !title.trim().is_empty()) {
        Some(title) if !title.to_lowercase().contains("video player") => {
            format!("{} ({})", address::decoded(title), shown.words)
        }
        _ => shown.words,
    };
    let html = regions.html_block(place.start).is_some_and(|block| {
        let before = text.get(block.start..place.start).unwrap_or_default();
        let after = text.get(place.end..block.end.max(place.end)).unwrap_or_default();
        !before.trim_start().is_empty() || !after.trim_start().is_empty()
    });
    Some(forms::link(&words, &shown.address, html))
}

/// `![a](film.mp4)` is a film.
fn films(text: &str, findings: &mut Vec<Finding>) -> Vec<(Range<usize>, String)> {
    let mut edits = Vec::new();
    let parser = Parser::new_ext(text, markdown::options()).into_offset_iter();
    for (event, place) in parser {
        if let Event::Start(Tag::Image { link_type: LinkType::Inline, dest_url, .. }) = event {
            let new = match meaning::player(&dest_url) {
                Some(element) => forms::player(element, &dest_url),
                None => continue,
            };
            findings.push(Finding::new("Film or sound as an image", &dest_url, Outcome::Translated));
            edits.push((place, new));
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(text: &str) -> String {
        translate(text, &mut Vec::new())
    }

    #[test]
    fn frames_and_gists_become_links() {
        assert_eq!(
            translated(
                "a\n\n<iframe width=\"1\" src=\"https://www.youtube.com/embed/abc\" allowfullscreen></iframe>\n\nb"
            ),
            "a\n\n[Video on YouTube](https://www.youtube.com/watch?v=abc)\n\nb"
        );
        assert_eq!(
            translated("<div>\n<iframe title=\"Owls\" src='https://player.vimeo.com/video/1'></iframe>\n</div>"),
            "<div>\n<a href=\"https://vimeo.com/1\">Owls (Video on Vimeo)</a>\n</div>"
        );
        assert_eq!(
            translated("<script src=\"https://gist.github.com/ada/01.js\"></script>"),
            "[Gist ada/01](https://gist.github.com/ada/01)"
        );
        assert_eq!(
            translated("a <iframe src=\"https://example.org/x?a=1&amp;b=2\"/> b"),
            "a [example.org](https://example.org/x?a=1&b=2) b"
        );
    }

    #[test]
    fn what_shows_nothing_is_named() {
        let mut findings = Vec::new();
        let text = "<script>\nalert(1)\n</script>\n\n<style>a{}</style>\n\n`<iframe src=x>`\n";
        assert_eq!(translate(text, &mut findings), text);
        assert_eq!(
            findings.iter().map(|finding| finding.outcome).collect::<Vec<_>>(),
            [Outcome::LeftOut, Outcome::LeftOut]
        );
        assert_eq!(translated("<iframe src=\"javascript:x\"></iframe>"), "<iframe src=\"javascript:x\"></iframe>");
    }

    #[test]
    fn films_written_as_images_play() {
        assert_eq!(translated("![An owl](owl.mp4)"), "<video src=\"owl.mp4\" controls></video>");
        assert_eq!(translated("`![a](a.mp4)` ![b](b.png)"), "`![a](a.mp4)` ![b](b.png)");
    }
}
