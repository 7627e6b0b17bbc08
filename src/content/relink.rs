//! Changes addresses in Markdown, for files whose images move into the site.

use crate::content::markdown;
use pulldown_cmark::{Event, LinkType, Parser, Tag};
use std::ops::Range;

/// The source with each address for which `new` gives another one replaced by it, in links,
/// images, reference definitions and raw HTML. Everything else stays byte for byte.
///
/// `new` sees addresses as written, and gives ones that need no quoting: `/media/...`.
pub fn relink(source: &str, new: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let parser = Parser::new_ext(source, markdown::options());
    let mut places = Vec::new();
    for (_, definition) in parser.reference_definitions().iter() {
        places.extend(place(source, &definition.span, &definition.dest, "]:"));
    }
    for (event, range) in parser.into_offset_iter() {
        match event {
            Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, .. })
            | Event::Start(Tag::Image { link_type: LinkType::Inline, dest_url, .. }) => {
                places.extend(place(source, &range, &dest_url, "]("));
            }
            Event::Html(_) | Event::InlineHtml(_) => places.extend(in_html(source, &range)),
            _ => {}
        }
    }
    places.sort_by_key(|place| place.start);
    let mut out = String::with_capacity(source.len());
    let mut from = 0;
    for place in places {
        let (Some(before), Some(address)) = (source.get(from..place.start), source.get(place.clone())) else {
            continue;
        };
        let Some(address) = new(address) else { continue };
        out.push_str(before);
        out.push_str(&address);
        from = place.end;
    }
    out.push_str(source.get(from..).unwrap_or(""));
    out
}

/// Where `address` stands in a link: behind `mark`, perhaps in angle brackets. `None`
/// where it is written with escapes.
fn place(source: &str, range: &Range<usize>, address: &str, mark: &str) -> Option<Range<usize>> {
    let text = source.get(range.clone()).filter(|_| !address.is_empty())?;
    let follows = |at: &usize| {
        let before = text.get(..*at).unwrap_or("").trim_end();
        let before = before.strip_suffix('<').unwrap_or(before).trim_end();
        before.ends_with(mark)
    };
    let at = text.rmatch_indices(address).map(|(at, _)| at).take(100).find(follows)?;
    Some(range.start + at..range.start + at + address.len())
}

/// Where addresses stand in quoted attributes.
fn in_html(source: &str, range: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let Some(html) = source.get(range.clone()) else { return found };
    for name in ["src", "href", "poster"] {
        for (at, _) in html.match_indices(name) {
            let after = html.get(at + name.len()..).unwrap_or("");
            let Some(value) = after.trim_start().strip_prefix('=').map(str::trim_start) else { continue };
            let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
            let start = range.end - value.len() + 1;
            if let Some(length) = value.get(1..).and_then(|value| value.find(quote)) {
                found.push(start..start + length);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moved(source: &str) -> String {
        relink(source, &mut |address| {
            address
                .strip_prefix("./")
                .or(Some(address))
                .filter(|name| *name == "a b.png" || *name == "a.png")
                .map(|_| "/media/1/a.png".into())
        })
    }

    #[test]
    fn addresses_change_wherever_they_stand() {
        assert_eq!(
            moved("![a.png](a.png \"a.png\") [x](./a.png)"),
            "![a.png](/media/1/a.png \"a.png\") [x](/media/1/a.png)"
        );
        assert_eq!(moved("[![t](a.png)](a.png)"), "[![t](/media/1/a.png)](/media/1/a.png)");
        assert_eq!(moved("![t](<a b.png>)"), "![t](</media/1/a.png>)");
        assert_eq!(moved("![t][r]\n\n[r]: a.png 'T'\n"), "![t][r]\n\n[r]: /media/1/a.png 'T'\n");
        assert_eq!(
            moved("<div>\n<img alt=\"a.png\" src = 'a.png'>\n</div>\n\nx <a href=\"a.png\">a.png</a>"),
            "<div>\n<img alt=\"a.png\" src = '/media/1/a.png'>\n</div>\n\nx <a href=\"/media/1/a.png\">a.png</a>"
        );
    }

    #[test]
    fn the_rest_stays() {
        for source in [
            "a.png `![](a.png)`\n\n    ![](a.png)\n",
            "![](https://example.org/a.png) <a.png>",
            "[a.png]: <>",
            "src=\"a.png\"",
        ] {
            assert_eq!(moved(source), source);
        }
    }

    proptest! {
        #[test]
        fn without_new_addresses_nothing_changes(source in "[!\\[\\]()<>\"'= a-z.:/\n]{0,200}") {
            prop_assert_eq!(relink(&source, &mut |_| None), source);
        }
    }
}
