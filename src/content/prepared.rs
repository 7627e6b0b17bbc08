//! Edits of Markdown before the parser reads it, for what authors mean and CommonMark reads differently.
//!
//! A first pass of the parser tells code, links and raw HTML apart from text. Then, in text alone:
//! a bare address hides its punctuation from emphasis (GFM, section 6.9); a dollar that begins no
//! formula is a dollar; a line that begins with a colon and no space defines nothing; lines between
//! `$$` are a formula whatever they look like; and what stands in `<div markdown="1">` is Markdown.

use crate::content::autolink;
use crate::content::formula;
use crate::content::inner;
use crate::content::markdown::post_options;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// The text for the parser.
#[derive(Debug, Default)]
pub struct Prepared<'a> {
    pub source: Cow<'a, str>,
    /// Fragments that links of the text lead to, percent-decoded.
    pub wanted: HashSet<String>,
    /// Ids that the author gave to headings.
    pub given: HashSet<String>,
}

/// Prepares what an author wrote.
pub fn post(source: Cow<'_, str>) -> Prepared<'_> {
    // Most texts need no first pass.
    const NEEDED: [&str; 9] = ["$", "{#", "(#", "\"#", "'#", "=#", ": #", "<#", "markdown="];
    let defines = |line: &str| line.trim_start_matches([' ', '\t', '>']).starts_with(':');
    let is_plain =
        autolink::is_plain(&source) && !NEEDED.iter().any(|mark| source.contains(mark)) && !source.lines().any(defines);
    prepared(source, post_options().difference(Options::ENABLE_MATH), is_plain)
}

/// Prepares what a commenter wrote.
pub fn comment(source: Cow<'_, str>, options: Options) -> Prepared<'_> {
    let is_plain = autolink::is_plain(&source);
    prepared(source, options, is_plain)
}

fn prepared(source: Cow<'_, str>, options: Options, is_plain: bool) -> Prepared<'_> {
    if is_plain {
        return Prepared { source, ..Prepared::default() };
    }
    let mut scan = Scan::default();
    for (event, place) in Parser::new_ext(&source, options).into_offset_iter() {
        scan.event(&event, place);
    }
    let (wanted, given) = (std::mem::take(&mut scan.wanted), std::mem::take(&mut scan.given));
    let mut edits = scan.edits(&source, options.contains(Options::ENABLE_DEFINITION_LIST));
    if edits.is_empty() {
        return Prepared { source, wanted, given };
    }
    edits.sort_by_key(|(place, _)| (place.start, place.end));
    let (mut text, mut from) = (String::with_capacity(source.len() + edits.len() * 2), 0);
    for (place, new) in edits {
        if let Some(before) = source.get(from..place.start) {
            text.push_str(before);
            text.push_str(new);
            from = place.end;
        }
    }
    text.push_str(source.get(from..).unwrap_or_default());
    Prepared { source: Cow::Owned(text), wanted, given }
}

/// A place in the source and what is to stand there.
pub type Edit = (Range<usize>, &'static str);

/// How many emphases that are none are looked through.
const MAX_EMPHASES: usize = 20;

/// A block or an emphasis, without the mark that ends it.
struct Element {
    place: Range<usize>,
    is_emphasis: bool,
    parent: Option<usize>,
}

/// What the first pass found.
#[derive(Default)]
struct Scan {
    /// Stretches of text outside of links and code, each with the element it stands in.
    texts: Vec<(Range<usize>, usize)>,
    elements: Vec<Element>,
    /// Where links, code and raw HTML begin in the midst of text.
    others: Vec<usize>,
    /// Code blocks, raw HTML blocks at the left margin, and definitions.
    code: Vec<Range<usize>>,
    html: Vec<Range<usize>>,
    definitions: Vec<usize>,
    wanted: HashSet<String>,
    given: HashSet<String>,
    /// The open elements, innermost last.
    open: Vec<usize>,
    /// How many open elements keep their text to themselves.
    closed: usize,
}

impl Scan {
    fn event(&mut self, event: &Event<'_>, place: Range<usize>) {
        match event {
            Event::Text(_) if self.closed == 0 => {
                self.texts.push((place, self.open.last().copied().unwrap_or(usize::MAX)));
            }
            Event::Code(_) | Event::FootnoteReference(_) => self.others.push(place.start),
            Event::InlineHtml(html) | Event::Html(html) => {
                self.others.push(place.start);
                inner::fragments(html, &mut self.wanted);
            }
            Event::Start(tag) => self.start(tag, place),
            Event::End(tag) => {
                self.open.pop();
                self.closed -= usize::from(self.closed > 0 && is_closed(tag));
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, place: Range<usize>) {
        let mark = match tag {
            Tag::Emphasis => 1,
            Tag::Strong | Tag::Strikethrough => 2,
            _ => 0,
        };
        let parent = self.open.last().copied();
        self.open.push(self.elements.len());
        let end = place.end.saturating_sub(mark);
        self.elements.push(Element { place: place.start..end, is_emphasis: mark > 0, parent });
        self.closed += usize::from(is_closed(&tag.to_end()));
        match tag {
            Tag::Link { dest_url, .. } => {
                self.others.push(place.start);
                self.wanted.extend(inner::fragment(dest_url));
            }
            Tag::Image { .. } => self.others.push(place.start),
            Tag::Heading { id: Some(id), .. } => self.given.extend([id.to_string()]),
            Tag::CodeBlock(_) => self.code.push(place),
            Tag::HtmlBlock if parent.is_none() => self.html.push(place),
            Tag::DefinitionListDefinition => self.definitions.push(place.start),
            _ => {}
        }
    }

    fn edits(mut self, source: &str, is_post: bool) -> Vec<Edit> {
        let mut edits = Vec::new();
        self.hide_addresses(source, &mut edits);
        if is_post {
            let blocks = formula::blocks(source, &self.code);
            edits.extend(blocks.iter().flat_map(formula::fence));
            let dollars = self.texts.iter().map(|(text, _)| text.clone());
            formula::hide_dollars(source, dollars, &blocks, &mut edits);
            let stray = |at: &&usize| {
                source.get(**at..).is_some_and(|rest| {
                    rest.starts_with(':') && !rest.get(1..).unwrap_or_default().starts_with([' ', '\t'])
                })
            };
            edits.extend(self.definitions.iter().filter(stray).map(|at| (*at..*at, "\\")));
            self.html.iter().for_each(|block| inner::open_up(source, block.clone(), &mut edits));
            // What stands in a formula is nobody else's.
            let inside = |place: &Range<usize>| blocks.iter().any(|block| block.contains(place));
            edits.retain(|(place, new)| new.starts_with('`') || !inside(place));
        }
        edits
    }

    /// Puts a backslash before whatever an address has that Markdown would read.
    fn hide_addresses(&mut self, source: &str, edits: &mut Vec<Edit>) {
        self.others.sort_unstable();
        let mut others = self.others.iter().peekable();
        let mut addresses: Vec<Range<usize>> = Vec::new();
        for (text, element) in &self.texts {
            while others.next_if(|other| **other < text.start).is_some() {}
            let mut from = text.start.max(addresses.last().map_or(0, |address| address.end));
            while from < text.end {
                let end = self.end_of(*element, &addresses).unwrap_or(source.len());
                let limit = others.peek().map_or(end, |other| (**other).min(end)).max(text.end);
                let Some(address) = autolink::first(source, from..text.end, limit) else { break };
                escape(source, address.clone(), edits);
                from = address.end;
                addresses.push(address);
            }
        }
    }

    /// Where an address in this element has to end. An emphasis that begins inside of an address is none.
    fn end_of(&self, element: usize, addresses: &[Range<usize>]) -> Option<usize> {
        let mut element = self.elements.get(element)?;
        for _ in 0..MAX_EMPHASES {
            let start = element.place.start;
            let before = addresses.partition_point(|address| address.start < start);
            let address = before.checked_sub(1).and_then(|at| addresses.get(at));
            if !element.is_emphasis || address.is_none_or(|address| address.end <= start) {
                break;
            }
            element = self.elements.get(element.parent?)?;
        }
        Some(element.place.end)
    }
}

/// Whether the text in it belongs to it alone.
fn is_closed(tag: &TagEnd) -> bool {
    matches!(tag, TagEnd::Link | TagEnd::Image | TagEnd::CodeBlock | TagEnd::HtmlBlock)
}

fn escape(source: &str, address: Range<usize>, edits: &mut Vec<Edit>) {
    let text = source.get(address.clone()).unwrap_or_default();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if !escaped && matches!(c, '*' | '_' | '~' | '[' | ']' | '$') {
            edits.push((address.start + at..address.start + at, "\\"));
        }
        escaped = c == '\\' && !escaped;
    }
}
