//! Heads of requests as bytes: what hyper does not tell of them.
//!
//! Here `head` is what a client has sent behind the head of its last request. It is empty if that came in one
//! packet with the body of another.

use crate::error::Error;
use crate::web::Site;
use crate::web::access_log::{Arrival, Seen};
use crate::web::finish::Finish;
use crate::web::pipeline;
use crate::web::problem::{self, Asked, Failure, Refusal};
use crate::web::response::{Body, Res};
use crate::web::router::Surface;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use http::{Method, Request, StatusCode};
use std::net::IpAddr;
use std::time::Instant;

/// What the log calls a method and a path that could not be read.
const UNREAD: &str = "-";

/// In the extensions of a request whose head gave a length of the body beside its chunks: hyper takes that
/// away.
#[derive(Debug, Clone, Copy)]
pub struct BothLengths;

/// Notes in a request that comes in chunks if its head gave a length too.
pub fn note_lengths<B>(request: &mut Request<B>, head: impl FnOnce() -> Vec<u8>) {
    if request.headers().contains_key(TRANSFER_ENCODING) && names_length(&head()) {
        request.extensions_mut().insert(BothLengths);
    }
}

fn names_length(head: &[u8]) -> bool {
    length(head).is_some()
}

/// The value of the first `Content-Length` in a head.
fn length(head: &[u8]) -> Option<&[u8]> {
    lines(head).find_map(|line| {
        let (name, value) = line.split_at_checked(CONTENT_LENGTH.as_str().len())?;
        name.eq_ignore_ascii_case(CONTENT_LENGTH.as_str().as_bytes()).then_some(value.strip_prefix(b":"))?
    })
}

/// The answer to a head that hyper could not read, in place of its `own`, which is bare. With its line in
/// the log.
pub fn refuse(site: &Site, peer: IpAddr, own: &[u8], head: &[u8]) -> Vec<u8> {
    let arrival = Arrival { started: Instant::now(), id: site.request_id() };
    let said = own.get(9..12).and_then(|digits| StatusCode::from_bytes(digits).ok());
    let https = site.app.links.origin().is_some_and(|origin| origin.starts_with("https://"));
    let asked = Asked::unread(arrival.id, surface(site, head));
    let failure = failure(site, said.unwrap_or(StatusCode::BAD_REQUEST), head);
    let mut res = Finish::unread(arrival.id, https).finish(problem::answer(site, &asked, &failure));
    // Nobody knows where a next request would begin.
    res.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    let method = if head.starts_with(b"HEAD ") { Method::HEAD } else { Method::from_bytes(b"-").unwrap_or_default() };
    let seen = Seen { arrival, client: peer.to_canonical(), method: &method, path: UNREAD };
    written(&seen.answered(site, None, res), own)
}

/// How the answer looks, as far as the address came: for programs, or in one line.
fn surface(site: &Site, head: &[u8]) -> Surface {
    let target = lines(head).next().and_then(|line| line.split(|byte| *byte == b' ').nth(1)).unwrap_or_default();
    let end = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
    let path = target.get(..end).and_then(|path| str::from_utf8(path).ok()).unwrap_or_default();
    match pipeline::surface_of(site.app.links.strip(path).unwrap_or_default()) {
        Surface::Page => Surface::Feed,
        surface => surface,
    }
}

