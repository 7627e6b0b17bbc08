//! The Markdown and HTML that foreign constructs become.

use crate::content::attribute::escaped;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What would end an address in Markdown or in an attribute too early.
const ADDRESS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'\'').add(b'<').add(b'>').add(b'(').add(b')').add(b'\\');
/// Begins an address that names a file of the import in whatever way another program does; the import looks for the
/// file and puts its address there.
pub const BY_NAME: &str = "import:";

/// An image with what is said about it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Image {
    pub address: String,
    pub alt: String,
    pub caption: String,
    /// In pixels.
    pub width: Option<u32>,
    /// Where a click leads.
    pub link: String,
}

/// An address with everything encoded that would end it.
pub fn address(text: &str) -> String {
    utf8_percent_encode(text.trim(), ADDRESS).to_string()
}

/// The address of a file that another program calls `name`.
pub fn by_name(name: &str) -> String {
    format!("{BY_NAME}{}", address(name))
}

/// Plain words, so that Markdown takes them as such.
pub fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if matches!(c, '\\' | '[' | ']' | '<' | '*' | '_' | '`') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

pub fn link(text: &str, target: &str, html: bool) -> String {
    let target = address(target);
    if html {
        format!("<a href=\"{}\">{}</a>", escaped(&target), escaped(text))
    } else {
        format!("[{}]({target})", words(text))
    }
}

impl Image {
    /// As it stands in a line.
    pub fn inline(&self, html: bool) -> String {
        let mut target = address(&self.address);
        if target.is_empty() {
            target.push('#');
        }
        let image = if html || self.width.is_some() {
            let width = self.width.map(|width| format!(" width=\"{width}\"")).unwrap_or_default();
            format!("<img src=\"{}\" alt=\"{}\"{width}>", escaped(&target), escaped(&self.alt))
        } else if self.caption.is_empty() || self.has_marked_caption() {
            format!("![{}]({target})", words(&self.alt))
        } else {
            let caption = self.caption.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("![{}]({target} \"{}\")", words(&self.alt), caption.replace('\\', "\\\\").replace('"', "\\\""))
        };
        match (self.link.as_str(), html) {
            ("", _) => image,
            (link, true) => format!("<a href=\"{}\">{image}</a>", escaped(&address(link))),
            (link, false) => format!("[{image}]({})", address(link)),
        }
    }

    /// With its caption where that does not fit into a title.
    pub fn figure(&self, html: bool) -> String {
        let image = self.inline(html);
        match (self.caption.as_str(), html) {
            ("", _) => image,
            (caption, true) => format!("<figure>{image}<figcaption>{caption}</figcaption></figure>"),
            (caption, false) if self.width.is_some() || self.has_marked_caption() => format!("{image}\n\n{caption}"),
            _ => image,
        }
    }

    /// Whether the caption has links or HTML, which a title cannot have.
    fn has_marked_caption(&self) -> bool {
        self.caption.contains("](") || self.caption.contains('<')
    }
}

/// A film or sound that the browser plays.
pub fn player(element: &str, source: &str) -> String {
    format!("<{element} src=\"{}\" controls></{element}>", escaped(&address(source)))
}

/// A quotation whose first line is its title.
pub fn note(title: &str, body: &str) -> String {
    let body = body.trim_matches('\n');
    match (title.trim(), body.trim()) {
        ("", _) => quoted(body),
        (title, "") => quoted(&bold(title)),
        (title, _) => quoted(&format!("{}\n\n{body}", bold(title))),
    }
}

/// `**text**`, unless the text has such signs itself.
pub fn bold(text: &str) -> String {
    let text = text.trim();
    if text.contains('*') { text.to_owned() } else { format!("**{text}**") }
}

pub fn quoted(text: &str) -> String {
    let quoted = |line: &str| if line.trim().is_empty() { ">".to_owned() } else { format!("> {line}") };
    text.trim_matches('\n').lines().map(quoted).collect::<Vec<_>>().join("\n")
}

/// A part that opens with a click.
pub fn details(summary: &str, body: &str) -> String {
    let summary = if summary.trim().is_empty() { "Details" } else { summary.trim() };
    format!("<details>\n<summary>{}</summary>\n\n{}\n\n</details>", escaped(summary), body.trim_matches('\n'))
}

/// A fence that `code` cannot end.
pub fn fence(code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// A note to the author that readers do not see, as in the program it comes from.
pub fn comment(text: &str) -> String {
    format!("<!-- {} -->", text.trim().replace("--", "- -"))
}

/// What cannot be translated, as it was written: neither Markdown nor HTML.
pub fn as_text(raw: &str, html: bool) -> String {
    if html {
        return raw.replace('<', "&lt;");
    }
    let mut out = String::with_capacity(raw.len() + 4);
    let mut before = ' ';
    let mut rest = raw.chars().peekable();
    while let Some(c) = rest.next() {
        let in_word = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        if matches!(c, '<' | '*' | '`' | '[') || c == '_' && !in_word {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_the_form_that_keeps_what_is_said_about_them() {
        let image = Image { address: "a b.png".into(), alt: "An [owl]".into(), ..Image::default() };
        assert_eq!(image.figure(false), "![An \\[owl\\]](a%20b.png)");
        assert_eq!(image.figure(true), "<img src=\"a%20b.png\" alt=\"An [owl]\">");
        let captioned = Image { caption: "It \"hoots\"".into(), link: "/x".into(), ..image.clone() };
        assert_eq!(captioned.figure(false), "[![An \\[owl\\]](a%20b.png \"It \\\"hoots\\\"\")](/x)");
        let marked = Image { caption: "By [Ada](/ada)".into(), ..image.clone() };
        assert_eq!(marked.figure(false), "![An \\[owl\\]](a%20b.png)\n\nBy [Ada](/ada)");
        let narrow = Image { width: Some(100), ..image };
        assert_eq!(narrow.inline(false), "<img src=\"a%20b.png\" alt=\"An [owl]\" width=\"100\">");
    }

    #[test]
    fn blocks_stay_readable() {
        assert_eq!(note("Care", "a\n\nb\n"), "> **Care**\n>\n> a\n>\n> b");
        assert_eq!(details("", "a"), "<details>\n<summary>Details</summary>\n\na\n\n</details>");
        assert_eq!((fence("a"), fence("```x````")), ("```".to_owned(), "`````".to_owned()));
        assert_eq!(as_text("{{<note a_b=\"*x*\">}}", false), "{{\\<note a_b=\"\\*x\\*\">}}");
    }
}
