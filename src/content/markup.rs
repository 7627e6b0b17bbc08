//! Writes HTML that is balanced, bounded in depth and accessible, whatever it is fed.
//!
//! Everything an article consists of passes here: what the renderer makes of Markdown, and the
//! author's raw HTML. The output is small in depth and explicit in structure, so that the
//! sanitiser's parser, which keeps the rules browsers have, takes linear time over it.

use crate::content::address;
use crate::content::attribute;
use crate::content::attribute::Attributes;
use crate::content::attribute::escape;
use crate::content::attribute::escaped;
use crate::content::markdown::Site;
use crate::content::nesting::BLOCKS;
use crate::content::nesting::VOID;
use crate::content::nesting::default_child;
use crate::content::nesting::is_heading;
use crate::content::outline;
use crate::content::outline::Outline;
use crate::content::sanitize;
use std::borrow::Cow;
use std::collections::HashSet;

mod authored;

/// Deepest nesting of elements; an author's tags below it are left out and their text stays.
const MAX_DEPTH: usize = 120;
/// The sanitiser is fed finished blocks of about this size, so that its tree stays small.
const BATCH: usize = 32 * 1024;

/// One element that is open.
struct Frame {
    name: &'static str,
    /// Made by the renderer; only the renderer ends it.
    ours: bool,
    /// Where its tag begins in the block, and where its content does.
    start: usize,
    inner: usize,
    /// Whether there is anything in it that can be read out.
    named: bool,
    /// The address of a link, or the id its author gave a heading.
    note: Option<String>,
}

/// Writes one article or comment.
pub struct Markup<'s> {
    /// Finished and sanitised.
    done: String,
    /// Being written.
    block: String,
    stack: Vec<Frame>,
    outline: Outline,
    site: Option<&'s Site<'s>>,
    /// How many times writing was set aside; meanwhile nothing is finished.
    asides: usize,
    /// Elements written, and bytes that were set aside.
    elements: usize,
    aside_bytes: usize,
}

