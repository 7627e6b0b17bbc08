//! Finds bare web and e-mail addresses in plain text, as GitHub Flavored Markdown (section 6.9) does.

use std::ops::Range;

/// A stretch of text, and where it leads if it is an address.
#[derive(Debug, PartialEq, Eq)]
pub struct Stretch<'a> {
    pub text: &'a str,
    pub href: Option<String>,
}

const STARTS: &[&str] = &["http://", "https://", "www."];
/// Longest host name in bytes (RFC 1035, section 2.3.4).
const MAX_HOST: usize = 253;
/// Longest name before the `@` of an e-mail address (RFC 5321, section 4.5.3.1.1).
const MAX_MAILBOX: usize = 64;

/// Cuts `text` into addresses and what stands between them; linear in its length.
pub fn stretches(text: &str) -> Vec<Stretch<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(place) = first(text, from..text.len(), text.len()) {
        mails(text.get(from..place.start).unwrap_or_default(), &mut found);
        from = place.end;
        let address = text.get(place).unwrap_or_default();
        let scheme = if starts_with(address, "www.") { "http://" } else { "" };
        found.push(Stretch { text: address, href: Some(format!("{scheme}{address}")) });
    }
    mails(text.get(from..).unwrap_or_default(), &mut found);
    found
}

/// Whether no bare address in Markdown has punctuation that the parser would read.
pub fn is_plain(source: &str) -> bool {
    let mut from = 0;
    while let Some((at, start)) = next_start(source, from) {
        let (before, rest) = source.split_at(at);
        let run = rest.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).next().unwrap_or_default();
        from = at + start.len();
        let is_bare = !before.ends_with("](") && !before.ends_with(['<', '"']);
        if is_bare && has_marks(run) {
            return false;
        }
        // Whatever begins within the run has no marks either.
        from = if is_bare { at + run.len() } else { from };
    }
    true
}

/// An underscore within a word marks nothing.
fn has_marks(run: &str) -> bool {
    let mut before = ' ';
    let mut chars = run.chars().peekable();
    while let Some(c) = chars.next() {
        let is_within = before.is_alphanumeric() && chars.peek().is_some_and(|next| next.is_alphanumeric());
        if matches!(c, '*' | '~' | '[' | '$') || c == '_' && !is_within {
            return true;
        }
        before = c;
    }
    false
}

/// The first web address that begins in `range`; it ends before `limit`.
pub fn first(text: &str, range: Range<usize>, limit: usize) -> Option<Range<usize>> {
    let mut from = range.start;
    while let Some((at, start)) = next_start(text.get(..range.end)?, from) {
        from = at + start.len();
        if !may_follow(text.get(..at)?.chars().next_back()) {
            continue;
        }
        if let Some(length) = length(text.get(at..limit)?, start) {
            return Some(at..at + length);
        }
    }
    None
}

/// The next beginning of an address from `from` on, by its look alone.
fn next_start(text: &str, from: usize) -> Option<(usize, &'static str)> {
    let mut from = from;
    // One search for the first letter of any of them: three searches for the words would each
    // read to the end again and again where one of the words never comes.
    while let Some(at) = text.get(from..)?.find(['h', 'w', 'H', 'W']) {
        let rest = text.get(from + at..)?;
        if let Some(start) = STARTS.iter().find(|start| starts_with(rest, start)) {
            return Some((from + at, start));
        }
        from += at + 1;
    }
    None
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
}

/// Whether an address may begin behind this character.
fn may_follow(before: Option<char>) -> bool {
    !before.is_some_and(|c| c.is_ascii_alphanumeric() || "/@.-=&?#%+".contains(c))
}

/// The length of the address that `text` begins with; `None` if its host is not one.
fn length(text: &str, start: &str) -> Option<usize> {
    let is_host = |c: char| c.is_alphanumeric() || c == '-' || c == '.' || c == '_';
    let after = if start == "www." { text } else { text.get(start.len()..)? };
    let host: String = after.chars().take_while(|c| is_host(*c)).take(MAX_HOST + 1).collect();
    let host = host.trim_end_matches(['.', '-', '_']);
    let labels = host.split('.').count();
    let enough = if start == "www." { 3 } else { 2 };
    if host.len() > MAX_HOST || labels < enough || host.split('.').any(str::is_empty) {
        return None;
    }
    let (address, _) = text.split_at(text.find(ends).unwrap_or(text.len()));
    Some(trimmed(address).len()).filter(|length| *length > start.len())
}