/// hyper has one status for whatever is too long.
fn failure(site: &Site, said: StatusCode, head: &[u8]) -> Failure {
    Failure::Refused(match said {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE | StatusCode::URI_TOO_LONG if is_one_line(head) => {
            Refusal::LongAddress
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE if has_endless_body(head) => {
            let most = site.router.routes().iter().map(|route| route.body_limit).max();
            return Error::TooLarge(most.unwrap_or_default()).into();
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Refusal::LongHead,
        StatusCode::URI_TOO_LONG => Refusal::LongAddress,
        _ => Refusal::BadHead,
    })
}

/// Whether the length that a head gives is none that can be counted to.
fn has_endless_body(head: &[u8]) -> bool {
    let value = length(head).and_then(|value| str::from_utf8(value).ok()?.trim().parse::<u64>().ok());
    value.is_some_and(|length| length > u64::MAX / 2)
}

/// Whether a head is still in its first line. Empty lines before that do not count.
fn is_one_line(head: &[u8]) -> bool {
    let begun = head.trim_ascii_start();
    !begun.is_empty() && !begun.contains(&b'\n')
}

/// The lines of the first head.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty())
}

/// An answer as it goes over the wire, with the version of hyper's `own`.
fn written(res: &Res, own: &[u8]) -> Vec<u8> {
    let mut out = own.get(..9).unwrap_or(b"HTTP/1.1 ").to_vec();
    let mut line = |parts: &[&[u8]]| {
        parts.iter().for_each(|part| out.extend_from_slice(part));
        out.extend_from_slice(b"\r\n");
    };
    line(&[res.status().as_str().as_bytes(), b" ", res.status().canonical_reason().unwrap_or("").as_bytes()]);
    for (name, value) in res.headers() {
        line(&[name.as_str().as_bytes(), b": ", value.as_bytes()]);
    }
    if !res.headers().contains_key(CONTENT_LENGTH) {
        line(&[b"content-length: ", res.body().length().to_string().as_bytes()]);
    }
    line(&[]);
    if let Body::Full(body) = res.body() {
        out.extend_from_slice(body);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing;

    const OWN: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\
                         date: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n";

    fn refused(head: &[u8]) -> String {
        String::from_utf8(refuse(&testing::site(Vec::new()), [127, 0, 0, 1].into(), OWN, head)).unwrap()
    }

    #[test]
    fn a_line_that_does_not_end_is_a_long_address_and_everything_else_long_fields() {
        assert!(refused(b"GET /aaaa").starts_with("HTTP/1.1 414 URI Too Long\r\n"));
        assert!(refused(b"\r\n\r\nGET /aaaa").starts_with("HTTP/1.1 414 "));
        assert!(refused(b"GET /a HTTP/1.1\r\nX: y").starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
        assert!(refused(b"").starts_with("HTTP/1.1 431 "), "it came with the request before it");
    }

    #[test]
    fn programs_are_answered_with_a_problem_as_far_as_the_address_came() {
        for head in
            ["GET /api/v1/posts?after=aaaa", "GET /api/v1/posts HTTP/1.1\r\nX: y", "POST /graphql HTTP/1.1\r\nX"]
        {
            let told = refused(head.as_bytes());
            assert!(told.contains("/problems/") || told.contains("\"code\""), "{told}");
        }
        assert!(refused(b"GET /posts/api HTTP/1.1\r\nX: y").contains("text/plain"));
    }

    #[test]
    fn the_answer_is_whole_and_without_a_body_for_head() {
        let told = refused(b"GET /aaaa");
        let (head, body) = told.split_once("\r\n\r\n").unwrap();
        for field in ["connection: close", "date: Tue, 14 Nov 2023 22:13:20 GMT", "cache-control: private, no-store"] {
            assert_eq!(head.matches(field).count(), 1, "{head}");
        }
        assert!(told.contains(&format!("content-length: {}\r\n", body.len())) && !body.is_empty(), "{told}");
        let told = refused(b"HEAD /aaaa");
        assert!(told.contains(&format!("content-length: {}\r\n", body.len())) && told.ends_with("\r\n\r\n"), "{told}");
    }

    #[test]
    fn a_length_counts_in_the_first_head_alone() {
        for head in [&b"POST / HTTP/1.1\r\nCONTENT-length: 1\r\n\r\n"[..], b"\nPOST / HTTP/1.1\ncontent-length:1\n\n"] {
            assert!(names_length(head));
        }
        for head in [&b"POST / HTTP/1.1\r\nX: Content-Length: 1\r\n\r\nContent-Length: 1\r\n"[..], b""] {
            assert!(!names_length(head));
        }
    }
}
