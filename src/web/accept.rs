//! Which media types a client takes (RFC 9110, section 12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

/// Whether an answer of this media type is welcome; without an `Accept` header any is.
pub fn takes(headers: &HeaderMap, media_type: &str) -> bool {
    let mut best: Option<(u8, bool)> = None;
    for value in headers.get_all(ACCEPT) {
        let Ok(value) = value.to_str() else { continue };
        for range in value.split(',').map(str::trim).filter(|range| !range.is_empty()) {
            let mut parts = range.split(';').map(str::trim);
            let Some(closeness) = closeness(parts.next().unwrap_or(""), media_type) else { continue };
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            let welcome = weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0));
            // The most specific range that fits decides.
            if best.is_none_or(|(known, _)| closeness >= known) {
                best = Some((closeness, welcome));
            }
        }
    }
    let says_nothing = headers.get_all(ACCEPT).iter().all(|value| value.as_bytes().trim_ascii().is_empty());
    best.map_or(says_nothing, |(_, welcome)| welcome)
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
        for good in
            ["", "*/*", "application/*", "Application/JSON", "text/html, application/json;q=0.1", "text/html,*/*;q=0.8"]
        {
            assert!(takes(good), "{good}");
        }
        for bad in ["text/html", "application/json;q=0", "application/json;q=0, */*", "application/xml", "app/*"] {
            assert!(!takes(bad), "{bad}");
        }
        assert!(super::takes(&HeaderMap::new(), "application/json"));
    }
}
