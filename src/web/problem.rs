//! From what went wrong to an answer: the only place that knows the status of an error.

use crate::domain::actor::Actor;
use crate::error::{Error, FieldError};
use crate::web::Site;
use crate::web::error_page;
use crate::web::quota::Left;
use crate::web::request::{RequestId, Typed};
use crate::web::response;
use crate::web::response::Res;
use crate::web::router::Surface;
use crate::web::wire::camel_case;
use http::StatusCode;
use http::header::{ACCEPT, ACCEPT_ENCODING, ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::uri::PathAndQuery;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// JSON Merge Patch, RFC 7396.
pub const MERGE_PATCH: &str = "application/merge-patch+json";
/// Says what a PATCH may be (RFC 5789, section 3.1).
pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// The word for a form that another site sent.
pub(in crate::web) const OTHER_SITE: &str = "other-site";

/// What the answer to a failure depends on.
pub struct Asked {
    pub surface: Surface,
    pub actor: Actor,
    pub id: RequestId,
    /// The number of the route, as soon as there is one.
    pub route: Option<usize>,
    /// Where a login leads back to: the address of a page, base path included.
    pub next: Option<PathAndQuery>,
    /// Where a form was sent, base path included.
    pub sent_to: Option<PathAndQuery>,
    /// The form, if it was read.
    pub typed: Typed,
    /// What is left of the quota, where one counts.
    pub left: Option<Left>,
    /// Seconds until a form that was refused may be sent again; 0: it was not.
    pub wait: Arc<AtomicU64>,
    /// The origin whose pages may read the answer, beside our own.
    pub origin: Option<HeaderValue>,
}

impl Asked {
    /// By somebody of whom no more could be read.
    pub fn unread(id: RequestId, surface: Surface) -> Asked {
        Asked {
            surface,
            actor: Actor::Anonymous,
            id,
            route: None,
            next: None,
            sent_to: None,
            typed: Typed::default(),
            left: None,
            wait: Arc::default(),
            origin: None,
        }
    }

    /// By a visitor until the session says otherwise, on a page until the route does.
    pub fn new(id: RequestId, parts: &Parts) -> Asked {
        // A login leads back to pages only: repeating a form would need its fields.
        let address = parts.uri.path_and_query().cloned();
        let (next, sent_to) = if parts.method.is_safe() { (address, None) } else { (None, address) };
        Asked { next, sent_to, ..Asked::unread(id, Surface::Page) }
    }
}

/// What the pipeline refuses before any handler runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No host, several, or a malformed one; or a target that is no path.
    BadRequest,
    /// A body in other transfer codings than chunks (RFC 9112, section 6.1).
    TransferCoding,
    /// A body with its length and in chunks, which may end elsewhere for whoever stands before us.
    BothLengths,
    /// A head that is none in HTTP/1.1.
    BadHead,
    /// More header fields, or longer ones, than are read.
    LongHead,
    /// The address is longer than any of ours.
    LongAddress,
    /// These methods are allowed, by the address or at all.
    Method(String),
    /// A form sent from another site.
    OtherSite,
    /// A body that the route does not read; says what it reads.
    MediaType(String),
    /// A body in a content coding.
    ContentCoding,
    /// The answer cannot be had in any form the client accepts; says which there are.
    NotAcceptable(&'static str),
    /// A subscription whose `Accept` does not name events: whoever leaves it out gets no stream without an end.
    NotEvents,
    /// An API token that is unknown, revoked or expired.
    BadToken,
    /// A secret in the address, where logs and histories keep it.
    TokenInAddress,
    /// A change without `If-Match`, which might undo somebody else's.
    NoPrecondition,
}

/// Word and title of what is nobody's fault who asks.
pub(in crate::web) const INTERNAL: (&str, &str) = ("internal", "Something went wrong");

/// Why no handler answered, or what the handler failed with.
pub enum Failure {
    Failed(Error),
    Refused(Refusal),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Failed(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

/// A failure in the words of HTTP, the same for every API.
pub(in crate::web) struct Verdict {
    pub status: StatusCode,
    /// Last part of the problem's type: stable, programs rely on it.
    pub code: &'static str,
    pub title: &'static str,
    pub message: String,
}

/// Answers whatever failed.
pub fn answer(site: &Site, asked: &Asked, failure: &Failure) -> Res {
    match failure {
        Failure::Failed(error) => respond(site, asked, error),
        Failure::Refused(refusal) => refuse(site, asked, refusal),
    }
}

/// Answers an error, and logs its cause if nobody is to see it.
fn respond(site: &Site, asked: &Asked, error: &Error) -> Res {
    if let (Error::Unauthenticated, Surface::Page, None) = (error, asked.surface, error_page::texts(asked)) {
        return response::see_other(&site.app.links.login(asked.next.as_ref().map_or("", PathAndQuery::as_str)));
    }
    let (item, cause) = match error {
        Error::Item(number, inner) => (Some(*number), &**inner),
        error => (None, error),
    };
    let fields = if let Error::Invalid(fields) = cause { fields.as_slice() } else { &[] };
    let mut res = show(site, asked, verdict(error, asked.id), Details { fields, item });
    if let Some(seconds) = retry_after(error) {
        res.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    let challenge = match cause {
        Error::Unauthenticated => HeaderValue::from_str("Bearer").ok(),
        // RFC 6750, section 3.1.
        Error::ScopeMissing(scope) => {
            HeaderValue::from_str(&format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"")).ok()
        }
        _ => None,
    };
    res.headers_mut().extend(challenge.map(|value| (WWW_AUTHENTICATE, value)));
    res
}

/// Answers a refusal.
fn refuse(site: &Site, asked: &Asked, refusal: &Refusal) -> Res {
    let mut res = show(site, asked, refused(refusal), Details::default());
    if let Refusal::MediaType(takes) = refusal
        && takes.contains(MERGE_PATCH)
        && let Ok(value) = HeaderValue::from_str(takes)
    {
        // RFC 5789, section 2.2.
        res.headers_mut().insert(ACCEPT_PATCH, value);
    }
    let told = match refusal {
        Refusal::Method(methods) => HeaderValue::from_str(methods).ok().map(|value| (ALLOW, value)),
        Refusal::MediaType(takes) if asked.surface.takes_tokens() => {
            HeaderValue::from_str(takes).ok().map(|value| (ACCEPT, value))
        }
        // RFC 9110, section 12.5.3.
        Refusal::ContentCoding => Some((ACCEPT_ENCODING, HeaderValue::from_static("identity"))),
        Refusal::BadToken => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))),
        _ => None,
    };
    res.headers_mut().extend(told);
    res
}

