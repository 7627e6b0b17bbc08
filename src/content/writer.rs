//! Turns Markdown events into markup.

use crate::content::address;
use crate::content::attribute::Attributes;
use crate::content::attribute::escaped;
use crate::content::autolink;
use crate::content::budget;
use crate::content::budget::Budget;
use crate::content::emoji;
use crate::content::highlight::Grammars;
use crate::content::markdown::Site;
use crate::content::markup::Markup;
use crate::content::nesting::parts_words;
use crate::content::notes::Notes;
use crate::content::raw_html;
use crate::content::raw_html::Piece;
use crate::content::sanitize;
use crate::content::tag::element;
use crate::content::tag::heading;
use crate::content::tag::is_block;
use crate::content::tag::is_inline;
use crate::content::tag::is_quiet;
use crate::content::writer::picture::Image;
use pulldown_cmark::{Alignment, CowStr, Event, HeadingLevel, LinkType, Tag, TagEnd, TextMergeStream};
use std::borrow::Cow;
use std::collections::HashSet;

mod code;
mod formula;
mod picture;

/// Deepest nesting of Markdown that is shown as such; 50,000 nested quotes become 50.
const MAX_DEPTH: usize = 50;
/// How much plain text is collected, in bytes.
const MAX_PLAIN: usize = 2_000;
/// Writes one article (with a site) or comment (without).
pub struct Writer<'s> {
    markup: Markup<'s>,
    is_post: bool,
    /// For each open tag of Markdown, whether it is shown.
    shown: Vec<bool>,
    depth: usize,
    image: Option<Image>,
    code: Option<(String, String)>,
    html: Option<String>,
    /// The title of the image that is all the open paragraph has so far.
    lone_image: Lone,
    table: Table,
    notes: Notes,
    plain: String,
    /// How many open tags hold text that is no prose.
    quiet: usize,
    /// Bytes of formulas so far.
    tex: usize,
    budget: Budget,
    over: Option<&'static str>,
    /// `None` colours nothing.
    grammars: Option<&'s Grammars>,
}

/// What the open paragraph holds, as far as figures care.
enum Lone {
    Nothing,
    Image(String),
    Other,
}

#[derive(Default)]
struct Table {
    alignments: Vec<Alignment>,
    column: usize,
    in_head: bool,
}

impl<'s> Writer<'s> {
    /// For an article of `site`, or for a comment (`None`).
    pub fn new(site: Option<&'s Site<'s>>, grammars: Option<&'s Grammars>) -> Writer<'s> {
        Writer {
            markup: Markup::new(site),
            is_post: site.is_some(),
            shown: Vec::new(),
            depth: 0,
            image: None,
            code: None,
            html: None,
            lone_image: Lone::Other,
            table: Table::default(),
            notes: Notes::default(),
            plain: String::new(),
            quiet: 0,
            tex: 0,
            budget: Budget::default(),
            over: None,
            grammars,
        }
    }

    /// Writes everything the parser gives, up to the limits of one text.
    pub fn write<'a>(&mut self, events: impl Iterator<Item = Event<'a>>) {
        for event in TextMergeStream::new(events) {
            self.event(event);
            let ends = self.notes.backlinks();
            self.over = budget::exceeded(self.markup.bytes() + ends * 160, self.markup.elements() + ends * 2);
            if self.over.is_some() {
                return;
            }
        }
    }

    /// Fragments that links of the article lead to, and ids that its author gave to headings.
    pub fn expect(&mut self, wanted: HashSet<String>, given: HashSet<String>) {
        self.markup.expect(wanted, given);
    }

    /// The HTML, the beginning of the prose as plain text, and the limit that the text exceeds.
    pub fn finish(mut self) -> (String, String, Option<&'static str>) {
        self.notes.write(&mut self.markup);
        (self.markup.finish(), self.plain.trim().to_owned(), self.over)
    }

