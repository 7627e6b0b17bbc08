//! Patterns of addresses, as `/:year/:month/:title/`, and the forms in which generators put texts into them.

use crate::content::front_matter::Document;
use crate::domain::old_address;
use crate::domain::slug::Slug;
use crate::service::import::dates;
use jiff::civil::DateTime;
use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

/// What a file's old addresses are made from.
pub struct Facts<'a> {
    /// Its path below the folder of the whole site, without ending and mark of language.
    pub path: &'a str,
    pub document: &'a Document,
    pub title: &'a str,
    /// The date as written, and as it is in the zone of the site if that makes another day.
    pub days: &'a [DateTime],
    /// Where the path or the name says it.
    pub language: Option<&'a str>,
}

impl Facts<'_> {
    /// The name of the file without ending; of `owls/index` the folder's.
    pub fn name(&self) -> &str {
        let mut parts = self.path.rsplit('/');
        match parts.next() {
            Some("index") => parts.next().unwrap_or("index"),
            name => name.unwrap_or_default(),
        }
    }

    /// The name without the date that it begins with.
    pub fn bare_name(&self) -> &str {
        let name = self.name();
        dates::of_name(name).map(|(_, rest)| rest).filter(|rest| !rest.is_empty()).unwrap_or(name)
    }

    /// The folders above the file; of `owls/index` those above `owls`.
    pub fn folders(&self) -> Vec<&str> {
        let path = self.path.strip_suffix("/index").unwrap_or(self.path);
        let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        parts.pop();
        parts
    }

    /// The slug of the header, where it has one.
    pub fn slug(&self) -> Option<&str> {
        self.document.slug.as_deref().map(|slug| slug.trim_matches('/')).filter(|slug| !slug.is_empty())
    }

    /// The address of `pattern` for each reading of the date; none where it needs what the file does not have.
    pub fn expand(&self, pattern: &str, value: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let mut paths: Vec<String> = Vec::new();
        let no_day = [None];
        let days: Vec<Option<DateTime>> = self.days.iter().copied().map(Some).collect();
        for day in if days.is_empty() { &no_day[..] } else { &days } {
            let of_token = |token: &str| value(token).or_else(|| day.and_then(|day| of_day(token, day)));
            if let Some(path) = expand(pattern, &of_token).map(|path| plain(&path))
                && !paths.contains(&path)
            {
                paths.push(path);
            }
        }
        paths
    }
}

/// An address in its one form: percent-decoded, in NFC, a slash at its beginning, none doubled.
pub fn plain(path: &str) -> String {
    let decoded: String = percent_decode_str(path).decode_utf8_lossy().nfc().collect();
    let parts: Vec<&str> = decoded.split('/').map(str::trim).filter(|part| !part.is_empty()).collect();
    old_address::plain(&format!("/{}", parts.join("/"))).to_owned()
}

/// Puts values in place of `:tokens`. The longest name that has a value counts.
fn expand(pattern: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(':') {
        out.push_str(rest.get(..at)?);
        rest = rest.get(at + 1..)?;
        let mut length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        if rest.get(length..)?.starts_with('[') {
            length += rest.get(length..)?.find(']')? + 1;
        }
        let (length, text) = (1..=length).rev().find_map(|length| Some((length, value(rest.get(..length)?)?)))?;
        out.push_str(&text);
        rest = rest.get(length..)?;
    }
    out.push_str(rest);
    Some(out)
}

/// The tokens of a date in Jekyll, Hexo and Hugo.
fn of_day(token: &str, day: DateTime) -> Option<String> {
    let format = match token {
        "year" | "2006" => "%Y",
        "short_year" | "06" => "%y",
        "month" | "01" => "%m",
        "i_month" | "1" => "%-m",
        "monthname" | "long_month" | "January" => "%B",
        "short_month" | "Jan" => "%b",
        "day" | "02" => "%d",
        "i_day" | "2" => "%-d",
        "y_day" => "%j",
        "yearday" => "%-j",
        "week" => "%V",
        "w_year" => "%G",
        "w_day" => "%u",
        "weekday" => "%w",
        "weekdayname" | "long_day" => "%A",
        "short_day" => "%a",
        "hour" => "%H",
        "minute" => "%M",
        "second" => "%S",
        "timestamp" => return Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second().to_string()),
        _ => return None,
    };
    Some(day.strftime(format).to_string())
}

