//! What is refused or led elsewhere by the head of a request alone.

use crate::domain::link::Links;
use crate::error::Error;
use crate::web::form;
use crate::web::origin;
use crate::web::problem::{Failure, Refusal};
use crate::web::response;
use crate::web::response::Res;
use crate::web::router::{Route, Surface};
use http::header::{ACCEPT, CONTENT_LENGTH};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

/// Every method that some route may have; anything else is answered without a look at the table.
pub const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
/// Longest target of a request, in bytes.
pub const MAX_TARGET: usize = 8 * 1024;

/// Checks that need no look at the site; gives the host that is asked for.
pub fn request(parts: &Parts) -> std::result::Result<String, Refusal> {
    if !METHODS.split(", ").any(|known| known == parts.method.as_str()) {
        return Err(Refusal::Method(METHODS.into()));
    }
    if parts.uri.path().len() + parts.uri.query().map_or(0, str::len) > MAX_TARGET {
        return Err(Refusal::LongAddress);
    }
    // An asterisk stands for the server as a whole, and only OPTIONS asks that.
    let target_ok = parts.uri.path().starts_with('/') || (parts.uri.path() == "*" && parts.method == Method::OPTIONS);
    if !target_ok {
        return Err(Refusal::BadRequest);
    }
    origin::host(parts).map(str::to_owned).ok_or(Refusal::BadRequest)
}

/// A trailing slash leads to the address without it, the query kept. Doubled slashes at the
/// beginning would lead to another host, and no address of ours has them.
pub fn without_slash(links: &Links, method: &Method, path: &str, query: Option<&str>) -> Option<Res> {
    let bare = path.trim_end_matches('/');
    if bare.is_empty() || bare.len() == path.len() || bare.starts_with("//") {
        return None;
    }
    let status = if method.is_safe() { StatusCode::MOVED_PERMANENTLY } else { StatusCode::PERMANENT_REDIRECT };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Some(response::redirect(status, &format!("{}{query}", links.to(bare))))
}

/// Refuses by its headers a body that the route would not read.
pub fn body(route: &Route, parts: &Parts, has_body: bool) -> std::result::Result<(), Failure> {
    let headers = &parts.headers;
    let length: Option<u64> = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length| length > route.body_limit) {
        return Err(Error::TooLarge(route.body_limit).into());
    }
    if parts.method.is_safe() || !has_body {
        return Ok(());
    }
    match route.surface {
        Surface::Page if !form::is_form(headers) => Err(Refusal::MediaType("a form".into()).into()),
        Surface::Api | Surface::GraphQl => {
            let (sent, takes) = (form::essence(headers), route.media_types());
            let taken = takes.iter().any(|known| sent.eq_ignore_ascii_case(known));
            if taken { Ok(()) } else { Err(Refusal::MediaType(takes.join(", ")).into()) }
        }
        _ => Ok(()),
    }
}

/// Refuses a client that does not accept what the route answers with.
pub fn accept(route: &Route, headers: &HeaderMap) -> std::result::Result<(), Refusal> {
    let accepted = route.gives.is_empty() || accepts(headers, route.gives);
    if accepted { Ok(()) } else { Err(Refusal::NotAcceptable(route.gives)) }
}

/// Whether a media type is accepted: the most specific range that matches decides (RFC 9110, section
/// 12.5.1). Everything is where nothing is said.
fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let family = media_type.split('/').next().unwrap_or("");
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = values.flat_map(|value| value.split(',')).filter(|range| !range.trim().is_empty()).peekable();
    if ranges.peek().is_none() {
        return true;
    }
    let specific = |range: &str| match range.to_ascii_lowercase().split_once('/') {
        Some(("*", "*")) => Some(1),
        Some((known, "*")) if known == family => Some(2),
        _ if range.eq_ignore_ascii_case(media_type) => Some(3),
        _ => None,
    };
    let weighed = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let specific = specific(parts.next()?)?;
        let is_zero = |part: &str| matches!(part.split_once('='), Some(("q" | "Q", q)) if q.parse() == Ok(0.0f32));
        Some((specific, !parts.any(is_zero)))
    });
    weighed.max_by_key(|range| range.0).is_some_and(|range| range.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn the_most_specific_range_says_what_is_accepted() {
        let accepted = |accept: &'static str| {
            accepts(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]), "text/event-stream")
        };
        assert!(accepts(&HeaderMap::new(), "text/event-stream"));
        for accept in
            ["", "*/*", "text/*", "Text/Event-Stream", "text/html, */*;q=0.1", "text/*;q=0, text/event-stream"]
        {
            assert!(accepted(accept), "{accept}");
        }
        for accept in
            ["text/html", "application/json, image/*", "text/event-stream;q=0, */*", "*/*;q=0", "text/*;Q=0.000"]
        {
            assert!(!accepted(accept), "{accept}");
        }
    }
}
