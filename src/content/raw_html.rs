//! Cuts raw HTML into tags and text, in linear time and without recursion.

use std::borrow::Cow;

/// Most attributes kept on one tag.
const MAX_ATTRIBUTES: usize = 32;
/// Elements whose content is never shown as text.
const OPAQUE: &[&str] =
    &["iframe", "noembed", "noframes", "script", "select", "style", "template", "textarea", "title", "xmp"];

/// One piece of raw HTML. Text and attribute values stand as written, entities included.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A start tag with its name in lower case.
    Open(String, Vec<(String, Cow<'a, str>)>),
    /// An end tag with its name in lower case.
    Close(String),
    Text(&'a str),
}

/// The pieces of `html`; comments, declarations and the content of scripts are left out.
pub fn pieces(html: &str) -> Pieces<'_> {
    Pieces { rest: html }
}

/// Iterator of `pieces`.
pub struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        while !self.rest.is_empty() {
            let at = self.rest.find('<').unwrap_or(self.rest.len());
            if at > 0 {
                let (text, rest) = self.rest.split_at(at);
                self.rest = rest;
                return Some(Piece::Text(text));
            }
            if let Some(piece) = self.markup() {
                return Some(piece);
            }
        }
        None
    }
}

impl<'a> Pieces<'a> {
    /// Reads what begins with `<`; `None` for what is left out.
    fn markup(&mut self) -> Option<Piece<'a>> {
        let rest = self.rest;
        let letter = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
        if let Some(comment) = rest.strip_prefix("<!--") {
            self.rest = after(comment, "-->");
            return None;
        }
        if let Some(tag) = rest.strip_prefix("</").filter(|tag| letter(tag)) {
            let (name, tail) = name(tag);
            self.rest = after(tail, ">");
            return Some(Piece::Close(name));
        }
        if let Some(tag) = rest.strip_prefix('<').filter(|tag| letter(tag)) {
            let (name, tail) = name(tag);
            let Some((attributes, tail)) = attributes(tail) else {
                // A tag that does not end hides the rest, as it does in a browser.
                self.rest = "";
                return None;
            };
            if OPAQUE.contains(&name.as_str()) {
                self.rest = after_element(tail, &name);
                return None;
            }
            self.rest = tail;
            return Some(Piece::Open(name, attributes));
        }
        if rest.starts_with("<!") || rest.starts_with("<?") || rest.starts_with("</") {
            self.rest = after(rest, ">");
            return None;
        }
        let (sign, tail) = rest.split_at(1);
        self.rest = tail;
        Some(Piece::Text(sign))
    }
}

/// What follows `end`; nothing if it never comes.
fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// What follows the end tag of an element whose content is left out.
fn after_element<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some((_, tail)) = rest.split_once("</") {
        if tail.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name)) {
            return after(tail, ">");
        }
        rest = tail;
    }
    ""
}

fn name(tag: &str) -> (String, &str) {
    let end = tag.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').unwrap_or(tag.len());
    let (name, rest) = tag.split_at(end);
    // No element that is kept has a longer name.
    let name = if name.len() > 20 { "unknown".into() } else { name.to_ascii_lowercase() };
    (name, rest)
}

type Attributes<'a> = Vec<(String, Cow<'a, str>)>;

/// Reads attributes up to the end of the tag and gives what follows; `None` if it has no end.
fn attributes(mut rest: &str) -> Option<(Attributes<'_>, &str)> {
    let mut list = Attributes::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(tail) = rest.strip_prefix('>') {
            return Some((list, tail));
        }
        let first = rest.chars().next()?.len_utf8();
        let end = rest
            .char_indices()
            .find(|(at, c)| *at >= first && (c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=')))
            .map_or(rest.len(), |(at, _)| at);
        let (name, tail) = rest.split_at(end);
        let (value, tail) = value(tail)?;
        rest = tail;
        let name = name.to_ascii_lowercase();
        if list.len() < MAX_ATTRIBUTES && name.len() <= 40 && !list.iter().any(|(other, _)| *other == name) {
            list.push((name, value));
        }
    }
}

/// Reads `= value` if it is there; the value is ready to stand between double quotes.
fn value(rest: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(rest) = rest.trim_start().strip_prefix('=') else { return Some((Cow::Borrowed(""), rest)) };
    let rest = rest.trim_start();
    let (value, tail) = if let Some(quoted) = rest.strip_prefix('"') {
        quoted.split_once('"')?
    } else if let Some(quoted) = rest.strip_prefix('\'') {
        quoted.split_once('\'')?
    } else {
        rest.split_at(rest.find(|c: char| c.is_ascii_whitespace() || c == '>')?)
    };
    let value = if value.contains(['"', '<', '>']) {
        Cow::Owned(value.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;"))
    } else {
        Cow::Borrowed(value)
    };
    Some((value, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(name: &str, attributes: &[(&str, &str)]) -> Piece<'static> {
        let owned = |(name, value): &(&str, &str)| (String::from(*name), Cow::Owned(String::from(*value)));
        Piece::Open(name.into(), attributes.iter().map(owned).collect())
    }

    #[test]
    fn tags_attributes_and_text_are_told_apart() {
        let found: Vec<Piece> = pieces("a<B x=1 Y='\"' z = \"&amp;\" w>c</B ><br/> 1 < 2").collect();
        assert_eq!(
            found,
            [
                Piece::Text("a"),
                open("b", &[("x", "1"), ("y", "&quot;"), ("z", "&amp;"), ("w", "")]),
                Piece::Text("c"),
                Piece::Close("b".into()),
                open("br", &[]),
                Piece::Text(" 1 "),
                Piece::Text("<"),
                Piece::Text(" 2"),
            ]
        );
    }

    #[test]
    fn comments_scripts_and_tags_without_end_are_left_out() {
        let text = |html| pieces(html).map(|piece| format!("{piece:?}")).collect::<String>();
        assert_eq!(text("a<!-- <b> --><!DOCTYPE x><?x?></ x>"), text("a"));
        assert_eq!(text("<script>alert('</b>')</SCRIPT x>"), "");
        assert_eq!(text("<style>a{}"), "");
        assert_eq!(text("<a href=\"x"), "");
        assert_eq!(text("<!-- x"), "");
    }
}
