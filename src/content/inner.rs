//! Markdown inside raw HTML (`markdown="1"` of kramdown), and fragments that links of raw HTML lead to.

use crate::content::prepared::Edit;
use percent_encoding::percent_decode_str;
use std::collections::HashSet;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;

/// The fragment of an address on the same page, decoded.
pub fn fragment(address: &str) -> Option<String> {
    let fragment = address.strip_prefix('#').filter(|fragment| !fragment.is_empty())?;
    Some(percent_decode_str(fragment).decode_utf8().ok()?.nfc().collect())
}

/// Adds the fragments that the links of raw HTML lead to.
pub fn fragments(html: &str, found: &mut HashSet<String>) {
    for part in html.split("href").skip(1) {
        let value = part.trim_start_matches([' ', '=', '"', '\'']);
        let end = value.find(['"', '\'', '>', ' ']).unwrap_or(value.len());
        found.extend(value.get(..end).and_then(fragment));
    }
}

/// Puts empty lines around what stands in elements with `markdown="1"`, so that it is read as Markdown.
pub fn open_up(source: &str, block: Range<usize>, edits: &mut Vec<Edit>) {
    let html = source.get(block.clone()).unwrap_or_default();
    if !html.contains("markdown=") {
        return;
    }
    // Names of the open elements; `true` for those that hold Markdown.
    let mut open: Vec<(&str, bool)> = Vec::new();
    let mut from = 0;
    while let Some(start) = html.get(from..).and_then(|rest| rest.find('<')).map(|at| from + at) {
        let rest = html.get(start + 1..).unwrap_or_default();
        let (is_end, tag) = rest.strip_prefix('/').map_or((false, rest), |tag| (true, tag));
        let name = tag.get(..tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len())).unwrap_or_default();
        let Some(length) = tag.find('>') else { return };
        let end = html.len() - tag.len() + length + 1;
        from = end;
        if name.is_empty() {
            continue;
        }
        if !is_end {
            let is_markdown = tag.get(..length).is_some_and(holds_markdown);
            open.push((name, is_markdown));
            if is_markdown {
                edits.push((block.start + end..block.start + end, "\n\n"));
            }
        } else if let Some(at) = open.iter().rposition(|(other, _)| other.eq_ignore_ascii_case(name)) {
            if open.get(at).is_some_and(|(_, is_markdown)| *is_markdown) {
                edits.push((block.start + start..block.start + start, "\n\n"));
            }
            open.truncate(at);
        }
    }
}

fn holds_markdown(tag: &str) -> bool {
    let value = tag.split("markdown=").nth(1).map(|value| value.trim_start_matches(['"', '\'']));
    value.is_some_and(|value| ["1", "block", "span"].iter().any(|word| value.starts_with(word)))
}
