//! What pages of other sites may read (the CORS protocol of the Fetch Standard), if a setting lets them.

use http::HeaderMap;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderValue, ORIGIN, VARY,
};

/// What such a page may send beside what every page may.
const SENT: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Content-Disposition, Last-Event-ID",
);
/// What it may read beside what every page may.
const READ: HeaderValue = HeaderValue::from_static(
    "ETag, Link, Location, Accept-Patch, Allow, RateLimit, RateLimit-Policy, Retry-After, Idempotency-Replayed, \
     X-Request-Id",
);
/// Seconds for which a browser need not ask again; the most that Chromium keeps.
const KEPT: HeaderValue = HeaderValue::from_static("7200");

/// The value that lets the page of a request read its answer; `None` if it may not, or is our own. Never
/// with credentials: another site's page acts by a token that it holds.
pub fn allowed(origins: &[String], headers: &HeaderMap) -> Option<HeaderValue> {
    if origins.is_empty() {
        return None;
    }
    let origin = headers.get(ORIGIN)?;
    if origins.iter().any(|known| known == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    origins.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// Lets the page read an answer.
pub fn tell(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, READ);
}

/// Says that answers differ by who asks, which is so whenever somebody else's pages may read any: a cache must not
/// give the answer to one origin, or to none, to another.
pub fn vary(headers: &mut HeaderMap, origins: &[String]) {
    if !origins.is_empty() {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
}

/// Says what may be sent, to a page that asks before it sends it.
pub fn preflight(headers: &mut HeaderMap, methods: &str, is_allowed: bool) {
    if !is_allowed {
        return;
    }
    if let Ok(methods) = HeaderValue::from_str(methods) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, SENT);
    headers.insert(ACCESS_CONTROL_MAX_AGE, KEPT);
}
