//! Cuts the beginning of a text for lists and for search engines.

use crate::domain::text;

/// Length of a summary, in characters.
const LENGTH: usize = 280;

/// The first 280 characters or so of a plain text, cut between words, with “…” where cut.
pub fn summary(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > LENGTH * 8 {
            break;
        }
    }
    let head = text::beginning(&words, LENGTH);
    if head.len() == words.len() {
        return words;
    }
    let cut = head.trim_end_matches(|c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | ':' | '.' | '–' | '—' | '-' | '(' | '…')
    });
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_stay_and_long_ones_end_at_a_word() {
        assert_eq!(summary("  A  short\ntext. "), "A short text.");
        assert_eq!(summary(""), "");
        let long = "word ".repeat(100);
        let cut = summary(&long);
        assert!(cut.ends_with("word…"), "{cut}");
        assert!((240..=281).contains(&cut.chars().count()));
    }

    #[test]
    fn scripts_without_spaces_are_cut_anywhere() {
        let cut = summary(&"日本語".repeat(200));
        assert_eq!(cut.chars().count(), LENGTH + 1);
        assert!(summary(&"x".repeat(100_000)).len() < 400);
    }

    #[test]
    fn no_cluster_is_cut() {
        let family = "👨\u{200D}👩\u{200D}👧";
        assert_eq!(summary(&("xx".to_owned() + &family.repeat(100))), "xx".to_owned() + &family.repeat(55) + "…");
    }
}