/// What no address contains.
fn ends(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`') || is_wide_stop(c)
}

/// Punctuation of scripts that set no space before it.
fn is_wide_stop(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{3002}' | '\u{3008}'..='\u{3011}' | '，' | '！' | '？' | '；' | '：' | '（' | '）' | '“' | '”' | '’' | '«' | '»')
}

/// Without the punctuation that ends the sentence rather than the address. Brackets belong to it
/// while each that closes has one that opens.
fn trimmed(address: &str) -> &str {
    let count = |bracket: char| address.matches(bracket).count();
    let (mut round, mut square) = ((count('('), count(')')), (count('['), count(']')));
    let mut address = address;
    while let Some(last) = address.chars().next_back() {
        let drop = match last {
            '?' | '!' | '.' | ',' | ':' | '*' | '_' | '~' | '\'' | '…' | '(' | '[' => last.len_utf8(),
            ';' => 1 + entity(address),
            ')' if round.1 > round.0 => 1,
            ']' if square.1 > square.0 => 1,
            _ => break,
        };
        round.0 -= usize::from(last == '(');
        round.1 -= usize::from(last == ')');
        square.0 -= usize::from(last == '[');
        square.1 -= usize::from(last == ']');
        address = address.get(..address.len() - drop).unwrap_or("");
    }
    address
}

/// The length of what makes the final `;` the end of an entity, `&copy`.
fn entity(address: &str) -> usize {
    let name = address.bytes().rev().skip(1).take_while(u8::is_ascii_alphanumeric).take(32).count();
    let ampersand = address.len().checked_sub(name + 2).and_then(|at| address.as_bytes().get(at));
    if name > 0 && ampersand == Some(&b'&') { name + 1 } else { 0 }
}

/// Finds e-mail addresses in a text without web addresses.
fn mails<'a>(text: &'a str, found: &mut Vec<Stretch<'a>>) {
    let (mut plain, mut from) = (0, 0);
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('@')).map(|at| from + at) {
        from = at + 1;
        let Some((start, end)) = mail(text, plain, at) else { continue };
        if plain < start {
            found.push(Stretch { text: text.get(plain..start).unwrap_or_default(), href: None });
        }
        let address = text.get(start..end).unwrap_or_default();
        found.push(Stretch { text: address, href: Some(format!("mailto:{address}")) });
        (plain, from) = (end, end);
    }
    if plain < text.len() {
        found.push(Stretch { text: text.get(plain..).unwrap_or_default(), href: None });
    }
}

/// Where the e-mail address begins, not before `first`, and ends whose `@` stands at `at`.
fn mail(text: &str, first: usize, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_+".contains(byte);
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_".contains(byte);
    let name = bytes.get(first..at)?.iter().rev().take(MAX_MAILBOX + 1).take_while(|byte| is_name(byte)).count();
    let host = bytes.get(at + 1..)?.iter().take(MAX_HOST + 1).take_while(|byte| is_host(byte)).count();
    let host = text.get(at + 1..at + 1 + host)?.trim_end_matches('.');
    let start = at - name;
    let is_whole = (1..=MAX_MAILBOX).contains(&name)
        && may_follow(text.get(..start)?.chars().next_back())
        && host.len() <= MAX_HOST
        && host.contains('.')
        && !host.ends_with(['-', '_'])
        && host.split('.').all(|label| !label.is_empty())
        && bytes.get(at + 1 + host.len()) != Some(&b'@');
    is_whole.then_some((start, at + 1 + host.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        assert_eq!(
            links("HTTPS://example.org/[x] [https://example.org/y]"),
            ["HTTPS://example.org/[x]", "https://example.org/y"]
        );
        assert_eq!(links("https://a.example/x#:~:text=b, c"), ["https://a.example/x#:~:text=b"]);
        assert_eq!(links("www.a.example/?q=1&hl; www.a.example/?q=1;"), ["http://www.a.example/?q=1"; 2]);
        assert_eq!(links("\"https://a.example\" 'https://b.example'"), ["https://a.example", "https://b.example"]);
    }

    #[test]
    fn a_text_without_marks_in_addresses_needs_no_first_pass() {
        for text in ["", "[a_](https://a.b/_c_)", "<https://a.b/_c_>", "https://a.b/c_d", "https://a.b (_c_)", "http"] {
            assert!(is_plain(text), "{text}");
        }
        for text in ["https://a.b/_c", "[https://a.b/c_", "www.a.b/*", "x https://a.b/[c", "https://a.b#:~:text=c"] {
            assert!(!is_plain(text), "{text}");
        }
    }

    #[test]
    fn mail_addresses_are_found() {
        assert_eq!(links("Write to a.b-c_d+e@mail.example.org."), ["mailto:a.b-c_d+e@mail.example.org"]);
        assert_eq!(links("x@a.example,y@b.example"), ["mailto:x@a.example", "mailto:y@b.example"]);
        assert_eq!(links("見owl@a.example。"), ["mailto:owl@a.example"]);
        assert_eq!(links("https://a.example/@owl me@b.example"), ["https://a.example/@owl", "mailto:me@b.example"]);
        for text in
            ["@owl", "a@b", "a@b.", "a@b.c-", "a@b_.c_", "@a.example", "a@@b.example", "x/a@b.example", "a@b..c"]
        {
            assert!(links(text).is_empty(), "{text}");
        }
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
        for unit in ["(http://", "http://a.b/)", "www.", "http://a.b((", "h", "a@", "@", "a@b.c", "http://a.b[", "&a;"]
        {
            links(&unit.repeat(1_000_000 / unit.len()));
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "[a-c@.:/_*()\\[\\]&;~ hw路。\u{FDD0}]{0,60}", start in prop::sample::select(vec!["", "http://a.b", "www.a.b", "a@b.c"])) {
            links(&format!("{start}{text}"));
        }
    }
}
