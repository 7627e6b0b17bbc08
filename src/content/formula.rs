//! Formulas in TeX: where they stand in Markdown, and what they are in MathML.

use crate::content::prepared::Edit;
use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::{Parser, Storage};
use std::ops::Range;

/// Longest formula that is set, in bytes; a longer one is shown as code.
const MAX_FORMULA: usize = 4_000;

/// A formula on lines of its own: the lines with `$$` around it.
pub struct Block {
    pub open: Range<usize>,
    pub close: Range<usize>,
}

impl Block {
    /// Whether a place lies between the two.
    pub fn contains(&self, place: &Range<usize>) -> bool {
        self.open.start <= place.start && place.end <= self.close.end
    }
}

/// The formula in MathML; `None` if it is not TeX that is understood.
pub fn mathml(tex: &str, is_block: bool) -> Option<String> {
    if tex.len() > MAX_FORMULA {
        return None;
    }
    let storage = Storage::new();
    let events: Vec<_> = Parser::new(tex, &storage).collect::<Result<_, _>>().ok()?;
    let display_mode = if is_block { DisplayMode::Block } else { DisplayMode::Inline };
    let config = RenderConfig { display_mode, ..RenderConfig::default() };
    let mut markup = String::new();
    let events = events.into_iter().map(Ok::<_, std::convert::Infallible>);
    pulldown_latex::push_mathml(&mut markup, events, config).ok()?;
    Some(markup)
}

/// The formulas between lines that hold `$$` and nothing else.
pub fn blocks(source: &str, code: &[Range<usize>]) -> Vec<Block> {
    let mut found = Vec::new();
    if !source.contains("$$") {
        return found;
    }
    let mut open: Option<Range<usize>> = None;
    let (mut at, mut code) = (0, code.iter().peekable());
    for line in source.split_inclusive('\n') {
        let start = at;
        at += line.len();
        while code.next_if(|block| block.end <= start).is_some() {}
        if open.is_none() && code.peek().is_some_and(|block| block.contains(&start)) {
            continue;
        }
        // A fence of its own, or another block, ends the search for the end.
        if line.contains("```") {
            open = None;
        }
        let Some(dollars) =
            line.trim_end().strip_suffix("$$").filter(|before| before.chars().all(|c| matches!(c, ' ' | '>')))
        else {
            continue;
        };
        let place = start + dollars.len()..start + dollars.len() + 2;
        match open.take() {
            Some(open) => found.push(Block { open, close: place }),
            None => open = Some(place),
        }
    }
    found
}

/// A fenced block in place of one between dollars: no line of it can be taken for a list or a heading.
pub fn fence(block: &Block) -> [Edit; 2] {
    [(block.open.clone(), "```math"), (block.close.clone(), "```")]
}

/// A run of one or two dollars in text.
struct Dollars {
    at: usize,
    count: usize,
}

/// Puts a backslash before each dollar that neither begins nor ends a formula.
pub fn hide_dollars(source: &str, texts: impl Iterator<Item = Range<usize>>, blocks: &[Block], edits: &mut Vec<Edit>) {
    let mut runs: Vec<Dollars> = Vec::new();
    for text in texts {
        for (at, _) in source.get(text.clone()).unwrap_or_default().match_indices('$') {
            let at = text.start + at;
            let is_escaped = at == text.start && source.get(..at).is_some_and(|head| head.ends_with('\\'));
            match runs.last_mut() {
                _ if is_escaped => {}
                Some(run) if run.at + run.count == at => run.count += 1,
                _ => runs.push(Dollars { at, count: 1 }),
            }
        }
    }
    let mut block = blocks.iter().peekable();
    let mut runs = runs.iter().peekable();
    while let Some(run) = runs.next() {
        while block.next_if(|block| block.close.end <= run.at).is_some() {}
        if block.peek().is_some_and(|block| block.open.start <= run.at) {
            continue;
        }
        if runs.peek().is_some_and(|close| is_formula(source, run, close)) {
            runs.next();
        } else {
            edits.extend((run.at..run.at + run.count).map(|at| (at..at, "\\")));
        }
    }
}

/// Whether a formula stands between two runs of dollars.
fn is_formula(source: &str, open: &Dollars, close: &Dollars) -> bool {
    let inner = source.get(open.at + open.count..close.at).unwrap_or_default();
    if open.count != close.count || open.count > 2 || inner.trim().is_empty() || inner.contains("\n\n") {
        return false;
    }
    if open.count == 2 {
        return true;
    }
    let before = source.get(..open.at).and_then(|head| head.chars().next_back());
    let after = source.get(close.at + 1..).and_then(|rest| rest.chars().next());
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_tight = !inner.starts_with(char::is_whitespace) && !inner.ends_with(char::is_whitespace);
    let looks_like = !inner.contains(char::is_whitespace)
        || inner.contains(['\\', '^', '_', '=', '{', '+', '<', '>', '*', '/', '|']);
    is_tight && looks_like && !is_word(before) && !is_word(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tex_becomes_mathml() {
        assert_eq!(
            mathml("x^2", false).as_deref(),
            Some("<math display=\"inline\"><msup><mi>x</mi><mn>2</mn></msup></math>")
        );
        assert!(mathml(r"\frac{a}{b}", true).is_some_and(|markup| markup.contains("<mfrac>")));
        for bad in [r"\frac{a", r"\nosuchthing", "}", &"x".repeat(5_000)] {
            assert_eq!(mathml(bad, false), None, "{bad}");
        }
    }

    #[test]
    fn hostile_formulas_end() {
        for unit in
            ["{", "}", "\\", "^", "_", "x^{", r"\frac", r"\left(", r"\begin{matrix}", "&", "$", "<b>", r"\text{"]
        {
            let _ = mathml(&unit.repeat(MAX_FORMULA / unit.len()), true);
        }
    }
}
