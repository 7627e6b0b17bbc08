//! Which elements may stand in which.

/// Elements without content.
pub const VOID: &[&str] = &["br", "col", "hr", "img", "input", "source", "track", "wbr"];
/// Elements that end an open paragraph (HTML, section 13.2.6.4.7).
pub const BLOCKS: &[&str] = &[
    "blockquote",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "ul",
];

/// Whether a word ends where the tag stands.
pub fn parts_words(name: &str) -> bool {
    BLOCKS.contains(&name) || matches!(name, "br" | "td" | "th" | "tr" | "caption" | "option" | "article" | "address")
}

/// Whether the element is a heading.
pub fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// Elements that end when `name` begins, unless one of the second list stands between.
pub fn siblings(name: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match name {
        "li" => (&["li"], &["ul", "ol"]),
        "dt" | "dd" => (&["dt", "dd"], &["dl"]),
        "td" | "th" => (&["td", "th"], &["table"]),
        "tr" => (&["tr", "caption", "colgroup"], &["table"]),
        "caption" | "colgroup" | "thead" | "tbody" | "tfoot" => {
            (&["caption", "colgroup", "thead", "tbody", "tfoot", "tr"], &["table"])
        }
        _ => (&[], &[]),
    }
}

/// Where an element may stand; empty for anywhere that text may.
pub fn parents(name: &str) -> &'static [&'static str] {
    match name {
        "li" => &["ul", "ol"],
        "dt" | "dd" => &["dl"],
        "td" | "th" => &["tr"],
        "tr" => &["table", "thead", "tbody", "tfoot"],
        "caption" | "colgroup" | "thead" | "tbody" | "tfoot" => &["table"],
        "col" => &["colgroup"],
        "summary" => &["details"],
        "figcaption" => &["figure"],
        "source" => &["audio", "video"],
        "track" => &["audio", "video"],
        "rp" | "rt" => &["ruby"],
        _ => &[],
    }
}

/// What an element that holds no text needs around text.
pub fn default_child(name: &str) -> Option<&'static str> {
    match name {
        "ol" | "ul" => Some("li"),
        "dl" => Some("dd"),
        "table" | "tbody" | "tfoot" | "thead" => Some("tr"),
        "tr" => Some("td"),
        _ => None,
    }
}
