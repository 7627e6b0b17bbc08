//! Emoji by their names on GitHub, `:owl:`.

use std::borrow::Cow;

/// Longest name, in bytes.
const MAX_NAME: usize = 50;

/// The text with emoji in place of their names; names that no emoji has stay.
pub fn named(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut plain, mut from) = (0, 0);
    while let Some(start) = text.get(from..).and_then(|rest| rest.find(':')).map(|at| from + at) {
        from = start + 1;
        let Some((emoji, end)) = emoji(text, start) else { continue };
        out.push_str(text.get(plain..start).unwrap_or_default());
        out.push_str(emoji);
        (plain, from) = (end, end);
    }
    if plain == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    Cow::Owned(out)
}

/// The emoji whose name stands between the colon at `start` and another, and where it ends. Times
/// and paths (`10:30:45`, `a::b::c`) have colons too, so no letter, digit or colon may touch the name.
fn emoji(text: &str, start: usize) -> Option<(&'static str, usize)> {
    let touches = |c: char| c.is_alphanumeric() || c == ':';
    if text.get(..start)?.ends_with(touches) {
        return None;
    }
    let rest = text.get(start + 1..)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_+-".contains(byte);
    let length = rest.bytes().take(MAX_NAME).take_while(|byte| is_name(byte)).count();
    let (name, tail) = rest.split_at_checked(length)?;
    let tail = tail.strip_prefix(':')?;
    if length == 0 || tail.starts_with(touches) {
        return None;
    }
    let emoji = emojis::get_by_shortcode(name)?;
    Some((emoji.as_str(), start + length + 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_become_emoji() {
        assert_eq!(named("A :fox_face:, :+1: and (:tada:)."), "A 🦊, 👍 and (🎉).");
        assert_eq!(named(":snail::snail:"), ":snail::snail:");
        for text in ["at 10:30:45", "std::io::Error", ":nosuch:", ":", "::", ": owl :", "a:owl:", ":owl:s", ":OWL:"] {
            assert_eq!(named(text), text);
        }
    }

    proptest! {
        #[test]
        fn nothing_else_changes(text in "[a-c: é1]{0,40}") {
            let shown = named(&text);
            prop_assert!(text.chars().filter(|c| *c != ':').count() >= shown.chars().filter(|c| *c != ':' && c.is_ascii()).count());
        }
    }
}
