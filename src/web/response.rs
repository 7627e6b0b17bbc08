//! What handlers answer with.

use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::service::Scope;
use bytes::Bytes;
use futures_util::Stream;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use maud::{DOCTYPE, Markup, html};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An answer.
pub type Res = Response<Body>;

/// Media type of pages.
pub const HTML: &str = "text/html; charset=utf-8";
/// Media type of short plain answers.
pub const TEXT: &str = "text/plain; charset=utf-8";
/// What a `Location` may not hold although the text is already an address.
const LOCATION_UNSAFE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\');

/// What an answer carries.
pub enum Body {
    Empty,
    Full(Bytes),
    Pieces(Pieces),
    /// Goes on until it is over: of no known length, never coded, and sent as it comes.
    Open(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

/// A body that is read piece by piece while it is sent, so that a large file never lies in memory.
pub struct Pieces {
    left: u64,
    next: Box<dyn FnMut() -> Result<Option<Bytes>> + Send + Sync>,
}

impl Body {
    /// `length` bytes, in the order in which `next` gives them; `None` ends them. `next` runs on
    /// an async thread: keep a piece at 64 KiB or so.
    pub fn pieces(length: u64, next: impl FnMut() -> Result<Option<Bytes>> + Send + Sync + 'static) -> Body {
        Body::Pieces(Pieces { left: length, next: Box::new(next) })
    }

    /// What comes, when it comes. Nothing may be kept of it on the way, by caches or by proxies that
    /// gather answers before they pass them on.
    pub fn open(stream: impl Stream<Item = Bytes> + Send + 'static) -> Body {
        Body::Open(Box::pin(stream))
    }

    /// The next part of a body in memory, of at most `most` bytes.
    pub fn piece(&mut self, most: usize) -> Option<Bytes> {
        let Body::Full(bytes) = self else { return None };
        let piece = bytes.split_to(bytes.len().min(most));
        if bytes.is_empty() {
            *self = Body::Empty;
        }
        (!piece.is_empty()).then_some(piece)
    }

    /// Whether it goes on until it is over.
    pub fn is_open(&self) -> bool {
        matches!(self, Body::Open(_))
    }

    /// How many bytes it will be, as far as that is known.
    pub fn length(&self) -> u64 {
        match self {
            Body::Empty => 0,
            Body::Full(bytes) => bytes.len() as u64,
            Body::Pieces(pieces) => pieces.left,
            Body::Open(_) => 0,
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let body = self.get_mut();
        match body {
            Body::Empty => Poll::Ready(None),
            Body::Full(_) => Poll::Ready(body.piece(usize::MAX).map(|piece| Ok(Frame::data(piece)))),
            Body::Pieces(pieces) => Poll::Ready(pieces.take()),
            Body::Open(stream) => stream.as_mut().poll_next(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        !self.is_open() && self.length() == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_open() { SizeHint::default() } else { SizeHint::with_exact(self.length()) }
    }
}

impl Pieces {
    /// The next piece; an error cuts the connection, which is how the client can tell.
    fn take(&mut self) -> Option<Result<Frame<Bytes>>> {
        if self.left == 0 {
            return None;
        }
        match (self.next)() {
            Ok(Some(piece)) if piece.len() as u64 <= self.left => {
                self.left -= piece.len() as u64;
                Some(Ok(Frame::data(piece)))
            }
            Ok(_) => Some(Err(Error::internal("a stored file is not as long as its record says"))),
            Err(error) => Some(Err(error)),
        }
    }
}

/// What a page shows and how long that holds: what `cache::get_or_render` keeps.
pub enum Rendered {
    /// A 200 that may be kept.
    Page {
        body: Bytes,
        media_type: &'static str,
        /// What it was made from.
        scopes: Vec<Scope>,
        /// When it ends by itself: the next scheduled publication.
        until: Option<Timestamp>,
        /// What it says beside its body: where a list goes on.
        headers: Vec<(HeaderName, HeaderValue)>,
    },
    /// Any other answer, such as a redirect: never kept.
    Other(Res),
}

impl Rendered {
    /// The same, ending by itself at this time.
    pub fn until(mut self, time: Option<Timestamp>) -> Rendered {
        if let Rendered::Page { until, .. } = &mut self {
            *until = time;
        }
        self
    }
}

/// A page that may be kept until one of `scopes` changes or the time `until` comes.
pub fn page(markup: Markup, scopes: Vec<Scope>, until: Option<Timestamp>) -> Rendered {
    Rendered::Page { body: markup.into_string().into(), media_type: HTML, scopes, until, headers: Vec::new() }
}

/// Like `page`, for feeds, sitemaps and other text; `media_type` with its charset.
pub fn document(media_type: &'static str, text: String, scopes: Vec<Scope>, until: Option<Timestamp>) -> Rendered {
    Rendered::Page { body: text.into(), media_type, scopes, until, headers: Vec::new() }
}

/// A page, 200.
pub fn html(markup: Markup) -> Res {
    html_status(StatusCode::OK, markup)
}

/// A page with another status: a form with its errors is 422.
pub fn html_status(status: StatusCode, markup: Markup) -> Res {
    bytes(status, HTML, markup.into_string())
}

/// A page of a heading and a sentence, for when the site's own frame cannot be shown.
pub fn plain_page(title: &str, message: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (title) } }
            body { h1 { (title) } p { (message) } }
        }
    }
}

/// A short plain answer.
pub fn text(status: StatusCode, text: impl Into<String>) -> Res {
    bytes(status, TEXT, text.into())
}

/// Any bytes with their media type.
pub fn bytes(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Res {
    let mut res = empty(status);
    res.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    *res.body_mut() = Body::Full(body.into());
    res
}

/// An answer that goes on until it is over.
pub fn stream(media_type: &'static str, body: Body) -> Res {
    let mut res = empty(StatusCode::OK);
    let headers = res.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx and others would gather it otherwise.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    *res.body_mut() = body;
    res
}

/// Capacity of a scratch that is kept.
const SCRATCH: usize = 64 * 1024;

thread_local! {
    static JSON: RefCell<Scratch> = const { RefCell::new(Scratch { json: Vec::new(), text: Vec::new() }) };
}

/// Where JSON grows, instead of in pieces of memory that are taken and given back one after the other.
#[derive(Default)]
struct Scratch {
    json: Vec<u8>,
    /// A long text of it.
    text: Vec<u8>,
}

/// Writes JSON as serde_json does, and what is called bytes as a text: it is escaped many bytes at a time, where
/// serde_json looks at one after the other.
struct LongTexts<'a>(&'a mut Vec<u8>);

impl Formatter for LongTexts<'_> {
    fn write_byte_array<W: ?Sized + io::Write>(&mut self, to: &mut W, text: &[u8]) -> io::Result<()> {
        self.0.clear();
        json_escape_simd::escape_into(str::from_utf8(text).map_err(io::Error::other)?, self.0);
        to.write_all(self.0)
    }
}

