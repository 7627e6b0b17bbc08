//! Stored files: validators, byte ranges, their own policy.

use crate::error::Result;
use crate::web::encoding;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::{Body, Res};
use crate::web::security;
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, IF_RANGE, RANGE};
use http::{HeaderMap, Method, StatusCode};
use std::ops::Range;

/// An immutable file that somebody uploaded.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// What names the content, such as its hash: visible ASCII without quotes.
    pub hash: &'a str,
    pub media_type: &'static str,
    /// In bytes.
    pub length: u64,
    /// Whether a browser shows or plays it; else it saves it.
    pub shown: bool,
}

/// What part of a file was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Bytes(Range<u64>),
    Unsatisfiable,
}

/// Answers GET and HEAD for a stored file: 200, 206, 304 or 416. `read` gives the bytes of a range.
pub fn serve(req: &Req, file: Stored<'_>, read: impl FnOnce(Range<u64>) -> Result<Body>) -> Result<Res> {
    let mut res = response::empty(StatusCode::OK);
    let etag = HeaderValue::from_str(&format!("\"{}\"", file.hash)).unwrap_or(HeaderValue::from_static("\"\""));
    let headers = res.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(ETAG, etag.clone());
    security::isolate(headers, file.shown);
    if encoding::not_changed(&req.headers, &etag, None) {
        *res.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(res);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    let part = if req.method == Method::GET { part(&req.headers, &etag, file.length) } else { Part::Whole };
    match part {
        Part::Whole => *res.body_mut() = read(0..file.length)?,
        Part::Bytes(range) => {
            *res.status_mut() = StatusCode::PARTIAL_CONTENT;
            let value = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), file.length);
            res.headers_mut().extend(HeaderValue::from_str(&value).ok().map(|value| (CONTENT_RANGE, value)));
            *res.body_mut() = read(range)?;
        }
        Part::Unsatisfiable => {
            *res.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            let value = format!("bytes */{}", file.length);
            res.headers_mut().extend(HeaderValue::from_str(&value).ok().map(|value| (CONTENT_RANGE, value)));
            res.headers_mut().remove(CONTENT_TYPE);
        }
    }
    Ok(res)
}

/// RFC 9110, section 14: one range is honoured. Several, which only attackers ask of pictures, and
/// what cannot be parsed are ignored, as the section allows.
fn part(headers: &HeaderMap, etag: &HeaderValue, length: u64) -> Part {
    let Some(value) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else { return Part::Whole };
    // Section 13.1.5: without the very same version, the range means nothing.
    if headers.get(IF_RANGE).is_some_and(|known| known != etag) {
        return Part::Whole;
    }
    let Some((unit, spec)) = value.split_once('=') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Part::Whole;
    }
    let Some((first, last)) = spec.trim().split_once('-') else { return Part::Whole };
    match (number(first), number(last)) {
        (Some(None), Some(Some(0))) => Part::Unsatisfiable,
        (Some(None), Some(Some(suffix))) if length > 0 => Part::Bytes(length.saturating_sub(suffix)..length),
        (Some(Some(first)), Some(last)) => {
            if last.is_some_and(|last| last < first) {
                return Part::Whole;
            }
            if first >= length {
                return Part::Unsatisfiable;
            }
            Part::Bytes(first..last.map_or(length, |last| last.saturating_add(1).min(length)))
        }
        (Some(None), Some(Some(_))) => Part::Unsatisfiable,
        _ => Part::Whole,
    }
}

/// `None`: not a number. `Some(None)`: empty. Numbers beyond 64 bits count as the largest.
fn number(text: &str) -> Option<Option<u64>> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((!text.is_empty()).then(|| text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str, length: u64) -> Part {
        let headers = HeaderMap::from_iter([(RANGE, value.parse().unwrap())]);
        part(&headers, &HeaderValue::from_static("\"v\""), length)
    }

    #[test]
    fn one_range_is_honoured_and_never_reaches_beyond_the_file() {
        for (value, expected) in [
            ("bytes=0-4", Part::Bytes(0..5)),
            ("bytes=5-", Part::Bytes(5..10)),
            ("bytes=-3", Part::Bytes(7..10)),
            ("bytes=-99", Part::Bytes(0..10)),
            ("bytes=0-99999999999999999999999", Part::Bytes(0..10)),
            ("BYTES=9-9", Part::Bytes(9..10)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=99999999999999999999999-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=4-3", Part::Whole),
            ("bytes=0-1,0-1,0-1", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("nonsense", Part::Whole),
        ] {
            assert_eq!(asked(value, 10), expected, "{value}");
        }
        assert_eq!(asked("bytes=0-", 0), Part::Unsatisfiable);
        assert_eq!(asked("bytes=-1", 0), Part::Unsatisfiable);
    }

    #[test]
    fn a_range_of_another_version_is_the_whole_file() {
        let with = |known: &str| {
            let headers =
                HeaderMap::from_iter([(RANGE, "bytes=0-1".parse().unwrap()), (IF_RANGE, known.parse().unwrap())]);
            part(&headers, &HeaderValue::from_static("\"v\""), 10)
        };
        assert_eq!(with("\"v\""), Part::Bytes(0..2));
        assert_eq!(with("\"w\""), Part::Whole);
        assert_eq!(with("W/\"v\""), Part::Whole);
        assert_eq!(with("Sun, 03 May 2026 08:28:00 GMT"), Part::Whole);
    }
}