/// What an error is called, said once for pages, REST and GraphQL; logs the cause of one that nobody is to
/// see, with the number of its request.
pub(in crate::web) fn verdict(error: &Error, id: RequestId) -> Verdict {
    if let Error::Item(number, inner) = error {
        let inner = verdict(inner, id);
        return Verdict { message: format!("Item {number}: {}", inner.message), ..inner };
    }
    let (status, code, title) = match error {
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "Not found"),
        Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Please check your input"),
        // Its inner error was told above.
        Error::Item(..) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Please check your input"),
        Error::Conflict(_) => (StatusCode::CONFLICT, "conflict", "That does not fit"),
        Error::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "Please log in"),
        Error::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
        Error::ScopeMissing(_) => (StatusCode::FORBIDDEN, "scope-missing", "Not allowed with this token"),
        Error::SessionNeeded => (StatusCode::FORBIDDEN, "session-needed", "Please log in"),
        Error::Stale(_) => (StatusCode::PRECONDITION_FAILED, "stale", "Changed meanwhile"),
        Error::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "key-reused", "Idempotency key in use"),
        Error::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too large"),
        Error::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed", "Not understood"),
        Error::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow", "Too slow"),
        Error::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "rate-limited", "Too many attempts"),
        Error::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy"),
        Error::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Saving is not possible now"),
        Error::NoSpace => (StatusCode::SERVICE_UNAVAILABLE, "no-space", "The disk is almost full"),
        Error::DataFile(_) | Error::Failed(_) | Error::Internal(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL.0, INTERNAL.1)
        }
    };
    let message = match error {
        Error::DataFile(_) | Error::Failed(_) | Error::Internal(_) => {
            tracing::error!(%id, %error, "request failed");
            format!("It is not your fault. The log of this site says more about it under the number {id}.")
        }
        error => error.to_string(),
    };
    Verdict { status, code, title, message }
}

fn retry_after(error: &Error) -> Option<u64> {
    match error {
        Error::Item(_, error) => retry_after(error),
        Error::RateLimited(wait) => Some(wait.as_secs().max(1)),
        Error::Busy => Some(1),
        Error::Unavailable => Some(10),
        Error::NoSpace => Some(60),
        _ => None,
    }
}

