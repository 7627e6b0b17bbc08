//! The allow-lists for what an author and a commenter wrote, on the sanitiser crate.
//!
//! `markup` already writes nothing else; this is the second wall, by another parser.

use crate::content::address;
use ammonia::{Builder, UrlRelative};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Schemes an author's link may have.
pub const LINK_SCHEMES: &[&str] = &["http", "https", "mailto", "tel"];
/// Schemes an image, a film or a commenter's link may have, besides `mailto` for the latter.
pub const WEB_SCHEMES: &[&str] = &["http", "https"];

/// Elements that authors may use in raw HTML, or that the renderer makes for them.
const POST_TAGS: &[&str] = &[
    "a",
    "abbr",
    "audio",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "li",
    "mark",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "source",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "track",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// Elements of MathML Core that formulas consist of. Authors write TeX; their own MathML is left out.
const MATH_TAGS: &[&str] = &[
    "math",
    "mfrac",
    "mi",
    "mmultiscripts",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mprescripts",
    "mroot",
    "mrow",
    "mspace",
    "msqrt",
    "mstyle",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
];

/// Attributes of these elements.
const MATH_ATTRIBUTES: &[&str] = &[
    "accent",
    "accentunder",
    "columnspan",
    "display",
    "displaystyle",
    "form",
    "height",
    "largeop",
    "linethickness",
    "lspace",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "rspace",
    "scriptlevel",
    "stretchy",
    "symmetric",
    "voffset",
    "width",
];

/// Elements the renderer makes for a comment.
const COMMENT_TAGS: &[&str] =
    &["a", "blockquote", "br", "code", "del", "em", "hr", "li", "ol", "p", "pre", "span", "strong", "ul"];

/// Attributes each element may have, besides `dir`, `id`, `lang` and `title` on all.
const POST_ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href", "rel", "class", "role", "aria-label", "aria-hidden", "tabindex", "hreflang"]),
    ("audio", &["src", "controls", "loop", "muted", "preload"]),
    ("blockquote", &["cite"]),
    ("code", &["class"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("del", &["cite", "datetime"]),
    ("details", &["open"]),
    ("div", &["class", "role", "aria-label", "tabindex"]),
    ("img", &["src", "alt", "width", "height", "loading", "decoding"]),
    ("input", &["type", "checked", "disabled"]),
    ("ins", &["cite", "datetime"]),
    ("label", &["class"]),
    ("li", &["value"]),
    ("ol", &["start", "reversed", "type"]),
    ("pre", &["tabindex"]),
    ("q", &["cite"]),
    ("section", &["class", "role", "aria-label"]),
    ("source", &["src", "type"]),
    ("span", &["class"]),
    ("td", &["class", "colspan", "rowspan"]),
    ("th", &["class", "colspan", "rowspan", "scope", "abbr"]),
    ("time", &["datetime"]),
    ("track", &["src", "kind", "srclang", "label", "default"]),
    ("video", &["src", "controls", "loop", "muted", "preload", "poster", "width", "height", "playsinline"]),
];

const COMMENT_ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href", "title"]),
    ("code", &["class"]),
    ("ol", &["start"]),
    ("pre", &["tabindex"]),
    ("span", &["class"]),
];

/// Every class the renderer makes, apart from those that begin with `hl-` or `language-`.
const CLASSES: &[&str] = &["align-center", "align-right", "anchor", "footnote-back", "footnotes", "table", "task"];

static POST: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut wall = wall(POST_TAGS, POST_ATTRIBUTES);
    wall.add_tags(MATH_TAGS);
    for tag in MATH_TAGS {
        wall.add_tag_attributes(tag, MATH_ATTRIBUTES);
    }
    wall.generic_attributes(["dir", "id", "lang", "title"].into())
        .url_schemes(LINK_SCHEMES.iter().copied().collect())
        .url_relative(UrlRelative::PassThrough)
        .set_tag_attribute_value("input", "type", "checkbox")
        .set_tag_attribute_value("input", "disabled", "")
        .link_rel(None);
    wall
});

