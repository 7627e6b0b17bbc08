//! How a write of the API is carried out: read, done once, answered with what is there now.

use crate::domain::actor::Actor;
use crate::error::{Error, Result};
use crate::service::categories;
use crate::service::change::Change;
use crate::service::payer::Payers;
use crate::service::receipts::{Done, Once};
use crate::web::Site;
use crate::web::api::changes::{self, Call, Outcome, Shown};
use crate::web::api::operation::JSON;
use crate::web::api::query::Reader;
use crate::web::form;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use crate::web::strict;
use crate::web::variants;
use http::header::{ETAG, HeaderName, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use std::sync::{Arc, Mutex};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Says in an answer that it was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Writes a post, a page, a comment or a category.
pub async fn write(site: Arc<Site>, mut req: Req) -> Result<Res> {
    begin(&req)?;
    let bytes = req.bytes().await?;
    let once = once(&req, &bytes)?;
    let call = Call {
        method: req.method.clone(),
        path: segments(&req.path)?,
        if_match: req.header("if-match").map(str::to_owned),
        body: if req.method == Method::DELETE { None } else { Some(strict::parse(&bytes)?) },
        faults: Mutex::default(),
    };
    let status = call.status();
    let done = match run(&site, req.payers(), once, changes::prepare(&site, &req.actor, call)).await {
        Err(Error::NotFound(noun)) => return moved(&site, &req)?.ok_or(Error::NotFound(noun)),
        done => done?,
    };
    answer(&site, &req.actor, status, done)
}

/// What holds for every write: somebody is signed in, and there are no parameters in the query.
pub fn begin(req: &Req) -> Result<()> {
    if req.actor.is_anonymous() {
        return Err(Error::Unauthenticated);
    }
    Reader::new(req, &[])?.finish()
}

/// The decoded segments of a path below `/api/v1`.
pub fn segments(path: &str) -> Result<Vec<String>> {
    let rest = path.strip_prefix("/api/v1").unwrap_or(path);
    let decoded = |part: &str| percent_decode_str(part).decode_utf8().ok().map(|part| part.into_owned());
    let parts = rest.split('/').skip(1).map(decoded).collect::<Option<_>>();
    parts.ok_or(Error::NotFound("page"))
}

/// The idempotency key of a POST with what it was sent with.
pub fn once(req: &Req, body: &[u8]) -> Result<Option<Once>> {
    once_of(req, &[body])
}

/// The same of a body that is told by what counts of it: a form is sent again with another boundary.
pub fn once_of(req: &Req, parts: &[&[u8]]) -> Result<Option<Once>> {
    let Some(key) = req.headers.get(IDEMPOTENCY_KEY).filter(|_| req.method == Method::POST) else { return Ok(None) };
    // What is no text is no key; `Once` says what one is.
    let key = key.to_str().unwrap_or("");
    let media_type = form::essence(&req.headers).to_ascii_lowercase();
    let request = [req.method.as_str().as_bytes(), req.path.as_bytes(), media_type.as_bytes()];
    Once::new(&req.actor, key, &[&request, parts].concat()).map(Some)
}

/// Refuses an idempotency key where the answer holds a secret, which is not kept to be told again.
pub fn never_once(req: &Req) -> Result<()> {
    if req.headers.contains_key(IDEMPOTENCY_KEY) {
        return Err(Error::field(
            "Idempotency-Key",
            "This answer holds a secret and is given once; please leave out the key.",
        ));
    }
    Ok(())
}

/// Prepares and commits a change, unless its key says that it was done before. Also whether it was.
pub async fn run(
    site: &Site,
    payers: Payers,
    once: Option<Once>,
    change: impl Future<Output = Result<Change<Outcome>>>,
) -> Result<(Outcome, bool)> {
    let before = once.as_ref().map(|once| once.before(&site.app)).transpose()?.flatten();
    if let Some(outcome) = before.as_deref().and_then(Outcome::parse) {
        return Ok((outcome, true));
    }
    commit(site, payers, once, change.await?).await
}

/// Commits a change, with its receipt if there is a key. Also whether it was done before.
async fn commit(site: &Site, payers: Payers, once: Option<Once>, change: Change<Outcome>) -> Result<(Outcome, bool)> {
    let Some(once) = once else { return Ok((change.commit(&site.app, payers).await?, false)) };
    Ok(match once.commit(&site.app, payers, change, Outcome::text).await? {
        Done::Now(outcome) => (outcome, false),
        Done::Before(text) => (Outcome::parse(&text).unwrap_or(Outcome::Gone), true),
    })
}

/// The thing as it is now. `NotFound` if it was made with the same key before and is gone since.
pub fn answer(site: &Site, actor: &Actor, status: StatusCode, (outcome, replayed): (Outcome, bool)) -> Result<Res> {
    let shown = changes::show(site, actor, &outcome)?;
    if shown.is_none() && status == StatusCode::CREATED {
        return Err(Error::NotFound(outcome.noun()));
    }
    Ok(with_thing((status, replayed), shown))
}

/// An answer with a thing in it, its address and its version.
pub fn with_thing((status, replayed): (StatusCode, bool), shown: Option<Shown>) -> Res {
    let mut res = match shown {
        Some(Shown { location, body }) => {
            let tag = variants::tag(&body);
            let mut res = response::bytes(status, JSON, body);
            res.headers_mut().insert(ETAG, tag);
            if status == StatusCode::CREATED {
                res.headers_mut().extend(HeaderValue::try_from(location).ok().map(|value| (LOCATION, value)));
            }
            res
        }
        None => response::empty(status),
    };
    if replayed {
        res.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    res
}

/// Where the category of a write is now that once was at this address (308: the same method again). It may have
/// been merged into another one, so the client decides; a post at an earlier address is the same post.
fn moved(site: &Site, req: &Req) -> Result<Option<Res>> {
    let path = segments(&req.path)?;
    let [noun, slug] = path.as_slice() else { return Ok(None) };
    if noun != "categories" {
        return Ok(None);
    }
    let category = categories::moved(&site.app.read()?, slug)?;
    let address = category.map(|category| site.app.links().api_category(&category.slug));
    Ok(address.map(|address| response::redirect(StatusCode::PERMANENT_REDIRECT, &address)))
}