/// What a refusal is called.
pub(in crate::web) fn refused(refusal: &Refusal) -> Verdict {
    let (status, code, title, message) = match refusal {
        Refusal::BadRequest => (
            StatusCode::BAD_REQUEST,
            "malformed",
            "Not understood",
            "The request names no host, more than one, or one that is malformed.".into(),
        ),
        Refusal::TransferCoding => (
            StatusCode::BAD_REQUEST,
            "malformed",
            "Not understood",
            "The body can be sent with its length or in chunks; no other Transfer-Encoding is understood.".into(),
        ),
        Refusal::BothLengths => (
            StatusCode::BAD_REQUEST,
            "malformed",
            "Not understood",
            "The body can be sent with its length or in chunks, and not with both.".into(),
        ),
        Refusal::ContentCoding => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Wrong kind of body",
            "Please send the body as it is, without Content-Encoding.".into(),
        ),
        Refusal::BadHead => (
            StatusCode::BAD_REQUEST,
            "malformed",
            "Not understood",
            "This is no request in HTTP/1.1: its first line or a header field is malformed, or the length of its body is in doubt."
                .into(),
        ),
        Refusal::LongHead => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "head-too-large",
            "Head too large",
            "The head of this request has too many header fields, or they are too long.".into(),
        ),
        Refusal::LongAddress => {
            (StatusCode::URI_TOO_LONG, "address-too-long", "Address too long", "This site has no address of that length.".into())
        }
        Refusal::Method(methods) => (
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Method not allowed",
            format!("This address can be asked with {methods}."),
        ),
        Refusal::OtherSite => (
            StatusCode::FORBIDDEN,
            OTHER_SITE,
            "Sent from elsewhere",
            "This form was not sent from a page of this site, so nothing was changed. Open the page here and try again. \
             Whoever runs this site behind a proxy sets its public URL and the trusted proxy."
                .into(),
        ),
        Refusal::NotAcceptable(has) => (
            StatusCode::NOT_ACCEPTABLE,
            "not-acceptable",
            "No form you accept",
            format!("This address answers with {has}, and the Accept header leaves that out."),
        ),
        Refusal::NotEvents => (
            StatusCode::NOT_ACCEPTABLE,
            "not-acceptable",
            "No form you accept",
            "A subscription is answered with events as they come. Please ask for it with Accept: text/event-stream.".into(),
        ),
        Refusal::BadToken => (
            StatusCode::UNAUTHORIZED,
            "bad-token",
            "Token not valid",
            "This token is unknown, revoked or expired. Please make a new one under /account.".into(),
        ),
        Refusal::TokenInAddress => (
            StatusCode::BAD_REQUEST,
            "token-in-address",
            "Token in the address",
            "Addresses end up in logs and histories, so no token may stand in one. Please send it as “Authorization: \
             Bearer …”, and revoke this one."
                .into(),
        ),
        Refusal::NoPrecondition => (
            StatusCode::PRECONDITION_REQUIRED,
            "precondition-required",
            "If-Match is missing",
            "Please send If-Match with the ETag of what you change, so that nobody's change is undone.".into(),
        ),
        Refusal::MediaType(takes) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "Wrong kind of body", format!("This address takes {takes}."))
        }
    };
    Verdict { status, code, title, message }
}

/// What a problem says beside its verdict.
#[derive(Default)]
struct Details<'a> {
    fields: &'a [FieldError],
    /// The item of a batch that is at fault.
    item: Option<usize>,
}

fn show(site: &Site, asked: &Asked, verdict: Verdict, Details { fields, item }: Details<'_>) -> Res {
    let Verdict { status, code, title, message } = verdict;
    let named = |name: fn(&str) -> String| -> Vec<Value> {
        fields.iter().map(|error| json!({ "field": name(&error.field), "message": error.message })).collect()
    };
    match asked.surface {
        Surface::Page => error_page::show(site, asked, (status, code), title, &message),
        Surface::GraphQl => {
            let mut extensions = json!({ "code": code });
            if let (false, Some(object)) = (fields.is_empty(), extensions.as_object_mut()) {
                object.insert("errors".into(), named(camel_case).into());
            }
            let body = json!({ "errors": [{ "message": message, "extensions": extensions }] });
            response::bytes(status, "application/graphql-response+json; charset=utf-8", body.to_string())
        }
        Surface::Feed => response::text(status, format!("{message}\n")),
        Surface::Api => {
            let mut problem = json!({
                "type": site.app.links().problem(code),
                "title": title,
                "status": status.as_u16(),
                "detail": message,
                "request_id": asked.id.to_string(),
            });
            if let (false, Some(object)) = (fields.is_empty(), problem.as_object_mut()) {
                object.insert("errors".into(), named(str::to_owned).into());
            }
            if let (Some(item), Some(object)) = (item, problem.as_object_mut()) {
                object.insert("item".into(), item.into());
            }
            response::bytes(status, "application/problem+json", problem.to_string())
        }
    }
}
