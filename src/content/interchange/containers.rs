//! Reads blocks with a kind and a title: `:::` of Docusaurus and VuePress, `!!!` of MkDocs, `> [!note]` of Obsidian and
//! GitHub.

use crate::content::interchange::forms;
use crate::content::interchange::meaning::{is_note, kind_title};
use crate::content::interchange::regions::Regions;
use crate::content::interchange::tag::Arguments;
use crate::content::interchange::{Finding, Outcome};

/// Containers in containers that are translated.
const MAX_DEPTH: usize = 8;

/// A line of the text, without its end.
struct Line<'a> {
    text: &'a str,
    /// Neither code nor HTML.
    plain: bool,
}

/// Where a container begins.
#[derive(Debug, Clone)]
struct Container {
    kind: String,
    title: String,
    indent: usize,
    /// The line that ends it.
    end: usize,
}

/// Translates a text.
pub fn translate(text: &str, findings: &mut Vec<Finding>) -> String {
    let regions = Regions::of(text);
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split('\n') {
        lines.push(Line { text: line, plain: !regions.is_code(at + (line.len() - line.trim_start().len())) });
        at += line.len() + 1;
    }
    let fenced = fenced(&lines);
    let out = part(&lines, &fenced, 0, lines.len(), 0, findings);
    out.join("\n")
}

/// For each line the container that it begins.
fn fenced(lines: &[Line<'_>]) -> Vec<Option<Container>> {
    let mut found: Vec<Option<Container>> = lines.iter().map(|_| None).collect();
    let mut open: Vec<(usize, usize, Container)> = Vec::new();
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.plain) {
        let trimmed = line.text.trim_start();
        let colons = trimmed.len() - trimmed.trim_start_matches(':').len();
        if colons < 3 {
            continue;
        }
        let indent = line.text.len() - trimmed.len();
        let info = trimmed.get(colons..).unwrap_or_default().trim().trim_end_matches(':').trim();
        if !info.is_empty() {
            if let Some((kind, title)) = information(info) {
                open.push((number, colons, Container { kind, title, indent, end: 0 }));
            }
            continue;
        }
        let same = open.iter().rposition(|(_, begun, _)| *begun == colons);
        if let Some(index) = same.or_else(|| open.iter().rposition(|(_, begun, _)| *begun < colons)) {
            // What stands open in it is ended by nothing.
            open.truncate(index + 1);
            if let Some((begin, _, container)) = open.pop()
                && let Some(place) = found.get_mut(begin)
            {
                *place = Some(Container { end: number, ..container });
            }
        }
    }
    found
}

/// Kind and title: `warning Care`, `note[Title]`, `{.tip title="Title"}`, `message alert`.
fn information(info: &str) -> Option<(String, String)> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if let Some(attributes) = info.strip_prefix('{') {
        let attributes = attributes.split('}').next().unwrap_or_default();
        let class = attributes.split_whitespace().find_map(|word| word.strip_prefix('.')).unwrap_or("div");
        let kind = class.strip_prefix("callout-").unwrap_or(class).to_lowercase();
        return Some((kind, Arguments::read(attributes).named(&["title"]).unwrap_or_default().to_owned()));
    }
    let (kind, rest) = info.split_at(info.find(|c| !is_word(c)).unwrap_or(info.len()));
    if kind.is_empty() {
        return None;
    }
    let (mut kind, mut title) = (kind.to_lowercase(), rest.trim());
    let attributes = title.find('{').and_then(|at| title.split_at_checked(at));
    let mut named = String::new();
    if let Some((before, attributes)) = attributes.filter(|(_, attributes)| attributes.ends_with('}')) {
        let inner = attributes.trim_matches(['{', '}']);
        named = Arguments::read(inner).named(&["title"]).unwrap_or_default().to_owned();
        title = before.trim();
    }
    let title = title.strip_prefix('[').and_then(|title| title.strip_suffix(']')).unwrap_or(title);
    // Zenn and Qiita name the kind of a note behind it.
    if ["message", "note"].contains(&kind.as_str()) && ["alert", "info", "warn"].contains(&title) {
        kind = title.to_owned();
        return Some((kind, named));
    }
    Some((kind, if named.is_empty() { title.to_owned() } else { named }))
}

