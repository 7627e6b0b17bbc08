//! The line that a tag stands on, and lines without what begins them.

use std::ops::Range;

/// Where a tag stands.
pub struct Line<'a> {
    /// What stands before it on its line.
    pub prefix: &'a str,
    /// Whether only white space, quotation marks or the sign of a list do, and nothing behind it.
    pub alone: bool,
}

impl<'a> Line<'a> {
    pub fn around(text: &'a str, place: &Range<usize>) -> Line<'a> {
        let before = text.get(..place.start).unwrap_or_default();
        let prefix = before.rsplit('\n').next().unwrap_or_default();
        let after = text.get(place.end..).unwrap_or_default().lines().next().unwrap_or_default();
        let begins = prefix.chars().all(|c| matches!(c, ' ' | '\t' | '>')) || is_marker(prefix.trim());
        Line { prefix, alone: begins && after.trim().is_empty() }
    }

    /// The lines of a tag's content without what begins its own.
    pub fn dedented(&self, inner: &str) -> String {
        let prefix = self.prefix;
        let strip = |line: &str| {
            let blank = |text: &str| text.chars().all(|c| matches!(c, ' ' | '\t'));
            match line.split_at_checked(prefix.len()) {
                Some((begin, rest)) if begin == prefix || blank(begin) => rest.to_owned(),
                _ if !prefix.trim().is_empty() && line.trim_end() == prefix.trim_end() => String::new(),
                _ => line.trim_start_matches([' ', '\t']).to_owned(),
            }
        };
        if prefix.is_empty() { inner.to_owned() } else { inner.lines().map(strip).collect::<Vec<_>>().join("\n") }
    }
}

/// Whether it begins an item of a list.
fn is_marker(text: &str) -> bool {
    matches!(text, "-" | "*" | "+")
        || text.strip_suffix(['.', ')']).is_some_and(|digits| {
            !digits.is_empty() && digits.len() < 10 && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// Lines without the white space that all of them begin with: in MDX it means nothing.
pub fn unindented(text: &str) -> String {
    let depth = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let common = text.lines().filter(|line| !line.trim().is_empty()).map(depth).min().unwrap_or(0);
    text.lines().map(|line| line.get(common..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}
