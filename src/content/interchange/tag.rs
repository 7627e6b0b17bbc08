//! Reads one template tag of Liquid, Nunjucks, Hugo or Zola.

use std::ops::Range;

/// Longest tag that is looked for, in bytes.
const LONGEST: usize = 4_000;
/// Tags whose content is no Markdown, or is no part of the page.
const LITERAL: [&str; 16] = [
    "highlight",
    "codeblock",
    "raw",
    "verbatim",
    "comment",
    "code",
    "sourcecode",
    "mermaid",
    "prism",
    "rawhtml",
    "html",
    "unsafe",
    "math",
    "katex",
    "latex",
    "mathjax",
];

/// Which kind of program reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// `{% name … %}` and `{{ value | filter }}` of Jekyll, Hexo and Eleventy.
    Liquid,
    /// `{{< name … >}}` and `{{% name … %}}`.
    Hugo,
    /// `{{ name(…) }}` and `{% name(…) %}`.
    Zola,
    /// `<Name …>` of MDX.
    Component,
}

/// What a tag does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Stands alone, or begins what a later tag ends.
    Open,
    /// Has no content.
    Alone,
    /// Ends what an earlier tag began; of any name in Zola.
    Close,
    /// Content that nothing reads, at this place.
    Literal(Range<usize>),
    /// The value of an expression.
    Value,
    /// A tag that is to be shown, not to be run: `{{</* name */>}}`.
    Shown(String),
}

/// A template tag and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub family: Family,
    /// In lower case; of a value the whole expression.
    pub name: String,
    pub arguments: Arguments,
    pub shape: Shape,
    pub place: Range<usize>,
}

/// `name="value"` and plain values, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments(Vec<(Option<String>, String)>);

impl Arguments {
    /// Reads what stands between a tag's name and its end.
    pub fn read(text: &str) -> Arguments {
        let mut list = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() && list.len() < 64 {
            let (name, tail) = key(rest);
            let (value, tail) = value(tail);
            if name.is_some() || !value.is_empty() {
                list.push((name, value));
            }
            rest = tail.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        }
        Arguments(list)
    }

    /// Named values that were read elsewhere.
    pub fn of(named: impl Iterator<Item = (String, String)>) -> Arguments {
        Arguments(named.map(|(name, value)| (Some(name), value)).collect())
    }

    /// The first of these names that has a value.
    pub fn named(&self, names: &[&str]) -> Option<&str> {
        let of =
            |name: &str| self.0.iter().find(|(key, value)| key.as_deref() == Some(name) && !value.trim().is_empty());
        names.iter().find_map(|name| of(name)).map(|(_, value)| value.trim())
    }

    /// Values without a name.
    pub fn plain(&self) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key.is_none()).map(|(_, value)| value.as_str()).collect()
    }

    /// Without the first plain value, which it gives.
    pub fn shift(&mut self) -> Option<String> {
        let at = self.0.iter().position(|(key, _)| key.is_none())?;
        Some(self.0.remove(at).1)
    }
}

fn key(text: &str) -> (Option<String>, &str) {
    let end = text.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | ':')).unwrap_or(text.len());
    let (name, tail) = text.split_at(end);
    match tail.trim_start().strip_prefix('=') {
        Some(value) if !name.is_empty() && !value.starts_with('=') => {
            (Some(name.to_ascii_lowercase()), value.trim_start())
        }
        // `caption:"…"`, but neither `https://…` nor `lang:js`.
        _ if name.len() > 1 && name.ends_with(':') && tail.trim_start().starts_with(['"', '\'']) => {
            (Some(name.trim_end_matches(':').to_ascii_lowercase()), tail.trim_start())
        }
        _ => (None, text),
    }
}

fn value(text: &str) -> (String, &str) {
    let mut chars = text.char_indices();
    let Some((_, quote @ ('"' | '\'' | '`'))) = chars.next() else {
        let end = text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote != '`' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped)) => value.push(escaped),
                None => break,
            },
            c if c == quote => return (value, text.get(at + 1..).unwrap_or_default()),
            c => value.push(c),
        }
    }
    // A quote that nothing ends is an apostrophe.
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (value, rest) = text.split_at(end);
    (value.to_owned(), rest)
}

