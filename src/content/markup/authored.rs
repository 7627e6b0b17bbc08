//! What an author's raw HTML adds to the markup.

use crate::content::attribute::Attributes;
use crate::content::markup::MAX_DEPTH;
use crate::content::markup::Markup;
use crate::content::nesting::BLOCKS;
use crate::content::nesting::is_heading;
use crate::content::nesting::parents;
use crate::content::nesting::siblings;
use crate::content::raw_html;
use crate::content::raw_html::Piece;
use crate::content::sanitize;
use std::borrow::Cow;

impl Markup<'_> {
    /// HTML an author wrote: any of it, with or without end, in any order.
    pub fn raw(&mut self, html: &str) {
        for piece in raw_html::pieces(html) {
            match piece {
                Piece::Text(text) => {
                    self.room_for_text(text);
                    self.note_text(text);
                    self.block.push_str(if text == "<" { "&lt;" } else { text });
                }
                Piece::Close(name) => self.raw_close(&name),
                Piece::Open(name, attributes) => self.raw_open(&name, attributes),
            }
        }
    }

    fn raw_open(&mut self, name: &str, attributes: Vec<(String, Cow<'_, str>)>) {
        let Some(name) = sanitize::element(name) else { return };
        let full = self.stack.len() >= MAX_DEPTH;
        let nested = (name == "a" && self.is_open("a")) || (is_heading(name) && self.open_heading());
        if full || nested || !self.make_room(name) {
            return;
        }
        let kept = attributes.into_iter().filter_map(|(given, value)| {
            // `name` was how a link's target was marked before HTML 5.
            let given = if name == "a" && given == "name" { "id" } else { given.as_str() };
            let known = sanitize::attribute(name, given)?;
            sanitize::value(known, &value).then_some((known, value))
        });
        let kept: Attributes<'_> = kept.collect();
        // The target of a link holds nothing: many have no end tag, or `/>`.
        let is_target = name == "a" && !kept.iter().any(|(given, _)| *given == "href");
        if name == "img" {
            self.image(kept);
        } else {
            self.start(name, kept, false);
        }
        if is_target {
            self.close_to(self.stack.len() - 1);
        }
    }

    fn raw_close(&mut self, name: &str) {
        let Some(name) = sanitize::element(name) else { return };
        // An author's end tag must not end what the renderer opened.
        let foreign = self.stack.iter().rev().take_while(|frame| !frame.ours);
        if let Some(back) = foreign.map(|frame| frame.name).position(|open| open == name) {
            self.close_to(self.stack.len() - 1 - back);
        }
    }

    /// Ends and opens what HTML implies before a raw start tag; `false` if it cannot stand here.
    fn make_room(&mut self, name: &'static str) -> bool {
        if BLOCKS.contains(&name) {
            self.close_paragraph();
        }
        let (siblings, bounds) = siblings(name);
        let inside = self.stack.iter().rev().take_while(|frame| !frame.ours && !bounds.contains(&frame.name)).count();
        let first = self.stack.len() - inside;
        if let Some(at) = self.stack.iter().skip(first).position(|frame| siblings.contains(&frame.name)) {
            self.close_to(first + at);
        }
        let allowed = parents(name);
        if allowed.is_empty() {
            self.open_missing();
            return true;
        }
        if matches!(name, "td" | "th") && self.parent_is(&["table", "tbody", "thead", "tfoot"]) {
            self.start("tr", Attributes::new(), false);
        }
        self.parent_is(allowed)
    }

    fn parent_is(&self, names: &[&str]) -> bool {
        self.stack.last().is_some_and(|frame| names.contains(&frame.name))
    }

    fn open_heading(&self) -> bool {
        self.stack.iter().any(|frame| is_heading(frame.name))
    }
}
