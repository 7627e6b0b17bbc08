//! What the tags of Markdown are in HTML.

use pulldown_cmark::{HeadingLevel, Tag, TagEnd};

/// The element of a heading.
pub fn heading(level: HeadingLevel) -> &'static str {
    match level {
        HeadingLevel::H1 => "h1",
        HeadingLevel::H2 => "h2",
        HeadingLevel::H3 => "h3",
        HeadingLevel::H4 => "h4",
        HeadingLevel::H5 => "h5",
        HeadingLevel::H6 => "h6",
    }
}

/// The element of a tag that needs nothing but its name.
pub fn element(tag: &TagEnd) -> Option<&'static str> {
    match tag {
        TagEnd::BlockQuote(_) => Some("blockquote"),
        TagEnd::List(true) => Some("ol"),
        TagEnd::List(false) => Some("ul"),
        TagEnd::Item => Some("li"),
        TagEnd::DefinitionList => Some("dl"),
        TagEnd::DefinitionListTitle => Some("dt"),
        TagEnd::DefinitionListDefinition => Some("dd"),
        TagEnd::Table => Some("table"),
        TagEnd::TableRow => Some("tr"),
        TagEnd::Emphasis => Some("em"),
        TagEnd::Strong => Some("strong"),
        TagEnd::Strikethrough => Some("del"),
        TagEnd::Link => Some("a"),
        _ => None,
    }
}

/// Whether it stands in a line, or is a cell that stands in a row.
pub fn is_inline(tag: &TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image | TagEnd::TableCell
    )
}

/// Whether it stands on lines of its own.
pub fn is_block(tag: &Tag<'_>) -> bool {
    !is_inline(&tag.to_end())
}

/// Whether the text in it is no prose that a summary could begin with.
pub fn is_quiet(tag: &TagEnd) -> bool {
    matches!(tag, TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Table | TagEnd::FootnoteDefinition | TagEnd::Image)
}
