//! Reads what note programs such as Obsidian add: `[[links]]`, `![[embeds]]`, `%%comments%%`, `==highlights==`.

use crate::content::interchange::forms::{self, Image};
use crate::content::interchange::meaning;
use crate::content::interchange::regions::Regions;
use crate::content::interchange::tag::beginning;
use crate::content::interchange::{Finding, Outcome, replaced};
use pulldown_cmark::Parser;
use std::collections::HashSet;
use std::ops::Range;

/// Longest link, in bytes.
const LONGEST_LINK: usize = 500;
/// Endings of images.
const IMAGES: [&str; 9] = ["png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "bmp", "tiff"];

/// Translates a text.
pub fn translate(text: &str, findings: &mut Vec<Finding>) -> String {
    let regions = Regions::of(text);
    let defined = definitions(text);
    let (mut edits, mut at) = (Vec::new(), 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(['[', '=', '%'])) {
        at += found;
        let edit = if regions.is_code(at) { None } else { construct(text, at, &regions, &defined) };
        match edit {
            Some((place, new, kind, outcome)) => {
                findings.push(Finding::new(kind, text.get(place.clone()).unwrap_or_default(), outcome));
                at = place.end;
                edits.push((place, new));
            }
            // A run of signs is none of ours as a whole.
            None => {
                let sign = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or('=');
                let run = |rest: &str| rest.len() - rest.trim_start_matches(sign).len();
                at += if sign == '[' { 1 } else { text.get(at..).map_or(1, run).max(1) };
            }
        }
    }
    replaced(text, edits)
}

/// Labels that `[label]` leads from, in lower case.
fn definitions(text: &str) -> HashSet<String> {
    let parser = Parser::new(text);
    parser.reference_definitions().iter().map(|(label, _)| label.to_lowercase()).collect()
}

type Edit = (Range<usize>, String, &'static str, Outcome);

fn construct(text: &str, at: usize, regions: &Regions, defined: &HashSet<String>) -> Option<Edit> {
    let rest = text.get(at..)?;
    let before = text.get(..at)?;
    let html = regions.is_html(at);
    if rest.starts_with('[') && (before.is_empty() || before.ends_with('\n')) && !defined.contains("toc") {
        let line: String = rest.chars().take_while(|c| *c != '\n').take(12).collect();
        if ["[toc]", "[[toc]]", "[[_toc_]]"].contains(&line.trim_end().to_lowercase().as_str()) {
            return Some((at..at + line.trim_end().len(), String::new(), "Table of contents", Outcome::LeftOut));
        }
    }
    if let Some(inner) = rest.strip_prefix("[[") {
        return wiki_link(before, inner, at, html, defined);
    }
    if let Some(inner) = rest.strip_prefix("==") {
        let end = closing(inner, "==")?;
        let content = inner.get(..end)?;
        let after = inner.get(end + 2..)?;
        let is_mark = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || "=\\!<>\"'".contains(c))
            && !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '=')
            && !content.starts_with(|c: char| c.is_whitespace() || c == '=')
            && !content.ends_with(char::is_whitespace)
            && !content.contains("](");
        return is_mark
            .then(|| (at..at + end + 4, format!("<mark>{content}</mark>"), "Obsidian highlight", Outcome::Translated));
    }
    if let Some(inner) = rest.strip_prefix("%%") {
        let starts_line = before.is_empty() || before.ends_with('\n');
        let block = starts_line && inner.starts_with('\n');
        let end = if block { inner.find("\n%%").map(|end| end + 1)? } else { closing(inner, "%%")? };
        let content = inner.get(..end)?;
        let after = inner.get(end + 2..)?;
        let is_comment = (starts_line || before.ends_with(char::is_whitespace))
            && !content.trim().is_empty()
            && !content.starts_with(['%', '{', 'd', 's'])
            && !after.starts_with(|c: char| c.is_alphanumeric() || c == '%');
        return is_comment.then(|| (at..at + end + 4, forms::comment(content), "Obsidian comment", Outcome::LeftOut));
    }
    None
}

/// Where `sign` ends what it began in the same paragraph.
fn closing(inner: &str, sign: &str) -> Option<usize> {
    let paragraph = inner.find("\n\n").unwrap_or(inner.len()).min(2_000);
    let end = inner.char_indices().map(|(at, _)| at).find(|at| *at >= paragraph).unwrap_or(inner.len());
    inner.get(..end)?.find(sign)
}

fn wiki_link(before: &str, inner: &str, at: usize, html: bool, defined: &HashSet<String>) -> Option<Edit> {
    let length = beginning(inner, LONGEST_LINK).lines().next()?.find("]]")?;
    let content = inner.get(..length)?;
    let after = inner.get(length + 2..)?;
    let embed = before.ends_with('!') && !before.ends_with("\\!");
    let is_link = !content.trim().is_empty()
        && !content.starts_with([' ', '^', '_', ':', '-', '['])
        && !content.contains(['[', ']', '\n'])
        && !before.ends_with(['[', '\\', ']'])
        && (embed || !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == ')'))
        && !after.starts_with(['(', '[', ']'])
        && !content.eq_ignore_ascii_case("toc")
        && !defined.contains(&content.to_lowercase());
    if !is_link {
        return None;
    }
    // In a table the bar is escaped.
    let (target, label) = match content.split_once('|') {
        Some((target, label)) => (target.trim_end_matches('\\').trim(), Some(label.trim())),
        None => (content.trim(), None),
    };
    let place = at - usize::from(embed)..at + 2 + length + 2;
    let label = label.filter(|label| !label.is_empty());
    let (file, heading) = target.split_once('#').map_or((target, ""), |(file, heading)| (file, heading));
    let address = address(file, heading);
    if embed {
        return Some((place, embedded(file, &address, label, html), "Obsidian embed", Outcome::Translated));
    }
    let words = label.map_or_else(|| shown(file, heading), str::to_owned);
    let link = if html { forms::link(&words, &address, true) } else { format!("[{}]({address})", link_words(&words)) };
    Some((place, link, "Wiki link", Outcome::Translated))
}

