//! Flattens absurdly deep quotes and lists, on one line or by indentation, before the parser counts them.
//!
//! CommonMark looks at every open container again on each line, so depth times lines is work: a
//! few hundred kilobytes of `> > > …` above short lines would keep a core busy for a minute. What
//! the writer would flatten afterwards anyway is left out before.

use std::borrow::Cow;

/// Deepest nesting that is kept, also across lines: an item that stands in another is indented by two columns at least.
const MAX_DEPTH: usize = 100;

/// The source without the markers beyond the limit; borrowed where no line has that many.
pub fn flattened(source: &str) -> Cow<'_, str> {
    if !source.lines().any(|line| excess(line).is_some()) {
        return Cow::Borrowed(source);
    }
    let mut flat = String::with_capacity(source.len());
    for line in source.split_inclusive('\n') {
        match excess(line) {
            Some((keep, resume)) => {
                flat.push_str(line.get(..keep).unwrap_or(line));
                flat.push_str(line.get(resume..).unwrap_or(""));
            }
            None => flat.push_str(line),
        }
    }
    Cow::Owned(flat)
}

/// Where the markers beyond the limit begin and end in a line.
fn excess(line: &str) -> Option<(usize, usize)> {
    let bytes = line.as_bytes();
    let (mut at, mut markers, mut columns, mut keep) = (0, 0, 0, None);
    while let Some(length) = marker(bytes.get(at..).unwrap_or_default()) {
        match bytes.get(at) {
            Some(b' ') => columns += 1,
            Some(b'\t') => columns += 4,
            _ => {
                markers += 1;
                // One of the columns may be the space behind each marker.
                if markers + usize::saturating_sub(columns, markers) / 2 > MAX_DEPTH {
                    keep.get_or_insert(at);
                }
            }
        }
        at += length;
    }
    keep.map(|keep| (keep, at))
}

/// Length of a space or of a marker (CommonMark, sections 5.1 and 5.2) at the beginning.
fn marker(bytes: &[u8]) -> Option<usize> {
    let space = |at: usize| matches!(bytes.get(at), Some(b' ' | b'\t'));
    match bytes.first()? {
        b' ' | b'\t' | b'>' => Some(1),
        b'-' | b'*' | b'+' if space(1) => Some(1),
        b'0'..=b'9' => {
            let digits = bytes.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
            let list = matches!(bytes.get(digits), Some(b'.' | b')')) && space(digits + 1);
            list.then_some(digits + 1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in
            ["", "> > - 1. a\n", "---\n", "* * *\n", "  indented\n> quote\r\n- list\n1986. A year\n", "日本 > x"]
        {
            assert!(matches!(flattened(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn depth_is_cut_across_lines_too() {
        let text: String = (0..1_000).map(|depth| format!("{}- x{depth}\n", "  ".repeat(depth))).collect();
        let flat = flattened(&text).into_owned();
        let deepest = flat.lines().filter(|line| line.trim_start().starts_with("- ")).count();
        assert_eq!((deepest, flat.lines().count()), (MAX_DEPTH + 1, 1_000));
        assert!((0..1_000).all(|depth| flat.contains(&format!("x{depth}\n"))));
        let by_hundreds: String = (0..9).map(|step| " ".repeat(step * 200) + &"- ".repeat(100) + "x\n").collect();
        assert!(flattened(&by_hundreds).matches("- ").count() < 300);
    }

    #[test]
    fn absurd_depth_is_cut_and_the_text_kept() {
        for unit in ["> ", ">", "- ", "* > ", "1. ", "12) "] {
            let flat = flattened(&format!("a\n{}text > here\nb", unit.repeat(50_000))).into_owned();
            assert!(flat.starts_with("a\n") && flat.ends_with("text > here\nb"), "{unit}");
            assert!(flat.len() < 1_000, "{unit}: {}", flat.len());
        }
    }
}
