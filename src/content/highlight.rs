//! Colours code on the server: spans with classes, so that both colour schemes are style sheets.
//!
//! Some twenty scopes are mapped to a dozen classes (`hl-comment`, `hl-string`, ...) instead of
//! printing every scope of the grammar: the page stays small and a theme stays short.

use crate::content::attribute::escape;
use crate::content::budget::Budget;
use crate::content::languages;
use std::cell::RefCell;
use std::sync::LazyLock;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

/// Blocks that are larger, or have longer lines, stay plain; both in bytes. Nobody reads such code on a page.
pub const MAX_BLOCK: usize = 64 * 1024;
const MAX_LINE: usize = 1_000;
/// Grammars that are kept compiled. One takes up to 25 MB.
const KEPT: usize = 4;

/// The grammars used last, compiled as far as they were needed.
///
/// Each has a copy of the whole set, because a set never frees what it has compiled. Reading a copy takes a
/// millisecond or two; compiling a grammar takes ten times as long, so share a `Grammars` between texts that are
/// rendered one after the other, and drop it afterwards.
///
/// The grammars come from `two-face`, in the format of bincode 1, which nobody maintains any more
/// (RUSTSEC-2025-0141). syntect needs it for that alone, and reads only what is compiled into the program, never
/// input. syntect replaces it upstream (pull request 694); update when a release has that.
#[derive(Default)]
pub struct Grammars(RefCell<Vec<(&'static str, SyntaxSet)>>);

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
    /// no grammar called `language`, or coloring the code is too much work.
    pub fn spans(&self, code: &str, language: &str, budget: &mut Budget) -> Option<String> {
        let name = languages::grammar(language, code)?;
        if code.len() > MAX_BLOCK || code.lines().any(|line| line.len() > MAX_LINE) || !budget.takes(code, name) {
            return None;
        }
        let mut kept = self.0.try_borrow_mut().ok()?;
        let at = match kept.iter().position(|(known, _)| *known == name) {
            Some(at) => at,
            None => {
                if kept.len() >= KEPT {
                    kept.remove(0);
                }
                kept.push((name, two_face::syntax::extra_newlines()));
                kept.len() - 1
            }
        };
        // The one used last stands last.
        let from = kept.get_mut(at..)?;
        from.rotate_left(1);
        let (_, set) = kept.last()?;
        coloured(code, name, set, budget)
    }

    /// Frees the memory that the grammars take.
    pub fn release(&self) {
        self.0.take();
    }
}

fn coloured(code: &str, name: &str, set: &SyntaxSet, budget: &mut Budget) -> Option<String> {
    let mut state = ParseState::new(set.find_syntax_by_name(name)?);
    let mut scopes = ScopeStack::new();
    let mut out = Spans::default();
    for line in code.split_inclusive('\n') {
        if budget.is_late() {
            return None;
        }
        let operations = state.parse_line(line, set).ok()?;
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
        Grammars::default().spans(code, language, &mut Budget::default())
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
    fn more_languages_than_are_kept_get_their_colours_each_time() {
        let grammars = Grammars::default();
        let mut budget = Budget::default();
        for language in ["rust", "python", "c", "go", "lua", "ruby", "rust", "python", "lua"] {
            let html = grammars.spans("x = \"a\"\n", language, &mut budget);
            assert!(html.is_some_and(|html| html.contains("hl-string")), "{language}");
            assert!(grammars.0.borrow().len() <= KEPT);
            assert_eq!(grammars.0.borrow().last().map(|kept| kept.0), languages::grammar(language, ""));
        }
        grammars.release();
        assert!(grammars.0.borrow().is_empty());
    }

    #[test]
    fn code_beyond_the_budget_is_plain() {
        let grammars = Grammars::default();
        let mut budget = Budget::default();
        let code = "let x = 1;\n".repeat(4_000);
        let coloured = (0..20).filter(|_| grammars.spans(&code, "rust", &mut budget).is_some()).count();
        assert!((2..10).contains(&coloured), "{coloured}");
        assert!(grammars.spans("let x = 1;\n", "rust", &mut budget).is_some(), "a short block still fits");
    }

    #[test]
    fn what_would_take_long_is_left_plain() {
        assert_eq!(spans(&"x\n".repeat(MAX_BLOCK), "rust"), None);
        assert_eq!(spans(&"x".repeat(MAX_LINE + 1), "rust"), None);
    }
}