/// `strftime` as in Python and Liquid; a wrong format gives nothing.
pub fn strftime(format: &str, day: DateTime) -> Option<String> {
    let mut out = String::new();
    use std::fmt::Write as _;
    write!(out, "{}", day.strftime(format)).ok().map(|()| out)
}

/// Words joined by hyphens: whatever `keeps` does not keep becomes one hyphen.
fn hyphened(text: &str, keeps: impl Fn(char) -> bool) -> String {
    let words: Vec<&str> = text.split(|c: char| !keeps(c)).filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// Jekyll's `slugify` in its mode “pretty”, which leaves the case alone.
pub fn jekyll_pretty(text: &str) -> String {
    let kept = |c: char| is_letter(c) || "._~!$&'()+,;=@-".contains(c);
    hyphened(text, kept).split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// Jekyll's `slugify` in its usual mode.
pub fn jekyll_slug(text: &str) -> String {
    hyphened(&text.to_lowercase(), is_letter)
}

/// Hugo's `urlize`.
pub fn hugo_slug(text: &str) -> String {
    let mut out = String::new();
    let mut gap = false;
    for c in text.to_lowercase().chars() {
        if is_letter(c) || "./\\_#+-~@".contains(c) {
            if gap && c != '-' && !out.ends_with('-') {
                out.push('-');
            }
            gap = false;
            out.push(c);
        } else if c.is_whitespace() && !out.is_empty() {
            gap = true;
        }
    }
    out
}

/// Hexo's `slugize`, which leaves the case alone.
pub fn hexo_slug(text: &str) -> String {
    hyphened(text, |c| !c.is_whitespace() && !c.is_control() && !"~`!@#$%^&*()-_+=[]{}|\\;:\"'“”‘’<>,.?/".contains(c))
}

/// Python's usual slug: Latin letters without accents, words joined by hyphens.
pub fn latin_slug(text: &str) -> String {
    let slug = Slug::from_title(text).map(|slug| slug.as_str().to_owned()).unwrap_or_default();
    hyphened(&slug, |c| c.is_alphanumeric() || c == '_')
}

/// A letter, digit or mark of any script.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_are_replaced() {
        let day: DateTime = "2024-05-06T07:08:09".parse().unwrap();
        let value = |token: &str| match token {
            "title" => Some("owls".to_owned()),
            "sections[1:]" => Some("b/c".to_owned()),
            token => of_day(token, day),
        };
        let path = |pattern| expand(pattern, &value).map(|path| plain(&path));
        for (pattern, expected) in [
            ("/:year/:month/:day/:title/", "/2024/05/06/owls"),
            (":short_year/:i_month/:i_day/:title.html", "/24/5/6/owls"),
            ("/:year/:y_day/:title", "/2024/127/owls"),
            ("/:year/W:week/:short_day/:title", "/2024/W19/Mon/owls"),
            ("/:year_:month/:titlex", "/2024_05/owlsx"),
            ("/:long_month/:hour:minute:second/:sections[1:]//:title/index.html", "/May/070809/b/c/owls"),
        ] {
            assert_eq!(path(pattern).as_deref(), Some(expected), "{pattern}");
        }
        assert_eq!(path("/:hash/:title"), None);
    }

    #[test]
    fn each_generator_has_its_slugs() {
        assert_eq!(jekyll_pretty("Hello World: C++ & Rust"), "Hello-World-C++-&-Rust");
        assert_eq!(jekyll_slug("Hello World: C++"), "hello-world-c");
        assert_eq!(hugo_slug("Hello, World: C++ & Rust!"), "hello-world-c++-rust");
        assert_eq!(hugo_slug("你好 世界"), "你好-世界");
        assert_eq!(hexo_slug("Hello World: 1.2"), "Hello-World-1-2");
        assert_eq!(latin_slug("Café au lait, 1.2"), "cafe-au-lait-1-2");
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in "[a-z:/\\[\\]é ]{0,30}") {
            drop(expand(&pattern, &|token| (token == "a").then(|| "x".to_owned())));
            prop_assert!(plain(&pattern).starts_with('/'));
        }
    }
}