/// Labels may be emphasised.
fn link_words(words: &str) -> String {
    words.replace('[', "\\[").replace(']', "\\]").replace('<', "\\<")
}

/// What is shown of a link without a label: the note, and the heading in it.
fn shown(file: &str, heading: &str) -> String {
    let heading = heading.trim_start_matches('^');
    let name = file.strip_suffix(".md").unwrap_or(file);
    match (name, heading) {
        (name, "") => name.to_owned(),
        ("", heading) => heading.replace('#', " > "),
        (name, heading) => format!("{name} > {}", heading.replace('#', " > ")),
    }
}

fn address(file: &str, heading: &str) -> String {
    // The last of nested headings; blocks have no place of their own here.
    let heading = heading.rsplit('#').next().unwrap_or_default();
    let file = if file.is_empty() { String::new() } else { forms::by_name(file) };
    match (file, heading) {
        (file, heading) if heading.is_empty() || heading.starts_with('^') => {
            if file.is_empty() {
                "#".into()
            } else {
                file
            }
        }
        (file, heading) if file.is_empty() => format!("{}#{}", forms::BY_NAME, forms::address(heading)),
        (file, heading) => format!("{file}#{}", forms::address(heading)),
    }
}

fn embedded(file: &str, address: &str, label: Option<&str>, html: bool) -> String {
    let end = file.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    let name = file.rsplit('/').next().unwrap_or(file);
    if let Some(element) = meaning::player(file) {
        return format!("<{element} src=\"{address}\" controls></{element}>");
    }
    if IMAGES.contains(&end.as_str()) {
        let label = label.unwrap_or_default();
        let (alt, size) = label.rsplit_once('|').unwrap_or(("", label));
        let width = size.split('x').next().and_then(|width| width.trim().parse().ok());
        let alt = if width.is_none() { label } else { alt };
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let alt = if alt.is_empty() { stem.to_owned() } else { alt.replace('|', " ") };
        let image = Image { address: file_address(file), alt, width, ..Image::default() };
        return image.inline(html);
    }
    forms::link(label.unwrap_or(name), address, html)
}

fn file_address(file: &str) -> String {
    format!("{}{file}", forms::BY_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(text: &str) -> String {
        translate(text, &mut Vec::new())
    }

    #[test]
    fn wiki_links_become_links() {
        assert_eq!(translated("See [[notes/More|the *hoot*]]."), "See [the *hoot*](import:notes/More).");
        assert_eq!(translated("[[More#Some part]]"), "[More > Some part](import:More#Some%20part)");
        assert_eq!(translated("[[#Part]]"), "[Part](import:#Part)");
        assert_eq!(translated("[[My Note.md#^b1|x]]"), "[x](import:My%20Note.md)");
        assert_eq!(translated("| [[A\\|b]] |"), "| [b](import:A) |");
        assert_eq!(translated("看[[笔记]]。"), "看[笔记](import:%E7%AC%94%E8%AE%B0)。");
    }

    #[test]
    fn embeds_become_images_players_and_links() {
        assert_eq!(translated("![[a b.png|100]]"), "<img src=\"import:a%20b.png\" alt=\"a b\" width=\"100\">");
        assert_eq!(translated("![[p.png|An owl|100x50]]"), "<img src=\"import:p.png\" alt=\"An owl\" width=\"100\">");
        assert_eq!(translated("![[p.png|An owl]]"), "![An owl](import:p.png)");
        assert_eq!(translated("![[More]]"), "[More](import:More)");
        assert_eq!(translated("![[a.mp3]]"), "<audio src=\"import:a.mp3\" controls></audio>");
    }

    #[test]
    fn highlights_and_comments_are_told_from_operators() {
        assert_eq!(translated("an ==important== word"), "an <mark>important</mark> word");
        assert_eq!(translated("很==重要==的"), "很<mark>重要</mark>的");
        assert_eq!(translated("a %%hidden%% b"), "a <!-- hidden --> b");
        assert_eq!(translated("a\n\n%%\nhidden -- too\n%%\n\nb"), "a\n\n<!-- hidden - - too -->\n\nb");
    }

    #[test]
    fn places_of_contents_are_not_shown() {
        assert_eq!(translated("[[toc]]\n\na\n\n[TOC]\n"), "\n\na\n\n\n");
        assert_eq!(translated("[[_TOC_]]"), "");
    }

    #[test]
    fn what_looks_alike_is_left_alone() {
        for text in [
            "`[[a]]` `==b==` `%%c%%`",
            "a == b and c == d",
            "x==y, z==w",
            "Title\n==\n\nText ==",
            "=====",
            "[[1]](x) [[2]][y]",
            "[[a]]\n\n[a]: /x\n",
            "if [[ -f x ]]; then",
            "a[[1]] [[x\ny]]",
            "a [[TOC]] [[_TOC_]] [TOC]",
            "100%% and 50%%",
            "%%d and %%s",
            "[[]] ![[]] [[",
        ] {
            assert_eq!(translated(text), text);
        }
    }
}
