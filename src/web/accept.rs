//! Which media types a client takes (RFC 9110, section 12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

/// The media ranges that a client names, in their order, each with its weight from 0 to 1. What is malformed
/// is left out, and what would have to be in another charset than ours.
pub fn ranges(headers: &HeaderMap) -> impl Iterator<Item = (&str, f32)> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(range)
}

fn range(entry: &str) -> Option<(&str, f32)> {
    let mut parts = entry.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let mut weight = 1.0;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let (key, value) = (key.trim(), value.trim().trim_matches('"'));
        if key.eq_ignore_ascii_case("q") {
            weight = value.parse().ok().filter(|weight| (0.0..=1.0).contains(weight))?;
        } else if key.eq_ignore_ascii_case("charset")
            && !["utf-8", "utf8"].iter().any(|ours| value.eq_ignore_ascii_case(ours))
        {
            return None;
        }
    }
    Some((name, weight))
}

/// How welcome an answer of this media type is, from 0 to 1: the most specific range that fits decides.
pub fn weight(headers: &HeaderMap, media_type: &str) -> f32 {
    let fitting = ranges(headers).filter_map(|(range, weight)| Some((closeness(range, media_type)?, weight)));
    fitting.max_by_key(|(closeness, _)| *closeness).map_or(0.0, |(_, weight)| weight)
}

/// Whether an answer of this media type is welcome; without an `Accept` header any is.
pub fn takes(headers: &HeaderMap, media_type: &str) -> bool {
    let says_nothing = headers.get_all(ACCEPT).iter().all(|value| value.as_bytes().trim_ascii().is_empty());
    says_nothing || weight(headers, media_type) > 0.0
}

fn closeness(range: &str, media_type: &str) -> Option<u8> {
    let kind = media_type.split('/').next().unwrap_or("");
    match range {
        "*/*" | "*" => Some(0),
        range if range.eq_ignore_ascii_case(media_type) => Some(2),
        range => range.strip_suffix("/*").filter(|own| own.eq_ignore_ascii_case(kind)).map(|_| 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_range_decides() {
        let takes = |value: &str| takes(&HeaderMap::from_iter([(ACCEPT, value.parse().unwrap())]), "application/json");
        for good in [
            "",
            "*/*",
            "application/*",
            "Application/JSON",
            "text/html, application/json;q=0.1",
            "text/html,*/*;q=0.8",
            "application/json; charset=UTF8",
        ] {
            assert!(takes(good), "{good}");
        }
        for bad in ["text/html", "application/json;q=0", "application/json;q=0, */*", "application/xml", "app/*"] {
            assert!(!takes(bad), "{bad}");
        }
        assert!(super::takes(&HeaderMap::new(), "application/json"));
    }
}