/// The bytes of a value in JSON. What it calls bytes has to be UTF-8, and is written as a text.
pub fn json_bytes(value: &impl Serialize) -> Result<Bytes> {
    let mut scratch = JSON.take();
    scratch.json.clear();
    let mut to = Serializer::with_formatter(&mut scratch.json, LongTexts(&mut scratch.text));
    let written = value.serialize(&mut to).map_err(|cause| Error::Internal(Box::new(cause)));
    let bytes = written.map(|()| Bytes::copy_from_slice(&scratch.json));
    scratch.json.shrink_to(SCRATCH);
    scratch.text.shrink_to(SCRATCH);
    JSON.set(scratch);
    bytes
}

/// JSON of any serialisable value.
pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Res> {
    Ok(bytes(status, "application/json", json_bytes(value)?))
}

/// No body.
pub fn empty(status: StatusCode) -> Res {
    let mut res = Response::new(Body::Empty);
    *res.status_mut() = status;
    res
}

/// After a form: look at `address` next (303).
pub fn see_other(address: &str) -> Res {
    redirect(StatusCode::SEE_OTHER, address)
}

/// The thing has moved for ever (301).
pub fn moved(address: &str) -> Res {
    redirect(StatusCode::MOVED_PERMANENTLY, address)
}

/// To an address made by `Links`, base path included.
pub fn redirect(status: StatusCode, address: &str) -> Res {
    let mut res = empty(status);
    let address = utf8_percent_encode(address, LOCATION_UNSAFE).to_string();
    if let Ok(value) = HeaderValue::from_str(&address) {
        res.headers_mut().insert(LOCATION, value);
    }
    res
}

/// The same answer without its body, as HEAD asks for; the length stays.
pub fn without_body(mut res: Res) -> Res {
    let length = res.body().length();
    let has_length = !res.body().is_open() && !matches!(res.status().as_u16(), 204 | 304);
    if has_length && !res.headers().contains_key(CONTENT_LENGTH) {
        res.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    *res.body_mut() = Body::Empty;
    res
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_location_is_always_a_valid_header() {
        let location = |address| redirect(StatusCode::SEE_OTHER, address).headers()[LOCATION].clone();
        assert_eq!(location("/login?next=/a%20b"), "/login?next=/a%20b");
        assert_eq!(location("/ü\r\nSet-Cookie: x"), "/%C3%BC%0D%0ASet-Cookie:%20x");
    }

    struct Long<'a>(&'a str);

    impl Serialize for Long<'_> {
        fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
            to.serialize_bytes(self.0.as_bytes())
        }
    }

    fn is_written_as_serde_json_would(text: &str) -> bool {
        json_bytes(&(Long(text), "end")).unwrap() == serde_json::to_vec(&(text, "end")).unwrap()
    }

    #[test]
    fn long_texts_are_escaped_as_serde_json_would() {
        let all: String = (0..=0x2fff).filter_map(char::from_u32).chain(['\u{10ffff}']).collect();
        for text in ["", "<p class=\"a\">\\\u{1f989}</p>\u{7f}\u{0}\n", &all, &"x\"".repeat(50_000)] {
            assert!(is_written_as_serde_json_would(text));
        }
    }

    proptest! {
        #[test]
        fn texts_of_every_kind_are_escaped_as_serde_json_would(text in "(\\PC|[\\x00-\\x7f]){0,300}") {
            prop_assert!(is_written_as_serde_json_would(&text));
        }
    }

    #[test]
    fn pieces_end_where_the_record_says() {
        let mut given = vec![Bytes::from_static(b"cd"), Bytes::from_static(b"ab")];
        let Body::Pieces(mut pieces) = Body::pieces(4, move || Ok(given.pop())) else { panic!("not pieces") };
        assert!(pieces.take().unwrap().is_ok());
        assert!(pieces.take().unwrap().is_ok());
        assert!(pieces.take().is_none());
        let Body::Pieces(mut short) = Body::pieces(4, || Ok(None)) else { panic!("not pieces") };
        assert!(short.take().unwrap().is_err());
    }
}