/// The tag that begins at `at`, where a brace stands.
pub fn at(text: &str, at: usize) -> Option<Tag> {
    let rest = text.get(at..)?;
    let (family, begin, end) = [
        (Family::Hugo, "{{<", ">}}"),
        (Family::Hugo, "{{%", "%}}"),
        (Family::Zola, "{{", "}}"),
        (Family::Liquid, "{%", "%}"),
    ]
    .into_iter()
    .find(|(_, begin, _)| rest.starts_with(begin))?;
    let inner = rest.get(begin.len()..)?;
    let window = beginning(inner, LONGEST);
    let length = window.find(end)?;
    let inner = window.get(..length)?;
    // A paragraph ends here: no tag goes on behind it.
    if inner.contains("\n\n") && family != Family::Hugo {
        return None;
    }
    let place = at..at + begin.len() + length + end.len();
    match (family, begin) {
        (Family::Hugo, _) => hugo(inner, begin, end, place),
        (Family::Liquid, _) => liquid(inner, place),
        _ => output(inner, place),
    }
}

/// The beginning of a text, at most so many bytes of it.
pub fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.len() <= 80
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':'))
}

fn hugo(inner: &str, begin: &str, end: &str, place: Range<usize>) -> Option<Tag> {
    let trimmed = inner.trim();
    let of = |name: &str, arguments, shape| {
        let tag = Tag { family: Family::Hugo, name: name.to_lowercase(), arguments, shape, place: place.clone() };
        (is_name(name) || matches!(tag.shape, Shape::Shown(_))).then_some(tag)
    };
    if let Some(shown) = trimmed.strip_prefix("/*").and_then(|text| text.strip_suffix("*/")) {
        return of("", Arguments::default(), Shape::Shown(format!("{begin}{shown}{end}")));
    }
    if let Some(name) = trimmed.strip_prefix('/') {
        return of(name.trim(), Arguments::default(), Shape::Close);
    }
    let (trimmed, shape) = match trimmed.strip_suffix('/') {
        Some(trimmed) => (trimmed, Shape::Alone),
        None => (trimmed, Shape::Open),
    };
    let split = trimmed.find(|c: char| c.is_whitespace() || matches!(c, '"' | '=')).unwrap_or(trimmed.len());
    let (name, arguments) = trimmed.split_at_checked(split)?;
    of(name, Arguments::read(arguments), shape)
}

fn liquid(inner: &str, place: Range<usize>) -> Option<Tag> {
    let inner = inner.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '+' | '~'));
    let split = inner.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(inner.len());
    let (name, arguments) = inner.split_at_checked(split)?;
    if !is_name(name) {
        return None;
    }
    let name = name.to_lowercase();
    let tag = |family, name: &str, arguments, shape| {
        Some(Tag { family, name: name.to_owned(), arguments, shape, place: place.clone() })
    };
    if name == "end" {
        return tag(Family::Zola, "", Arguments::default(), Shape::Close);
    }
    if let Some(ended) = name.strip_prefix("end").filter(|ended| !ended.is_empty()) {
        let ended = ended.trim_start_matches('_');
        return tag(Family::Liquid, ended, Arguments::default(), Shape::Close);
    }
    if let Some(call) = arguments.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return tag(Family::Zola, &name, Arguments::read(call), Shape::Open);
    }
    tag(Family::Liquid, &name, Arguments::read(arguments), Shape::Open)
}

/// With its content, if nothing in that is to be read and something ends it.
pub fn literal(text: &str, tag: Tag) -> Result<Tag, Tag> {
    let mut from = tag.place.end;
    let begin = if tag.family == Family::Hugo { "{{" } else { "{%" };
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(begin)) {
        let start = from + found;
        if let Some(end) = at(text, start)
            && end.shape == Shape::Close
            && end.family == tag.family
            && (end.name == tag.name || tag.family == Family::Zola)
        {
            let shape = Shape::Literal(tag.place.end..start);
            return Ok(Tag { shape, place: tag.place.start..end.place.end, ..tag });
        }
        from = start + begin.len();
    }
    Err(tag)
}

