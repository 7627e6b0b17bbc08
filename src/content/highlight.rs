//! Colours code on the server: spans with classes, so that both colour schemes are style sheets.
//!
//! Some twenty scopes are mapped to a dozen classes (`hl-comment`, `hl-string`, ...) instead of
//! printing every scope of the grammar: the page stays small and a theme stays short.

use crate::content::attribute::escape;
use std::cell::OnceCell;
use std::sync::LazyLock;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

/// Larger blocks and those with longer lines, both in bytes, are left plain: grammars are
/// regular expressions, and nobody reads such code on a page.
pub const MAX_BLOCK: usize = 64 * 1024;
const MAX_LINE: usize = 1_000;

/// Grammars, for as long as one text is rendered.
///
/// They are read from the binary at the first block of code and compiled as they are used. A few
/// languages take tens of megabytes then, which a small machine would miss if they stayed;
/// reading them again costs a few milliseconds, and rendering happens when somebody saves.
#[derive(Default)]
pub struct Grammars(OnceCell<SyntaxSet>);

/// Scopes and their classes; the first that fits the innermost scope counts. An empty class ends
/// the search, where an outer scope would colour too much.
static CLASSES: LazyLock<Vec<(Scope, &'static str)>> = LazyLock::new(|| {
    let table = [
        ("comment", "comment"),
        ("constant.numeric", "number"),
        ("constant.character.escape", "constant"),
        ("constant", "constant"),
        ("string", "string"),
        ("keyword.operator.word", "keyword"),
        ("keyword.operator.logical.python", "keyword"),
        ("keyword.operator", ""),
        ("keyword", "keyword"),
        ("storage", "keyword"),
        ("variable.language", "keyword"),
        ("variable.function", "function"),
        ("variable.annotation", "attribute"),
        ("entity.name.function", "function"),
        ("entity.name.macro", "function"),
        ("support.function", "function"),
        ("support.macro", "function"),
        ("entity.name.tag", "tag"),
        ("entity.name.section", "heading"),
        ("entity.other.attribute-name", "attribute"),
        ("meta.annotation", "attribute"),
        ("entity.name", "type"),
        ("support.type", "type"),
        ("support.class", "type"),
        ("markup.inserted", "inserted"),
        ("markup.deleted", "deleted"),
        ("markup.heading", "heading"),
        ("meta.interpolation", ""),
        ("meta.block", ""),
        ("source", ""),
        ("text", ""),
    ];
    table.into_iter().filter_map(|(scope, class)| Some((Scope::new(scope).ok()?, class))).collect()
});

impl Grammars {
    /// Escaped text of `code` with spans around what a grammar recognises; `None` where there is
    /// no grammar called `language` or the code is too large.
    pub fn spans(&self, code: &str, language: &str) -> Option<String> {
        if code.len() > MAX_BLOCK || code.lines().any(|line| line.len() > MAX_LINE) {
            return None;
        }
        let word = word(language)?;
        let grammars = self.0.get_or_init(two_face::syntax::extra_newlines);
        let mut state = ParseState::new(grammars.find_syntax_by_token(&word)?);
        let mut scopes = ScopeStack::new();
        let mut out = Spans::default();
        for line in code.split_inclusive('\n') {
            let operations = state.parse_line(line, grammars).ok()?;
            let mut from = 0;
            for (at, operation) in operations {
                out.push(line.get(from..at)?, class(&scopes));
                from = at;
                scopes.apply(&operation).ok()?;
            }
            out.push(line.get(from..)?, class(&scopes));
        }
        Some(out.finish())
    }
}

/// The word by which the grammars know what people call `language`; `None` for plain text.
fn word(language: &str) -> Option<String> {
    let language = language.to_ascii_lowercase();
    let word = match language.as_str() {
        "" | "text" | "txt" | "plain" | "plaintext" | "output" | "console" | "terminal" => return None,
        "shell" | "zsh" | "shell-session" => "sh",
        "golang" => "go",
        "c++" => "cpp",
        "c#" => "cs",
        "jsonc" | "json5" => "json",
        "docker" => "dockerfile",
        other => other,
    };
    Some(word.to_owned())
}

/// The class of the innermost scope that has one.
fn class(scopes: &ScopeStack) -> &'static str {
    let of = |scope: &Scope| CLASSES.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope)).map(|(_, class)| *class);
    scopes.as_slice().iter().rev().find_map(of).unwrap_or("")
}

/// Text in spans, neighbours of one class joined.
#[derive(Default)]
struct Spans {
    out: String,
    open: &'static str,
    /// White space that belongs to the open span only if that goes on after it.
    gap: String,
}

impl Spans {
    fn push(&mut self, text: &str, class: &'static str) {
        if text.trim().is_empty() {
            return self.gap.push_str(text);
        }
        if class != self.open {
            self.close();
            if !class.is_empty() {
                self.out.push_str("<span class=\"hl-");
                self.out.push_str(class);
                self.out.push_str("\">");
            }
            self.open = class;
        }
        self.out.push_str(&std::mem::take(&mut self.gap));
        escape(&mut self.out, text);
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.out.push_str("</span>");
            self.open = "";
        }
        self.out.push_str(&std::mem::take(&mut self.gap));
    }

    fn finish(mut self) -> String {
        self.close();
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(code: &str, language: &str) -> Option<String> {
        Grammars::default().spans(code, language)
    }

    fn without_tags(html: &str) -> String {
        let pieces = crate::content::raw_html::pieces(html);
        let text = pieces.filter_map(|piece| match piece {
            crate::content::raw_html::Piece::Text(text) => Some(text.to_owned()),
            _ => None,
        });
        crate::content::address::decoded(&text.collect::<String>()).into_owned()
    }

    #[test]
    fn code_is_coloured_and_stays_itself() {
        let code = "// add <one>\nfn add(x: u32) -> u32 {\n    x + 1 // \"&\"\n}\n";
        let html = spans(code, "rust").unwrap();
        assert!(html.contains("<span class=\"hl-comment\">// add &lt;one&gt;"), "{html}");
        assert!(html.contains("<span class=\"hl-number\">1</span>"), "{html}");
        assert!(html.contains("<span class=\"hl-function\">add</span>"), "{html}");
        assert_eq!(without_tags(&html), code);
    }

    #[test]
    fn the_usual_languages_are_known() {
        for language in [
            "rust",
            "rs",
            "toml",
            "yaml",
            "json",
            "js",
            "ts",
            "tsx",
            "python",
            "py",
            "go",
            "c",
            "cpp",
            "java",
            "bash",
            "sh",
            "html",
            "css",
            "sql",
            "diff",
            "dockerfile",
            "md",
            "ruby",
            "php",
            "kotlin",
            "swift",
            "nix",
            "lua",
            "zig",
            "make",
        ] {
            assert!(spans("x = 1\n", language).is_some(), "{language}");
        }
        assert_eq!(spans("x", "no such language"), None);
        assert_eq!(spans("x", "text"), None);
    }

    #[test]
    fn what_would_take_long_is_left_plain() {
        assert_eq!(spans(&"x\n".repeat(MAX_BLOCK), "rust"), None);
        assert_eq!(spans(&"x".repeat(MAX_LINE + 1), "rust"), None);
    }
}