static COMMENT: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut wall = wall(COMMENT_TAGS, COMMENT_ATTRIBUTES);
    wall.generic_attributes(HashSet::new())
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow ugc noopener"));
    wall
});

/// Lets through what an author may write.
pub fn post(html: &str) -> String {
    POST.clean(html).to_string()
}

/// Lets through what a commenter may write; links get `rel="nofollow ugc noopener"`.
pub fn comment(html: &str) -> String {
    COMMENT.clean(html).to_string()
}

/// The element an author means by `name` (lower case): itself, a modern one for an old one, or
/// `None` where only the content may stay.
pub fn element(name: &str) -> Option<&'static str> {
    match name {
        "strike" => Some("s"),
        "tt" => Some("code"),
        // Landmarks belong to the page around the article; the renderer makes the rest itself.
        "article" | "aside" | "center" | "footer" | "header" | "hgroup" | "main" | "nav" | "section" => Some("div"),
        "input" | "label" => None,
        _ => POST_TAGS.iter().copied().find(|tag| *tag == name),
    }
}

/// The attribute an author means by `name` on `element`; `None` for what is not theirs to give:
/// unknown ones, and those that only the renderer makes.
pub fn attribute(element: &str, name: &str) -> Option<&'static str> {
    const GENERIC: &[&str] = &["dir", "id", "lang", "title"];
    const MADE: &[&str] = &["aria-hidden", "aria-label", "class", "decoding", "loading", "role", "tabindex"];
    let own = POST_ATTRIBUTES.iter().find(|(tag, _)| *tag == element).map_or(&[] as &[&str], |(_, names)| names);
    GENERIC.iter().chain(own).copied().find(|known| *known == name && !MADE.contains(known))
}

/// Whether `value` makes sense for the attribute; senseless ones are dropped, so that the page
/// stays valid and nothing is reachable by odd means.
pub fn value(name: &str, value: &str) -> bool {
    let number = |most: usize| (1..=most).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    match name {
        "width" | "height" => number(5),
        "colspan" | "rowspan" | "span" => number(3) && !value.bytes().all(|byte| byte == b'0'),
        "start" | "value" => value.parse::<i32>().is_ok(),
        "dir" => matches!(value, "ltr" | "rtl" | "auto"),
        "scope" => matches!(value, "col" | "row" | "colgroup" | "rowgroup"),
        "id" => {
            !value.is_empty() && value.len() <= 1_000 && !value.chars().any(|c| c.is_whitespace() || c.is_control())
        }
        "lang" | "hreflang" | "srclang" => {
            (2..=35).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        }
        "tabindex" => matches!(value, "0" | "-1"),
        "aria-hidden" => value == "true",
        "role" => matches!(value, "group" | "doc-noteref" | "doc-endnotes" | "doc-backlink"),
        "type" => value.len() <= 60,
        "class" => value.split_ascii_whitespace().all(known_class),
        _ => true,
    }
}

/// Whether it is a length, a number or a word.
fn is_measure(value: &str) -> bool {
    value.len() <= 40 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+% ".contains(&byte))
}

fn known_class(class: &str) -> bool {
    CLASSES.contains(&class)
        || ["hl-", "language-"].iter().any(|prefix| class.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()))
}

fn wall(tags: &[&'static str], attributes: &[(&'static str, &[&'static str])]) -> Builder<'static> {
    let mut wall = Builder::empty();
    let attributes: HashMap<&str, HashSet<&str>> =
        attributes.iter().map(|(tag, names)| (*tag, names.iter().copied().collect())).collect();
    wall.tags(tags.iter().copied().collect())
        .tag_attributes(attributes)
        .clean_content_tags(["script", "style"].into())
        .attribute_filter(|element, name, given| {
            let refused = match name {
                "src" | "poster" => !address::is_web(given),
                "href" => !address::is_link(given),
                _ if MATH_TAGS.contains(&element) => !is_measure(given),
                _ => element != "input" && !value(name, given),
            };
            (!refused).then_some(Cow::Borrowed(given))
        });
    wall
}