/// Whether nothing in the content of this tag is to be read.
pub fn is_literal(name: &str) -> bool {
    LITERAL.contains(&name)
}

/// `{{ … }}`: a call of a shortcode, or a value.
fn output(inner: &str, place: Range<usize>) -> Option<Tag> {
    let inner = inner.trim_matches(|c: char| c.is_whitespace() || c == '-');
    if let Some((name, arguments)) = inner.strip_suffix(')').and_then(|call| call.split_once('('))
        && is_name(name.trim_end())
        && !arguments.contains('|')
    {
        let name = name.trim_end().to_lowercase();
        return Some(Tag {
            family: Family::Zola,
            name,
            arguments: Arguments::read(arguments),
            shape: Shape::Alone,
            place,
        });
    }
    let (name, arguments) = (inner.to_owned(), Arguments::default());
    (!inner.is_empty()).then_some(Tag { family: Family::Liquid, name, arguments, shape: Shape::Value, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Family, String, Shape)> {
        at(text, 0).map(|tag| (tag.family, tag.name, tag.shape))
    }

    #[test]
    fn each_programs_tags_are_read() {
        let open = |family, name: &str| Some((family, name.to_owned(), Shape::Open));
        assert_eq!(read("{{< figure src=\"a.png\" >}}"), open(Family::Hugo, "figure"));
        assert_eq!(read("{{<note>}}"), open(Family::Hugo, "note"));
        assert_eq!(read("{{% notice tip %}}"), open(Family::Hugo, "notice"));
        assert_eq!(read("{{< br />}}"), Some((Family::Hugo, "br".into(), Shape::Alone)));
        assert_eq!(read("{%- include a.html -%}"), open(Family::Liquid, "include"));
        assert_eq!(read("{% quote(author=\"x\") %}"), open(Family::Zola, "quote"));
        assert_eq!(read("{{ youtube(id=\"x\") }}"), Some((Family::Zola, "youtube".into(), Shape::Alone)));
        assert_eq!(read("{{< /note >}}"), Some((Family::Hugo, "note".into(), Shape::Close)));
        assert_eq!(read("{% endnote %}"), Some((Family::Liquid, "note".into(), Shape::Close)));
        assert_eq!(read("{% end %}"), Some((Family::Zola, String::new(), Shape::Close)));
        let raw = "{% raw %}{{ x }}{% endraw %} x";
        let tag = literal(raw, at(raw, 0).unwrap()).unwrap();
        assert_eq!((tag.shape, tag.place), (Shape::Literal(9..16), 0..28));
        assert_eq!(read("{{ page.title }}"), Some((Family::Liquid, "page.title".into(), Shape::Value)));
        assert_eq!(read("{{</* x */>}}"), Some((Family::Hugo, String::new(), Shape::Shown("{{< x >}}".into()))));
        for none in ["{%", "{{", "{{ }}", "{% 1 %}", "{{<", "{x}", "{{< 1 >}}"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn arguments_are_read_as_each_program_writes_them() {
        let arguments = Arguments::read("a.png 100, 'b c' title=\"It's \\\"x\\\"\" width = 5 ALT=`q\\` don't");
        assert_eq!(arguments.plain(), ["a.png", "100", "b c", "don't"]);
        assert_eq!(arguments.named(&["none", "title"]), Some("It's \"x\""));
        assert_eq!((arguments.named(&["width"]), arguments.named(&["alt"])), (Some("5"), Some("q\\")));
        assert_eq!(Arguments::read("https://a.example/?b=c").plain(), ["https://a.example/?b=c"]);
        let arguments = Arguments::read("\"a.html\", src: \"b.png\", caption:'An owl' lang:js");
        assert_eq!((arguments.named(&["src"]), arguments.named(&["caption"])), (Some("b.png"), Some("An owl")));
        assert_eq!(arguments.plain(), ["a.html", "lang:js"]);
    }
}
