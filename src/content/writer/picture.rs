//! Images, whose alternative text Markdown gives as if it were content.

use crate::content::address;
use crate::content::attribute::escaped;
use crate::content::writer::Lone;
use crate::content::writer::Writer;
use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

/// An image whose alternative text is being read.
pub struct Image {
    pub address: String,
    pub title: String,
    /// Whether nothing stands before it in its paragraph.
    pub alone: bool,
    pub alt: String,
    pub nested: usize,
}

impl Writer<'_> {
    /// Reads the alternative text of an image up to its end.
    pub(super) fn in_image(&mut self, event: Event<'_>) {
        let Some(image) = &mut self.image else { return };
        match event {
            Event::Start(Tag::Image { .. }) => image.nested += 1,
            Event::End(TagEnd::Image) if image.nested > 0 => image.nested -= 1,
            Event::End(TagEnd::Image) => self.end_image(),
            Event::Text(text) | Event::Code(text) => image.alt.push_str(&text),
            Event::SoftBreak | Event::HardBreak => image.alt.push(' '),
            _ => {}
        }
    }

    fn end_image(&mut self) {
        let Some(image) = self.image.take() else { return };
        let shown = self.shown.pop().unwrap_or(false);
        self.depth = self.depth.saturating_sub(usize::from(shown));
        self.quiet = self.quiet.saturating_sub(1);
        if !self.is_post {
            return self.image_as_link(&image);
        }
        let mut attributes =
            vec![("src", escaped(&address::encoded(&image.address)).into()), ("alt", escaped(&image.alt).into())];
        if !image.title.is_empty() {
            attributes.push(("title", escaped(&image.title).into()));
        }
        self.markup.image(attributes);
        if image.alone && address::is_web(&image.address) {
            self.lone_image = Lone::Image(image.title);
        }
    }

    fn image_as_link(&mut self, image: &Image) {
        let text = if image.alt.trim().is_empty() { &image.address } else { &image.alt };
        if self.markup.is_open("a") || !address::is_comment_link(&image.address) {
            return self.markup.text(text);
        }
        self.start_link(LinkType::Inline, &image.address, "");
        self.markup.text(text);
        self.markup.close("a");
    }
}
