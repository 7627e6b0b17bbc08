//! Reads the components, imports and comments of MDX, as tags that `template` knows.

use crate::content::interchange::forms;
use crate::content::interchange::regions::Regions;
use crate::content::interchange::tag::{Arguments, Family, Shape, Tag};
use crate::content::interchange::{Finding, Outcome, replaced, template};
use crate::content::sanitize;
use std::collections::HashMap;
use std::ops::Range;

/// Longest tag that is looked for, in bytes.
const LONGEST: usize = 5_000;
/// Most lines of one import or export.
const MOST_LINES: usize = 200;

/// Translates a text.
pub fn translate(text: &str, findings: &mut Vec<Finding>) -> String {
    let (text, files) = without_modules(text, findings);
    let text = with_html(&text, &files, findings);
    let tags = tags(&text, &Regions::of_fenced(&text), &files);
    if tags.is_empty() {
        return text;
    }
    // Where a component begins, a block of HTML seems to, which hides the code in it.
    let mut plain = text.clone().into_bytes();
    for tag in &tags {
        for byte in plain.get_mut(tag.place.clone()).unwrap_or_default().iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
    }
    let plain = String::from_utf8(plain).unwrap_or_default();
    let regions = Regions::of_fenced(&plain);
    let tags = tags.into_iter().filter(|tag| !regions.is_code(tag.place.start)).collect();
    template::render(&text, tags, &regions, findings)
}

/// Comments in the places of imports and exports; and the files that imports give names.
fn without_modules(text: &str, findings: &mut Vec<Finding>) -> (String, HashMap<String, String>) {
    let mut files = HashMap::new();
    if !text.contains("import ") && !text.contains("export ") {
        return (text.to_owned(), files);
    }
    let regions = Regions::of(text);
    let (mut edits, mut at, mut taken): (Vec<(Range<usize>, String)>, usize, usize) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if start < taken || regions.is_code(start) {
            continue;
        }
        let Some(end) = module(text, start) else { continue };
        let statement = text.get(start..end).unwrap_or_default();
        if let Some((names, from)) = statement.strip_prefix("import ").and_then(|rest| rest.split_once(" from ")) {
            files.insert(names.trim().to_owned(), from.trim().trim_matches(['"', '\'', ';', '\n', ' ']).to_owned());
        }
        findings.push(Finding::new("MDX import or export", statement, Outcome::LeftOut));
        taken = end;
        edits.push((start..end, forms::comment(statement)));
    }
    (replaced(text, edits), files)
}

/// Where the statement ends that begins at `start`.
fn module(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let quoted = |line: &str| line.trim_end().trim_end_matches(';').ends_with(['"', '\'']);
    let first = rest.lines().next()?;
    if let Some(names) = first.strip_prefix("import ") {
        let names = names.trim_start();
        if names.starts_with(['"', '\'']) && quoted(first) || first.contains(" from ") && quoted(first) {
            return Some(start + first.trim_end().len());
        }
        if !names.starts_with('{') {
            return None;
        }
        let mut length = 0;
        for line in rest.split_inclusive('\n').take(MOST_LINES) {
            length += line.len();
            if line.trim_start().starts_with('}') {
                let ends = line.contains(" from ") && quoted(line);
                return ends.then(|| start + rest.get(..length).unwrap_or_default().trim_end().len());
            }
        }
        return None;
    }
    let exported = first.strip_prefix("export ")?.split(' ').next()?;
    if !["const", "let", "var", "function", "default", "async", "{"].contains(&exported) {
        return None;
    }
    let (mut depth, mut length) = (0i32, 0);
    for line in rest.split_inclusive('\n').take(MOST_LINES) {
        length += line.len();
        depth += line.chars().map(|c| i32::from("([{".contains(c)) - i32::from(")]}".contains(c))).sum::<i32>();
        if depth <= 0 {
            return Some(start + rest.get(..length).unwrap_or_default().trim_end().len());
        }
    }
    None
}

