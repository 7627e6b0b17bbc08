//! Values of Liquid, Nunjucks and Zola that are addresses of the site.

/// Variables that hold where a site lies, which is the root here.
const SITE: [&str; 17] = [
    "site.baseurl",
    "site.base_url",
    "site.url",
    "site.github.url",
    "site.root",
    "site.baseUrl",
    "site.siteurl",
    "siteurl",
    "SITEURL",
    "base_url",
    "baseurl",
    "config.root",
    "config.url",
    "config.base_url",
    "metadata.url",
    "base",
    "BASE_PATH",
];

/// What `expression` gives, if that can be said without the site: an address below the root, or a text as it stands in
/// quotes.
pub fn value(expression: &str) -> Option<Value> {
    let mut parts = split(expression).into_iter();
    let first = parts.next()?;
    let first = first.trim();
    let mut value = match quoted(first) {
        Some(text) => Value { text: text.to_owned(), address: false },
        None if SITE.contains(&first) => Value { text: String::new(), address: true },
        None => return None,
    };
    for filter in parts {
        let (name, argument) = filter.split_once(':').unwrap_or((filter, ""));
        let (name, argument) = match name.trim().split_once('(') {
            Some((name, argument)) => (name, argument.trim_end_matches(')')),
            None => (name.trim(), argument),
        };
        let argument = argument.trim();
        match name {
            "relative_url" | "absolute_url" | "url" | "absoluteUrl" | "htmlBaseUrl" | "localeUrl" | "asset_url" => {
                value.address = true;
                if !value.text.contains("://") && !value.text.starts_with('/') {
                    value.text.insert(0, '/');
                }
            }
            "prepend" if SITE.contains(&argument) => value.address = true,
            "prepend" => value.text.insert_str(0, quoted(argument)?),
            "append" if SITE.contains(&argument) => value.address = true,
            "append" => value.text.push_str(quoted(argument)?),
            "escape" | "strip" | "uri_escape" | "url_encode" | "safe" | "cgi_escape" => {}
            _ => return None,
        }
    }
    Some(value)
}

/// What an expression gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub text: String,
    /// An address of the site rather than words.
    pub address: bool,
}

/// The expression and its filters.
fn split(expression: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quote) = (Vec::new(), 0, None);
    for (at, c) in expression.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '|') => {
                parts.push(expression.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(expression.get(start..).unwrap_or_default());
    parts
}

fn quoted(text: &str) -> Option<&str> {
    let text = text.trim();
    ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
        .filter(|text| !text.contains(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_site_are_known_and_others_are_not() {
        let address = |text: &str| Some(Value { text: text.into(), address: true });
        assert_eq!(value("site.baseurl"), address(""));
        assert_eq!(value("\"/p.png\" | relative_url"), address("/p.png"));
        assert_eq!(value("'p.png' | absolute_url"), address("/p.png"));
        assert_eq!(value("site.url | append: \"/x\""), address("/x"));
        assert_eq!(value("'/x' | prepend: site.baseurl | prepend: site.url"), address("/x"));
        assert_eq!(value("\"/x/\" | url"), address("/x/"));
        assert_eq!(value("'{% raw %}'"), Some(Value { text: "{% raw %}".into(), address: false }));
        for unknown in ["page.title", "'a' | upcase", "site.data.x", "x | relative_url", "\"a\" | append: y", "a 'b"] {
            assert_eq!(value(unknown), None, "{unknown}");
        }
    }
}
