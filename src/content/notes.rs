//! Footnotes: collected while an article is written, printed at its end.

use crate::content::attribute::Attributes;
use crate::content::markup::Markup;
use crate::content::markup::Suspended;
use std::borrow::Cow;
use std::collections::HashMap;

/// Most references of one note that get a way back.
const MAX_BACKLINKS: usize = 20;

/// The footnotes of one article.
#[derive(Default)]
pub struct Notes {
    /// In the order of the first reference.
    notes: Vec<Note>,
    by_label: HashMap<String, usize>,
    /// Text of the notes by label.
    bodies: HashMap<String, String>,
    /// Ways back that will be printed.
    backlinks: usize,
    /// The note being defined, and the article it stands in.
    defining: Vec<(String, Suspended)>,
}

struct Note {
    label: String,
    references: usize,
}

impl Notes {
    /// Writes the number of the note that leads to it.
    pub fn refer(&mut self, label: &str, markup: &mut Markup<'_>) {
        let label = label.to_lowercase();
        let next = self.notes.len();
        let index = *self.by_label.entry(label.clone()).or_insert(next);
        if index == next {
            self.notes.push(Note { label, references: 0 });
        }
        let Some(note) = self.notes.get_mut(index) else { return };
        note.references += 1;
        self.backlinks += usize::from(note.references <= MAX_BACKLINKS);
        let (number, reference) = (index + 1, reference_id(index, note.references));
        if markup.is_open("a") || !markup.reserve_id(&reference) {
            return markup.text(&format!("[{number}]"));
        }
        markup.open("sup", Attributes::new());
        let attributes = vec![
            ("id", reference.into()),
            ("href", Cow::Owned(format!("#fn-{number}"))),
            ("role", "doc-noteref".into()),
            ("aria-label", format!("Footnote {number}").into()),
        ];
        markup.open("a", attributes);
        markup.text(&number.to_string());
        markup.close("a");
        markup.close("sup");
    }

    /// Ways back that will be printed at the end.
    pub fn backlinks(&self) -> usize {
        self.backlinks
    }

    /// Begins the text of a note, which stands somewhere in the article.
    pub fn begin(&mut self, label: &str, markup: &mut Markup<'_>) {
        self.defining.push((label.to_lowercase(), markup.aside()));
    }

    /// Ends the text of a note. The first of a label counts.
    pub fn end(&mut self, markup: &mut Markup<'_>) {
        let Some((label, article)) = self.defining.pop() else { return };
        let body = markup.resume(article);
        self.bodies.entry(label).or_insert(body);
    }

    /// Prints the notes that are referred to, each with its ways back.
    pub fn write(&mut self, markup: &mut Markup<'_>) {
        if self.notes.is_empty() {
            return;
        }
        let attributes =
            vec![("class", "footnotes".into()), ("role", "doc-endnotes".into()), ("aria-label", "Footnotes".into())];
        markup.end_article();
        markup.open("section", attributes);
        markup.open("ol", Attributes::new());
        for (index, note) in self.notes.iter().enumerate() {
            let body = self.bodies.get(&note.label).map_or("", |body| body.trim_end());
            let id = format!("fn-{}", index + 1);
            markup.reserve_id(&id);
            markup.open("li", vec![("id", id.into())]);
            // The way back stands at the end of the last line rather than on one of its own.
            let (text, tail) = body.strip_suffix("</p>").map_or((body, ""), |text| (text, "</p>"));
            markup.written(&format!("{text}{}{tail}", backlinks(index, note.references)));
            markup.close("li");
        }
        markup.close("section");
    }
}

fn reference_id(index: usize, nth: usize) -> String {
    if nth == 1 { format!("fnref-{}", index + 1) } else { format!("fnref-{}-{nth}", index + 1) }
}

fn backlinks(index: usize, references: usize) -> String {
    let number = index + 1;
    let link = |nth: usize| {
        let (id, which) = (reference_id(index, nth), if nth == 1 { String::new() } else { format!("-{nth}") });
        let mark = if nth == 1 { String::new() } else { format!("<sup>{nth}</sup>") };
        format!(
            " <a class=\"footnote-back\" href=\"#{id}\" role=\"doc-backlink\" aria-label=\"Back to reference {number}{which}\">↩{mark}</a>"
        )
    };
    (1..=references.min(MAX_BACKLINKS)).map(link).collect()
}
