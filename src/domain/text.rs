//! Rules for short texts that people type: names, titles, descriptions.

use crate::error::Checked;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// How many characters before the limit a cut may fall to end at a word.
const WORD: usize = 40;
/// Longest grapheme cluster that a cut leaves whole, in bytes.
const MAX_CLUSTER: usize = 256;

/// One line of text in NFC with the ends trimmed and inner white space collapsed.
///
/// Refuses control characters, characters that reorder the text around them, text in which nothing
/// can be seen, and more than `max` characters.
pub fn line(text: &str, max: usize) -> Checked<String> {
    let line = optional_line(text, max)?;
    if line.is_empty() {
        return Err("Please fill this in.".into());
    }
    Ok(line)
}

/// Like `line`, but may be empty.
pub fn optional_line(text: &str, max: usize) -> Checked<String> {
    if text.len() > max.saturating_mul(16).saturating_add(1024) {
        return Err(too_long(max));
    }
    let text: String = text.chars().filter(|c| !is_useless(*c)).collect();
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect();
    if text.chars().any(|c| c.is_control() || is_reordering(c)) {
        return Err("Please remove the control characters and those that reverse the direction of the text.".into());
    }
    if text.chars().count() > max {
        return Err(too_long(max));
    }
    Ok(if is_blank(&text) { String::new() } else { text })
}

/// Several lines of text with line ends as `\n`, at most `max` characters; may be empty.
pub fn block(text: &str, max: usize) -> Checked<String> {
    let text = unix_lines(text);
    let count = text.chars().count();
    if count > max {
        return Err(format!("Please shorten this: at most {max} characters, and it has {count}.").into());
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err("Please remove the control characters.".into());
    }
    Ok(text)
}

/// A text with line ends as `\n`.
pub fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// A line from a file: without what `line` refuses, and cut to `max` characters.
pub fn tidied(text: &str, max: usize) -> String {
    let text: String = text.chars().filter(|c| c.is_whitespace() || !c.is_control() && !is_reordering(*c)).collect();
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect();
    beginning(&text, max).to_owned()
}

/// A piece of a title: code if it stands between backticks (CommonMark, section 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    pub text: &'a str,
    pub is_code: bool,
}

/// A title in pieces of code and of other text.
pub fn pieces(title: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut plain, mut from) = (0, 0);
    let run = |at: usize| title.bytes().skip(at).take_while(|byte| *byte == b'`').count();
    while let Some(open) = title.get(from..).and_then(|rest| rest.find('`')).map(|at| from + at) {
        let count = run(open);
        let inner = open + count;
        let close = title
            .match_indices('`')
            .map(|(at, _)| at)
            .find(|at| *at > inner && run(*at) == count && !title.get(..*at).is_some_and(|head| head.ends_with('`')));
        from = inner;
        let Some(close) = close else { continue };
        if let Some(text) = title.get(plain..open).filter(|text| !text.is_empty()) {
            pieces.push(Piece { text, is_code: false });
        }
        let text = title.get(inner..close).unwrap_or_default();
        let padded =
            text.strip_prefix(' ').and_then(|text| text.strip_suffix(' ')).filter(|text| !text.trim().is_empty());
        pieces.push(Piece { text: padded.unwrap_or(text), is_code: true });
        from = close + count;
        plain = from;
    }
    if let Some(text) = title.get(plain..).filter(|text| !text.is_empty()) {
        pieces.push(Piece { text, is_code: false });
    }
    pieces
}

/// A title without the backticks of its code, for where it is plain text.
pub fn plain_title(title: &str) -> Cow<'_, str> {
    if title.contains('`') { pieces(title).iter().map(|piece| piece.text).collect() } else { Cow::Borrowed(title) }
}

/// Whether nothing of the text can be seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_hidden(c))
}

