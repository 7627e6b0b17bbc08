//! Blocks of code.

use crate::content::attribute::Attributes;
use crate::content::writer::Writer;
use pulldown_cmark::CodeBlockKind;
use std::borrow::Cow;

impl Writer<'_> {
    pub(super) fn end_code(&mut self) {
        let Some((language, code)) = self.code.take() else { return };
        if language == "math" && self.formula_block(&code) {
            return;
        }
        let class = if language.is_empty() {
            Attributes::new()
        } else {
            vec![("class", Cow::Owned(format!("language-{language}")))]
        };
        self.markup.open("pre", Attributes::new());
        self.markup.open("code", class);
        match self.colours(&code, &language) {
            Some(spans) => self.markup.highlighted(&spans),
            None => self.markup.text(&code),
        }
        self.markup.close("code");
        self.markup.close("pre");
    }

    /// The code in colours, while that is affordable.
    fn colours(&mut self, code: &str, language: &str) -> Option<String> {
        self.grammars?.spans(code, language, &mut self.budget)
    }
}

/// The word that names the language of a block: `rust` of `rust,ignore`.
pub fn language(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(info) = kind else { return String::new() };
    let word =
        info.trim_start_matches(['{', '.', ' ']).split(|c: char| c.is_whitespace() || ",{}:;".contains(c)).next();
    let word = word.unwrap_or("").to_ascii_lowercase();
    let plain = word.len() <= 30 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+#-_.".contains(&byte));
    if plain { word } else { String::new() }
}