impl<'s> Markup<'s> {
    /// For an article of `site`, or for a comment (`None`).
    pub fn new(site: Option<&'s Site<'s>>) -> Markup<'s> {
        let (done, block) = (String::new(), String::new());
        Markup {
            done,
            block,
            stack: Vec::new(),
            outline: Outline::default(),
            site,
            asides: 0,
            elements: 0,
            aside_bytes: 0,
        }
    }

    /// Fragments that links of the article lead to, and ids that its author gave to headings.
    pub fn expect(&mut self, wanted: HashSet<String>, given: HashSet<String>) {
        self.outline.expect(wanted, given);
    }

    /// Opens an element the renderer makes.
    pub fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        if BLOCKS.contains(&name) {
            self.close_paragraph();
        }
        self.start(name, attributes, true);
    }

    /// Ends the innermost element of that name which the renderer opened, and what is in it.
    pub fn close(&mut self, name: &str) {
        if let Some(at) = self.stack.iter().rposition(|frame| frame.ours && frame.name == name) {
            self.close_to(at);
        }
    }

    /// Plain text.
    pub fn text(&mut self, text: &str) {
        self.room_for_text(text);
        self.note_text(text);
        escape(&mut self.block, text);
    }

    /// Markup that stands in a code block: escaped text with spans, made by the highlighter.
    pub fn highlighted(&mut self, spans: &str) {
        self.note_text("code");
        self.elements += spans.matches("<span").count();
        self.block.push_str(spans);
    }

    /// A line break in the output, for those who read the source.
    pub fn newline(&mut self) {
        self.block.push('\n');
    }

    /// How much has been written, in bytes.
    pub fn bytes(&self) -> usize {
        self.done.len() + self.block.len() + self.aside_bytes
    }

    /// Elements that have been written.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Whether an element of that name is open.
    pub fn is_open(&self, name: &str) -> bool {
        self.stack.iter().any(|frame| frame.name == name)
    }

    /// Makes a figure of the paragraph just written, which holds one image with a title.
    pub fn figure(&mut self, caption: &str) {
        let Some(at) = self.stack.iter().rposition(|frame| frame.ours && frame.name == "p") else { return };
        self.close_to(at + 1);
        let Some(frame) = self.stack.pop() else { return };
        let image = self.block.split_off(frame.inner);
        self.block.truncate(frame.start);
        let title = format!(" title=\"{}\"", escaped(caption));
        self.block.push_str("<figure>");
        self.block.push_str(&image.replacen(&title, "", 1));
        self.block.push_str("<figcaption>");
        escape(&mut self.block, caption);
        self.block.push_str("</figcaption></figure>");
        self.flush();
    }

    /// Begins to write aside: what follows is kept out of the article until `resume`.
    pub fn aside(&mut self) -> Suspended {
        self.asides += 1;
        self.aside_bytes += self.block.len();
        Suspended { block: std::mem::take(&mut self.block), stack: std::mem::take(&mut self.stack) }
    }

    /// Goes on where `aside` left off and gives what was written since.
    pub fn resume(&mut self, suspended: Suspended) -> String {
        self.close_to(0);
        self.asides = self.asides.saturating_sub(1);
        self.stack = suspended.stack;
        self.aside_bytes = (self.aside_bytes + self.block.len()).saturating_sub(suspended.block.len());
        std::mem::replace(&mut self.block, suspended.block)
    }

    /// Puts in markup that this writer gave before.
    pub fn written(&mut self, markup: &str) {
        self.note_text("x");
        self.block.push_str(markup);
    }

    /// Ends everything the article left open.
    pub fn end_article(&mut self) {
        self.close_to(0);
    }

    /// Notes an id that the renderer makes; `false` if it was made before.
    pub fn reserve_id(&mut self, id: &str) -> bool {
        self.outline.reserve(id)
    }

    /// Ends what is open and gives the sanitised whole.
    pub fn finish(mut self) -> String {
        self.close_to(0);
        let rest = self.sanitised();
        self.done.push_str(&rest);
        self.outline.follow(self.done)
    }

    /// An image with its size, its text in place of it where its address is refused.
    pub fn image(&mut self, mut attributes: Attributes<'_>) {
        let find = |attributes: &Attributes<'_>, name: &str| {
            attributes.iter().find(|(other, _)| *other == name).map(|(_, value)| value.to_string())
        };
        let source = find(&attributes, "src").unwrap_or_default();
        let alt = find(&attributes, "alt");
        if source.trim().is_empty() || !address::is_web(&source) {
            let alt = address::decoded(alt.as_deref().unwrap_or_default()).into_owned();
            return self.text(&alt);
        }
        match &alt {
            None => attributes.push(("alt", Cow::Borrowed(""))),
            Some(alt) => self.note_text(alt),
        }
        if let Some(size) = address::media(&source).zip(self.site).and_then(|(id, site)| (site.size_of)(id)) {
            attribute::settle_size(&mut attributes, size);
        }
        attributes.push(("loading", Cow::Borrowed("lazy")));
        attributes.push(("decoding", Cow::Borrowed("async")));
        self.room_for_text("x");
        self.start("img", attributes, true);
    }

    /// Writes a start tag with all that belongs to it.
    fn start(&mut self, name: &'static str, mut attributes: Attributes<'_>, ours: bool) {
        let start = self.block.len();
        self.elements += 1;
        let mut note = None;
        attribute::settle(name, &mut attributes, ours, (&mut self.outline, self.site));
        if is_heading(name) {
            // The tag is written when the text is known.
            note = attributes.into_iter().find(|(name, _)| *name == "id").map(|(_, id)| id.into_owned());
        } else {
            if name == "a" {
                note = attributes.iter().find(|(name, _)| *name == "href").map(|(_, href)| href.to_string());
            }
            if name == "table" && !self.is_open("table") {
                self.block.push_str("<div class=\"table\" role=\"group\" aria-label=\"Table\" tabindex=\"0\">");
            }
            self.tag(name, &attributes);
        }
        if !VOID.contains(&name) {
            let inner = self.block.len();
            self.stack.push(Frame { name, ours, start, inner, named: false, note });
        }
    }

    fn tag(&mut self, name: &str, attributes: &Attributes<'_>) {
        self.block.push('<');
        self.block.push_str(name);
        for (name, value) in attributes {
            self.block.push(' ');
            self.block.push_str(name);
            self.block.push_str("=\"");
            self.block.push_str(value);
            self.block.push('"');
        }
        self.block.push('>');
    }

    /// Ends every element from the one at `depth` inwards.
    fn close_to(&mut self, depth: usize) {
        while self.stack.len() > depth {
            let Some(frame) = self.stack.pop() else { return };
            self.end(frame);
        }
        self.flush();
    }

    fn end(&mut self, frame: Frame) {
        if let (true, Some(parent)) = (frame.named, self.stack.last_mut()) {
            parent.named = true;
        }
        match frame.name {
            name if is_heading(name) => return self.end_heading(frame),
            "a" => self.name_link(&frame),
            // A header cell without text heads nothing, and confuses those who hear the table.
            "th" if !frame.named => {
                let content = self.block.split_off(frame.inner);
                self.block.truncate(frame.start);
                self.block.push_str("<td>");
                self.block.push_str(&content);
                return self.block.push_str("</td>");
            }
            _ => {}
        }
        self.block.push_str("</");
        self.block.push_str(frame.name);
        self.block.push('>');
        if frame.name == "table" && !self.is_open("table") {
            self.block.push_str("</div>");
        }
    }

    /// A link that shows nothing gets its address as its name.
    fn name_link(&mut self, frame: &Frame) {
        let (Some(href), false) = (&frame.note, frame.named) else { return };
        if self.block.get(frame.inner..).is_some_and(|content| content.trim().is_empty()) {
            let shown = href.strip_prefix("https://").or_else(|| href.strip_prefix("http://")).unwrap_or(href);
            self.block.push_str(if shown.is_empty() { "#" } else { shown });
        } else {
            self.block.insert_str(frame.start + "<a".len(), &format!(" aria-label=\"{href}\""));
        }
    }

    /// Writes the heading now that its text is known: with its level, its id and an anchor.
    fn end_heading(&mut self, frame: Frame) {
        let content = self.block.split_off(frame.start);
        if !frame.named {
            if !content.trim().is_empty() {
                self.block.push_str(&format!("<div>{content}</div>"));
            }
            return;
        }
        let given = frame.name.strip_prefix('h').and_then(|digit| digit.parse().ok()).unwrap_or(2);
        let level = self.outline.level(given);
        let id = frame.note.unwrap_or_else(|| escaped(&self.outline.id_of(&outline::heading_text(&content))));
        // A link cannot stand in another.
        let anchor = if self.is_open("a") {
            String::new()
        } else {
            format!("<a class=\"anchor\" href=\"#{id}\" aria-hidden=\"true\" tabindex=\"-1\"></a>")
        };
        self.block.push_str(&format!("<h{level} id=\"{id}\">{content}{anchor}</h{level}>"));
    }

    /// Text in a list or a table stands in an item or a cell.
    fn room_for_text(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.open_missing();
        }
    }

    fn open_missing(&mut self) {
        while let Some(child) = self.stack.last().and_then(|frame| default_child(frame.name)) {
            self.start(child, Attributes::new(), false);
        }
    }

    fn close_paragraph(&mut self) {
        let cell = |frame: &&Frame| matches!(frame.name, "td" | "th" | "caption" | "li" | "blockquote");
        let inner = self.stack.iter().rev().take_while(|frame| !cell(frame)).count();
        let first = self.stack.len() - inner;
        if let Some(at) = self.stack.iter().skip(first).position(|frame| frame.name == "p") {
            self.close_to(first + at);
        }
    }

    fn note_text(&mut self, text: &str) {
        if let (false, Some(frame)) = (text.trim().is_empty(), self.stack.last_mut()) {
            frame.named = true;
        }
    }

    fn flush(&mut self) {
        if self.asides == 0 && self.stack.is_empty() && self.block.len() > BATCH {
            let clean = self.sanitised();
            self.done.push_str(&clean);
        }
    }

    fn sanitised(&mut self) -> String {
        let block = std::mem::take(&mut self.block);
        if self.site.is_some() { sanitize::post(&block) } else { sanitize::comment(&block) }
    }
}

/// What was being written when something else came between.
pub struct Suspended {
    block: String,
    stack: Vec<Frame>,
}