/// Control characters and characters without a glyph of their own. Some of them are needed inside a
/// text, such as joiners in Persian and direction marks in Hebrew; none belongs in an address.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Embeddings, overrides and isolates (UAX #9, section 2): without their end they reorder whatever
/// follows on the page. The marks U+200E, U+200F and U+061C do not.
pub fn is_reordering(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// What is left over from files and old encodings: byte order marks, deprecated format characters,
/// annotation marks, fillers.
fn is_useless(c: char) -> bool {
    matches!(c, '\u{17B4}' | '\u{17B5}' | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}')
}

/// The beginning of a text, at most `max` characters, that ends with a word where one ends near,
/// and never inside a grapheme cluster (UAX #29).
pub fn beginning(text: &str, max: usize) -> &str {
    let Some((limit, next)) = text.char_indices().nth(max) else { return text };
    let (head, _) = text.split_at(limit);
    if next.is_whitespace() {
        return head.trim_end();
    }
    let near = head.char_indices().nth_back(WORD.saturating_sub(1)).map_or(0, |(at, _)| at);
    let space = head.rfind(char::is_whitespace).filter(|at| *at >= near);
    let word = || text.split_word_bound_indices().map(|(at, _)| at).take_while(|at| *at <= limit).last();
    let end = space.or_else(|| word().filter(|at| *at > near)).unwrap_or_else(|| cluster_start(text, limit));
    head.get(..end).unwrap_or(head).trim_end()
}

/// The last place at or before `at`, a boundary of characters, where a grapheme cluster begins.
pub fn cluster_start(text: &str, at: usize) -> usize {
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    if cursor.is_boundary(text, 0).unwrap_or(true) {
        return at;
    }
    let start = cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(0);
    if start == 0 || at - start > MAX_CLUSTER { at } else { start }
}

fn too_long(max: usize) -> Cow<'static, str> {
    format!("Please shorten this to at most {max} characters.").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hidden_characters_are_refused_and_space_is_tidied() {
        assert_eq!(line("  Ada \t Lovelace ", 40), Ok("Ada Lovelace".into()));
        assert!(line("a\u{0}b", 40).is_err());
        assert!(line("   ", 40).is_err());
        assert!(line(&"x".repeat(41), 40).is_err());
        assert_eq!(block("a\r\nb\rc", 40), Ok("a\nb\nc".into()));
        assert!(block("a\u{7}", 40).is_err());
    }

    #[test]
    fn marks_that_writing_needs_stay_and_those_that_reorder_are_refused() {
        for text in [
            "מדריך ל-C++\u{200E}",
            "שלום!\u{200F}",
            "می\u{200C}خواهم",
            "ශ්\u{200D}රී",
            "\u{61C}١+٢",
            "Donau\u{AD}dampf",
            "👩\u{200D}🚀",
        ] {
            assert_eq!(line(text, 40).as_deref(), Ok(text));
        }
        for mark in ('\u{202A}'..='\u{202E}').chain('\u{2066}'..='\u{2069}') {
            assert!(line(&format!("a{mark}b"), 40).is_err(), "{mark:?}");
        }
        assert_eq!(line("\u{FEFF}Ada", 40), Ok("Ada".into()));
        for nothing in ["\u{200E}", "\u{FEFF} \u{200B}", "\u{2800}", "\u{3164}"] {
            assert!(line(nothing, 40).is_err(), "{nothing:?}");
        }
    }

    #[test]
    fn a_line_from_a_file_loses_what_would_be_refused() {
        assert_eq!(tidied(" a\u{202E}b\u{1}\n\u{200F}c ", 40), "ab \u{200F}c");
        assert_eq!(tidied("two words", 5), "two");
    }

    #[test]
    fn titles_have_code_in_them() {
        let shown = |title| {
            pieces(title)
                .iter()
                .map(|piece| if piece.is_code { format!("<{}>", piece.text) } else { piece.text.into() })
                .collect::<String>()
        };
        assert_eq!(shown("Use `dyn` and ``a`b``"), "Use <dyn> and <a`b>");
        assert_eq!(shown("`` ` `` is a backtick"), "<`> is a backtick");
        for text in ["", "plain", "a ` b", "``a`", "```"] {
            assert_eq!((shown(text).as_str(), &*plain_title(text)), (text, text));
        }
        assert_eq!(plain_title("The `?` operator"), "The ? operator");
    }

    #[test]
    fn limits_count_characters() {
        assert!(block(&"日".repeat(40), 40).is_ok());
        assert!(block(&"日".repeat(41), 40).is_err());
        assert!(line(&"🦉".repeat(40), 40).is_ok());
        assert!(line(&"🦉".repeat(41), 40).is_err());
    }

    #[test]
    fn a_cut_falls_between_words_or_clusters() {
        assert_eq!(beginning("short", 10), "short");
        assert_eq!(beginning("two words here", 9), "two words");
        assert_eq!(beginning("two words here", 12), "two words");
        assert_eq!(beginning(&"x".repeat(100), 50), "x".repeat(50));
        assert_eq!(beginning("フクロウは夜に鳴く", 6), "フクロウは夜");
        assert_eq!(beginning("フクロウは夜に鳴く", 3), "フクロ");
        assert_eq!(beginning(&"👩\u{200D}👧".repeat(4), 10), "👩\u{200D}👧".repeat(3));
        assert_eq!(beginning("🇯🇵🇫🇷🇩🇪", 3), "🇯🇵");
        assert_eq!(beginning("नमस्ते", 4), "नम");
    }

    proptest! {
        #[test]
        fn a_cut_is_a_beginning_of_whole_clusters(text in "[ a-c日本👩👧🇯🇫é\u{200D}\u{301}\u{93f}]{0,80}", max in 1usize..60) {
            let cut = beginning(&text, max);
            prop_assert!(text.starts_with(cut));
            prop_assert!(cut.chars().count() <= max);
            let whole = text.grapheme_indices(true).any(|(at, _)| at == cut.len()) || cut.len() == text.len();
            // A cluster longer than the limit has to be cut.
            let first = text.graphemes(true).next().map_or(0, |cluster| cluster.chars().count());
            prop_assert!(whole || first > max || cut.len() < text.trim_end().len() && cut.trim_end() == cut);
        }

        #[test]
        fn a_title_loses_nothing_but_backticks_and_spaces(title in "[ab `]{0,40}") {
            let without = |text: &str| text.replace([' ', '`'], "");
            prop_assert_eq!(without(&plain_title(&title)), without(&title));
        }

        #[test]
        fn what_a_line_gives_it_takes_again(text: String) {
            if let Ok(once) = optional_line(&text, 200) {
                prop_assert_eq!(optional_line(&once, 200), Ok(once.clone()));
                prop_assert!(once.is_empty() || !is_blank(&once));
            }
        }
    }
}
