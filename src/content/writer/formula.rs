//! Formulas.

use crate::content::attribute::Attributes;
use crate::content::formula::mathml;
use crate::content::writer::Writer;

/// How much TeX of an article becomes MathML, in bytes; the rest is shown as code.
const MAX_TEX: usize = 64 * 1024;

impl Writer<'_> {
    /// A formula in a line (`$x$`) or on one of its own (`$$x$$`); as it was typed if it is not understood.
    pub(super) fn formula(&mut self, tex: &str, is_block: bool) {
        self.other();
        match self.set(tex, is_block) {
            Some(markup) => {
                self.prose(tex.trim());
                self.markup.written(&markup);
            }
            None => {
                let mark = if is_block { "$$" } else { "$" };
                self.code_span(&format!("{mark}{tex}{mark}"));
            }
        }
    }

    /// A fenced block of TeX; `false` if it is not understood.
    pub(super) fn formula_block(&mut self, tex: &str) -> bool {
        let Some(markup) = self.set(tex, true) else { return false };
        self.markup.open("p", Attributes::new());
        self.markup.written(&markup);
        self.markup.close("p");
        true
    }

    fn set(&mut self, tex: &str, is_block: bool) -> Option<String> {
        self.tex = self.tex.saturating_add(tex.len());
        if self.tex > MAX_TEX || !self.is_post { None } else { mathml(tex.trim(), is_block) }
    }
}
