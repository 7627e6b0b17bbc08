//! Reads the attributes of kramdown, Goldmark and Pandoc: `{: .class}`, `{.class width=5}`, `{#id}`.

use crate::content::interchange::forms;
use crate::content::interchange::regions::Regions;
use crate::content::interchange::tag::beginning;
use crate::content::interchange::{Finding, Outcome, replaced};
use std::ops::Range;

/// Longest list of attributes, in bytes.
const LONGEST: usize = 300;

/// Takes the attributes out: readers never saw them. Ids of headings stay.
pub fn translate(text: &str, findings: &mut Vec<Finding>) -> String {
    let regions = Regions::of(text);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('{')) {
        let start = at + found;
        at = start + 1;
        if regions.is_code(start) || regions.is_html(start) {
            continue;
        }
        let Some((place, new)) = hidden(text, start).or_else(|| list(text, start)) else { continue };
        // Two lists never share a line's end.
        if edits.last().is_some_and(|(last, _)| last.end > place.start) {
            continue;
        }
        at = place.end;
        let example = text.get(place.clone()).unwrap_or_default();
        findings.push(Finding::new("Attributes", example, Outcome::LeftOut));
        edits.push((place, new));
    }
    replaced(text, edits)
}

/// Signs and comments that kramdown and Nunjucks do not show: `{::nomarkdown}`, `{:/}`, `{# … #}`.
fn hidden(text: &str, start: usize) -> Option<(Range<usize>, String)> {
    let rest = text.get(start..)?;
    let window = beginning(rest, LONGEST * 4);
    if window.starts_with("{# ") {
        let end = window.find(" #}")?;
        return Some((start..start + end + 3, forms::comment(window.get(2..end)?)));
    }
    if window.starts_with("{::comment}") {
        let end = window.find("{:/")?;
        let length = window.get(end..)?.find('}')?;
        return Some((start..start + end + length + 1, forms::comment(window.get(11..end)?)));
    }
    let length = window.lines().next()?.find('}').filter(|_| window.starts_with("{::") || window.starts_with("{:/"))?;
    Some((start..start + length + 1, String::new()))
}

/// The list that begins at `start`: what is to be replaced, and by what.
fn list(text: &str, start: usize) -> Option<(Range<usize>, String)> {
    let rest = text.get(start..)?;
    let length = beginning(rest, LONGEST).lines().next()?.find('}')?;
    let inner = rest.get(1..length)?;
    let kramdown = inner.starts_with(':');
    let bare = inner.strip_prefix(':').unwrap_or(inner).trim();
    if !is_list(bare, kramdown) && !bare.starts_with("/*") {
        return None;
    }
    let line = rest.lines().next()?;
    let end = start + length + 1;
    let before = text.get(..start)?.rsplit('\n').next().unwrap_or_default();
    let after = line.get(length + 1..).unwrap_or_default();
    let is_heading = before.trim_start().starts_with('#');
    let ends_line = after.trim().is_empty();
    let own_line = before.trim_matches([' ', '\t', '>', '*', '-']).is_empty() && ends_line;
    // `{/* #id */}` of Docusaurus.
    if let Some(id) = inner.trim().strip_prefix("/*").and_then(|id| id.strip_suffix("*/")).map(str::trim) {
        let id = id.strip_prefix('#').filter(|id| is_word(id))?;
        return (is_heading && ends_line).then(|| (start..end, format!("{{#{id}}}")));
    }
    let inner = bare;
    if own_line {
        return Some(own(text, start - before.len()..end, inner, kramdown)).filter(|_| kramdown || is_marked(inner));
    }
    if is_heading && ends_line {
        let id = inner.split_whitespace().find_map(|word| word.strip_prefix('#'));
        let new = id.map(|id| format!("{{#{id}}}")).unwrap_or_default();
        // pulldown-cmark reads the other forms as they are.
        return kramdown.then_some((start..end, new));
    }
    let spaces = before.len() - before.trim_end().len();
    let bare = before.trim_end();
    if spaces == 0 && bare.ends_with([')', ']', '*', '_', '`', '>', '"']) {
        return Some((start..end, String::new()));
    }
    (ends_line && (kramdown || is_marked(inner))).then(|| (start - spaces..end, String::new()))
}