    fn event(&mut self, event: Event<'_>) {
        if self.image.is_some() {
            return self.in_image(event);
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(text) => self.code_span(&text),
            Event::InlineHtml(html) | Event::Html(html) => self.raw(&html),
            Event::SoftBreak if self.is_post => {
                self.prose(" ");
                self.markup.newline();
            }
            Event::SoftBreak | Event::HardBreak => {
                self.prose(" ");
                self.other();
                self.markup.open("br", Attributes::new());
            }
            Event::Rule => self.markup.open("hr", Attributes::new()),
            Event::FootnoteReference(label) => {
                self.other();
                self.notes.refer(&label, &mut self.markup);
            }
            Event::TaskListMarker(done) => self.task(done),
            Event::InlineMath(tex) => self.formula(&tex, false),
            Event::DisplayMath(tex) => self.formula(&tex, true),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let shown = self.shows(&tag);
        self.shown.push(shown);
        self.depth += usize::from(shown);
        self.quiet += usize::from(is_quiet(&tag.to_end()));
        let before = std::mem::replace(&mut self.lone_image, Lone::Other);
        if !shown {
            return;
        }
        if is_block(&tag) {
            self.markup.close("label");
        }
        match tag {
            Tag::Paragraph => {
                self.lone_image = Lone::Nothing;
                self.markup.open("p", Attributes::new());
            }
            Tag::Heading { level, id, .. } => self.start_heading(level, id),
            Tag::CodeBlock(kind) => self.code = Some((code::language(&kind), String::new())),
            Tag::HtmlBlock => self.html = Some(String::new()),
            Tag::List(Some(first)) if first != 1 => {
                self.markup.open("ol", vec![("start", first.to_string().into())]);
            }
            Tag::FootnoteDefinition(label) => self.notes.begin(&label, &mut self.markup),
            Tag::Table(alignments) => {
                self.table = Table { alignments, ..Table::default() };
                self.markup.open("table", Attributes::new());
            }
            Tag::TableHead => self.start_row(true),
            Tag::TableRow => self.start_row(false),
            Tag::TableCell => self.start_cell(),
            Tag::Link { link_type, dest_url, title, .. } => self.start_link(link_type, &dest_url, &title),
            Tag::Image { dest_url, title, .. } => {
                let (address, title) = (dest_url.into_string(), title.into_string());
                let alone = matches!(before, Lone::Nothing);
                self.image = Some(Image { address, title, alone, alt: String::new(), nested: 0 });
            }
            other => {
                if let Some(name) = element(&other.to_end()) {
                    self.markup.open(name, Attributes::new());
                }
            }
        }
    }

    fn end(&mut self, tag: TagEnd) {
        let shown = self.shown.pop().unwrap_or(false);
        self.depth = self.depth.saturating_sub(usize::from(shown));
        self.quiet = self.quiet.saturating_sub(usize::from(is_quiet(&tag)));
        if !matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link) {
            self.prose(" ");
        }
        if !shown {
            return self.markup.newline();
        }
        match tag {
            TagEnd::Paragraph => self.end_paragraph(),
            TagEnd::Heading(level) if self.is_post => self.markup.close(heading(level)),
            TagEnd::Heading(_) => self.markup.close("p"),
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::HtmlBlock => self.end_html(),
            TagEnd::FootnoteDefinition => self.notes.end(&mut self.markup),
            TagEnd::TableHead => {
                self.markup.close("thead");
                self.markup.open("tbody", Attributes::new());
            }
            TagEnd::TableCell => {
                self.markup.close(if self.table.in_head { "th" } else { "td" });
                self.table.column += 1;
            }
            TagEnd::Image => {}
            other => {
                if let Some(name) = element(&other) {
                    self.markup.close(name);
                }
            }
        }
        if !is_inline(&tag) {
            self.markup.newline();
        }
    }

