//! Finds bare web addresses in plain text, as GitHub's extension of Markdown does.

/// A stretch of text, and where it leads if it is an address.
#[derive(Debug, PartialEq, Eq)]
pub struct Stretch<'a> {
    pub text: &'a str,
    pub href: Option<String>,
}

const STARTS: &[&str] = &["http://", "https://", "www."];
/// Longest host name in bytes (RFC 1035, section 2.3.4).
const MAX_HOST: usize = 253;

/// Cuts `text` into addresses and what stands between them; linear in its length.
pub fn stretches(text: &str) -> Vec<Stretch<'_>> {
    let mut found = Vec::new();
    let mut plain = 0;
    let mut from = 0;
    while let Some((at, start)) = next_start(text, from) {
        let (before, rest) = text.split_at(at);
        from = at + start.len();
        if before.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric() || "/@.-_=&?#%+".contains(c)) {
            continue;
        }
        let Some(length) = address_length(rest, start) else { continue };
        let (address, _) = rest.split_at(length);
        if plain < at {
            found.push(Stretch { text: text.get(plain..at).unwrap_or(""), href: None });
        }
        let scheme = if start == "www." { "http://" } else { "" };
        found.push(Stretch { text: address, href: Some(format!("{scheme}{address}")) });
        plain = at + length;
        from = plain;
    }
    if plain < text.len() {
        found.push(Stretch { text: text.get(plain..).unwrap_or(""), href: None });
    }
    found
}

fn next_start(text: &str, from: usize) -> Option<(usize, &'static str)> {
    let mut from = from;
    // One search for the first letter of any of them: three searches for the words would each
    // read to the end again and again where one of the words never comes.
    while let Some(at) = text.get(from..)?.find(['h', 'w']) {
        let rest = text.get(from + at..)?;
        if let Some(start) = STARTS.iter().find(|start| rest.starts_with(**start)) {
            return Some((from + at, start));
        }
        from += at + 1;
    }
    None
}

/// The length of the address that `text` begins with; `None` if its host is not one.
fn address_length(text: &str, start: &str) -> Option<usize> {
    let is_host = |c: char| c.is_alphanumeric() || c == '-' || c == '.' || c == '_';
    let after = if start == "www." { text } else { text.get(start.len()..)? };
    let host: String = after.chars().take_while(|c| is_host(*c)).take(MAX_HOST + 1).collect();
    let host = host.trim_end_matches(['.', '-', '_']);
    let labels = host.split('.').count();
    let enough = if start == "www." { 3 } else { 2 };
    if host.len() > MAX_HOST || labels < enough || host.split('.').any(str::is_empty) {
        return None;
    }
    let end = text.find(|c: char| c.is_whitespace() || c.is_control() || c == '<' || is_wide_stop(c));
    let (address, _) = text.split_at(end.unwrap_or(text.len()));
    Some(trimmed(address).len()).filter(|length| *length > start.len())
}

/// Punctuation of scripts that set no space before it.
fn is_wide_stop(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{3002}' | '\u{3008}'..='\u{3011}' | '，' | '！' | '？' | '；' | '：' | '（' | '）' | '“' | '”' | '’' | '«' | '»')
}

/// Without the punctuation that ends the sentence rather than the address.
fn trimmed(address: &str) -> &str {
    let mut open = address.matches('(').count();
    let mut closed = address.matches(')').count();
    let mut address = address;
    while let Some(last) = address.chars().next_back() {
        let drop = match last {
            '?' | '!' | '.' | ',' | ':' | ';' | '*' | '_' | '~' | '\'' | '"' | ']' | '…' | '(' => true,
            ')' => closed > open,
            _ => false,
        };
        if !drop {
            break;
        }
        open -= usize::from(last == '(');
        closed -= usize::from(last == ')');
        address = address.strip_suffix(last).unwrap_or("");
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<String> {
        let found = stretches(text);
        assert_eq!(found.iter().map(|stretch| stretch.text).collect::<String>(), text);
        found.into_iter().filter_map(|stretch| stretch.href).collect()
    }

    #[test]
    fn addresses_end_where_a_reader_thinks_they_do() {
        assert_eq!(links("See https://example.org/a_b?c=(d)."), ["https://example.org/a_b?c=(d)"]);
        assert_eq!(links("(www.example.org/x), and"), ["http://www.example.org/x"]);
        assert_eq!(links("“http://example.org”"), ["http://example.org"]);
        assert_eq!(links("参见https://example.org/路。"), ["https://example.org/路"]);
        assert_eq!(links("https://a.example https://b.example"), ["https://a.example", "https://b.example"]);
    }

    #[test]
    fn what_is_no_address_stays_text() {
        for text in ["http://", "https://localhost", "www.", "www.x", "xhttp://a.b", "http", "ftp://a.b", "wwwwwww", ""]
        {
            assert!(links(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn long_runs_take_linear_time() {
        for unit in ["(http://", "http://a.b/)", "www.", "http://a.b((", "h"] {
            links(&unit.repeat(1_000_000 / unit.len()));
        }
    }
}