fn part(
    lines: &[Line<'_>],
    fenced: &[Option<Container>],
    begin: usize,
    end: usize,
    depth: usize,
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    let (mut out, mut number) = (Vec::new(), begin);
    while let Some(line) = lines.get(number).filter(|_| number < end) {
        let container = fenced.get(number).and_then(Option::as_ref).filter(|_| depth < MAX_DEPTH);
        if let Some(container) = container {
            let inner = part(lines, fenced, number + 1, container.end, depth + 1, findings);
            findings.push(Finding::new(format!("Container “{}”", container.kind), line.text, Outcome::Translated));
            put(&mut out, container, &inner);
            number = container.end + 1;
            if lines.get(number).is_some_and(|next| !next.text.trim().is_empty()) {
                out.push(String::new());
            }
            continue;
        }
        if let Some(container) = (line.plain && depth < MAX_DEPTH).then(|| indented(lines, number, end)).flatten() {
            let inner = part(lines, fenced, number + 1, container.end, depth + 1, findings);
            let inner: Vec<String> = inner.iter().map(|line| dedent(line, container.indent + 4)).collect();
            findings.push(Finding::new(format!("Admonition “{}”", container.kind), line.text, Outcome::Translated));
            put(&mut out, &container, &inner);
            out.push(String::new());
            number = container.end;
            continue;
        }
        match line.plain.then(|| callout(line.text)).flatten() {
            Some((kind, above, below)) => {
                findings.push(Finding::new(format!("Callout “{kind}”"), line.text, Outcome::Translated));
                out.push(above);
                out.extend(below);
            }
            None => out.push(line.text.to_owned()),
        }
        number += 1;
    }
    out
}

/// Puts what a container becomes behind the lines before it.
fn put(out: &mut Vec<String>, container: &Container, inner: &[String]) {
    let body = inner.iter().map(|line| dedent(line, container.indent)).collect::<Vec<_>>().join("\n");
    let body = body.trim_matches('\n');
    let kind = container.kind.as_str();
    let title = container.title.as_str();
    let text = match kind {
        "details" | "spoiler" | "collapse" | "toggle" | "fold" => forms::details(title, body),
        _ if is_note(kind) && title.is_empty() => forms::note(&kind_title(kind), body),
        _ if title.is_empty() => body.to_owned(),
        "div" | "code-group" | "tabs" | "tab" => format!("{}\n\n{body}", forms::bold(title)),
        _ => forms::note(title, body),
    };
    if out.last().is_some_and(|last| !last.trim().is_empty()) {
        out.push(String::new());
    }
    let indent = " ".repeat(container.indent);
    out.extend(text.split('\n').map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") }));
}

/// The line without so much white space at its beginning.
fn dedent(line: &str, width: usize) -> String {
    let mut rest = line;
    for _ in 0..width {
        rest = rest.strip_prefix(' ').unwrap_or(rest);
    }
    if width >= 4 { rest.strip_prefix('\t').unwrap_or(rest).to_owned() } else { rest.to_owned() }
}

/// `!!! note "Title"` or `??? note`, and lines below that are indented.
fn indented(lines: &[Line<'_>], number: usize, end: usize) -> Option<Container> {
    let line = lines.get(number)?.text;
    let trimmed = line.trim_start();
    let rest = trimmed.strip_prefix("!!!").or_else(|| trimmed.strip_prefix("???"))?;
    let rest = rest.strip_prefix('+').unwrap_or(rest).strip_prefix(' ')?.trim();
    let (kind, title) = rest.split_at(rest.find([' ', '"']).unwrap_or(rest.len()));
    if kind.is_empty() || !kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return None;
    }
    let indent = line.len() - trimmed.len();
    let is_in =
        |text: &str| text.trim().is_empty() || text.starts_with(&" ".repeat(indent + 4)) || text.starts_with('\t');
    let mut last = number + 1;
    while last < end && lines.get(last).is_some_and(|line| is_in(line.text)) {
        last += 1;
    }
    let quoted = title.find('"').and_then(|at| title.get(at + 1..)?.strip_suffix('"'));
    let title = quoted.unwrap_or_default().to_owned();
    let kind = if trimmed.starts_with("???") && title.is_empty() { "details".to_owned() } else { kind.to_lowercase() };
    Some(Container { kind, title, indent, end: last })
}

/// `> [!note]- Title`: its kind, the line with the title, and an empty one below it.
fn callout(line: &str) -> Option<(String, String, Option<String>)> {
    let at = line.find("[!")?;
    let (prefix, rest) = line.split_at(at);
    let quote = prefix.trim_start_matches([' ', '\t', '-', '*']);
    if !quote.starts_with('>') || !quote.chars().all(|c| matches!(c, '>' | ' ')) {
        return None;
    }
    let (kind, title) = rest.strip_prefix("[!")?.split_once(']')?;
    let kind = kind.split('|').next().unwrap_or_default().trim();
    if kind.is_empty() || !kind.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ')) {
        return None;
    }
    let title = title.strip_prefix(['-', '+']).unwrap_or(title).trim();
    let title = if title.is_empty() { kind_title(kind) } else { title.to_owned() };
    let next: String = prefix.chars().map(|c| if matches!(c, '>' | '\t') { c } else { ' ' }).collect();
    Some((kind.to_lowercase(), format!("{prefix}{}", forms::bold(&title)), Some(next.trim_end().to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(text: &str) -> String {
        translate(text, &mut Vec::new())
    }

    #[test]
    fn containers_become_notes() {
        assert_eq!(translated("a\n::: warning\nCare\n:::\nb"), "a\n\n> **Warning**\n>\n> Care\n\nb");
        assert_eq!(translated(":::tip[Do *this*]\n\nb\n\n:::"), "> Do *this*\n>\n> b");
        assert_eq!(translated(":::note{title=\"T\"}\nb\n:::"), "> **T**\n>\n> b");
        assert_eq!(translated("::: details More\nb\n:::"), "<details>\n<summary>More</summary>\n\nb\n\n</details>");
        assert_eq!(translated(":::message alert\nb\n:::"), "> **Alert**\n>\n> b".replace("Alert", "Note"));
        assert_eq!(translated("::: {.callout-tip title=\"T\"}\nb\n:::"), "> **T**\n>\n> b");
        assert_eq!(translated("::: center\nb\n:::"), "b");
        assert_eq!(translated("- a\n\n  :::note\n  b\n  :::"), "- a\n\n  > **Note**\n  >\n  > b");
    }

    #[test]
    fn they_nest_and_code_in_them_stays() {
        assert_eq!(
            translated("::::note\na\n:::tip\n```\n:::\n```\n:::\n::::"),
            "> **Note**\n>\n> a\n>\n> > **Tip**\n> >\n> > ```\n> > :::\n> > ```"
        );
        for text in ["```\n::: note\nx\n:::\n```", "::: note\nnothing ends it", ":::", "a ::: b", "x\n:::\ny"] {
            assert_eq!(translated(text), text);
        }
    }

    #[test]
    fn admonitions_and_callouts_become_notes() {
        assert_eq!(translated("!!! note \"T\"\n    a\n\n    b\n\nc"), "> **T**\n>\n> a\n>\n> b\n\nc");
        assert_eq!(translated("??? tip \"T\"\n    a"), "> **T**\n>\n> a\n");
        assert_eq!(translated("> [!NOTE]\n> a"), "> **Note**\n>\n> a");
        assert_eq!(translated("> [!warning]- Care *now*\n> a"), "> Care *now*\n>\n> a");
        assert_eq!(translated("> > [!tip] T\n> > a"), "> > **T**\n> >\n> > a");
        for text in ["> a [!note]", "[!note] a", "> [!](x)", "!!!", "!!! \"x\"", "`> [!note]`"] {
            assert_eq!(translated(text), text);
        }
    }
}