    /// Whether a tag is shown at this depth. Parts of a list or table go with the whole.
    fn shows(&self, tag: &Tag<'_>) -> bool {
        match tag {
            Tag::Item
            | Tag::TableHead
            | Tag::TableRow
            | Tag::TableCell
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition => self.shown.last().copied().unwrap_or(false),
            Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::Image { .. } => true,
            _ => self.depth < MAX_DEPTH,
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, code)) = &mut self.code {
            return code.push_str(text);
        }
        self.other();
        if self.markup.is_open("a") {
            return self.words(text);
        }
        for stretch in autolink::stretches(text) {
            match stretch.href {
                Some(href) => {
                    self.prose(stretch.text);
                    self.markup.open("a", vec![("href", escaped(&address::encoded(&href)).into())]);
                    self.markup.text(stretch.text);
                    self.markup.close("a");
                }
                None => self.words(stretch.text),
            }
        }
    }

    /// Text without addresses.
    fn words(&mut self, text: &str) {
        let text = emoji::named(text);
        self.prose(&text);
        self.markup.text(&text);
    }

    fn code_span(&mut self, text: &str) {
        self.other();
        self.prose(text);
        self.markup.open("code", Attributes::new());
        self.markup.text(text);
        self.markup.close("code");
    }

    /// An author's HTML is markup, a commenter's is text.
    fn raw(&mut self, html: &str) {
        self.other();
        match (&mut self.html, self.is_post) {
            (Some(block), _) => block.push_str(html),
            (None, true) => {
                self.prose_of(html, false);
                self.markup.raw(html);
            }
            (None, false) => self.text(html),
        }
    }

    fn end_html(&mut self) {
        let Some(html) = self.html.take() else { return };
        if self.is_post {
            self.markup.raw(&html);
            return self.prose_of(&html, true);
        }
        self.markup.open("p", Attributes::new());
        for (index, line) in html.trim_end().split('\n').enumerate() {
            if index > 0 {
                self.markup.open("br", Attributes::new());
            }
            self.text(line);
        }
        self.markup.close("p");
    }

    fn start_heading(&mut self, level: HeadingLevel, id: Option<CowStr<'_>>) {
        if !self.is_post {
            self.markup.open("p", Attributes::new());
            return self.markup.open("strong", Attributes::new());
        }
        let id = id.filter(|id| sanitize::value("id", id)).map(|id| ("id", Cow::Owned(escaped(&id))));
        self.markup.open(heading(level), id.into_iter().collect());
    }

    fn start_row(&mut self, head: bool) {
        self.table.in_head = head;
        self.table.column = 0;
        if head {
            self.markup.open("thead", Attributes::new());
        }
        self.markup.open("tr", Attributes::new());
    }

    fn start_cell(&mut self) {
        let class = match self.table.alignments.get(self.table.column) {
            Some(Alignment::Center) => Some(("class", Cow::Borrowed("align-center"))),
            Some(Alignment::Right) => Some(("class", Cow::Borrowed("align-right"))),
            _ => None,
        };
        self.markup.open(if self.table.in_head { "th" } else { "td" }, class.into_iter().collect());
    }

    fn start_link(&mut self, link: LinkType, destination: &str, title: &str) {
        let scheme = if link == LinkType::Email { "mailto:" } else { "" };
        let href = format!("{scheme}{destination}");
        let refused = if self.is_post { !address::is_link(&href) } else { !address::is_comment_link(&href) };
        // A link cannot stand in another, which an author's HTML may have left open.
        if refused || self.markup.is_open("a") {
            return;
        }
        let mut attributes = vec![("href", Cow::Owned(escaped(&address::encoded(&href))))];
        if !title.is_empty() {
            attributes.push(("title", escaped(title).into()));
        }
        self.markup.open("a", attributes);
    }

    /// A box that cannot be ticked, with the item's text as its label.
    fn task(&mut self, done: bool) {
        self.markup.open("label", vec![("class", Cow::Borrowed("task"))]);
        let mut attributes = vec![("type", Cow::Borrowed("checkbox")), ("disabled", Cow::Borrowed(""))];
        if done {
            attributes.push(("checked", Cow::Borrowed("")));
        }
        self.markup.open("input", attributes);
        self.markup.text(" ");
    }

    fn end_paragraph(&mut self) {
        match std::mem::replace(&mut self.lone_image, Lone::Other) {
            Lone::Image(title) if !title.is_empty() => self.markup.figure(&title),
            _ => self.markup.close("p"),
        }
    }

    /// Adds prose to the plain text, until there is enough.
    fn prose(&mut self, text: &str) {
        if self.quiet == 0 && self.plain.len() < MAX_PLAIN {
            self.plain.extend(text.chars().take(MAX_PLAIN));
        }
    }

    /// Adds the prose of raw HTML: where a line or a block ends, so does a word.
    fn prose_of(&mut self, html: &str, with_text: bool) {
        for piece in raw_html::pieces(html) {
            match piece {
                Piece::Text(text) if with_text => self.prose(&address::decoded(text)),
                Piece::Open(name, _) | Piece::Close(name) if parts_words(&name) => self.prose(" "),
                _ => {}
            }
        }
    }

    /// Notes that the paragraph holds more than an image.
    fn other(&mut self) {
        self.lone_image = Lone::Other;
    }
}
