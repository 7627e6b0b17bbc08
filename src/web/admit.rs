//! What is refused or led elsewhere by the head of a request alone.

use crate::domain::actor::Actor;
use crate::domain::feed_address;
use crate::domain::link::Links;
use crate::error::Error;
use crate::web::accept;
use crate::web::form;
use crate::web::origin;
use crate::web::problem::{Failure, Refusal};
use crate::web::raw_head::BothLengths;
use crate::web::response;
use crate::web::response::Res;
use crate::web::router::{Route, Surface};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, IF_MATCH, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use unicode_normalization::is_nfc;

/// Every method that some route may have; anything else is answered without a look at the table.
pub const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
/// Longest target of a request, in bytes.
pub const MAX_TARGET: usize = 8 * 1024;

/// Checks that need no look at the site; gives the host that is asked for.
pub fn request(parts: &Parts) -> std::result::Result<&str, Refusal> {
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    if !is_read && !METHODS.split(", ").any(|known| known == parts.method.as_str()) {
        return Err(Refusal::Method(METHODS.into()));
    }
    if parts.uri.path().len() + parts.uri.query().map_or(0, str::len) > MAX_TARGET {
        return Err(Refusal::LongAddress);
    }
    // An asterisk stands for the server as a whole, and only OPTIONS asks that.
    let target_ok = parts.uri.path().starts_with('/') || (parts.uri.path() == "*" && parts.method == Method::OPTIONS);
    let scheme_ok = parts.uri.scheme_str().is_none_or(|scheme| matches!(scheme, "http" | "https"));
    if !target_ok || !scheme_ok {
        return Err(Refusal::BadRequest);
    }
    let mut codings = parts.headers.get_all(TRANSFER_ENCODING).iter();
    // Whoever stands before us may take several codings for something else, and see the body end elsewhere.
    if codings.next().is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
        || codings.next().is_some()
    {
        return Err(Refusal::TransferCoding);
    }
    if parts.extensions.get::<BothLengths>().is_some() {
        return Err(Refusal::BothLengths);
    }
    origin::host(parts).ok_or(Refusal::BadRequest)
}

/// A trailing slash leads to the address without it, the query kept. Doubled slashes at the
/// beginning would lead to another host, and no address of ours has them.
pub fn without_slash(links: &Links, method: &Method, path: &str, query: Option<&str>) -> Option<Res> {
    let bare = path.trim_end_matches('/');
    if bare.is_empty() || bare.len() == path.len() || bare.starts_with("//") {
        return None;
    }
    // Straight to the feed instead, unless there is a page of that name.
    if method.is_safe() && bare.strip_prefix('/').is_some_and(feed_address::is_elsewhere) {
        return None;
    }
    let status = if method.is_safe() { StatusCode::MOVED_PERMANENTLY } else { StatusCode::PERMANENT_REDIRECT };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Some(response::redirect(status, &format!("{}{query}", links.to(bare))))
}

/// An address in decomposed letters leads to the same in composed ones (NFC), which slugs are in. The
/// API needs no detour: it looks slugs up in either form.
pub fn composed(links: &Links, method: &Method, path: &str, query: Option<&str>) -> Option<Res> {
    let is_composed = |segment: &str| percent_decode_str(segment).decode_utf8().map_or(true, |text| is_nfc(&text));
    let left_alone = !path.contains('%') || path.starts_with("//") || path.starts_with("/api/");
    if left_alone || path.split('/').all(is_composed) {
        return None;
    }
    let status = if method.is_safe() { StatusCode::MOVED_PERMANENTLY } else { StatusCode::PERMANENT_REDIRECT };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Some(response::redirect(status, &format!("{}{query}", links.composed(path))))
}

/// Refuses somebody who takes no form in which the route answers.
pub fn accept(route: &Route, headers: &HeaderMap) -> std::result::Result<(), Refusal> {
    match route.gives.first() {
        Some(first) if !route.gives.iter().any(|given| accept::takes(headers, given)) => {
            Err(Refusal::NotAcceptable(first))
        }
        _ => Ok(()),
    }
}

/// Refuses a change that names no version. Visitors are told to sign in instead, by the route itself.
pub fn precondition(route: &Route, headers: &HeaderMap, actor: &Actor) -> std::result::Result<(), Refusal> {
    let bare = route.is_conditional && !headers.contains_key(IF_MATCH);
    if bare && !actor.is_anonymous() { Err(Refusal::NoPrecondition) } else { Ok(()) }
}

/// Refuses by its headers a body that the route would not read.
pub fn body(route: &Route, actor: &Actor, parts: &Parts, has_body: bool) -> std::result::Result<(), Failure> {
    let headers = &parts.headers;
    let length: Option<u64> = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let limit = route.body_limit_for(actor);
    if length.is_some_and(|length| length > limit) {
        return Err(Error::TooLarge(limit).into());
    }
    if parts.method.is_safe() || !has_body {
        return Ok(());
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Refusal::ContentCoding.into());
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