/// Comments of JSX as those of HTML, and elements of HTML without the attributes that only JSX can read.
fn with_html(text: &str, files: &HashMap<String, String>, findings: &mut Vec<Finding>) -> String {
    let regions = Regions::of(text);
    let (mut edits, mut at) = (Vec::new(), 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(['<', '{'])) {
        let start = at + found;
        at = start + 1;
        let rest = text.get(start..).unwrap_or_default();
        if regions.is_code(start) {
            continue;
        }
        if let Some(comment) = rest.strip_prefix("{/*") {
            let Some(length) = comment.find("*/}").filter(|length| *length < LONGEST) else { continue };
            let inner = comment.get(..length).unwrap_or_default();
            if !inner.trim().starts_with('#') {
                at = start + length + 6;
                findings.push(Finding::new("MDX comment", inner, Outcome::LeftOut));
                edits.push((start..at, forms::comment(inner)));
            }
        } else if rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
            && let Some(element) = read(text, start, files).filter(|element| element.braced)
        {
            let attributes: String = element
                .attributes
                .iter()
                .filter_map(|(name, value)| value.as_ref().map(|value| (name, value)))
                .map(|(name, value)| format!(" {name}=\"{}\"", value.replace('"', "&quot;")))
                .collect();
            at = element.place.end;
            let end = if element.closed { " /" } else { "" };
            edits.push((element.place, format!("<{}{attributes}{end}>", element.name)));
        }
    }
    replaced(text, edits)
}

/// A tag of JSX.
struct Element {
    name: String,
    /// `None`: a value that only a program knows.
    attributes: Vec<(String, Option<String>)>,
    /// Whether any of them stands in braces.
    braced: bool,
    closed: bool,
    place: Range<usize>,
}

