//! Addresses in what people wrote: which are let through, and what they become on this site.

use crate::content::sanitize;
use crate::domain::media::MediaId;
use crate::domain::text;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::borrow::Cow;

/// What may not stand in a URL (RFC 3986, section 2); `%` stays, since it begins an escape.
const FORBIDDEN: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');
const FORBIDDEN_AFTER_HOST: &AsciiSet = &FORBIDDEN.add(b'[').add(b']');

/// The address with everything encoded that a URL may not contain.
pub fn encoded(address: &str) -> String {
    let literal_host = address.contains("://[");
    let set = if literal_host { FORBIDDEN } else { FORBIDDEN_AFTER_HOST };
    let address = address.trim();
    let (before, fragment) = address.split_once('#').map_or((address, None), |(before, after)| (before, Some(after)));
    let mut encoded = utf8_percent_encode(before, set).to_string();
    if let Some(fragment) = fragment {
        // A second `#` stays, as in browsers (URL Standard): rooms of chats have names with one.
        encoded.push('#');
        encoded.extend(utf8_percent_encode(fragment, FORBIDDEN_AFTER_HOST));
    }
    encoded
}

/// The scheme in lower case (RFC 3986, section 3.1); `None` for an address relative to this site or page.
pub fn scheme(address: &str) -> Option<String> {
    // Browsers skip white space and control characters, so they must not hide a scheme.
    let mut scheme = String::new();
    for c in address.chars().filter(|c| !c.is_whitespace() && !text::is_hidden(*c)) {
        match c {
            ':' => return Some(scheme).filter(|scheme| !scheme.is_empty()),
            _ if !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.') => return None,
            _ => scheme.push(c.to_ascii_lowercase()),
        }
        if scheme.len() > 30 {
            return None;
        }
    }
    None
}

/// Whether it is relative or of the web: what an image may have as its source.
pub fn is_web(address: &str) -> bool {
    scheme(address).is_none_or(|scheme| sanitize::WEB_SCHEMES.contains(&scheme.as_str()))
}

/// Whether an author may link there.
pub fn is_link(address: &str) -> bool {
    scheme(address).is_none_or(|scheme| sanitize::LINK_SCHEMES.contains(&scheme.as_str()))
}

/// Whether a commenter may link there: only to complete addresses, for a relative one would
/// change its meaning with the page it is shown on.
pub fn is_comment_link(address: &str) -> bool {
    scheme(address).is_some_and(|scheme| matches!(scheme.as_str(), "http" | "https" | "mailto"))
}

/// Whether it leads to another host.
pub fn is_external(address: &str) -> bool {
    address.starts_with("//") || scheme(address).is_some_and(|scheme| matches!(scheme.as_str(), "http" | "https"))
}

/// The image of this site that `/media/{id}/{name}` names.
pub fn media(address: &str) -> Option<MediaId> {
    let (id, _) = address.strip_prefix("/media/")?.split_once('/')?;
    MediaId::parse(id)
}

/// The five named entities decoded that escaping makes; for reading text back from markup.
pub fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&nbsp;", "\u{a0}");
    Cow::Owned(plain.replace("&#39;", "'").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_scheme_is_still_a_scheme() {
        for bad in [
            "javascript:alert(1)",
            " JavaScript:x",
            "java\nscript:x",
            "data:text/html,x",
            "vbscript:x",
            "\u{1}javascript:x",
            "\u{3000}javascript:x",
            "\u{FEFF}java\u{200B}script:x",
        ] {
            assert!(!is_link(bad), "{bad:?}");
            assert!(!is_web(bad), "{bad:?}");
            assert!(!is_comment_link(bad), "{bad:?}");
        }
        for good in [
            "/posts/x",
            "x.png",
            "#top",
            "?a=b:c",
            "https://example.org",
            "//example.org/x:y",
            "",
            "foo):",
            "é:x",
            ":x",
        ] {
            assert!(is_link(good), "{good:?}");
        }
        assert!(!is_comment_link("/posts/x"));
        assert!(is_comment_link("mailto:a@example.org"));
    }

    #[test]
    fn addresses_are_encoded_where_they_must_be() {
        assert_eq!(encoded("/a b/ü?x=[1]&y=%20"), "/a%20b/%C3%BC?x=%5B1%5D&y=%20");
        assert_eq!(encoded("https://example.org/#a#b"), "https://example.org/#a#b");
        assert_eq!(encoded("http://[::1]/x"), "http://[::1]/x");
    }

    #[test]
    fn only_whole_media_addresses_name_an_image() {
        let id = "00112233445566778899aabbccddeeff";
        assert!(media(&format!("/media/{id}/x.png")).is_some());
        assert!(media(&format!("/media/{id}")).is_none());
        assert!(media("/media/1/x.png").is_none());
    }
}
