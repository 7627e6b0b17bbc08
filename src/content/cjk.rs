//! Lets emphasis begin and end beside East Asian punctuation, which stands without spaces.
//!
//! By CommonMark (section 6.2) the second `**` of `**真。**她` closes nothing, because punctuation stands
//! before it and a letter behind it. The rule that the CommonMark community found for such languages
//! (issue 650, "CJK-friendly emphasis") is: next to an East Asian character, punctuation counts as a letter.
//! The parser has no option for it, so a character that the parser takes for a letter is put between the
//! punctuation and the stars, and taken out of what the parser gives.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Tag};
use unicode_normalization::char::is_combining_mark;

/// Characters that are never part of a text (Unicode, section 23.7).
const NONCHARACTERS: std::ops::RangeInclusive<char> = '\u{FDD0}'..='\u{FDEF}';

/// The text with letters put in where they are needed, and the letter; `None` if it needs none.
pub fn lettered(source: &str) -> Option<(String, char)> {
    let places = places(source);
    let letter = NONCHARACTERS.clone().find(|letter| !source.contains(*letter)).filter(|_| !places.is_empty())?;
    let mut text = String::with_capacity(source.len() + places.len() * letter.len_utf8());
    let mut from = 0;
    for at in places {
        text.push_str(source.get(from..at).unwrap_or_default());
        text.push(letter);
        from = at;
    }
    text.push_str(source.get(from..).unwrap_or_default());
    Some((text, letter))
}

/// An event of the parser without the letter.
pub fn cleaned(event: Event<'_>, letter: char) -> Event<'_> {
    let clean = |text: CowStr<'_>| CowStr::from(text.replace(letter, ""));
    let tag = match event {
        Event::Text(text) => return Event::Text(clean(text)),
        Event::Code(text) => return Event::Code(clean(text)),
        Event::Html(html) => return Event::Html(clean(html)),
        Event::InlineHtml(html) => return Event::InlineHtml(clean(html)),
        Event::InlineMath(tex) => return Event::InlineMath(clean(tex)),
        Event::DisplayMath(tex) => return Event::DisplayMath(clean(tex)),
        Event::FootnoteReference(label) => return Event::FootnoteReference(clean(label)),
        Event::Start(tag) => tag,
        other => return other,
    };
    Event::Start(match tag {
        Tag::Heading { level, id, classes, attrs } => Tag::Heading { level, id: id.map(clean), classes, attrs },
        Tag::CodeBlock(CodeBlockKind::Fenced(info)) => Tag::CodeBlock(CodeBlockKind::Fenced(clean(info))),
        Tag::FootnoteDefinition(label) => Tag::FootnoteDefinition(clean(label)),
        Tag::Link { link_type, dest_url, title, id } => {
            Tag::Link { link_type, dest_url: clean(dest_url), title: clean(title), id }
        }
        Tag::Image { link_type, dest_url, title, id } => {
            Tag::Image { link_type, dest_url: clean(dest_url), title: clean(title), id }
        }
        other => other,
    })
}

/// Where stars or double tildes stand between an East Asian character and punctuation.
fn places(source: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(found) = source.get(from..).and_then(|rest| rest.find(['*', '~', '\\'])) {
        let start = from + found;
        let rest = source.get(start..).unwrap_or_default();
        let mark = rest.chars().next().unwrap_or('*');
        if mark == '\\' {
            // What is escaped is no mark.
            from = start + 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
            continue;
        }
        let run = rest.len() - rest.trim_start_matches(mark).len();
        from = start + run;
        if mark == '*' || run == 2 {
            places.extend(place(source, start, from));
        }
    }
    places
}

/// Where a letter is needed beside the marks from `start` to `end`: on the side of the punctuation.
fn place(source: &str, start: usize, end: usize) -> Option<usize> {
    let head = source.get(..start)?;
    let (before, after) = (head.chars().next_back()?, source.get(end..)?.chars().next()?);
    let line = head.rsplit('\n').next().unwrap_or_default();
    let is_structure = before == '|' || after == '|' || line.chars().all(|c| matches!(c, '>' | ' '));
    let is_beside_space = before.is_whitespace() || after.is_whitespace();
    let (left, right) = (is_punctuation(before), is_punctuation(after));
    if is_structure || is_beside_space || left == right || !(is_east_asian(before) || is_east_asian(after)) {
        return None;
    }
    Some(if left { start } else { end })
}

fn is_punctuation(c: char) -> bool {
    !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control() && !is_combining_mark(c)
}

/// Letters and punctuation of Chinese, Japanese and Korean, in blocks.
fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{2E80}'..='\u{303E}' | '\u{3040}'..='\u{A4CF}' | '\u{A960}'..='\u{A97F}' | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{FE10}'..='\u{FE1F}' | '\u{FE30}'..='\u{FE6F}' | '\u{FF01}'..='\u{FFEE}' | '\u{16FE0}'..='\u{18DFF}' | '\u{1AFF0}'..='\u{1B16F}' | '\u{20000}'..='\u{3FFFD}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(source: &str) -> String {
        lettered(source).map_or_else(|| source.to_owned(), |(text, letter)| text.replace(letter, "·"))
    }

    #[test]
    fn letters_stand_between_punctuation_and_marks() {
        assert_eq!(shown("**夜。**朝"), "**夜。·**朝");
        assert_eq!(shown("朝**「夜」**朝"), "朝**·「夜」·**朝");
        assert_eq!(shown("朝**\"a\"**朝"), "朝**·\"a\"·**朝");
        assert_eq!(shown("~~夜。~~朝"), "~~夜。·~~朝");
        assert_eq!(shown("**밤!**은"), "**밤!·**은");
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "**a.**b",
            "**夜**朝",
            "**夜。** 朝",
            r"夜。\*朝",
            "* 夜",
            "> **夜",
            "|**夜。**|朝|",
            "_夜。_朝",
            "夜。~朝",
            "a*",
            "**",
        ] {
            assert_eq!(lettered(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_letters_come_out_again(text in "[*~\\\\ 。，（）夜a.|>\n\u{FDD0}\u{FDD1}]{0,60}") {
            if let Some((lettered, letter)) = lettered(&text) {
                prop_assert!(!text.contains(letter));
                prop_assert_eq!(lettered.replace(letter, ""), text);
            }
        }
    }
}