fn read(text: &str, start: usize, files: &HashMap<String, String>) -> Option<Element> {
    let rest = text.get(start + 1..)?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let length = rest.find(|c| !is_part(c))?;
    let (name, mut tail) = rest.split_at(length);
    if !tail.starts_with([' ', '\n', '\t', '\r', '>', '/']) {
        return None;
    }
    let (mut attributes, mut braced, mut closed) = (Vec::new(), false, false);
    loop {
        tail = tail.trim_start();
        if rest.len() - tail.len() > LONGEST {
            return None;
        }
        if let Some(end) = tail.strip_prefix('>') {
            let end = text.len() - end.len();
            return Some(Element { name: name.to_owned(), attributes, braced, closed, place: start..end });
        }
        if let Some(next) = tail.strip_prefix('/') {
            (closed, tail) = (true, next);
            continue;
        }
        if tail.starts_with('{') {
            tail = tail.get(braces(tail)?..)?;
            braced = true;
            continue;
        }
        let end = tail.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/' | '{' | '<'))?;
        let (key, next) = tail.split_at(end);
        if key.is_empty() {
            return None;
        }
        let value;
        (value, tail) = match next.trim_start().strip_prefix('=').map(str::trim_start) {
            None => (Some(String::new()), next),
            Some(next) if next.starts_with('{') => {
                let (inner, next) = next.split_at_checked(braces(next)?)?;
                braced = true;
                (evaluated(inner, files), next)
            }
            Some(next) => {
                let quote = next.chars().next().filter(|c| matches!(c, '"' | '\''));
                match quote {
                    Some(quote) => {
                        let (inner, next) = next.get(1..)?.split_once(quote)?;
                        (Some(inner.to_owned()), next)
                    }
                    None => {
                        let (inner, next) = next.split_at(next.find(|c: char| c.is_whitespace() || c == '>')?);
                        (Some(inner.to_owned()), next)
                    }
                }
            }
        };
        if attributes.len() < 64 {
            attributes.push((key.to_owned(), value));
        }
    }
}

/// Length of what stands in braces, them included.
fn braces(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0usize, None);
    for (at, c) in text.char_indices().take(LONGEST) {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// What an expression in braces is, where it is a text, a number, or a file that the page imports.
fn evaluated(braced: &str, files: &HashMap<String, String>) -> Option<String> {
    let inner = braced.strip_prefix('{')?.strip_suffix('}')?.trim();
    if let Some(file) = files.get(inner) {
        return Some(file.clone());
    }
    if !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(inner.to_owned());
    }
    let is_call = ["require(", "useBaseUrl("].iter().any(|call| inner.starts_with(call));
    let quote = inner.chars().find(|c| matches!(c, '"' | '\'' | '`'))?;
    let (before, rest) = inner.split_once(quote)?;
    let (value, after) = rest.split_once(quote)?;
    ((before.is_empty() && after.is_empty() || is_call) && !value.contains("${")).then(|| value.to_owned())
}

fn tags(text: &str, regions: &Regions, files: &HashMap<String, String>) -> Vec<Tag> {
    let last_end = text.rfind("-->").unwrap_or(0);
    let (mut tags, mut at) = (Vec::new(), 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + found;
        at = start + 1;
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with("!--") {
            // Where none ends any more, none is looked for.
            at += if at < last_end { rest.find("-->").unwrap_or(0) } else { 0 };
            continue;
        }
        let escaped = text.get(..start).is_some_and(|before| before.ends_with('\\'));
        if escaped || regions.is_code(start) {
            continue;
        }
        let closing = rest.strip_prefix('/').unwrap_or(rest);
        let name: String =
            closing.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_')).collect();
        if !is_component(&name) {
            continue;
        }
        let tag = |place, arguments, shape| Tag {
            family: Family::Component,
            name: name.to_lowercase(),
            arguments,
            shape,
            place,
        };
        let read = if closing.len() < rest.len() {
            let end = closing.get(name.len()..).and_then(|tail| tail.trim_start().strip_prefix('>'));
            end.map(|end| tag(start..text.len() - end.len(), Arguments::default(), Shape::Close))
        } else {
            read(text, start, files).map(|element| {
                let known =
                    element.attributes.into_iter().filter_map(|(name, value)| Some((name.to_lowercase(), value?)));
                let shape = if element.closed { Shape::Alone } else { Shape::Open };
                tag(element.place, Arguments::of(known), shape)
            })
        };
        if let Some(tag) = read {
            at = tag.place.end;
            tags.push(tag);
        }
    }
    tags
}

/// Components begin with a capital; so do elements of HTML in old texts.
fn is_component(name: &str) -> bool {
    let capital = name.starts_with(|c: char| c.is_ascii_uppercase());
    let shouted = name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let lower = name.to_ascii_lowercase();
    let old = [
        "font", "body", "html", "head", "form", "button", "iframe", "script", "object", "embed", "meta", "param",
        "nobr",
    ];
    capital && !(shouted && (sanitize::element(&lower).is_some() || old.contains(&lower.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(text: &str) -> String {
        translate(text, &mut Vec::new())
    }

    #[test]
    fn components_become_what_they_show() {
        assert_eq!(translated("<Callout type=\"warning\">\n**Care**\n</Callout>"), "> **Warning**\n>\n> **Care**");
        assert_eq!(translated("<YouTube id=\"abc\" />"), "[Video on YouTube](https://www.youtube.com/watch?v=abc)");
        assert_eq!(
            translated("<Image src=\"/p.png\" alt=\"An owl\" width={100} />"),
            "<img src=\"/p.png\" alt=\"An owl\" width=\"100\">"
        );
        assert_eq!(translated("a <Link to=\"/x\">b</Link> c"), "a [b](/x) c");
        assert_eq!(
            translated("<Tabs>\n  <TabItem value=\"a\" label=\"Npm\">\n\n    Use it.\n\n  </TabItem>\n</Tabs>"),
            "**Npm**\n\nUse it."
        );
        assert_eq!(translated("x <Chart data={y} /> z"), "x \\<Chart data={y} /> z");
        assert_eq!(translated("A List<String> of <T>"), "A List\\<String> of \\<T>");
    }

    #[test]
    fn imports_and_comments_are_hidden_and_files_known() {
        assert_eq!(
            translated("import owl from './owl.png';\n\n<img src={owl} style={{a: 1}} alt=\"o\" />"),
            "<!-- import owl from './owl.png'; -->\n\n<img src=\"./owl.png\" alt=\"o\" />"
        );
        assert_eq!(translated("a {/* b */} c"), "a <!-- b --> c");
        assert_eq!(translated("<img src={require('./a.png').default} />"), "<img src=\"./a.png\" />");
        assert_eq!(
            translated("export const a = {\n  b: 1,\n};\n\nText"),
            "<!-- export const a = {\n  b: 1,\n}; -->\n\nText"
        );
    }

    #[test]
    fn html_and_code_are_left_alone() {
        for text in [
            "`<Foo>`",
            "```jsx\nimport a from 'b'\n<Foo />\n```",
            "<IMG SRC=\"a.png\"><BR>",
            "<div class=\"x\">a</div>",
            "import duties from abroad",
            "a < B and C > d",
            "<https://example.org>",
        ] {
            assert_eq!(translated(text), text);
        }
        let tabs = "<Tabs>\n```jsx\n<Foo />\n```\n</Tabs>";
        assert_eq!(translated(tabs), "```jsx\n<Foo />\n```");
    }
}