/// A list on a line: the id of the heading above goes to it; a list of contents goes with its item.
fn own(text: &str, place: Range<usize>, inner: &str, kramdown: bool) -> (Range<usize>, String) {
    let above = text.get(..place.start).unwrap_or_default();
    let line = above.strip_suffix('\n').unwrap_or(above).rsplit('\n').next().unwrap_or_default();
    let line_start = above.len().saturating_sub(line.len() + 1);
    let id = inner.split_whitespace().find_map(|word| word.strip_prefix('#'));
    if kramdown
        && let Some(id) = id
        && line.trim_start().starts_with('#')
        && !line.contains('{')
    {
        return (above.len() - 1..place.end, format!(" {{#{id}}}"));
    }
    if inner.split_whitespace().any(|word| word == "toc") && line.trim_start().starts_with(['*', '-', '1']) {
        return (line_start..place.end, String::new());
    }
    let start = if place.start > 0 { place.start - 1 } else { place.start };
    // The line before ends where this one ended.
    (start..place.end, String::new())
}

/// Whether it names a class or an id.
fn is_marked(inner: &str) -> bool {
    inner.split_whitespace().any(|word| word.starts_with(['.', '#']))
}

fn is_list(inner: &str, kramdown: bool) -> bool {
    let mut rest = inner;
    if rest.is_empty() {
        return kramdown;
    }
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, _) = rest.split_at(end);
        let mut taken = end;
        if let Some((name, value)) = word.split_once('=') {
            if !is_word(name) {
                return false;
            }
            // A quoted value may have spaces.
            if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                let from = name.len() + 2;
                match rest.get(from..).and_then(|tail| tail.find(quote)) {
                    Some(length) => taken = from + length + 1,
                    None => return false,
                }
            }
        } else if !(word.strip_prefix(['.', '#']).is_some_and(is_word)
            || kramdown && is_word(word.trim_end_matches(':')))
        {
            return false;
        }
        rest = rest.get(taken..).unwrap_or_default().trim_start_matches([' ', '\t', ',']);
    }
    true
}

fn is_word(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '-'))
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '/' | '#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(text: &str) -> String {
        translate(text, &mut Vec::new())
    }

    #[test]
    fn attributes_are_taken_out() {
        assert_eq!(translated("Text {.lead}\n\nmore"), "Text\n\nmore");
        assert_eq!(translated("![a](p.png){:width=\"100%\"}\n{: .center}\n\nb"), "![a](p.png)\n\nb");
        assert_eq!(
            translated("![a](p.png){width=100 .x} and [b](/c){:target=\"_blank\" rel=\"a b\"}."),
            "![a](p.png) and [b](/c)."
        );
        assert_eq!(translated("{: .first}\nText\n"), "\nText\n");
        assert_eq!(translated("> a\n{: .prompt-tip }\n"), "> a\n");
        assert_eq!(translated("* TOC\n{:toc}\n\nText"), "\n\nText");
        assert_eq!(translated("| a |\n|---|\n| b |\n{: .table}"), "| a |\n|---|\n| b |");
    }

    #[test]
    fn headings_keep_their_ids() {
        assert_eq!(translated("## Part\n{: #part .x}\n"), "## Part {#part}\n");
        assert_eq!(translated("## Part {: #part}\n"), "## Part {#part}\n");
        assert_eq!(translated("## Part {/* #part */}\n"), "## Part {#part}\n");
        assert_eq!(translated("## Part {#part}\n"), "## Part {#part}\n");
        assert_eq!(translated("# T\n{: .no_toc}\n"), "# T\n");
    }

    #[test]
    fn signs_of_kramdown_and_comments_of_nunjucks_are_not_shown() {
        assert_eq!(translated("{::nomarkdown}\n<b>a</b>\n{:/}\n"), "\n<b>a</b>\n\n");
        assert_eq!(translated("a {::comment}b{:/comment} c"), "a <!-- b --> c");
        assert_eq!(translated("a {# b #} c"), "a <!-- b --> c");
    }

    #[test]
    fn other_braces_are_left_alone() {
        for text in [
            "`{.a}`",
            "a {b} c",
            "{a: 1}",
            "the set {.5}",
            "f(x){return}",
            "{",
            "{}",
            "x {a=b} y",
            "```go {x=1}\n{.a}\n```",
        ] {
            assert_eq!(translated(text), text);
        }
    }
}
