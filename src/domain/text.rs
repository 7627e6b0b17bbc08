//! Rules for short texts that people type: names, titles, descriptions.

use crate::error::Checked;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// One line of text in NFC with the ends trimmed and inner white space collapsed.
///
/// Refuses control and bidirectional formatting characters (they can make a name look like
/// another or reorder the page around it), empty text and more than `max` characters.
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
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect();
    if text.chars().any(is_hidden) {
        return Err("Please remove the control or direction characters.".into());
    }
    if text.chars().count() > max {
        return Err(too_long(max));
    }
    Ok(text)
}

/// Several lines of text in NFC, line ends as `\n`, at most `max` bytes; may be empty.
pub fn block(text: &str, max: usize) -> Checked<String> {
    if text.len() > max {
        return Err(format!("Please shorten this: at most {max} bytes, and it has {}.", text.len()).into());
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err("Please remove the control characters.".into());
    }
    Ok(text)
}

/// Control characters, and the marks that change the direction of what follows (Unicode UAX #9,
/// section 2) or have no width.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{061C}' | '\u{FFF9}'..='\u{FFFB}')
}

fn too_long(max: usize) -> Cow<'static, str> {
    format!("Please shorten this to at most {max} characters.").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_refused_and_space_is_tidied() {
        assert_eq!(line("  Ada \t Lovelace ", 40), Ok("Ada Lovelace".into()));
        assert!(line("ada\u{202E}nimda", 40).is_err());
        assert!(line("a\u{0}b", 40).is_err());
        assert!(line("   ", 40).is_err());
        assert!(line(&"x".repeat(41), 40).is_err());
        assert_eq!(block("a\r\nb\rc", 40), Ok("a\nb\nc".into()));
        assert!(block("a\u{7}", 40).is_err());
    }
}
