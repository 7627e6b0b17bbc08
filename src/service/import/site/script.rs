//! Reads plain texts out of configurations that are programs, line by line; nothing is run.

use std::collections::BTreeMap;

/// Assignments of one text each in Python: `ARTICLE_URL = '{slug}.html'`. Of two the later counts.
pub fn python(text: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let name = name.split(':').next().unwrap_or_default().trim_end();
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let value = value.trim();
        let text = match value.split(['#', ' ']).next().unwrap_or_default() {
            word @ ("True" | "False" | "None") => Some(word.to_owned()),
            _ => quoted(value.trim_start_matches(['r', 'u', 'R', 'U'])).map(str::to_owned),
        };
        if let Some(text) = text.filter(|_| is_name) {
            values.insert(name.to_owned(), text);
        }
    }
    values
}

/// The text that follows the first `key:` or `key =` in JavaScript, if one does.
pub fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    occurrences(text, key).find_map(|rest| {
        let rest = rest.trim_start_matches(['"', '\'']).trim_start();
        quoted(rest.strip_prefix([':', '='])?.trim_start())
    })
}

/// The inside of the braces that follow each place where `key` stands.
pub fn blocks<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    occurrences(text, key).filter_map(block).collect()
}

/// What follows each `key` that stands there as a word.
fn occurrences<'a>(text: &'a str, key: &str) -> impl Iterator<Item = &'a str> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-');
    text.match_indices(key).filter_map(move |(at, found)| {
        let (before, rest) = (text.get(..at)?, text.get(at + found.len()..)?);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let apart = !before.ends_with(is_word) && !rest.starts_with(is_word);
        (apart && !line.trim_start().starts_with("//")).then_some(rest)
    })
}

/// The inside of the braces that begin within a few signs.
fn block(text: &str) -> Option<&str> {
    let open = text.find('{').filter(|open| *open < 40)?;
    let text = text.get(open + 1..)?;
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(..at);
        }
    }
    None
}

/// The inside of the quotes that the text begins with.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let inside = text.get(1..)?;
    let end = inside.find([quote, '\n'])?;
    inside.get(end..)?.starts_with(quote).then(|| inside.get(..end))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn assignments_in_python_are_read() {
        let text = "import os\nSITEURL = \"https://example.org/blog\"\nARTICLE_URL = '{date:%Y}/{slug}/'  # x\n\
                    USE_FOLDER_AS_CATEGORY = False\nPATH: str = 'content'\nX = os.path.join('a')\n  Y == 'b'\nZ = 5\n";
        let values = python(text);
        let get = |name: &str| values.get(name).map(String::as_str);
        assert_eq!(get("SITEURL"), Some("https://example.org/blog"));
        assert_eq!(get("ARTICLE_URL"), Some("{date:%Y}/{slug}/"));
        assert_eq!((get("USE_FOLDER_AS_CATEGORY"), get("PATH")), (Some("False"), Some("content")));
        assert_eq!((get("X"), get("Z")), (None, None));
    }

    #[test]
    fn values_in_javascript_are_read() {
        let text = "export default {\n  baseUrl: '/site/',\n  // routeBasePath: '/no',\n  presets: [['classic', {docs: {routeBasePath: '/'}, \
                    blog: {path: `./news`, \"routeBasePath\": \"news\"}}]]\n}";
        assert_eq!(value(text, "baseUrl"), Some("/site/"));
        let blog = blocks(text, "blog");
        assert_eq!(blog.len(), 1);
        assert_eq!((value(blog[0], "routeBasePath"), value(blog[0], "path")), (Some("news"), Some("./news")));
        assert_eq!(value(text, "Url"), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[a{}:='\"`\n é]{0,60}") {
            python(&text);
            value(&text, "a");
            blocks(&text, "a");
        }
    }
}
