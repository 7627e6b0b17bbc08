//! A request as handlers see it.

use crate::config::Patience;
use crate::domain::actor::Actor;
use crate::domain::link::segment;
use crate::domain::slug::Slug;
use crate::error::{Error, Result};
use crate::service::payer::Payers;
use crate::web::body::{Cause, Held, Paced, Room};
use crate::web::form;
use crate::web::form::Form;
use crate::web::origin::Caller;
use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body_util::combinators::BoxBody;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// What one request asks, checked so far that handlers can rely on it.
pub struct Req {
    pub method: Method,
    /// Below the base path, as sent (percent-encoded), beginning with `/`.
    pub path: String,
    pub headers: HeaderMap,
    /// Who is asking.
    pub actor: Actor,
    /// Names the request in the log.
    pub id: RequestId,
    pub(in crate::web) caller: Caller,
    /// The connection, if it may carry several streams of events and belongs to one client.
    pub(in crate::web) connection: Option<u64>,
    /// The number of the route it found.
    pub(in crate::web) route: usize,
    pub(in crate::web) query: Query,
    pub(in crate::web) params: Params,
    /// The form, as soon as it is read.
    pub(in crate::web) typed: Typed,
    pub(in crate::web) body: Option<Incoming>,
    /// Seconds until a form that was refused may be sent again, for `Retry-After`.
    pub(in crate::web) wait: Arc<AtomicU64>,
    /// The room that the body takes, until the request is answered.
    pub(in crate::web) held: Option<Arc<Held>>,
}

/// Numbers a connection that carries several requests at once; an extension of a request for events.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionId(pub u64);

/// A form that was read, for whoever answers if it is refused.
pub(in crate::web) type Typed = Arc<OnceLock<Arc<Form>>>;

/// A body that nobody has read yet, with the route's limit.
pub(in crate::web) struct Incoming {
    pub body: BoxBody<Bytes, Cause>,
    pub limit: u64,
    pub patience: Patience,
    pub room: Room,
}

impl Req {
    /// A parameter of the route's pattern, percent-decoded. Not found if the pattern has none of
    /// that name.
    pub fn param(&self, name: &str) -> Result<&str> {
        let found = self.params.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).ok_or(Error::NotFound("page"))
    }

    /// Whether this is the present address of what has this slug, and none that it had before.
    pub fn is_at(&self, slug: &Slug) -> Result<bool> {
        Ok(Slug::parse(self.param("slug")?).is_ok_and(|asked| asked == *slug))
    }

    /// Below the base path: what this request asks of one thing, asked of the same thing at its present slug.
    pub fn with_slug(&self, slug: &Slug) -> String {
        let place = if self.path.starts_with("/api/v1/") { 4 } else { 2 };
        let slug = segment(slug.as_str());
        let parts = self.path.split('/').enumerate();
        let parts: Vec<&str> = parts.map(|(at, part)| if at == place { &*slug } else { part }).collect();
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(self.query.pairs()).finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{query}", parts.join("/"))
    }

    /// A parameter of the query; the first one if it was given several times.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name)
    }

    /// The address of the client: the peer's, or the one that a trusted proxy names.
    pub fn client(&self) -> IpAddr {
        self.caller.client
    }

    /// Whom the request is charged to.
    pub fn payers(&self) -> Payers {
        Payers::new(&self.actor, self.client())
    }

    /// The same result. If it says when to come back, the answer will too, also where a form is shown again.
    pub(in crate::web) fn noting<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(Error::RateLimited(wait)) = &result {
            self.wait.store(wait.as_secs().max(1), Ordering::Relaxed);
        }
        result
    }

    /// Whether the client reached the site over https.
    pub fn is_https(&self) -> bool {
        self.caller.https
    }

    /// Scheme, host and port under which the client reached the site: `https://example.org`.
    pub fn origin(&self) -> String {
        self.caller.origin()
    }

    /// Every parameter of the query; those that are not UTF-8 make it an error.
    pub fn queries(&self) -> Result<impl Iterator<Item = (&str, &str)>> {
        if self.query.is_whole() { Ok(self.query.pairs()) } else { Err(Error::Malformed("The query is not UTF-8.")) }
    }

    /// A header, if it is there and plain text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The submitted form. Whatever goes wrong after it was read, the page that says so gives its texts back.
    pub async fn form(&mut self) -> Result<Arc<Form>> {
        let form = match self.paced()? {
            Some(body) => Arc::new(form::read(&self.headers, body).await?),
            None => Arc::default(),
        };
        // Nothing reads a form twice.
        let _ = self.typed.set(Arc::clone(&form));
        Ok(form)
    }

    /// The body as JSON.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|_| Error::Malformed("The body is not the JSON this address takes."))
    }

    /// The body as it is.
    pub async fn bytes(&mut self) -> Result<Bytes> {
        match self.paced()? {
            Some(body) => body.read().await,
            None => Ok(Bytes::new()),
        }
    }

    /// The body under its limits; `None` if it was taken already.
    fn paced(&mut self) -> Result<Option<Paced>> {
        let Some(Incoming { body, limit, patience, room }) = self.body.take() else { return Ok(None) };
        let held = room.hold(self.payers())?;
        self.held = Some(Arc::clone(&held));
        Ok(Some(Paced::new(body, limit, held, patience)))
    }
}

/// The decoded parameters of a query.
#[derive(Debug, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
    whole: bool,
}

impl Query {
    /// Pairs that are not UTF-8 are left out.
    pub fn parse(text: Option<&str>) -> Query {
        let pairs = text.unwrap_or("").split('&').filter(|pair| !pair.is_empty());
        let mut query = Query { pairs: Vec::new(), whole: true };
        for pair in pairs.map(form::pair) {
            query.whole &= pair.is_some();
            query.pairs.extend(pair);
        }
        query
    }

    /// Every pair, in the order sent.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether every pair was UTF-8.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Every name and every value.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.pairs().flat_map(|(name, value)| [name, value])
    }

    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The decoded parameters of a route's pattern.
#[derive(Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// `None` if one of them is not UTF-8.
    pub fn decode<'a>(raw: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Params> {
        let decode = |(key, value): (&str, &str)| {
            let value = percent_decode_str(value).decode_utf8().ok()?;
            Some((key.to_owned(), value.into_owned()))
        };
        raw.map(decode).collect::<Option<Vec<_>>>().map(Params)
    }
}

/// Names a request in the log and on the page that says that something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_and_its_first_value_counts() {
        let query = Query::parse(Some("q=a+b%20c&q=2&&page&bad=%FF&x=1=2"));
        assert_eq!(query.get("q"), Some("a b c"));
        assert_eq!(query.get("page"), Some(""));
        assert_eq!(query.get("bad"), None);
        assert_eq!(query.get("x"), Some("1=2"));
        assert_eq!(query.get("none"), None);
    }

    #[test]
    fn parameters_that_are_not_text_match_nothing() {
        let good = Params::decode([("slug", "%D0%BC"), ("id", "a%2Fb")].into_iter()).unwrap();
        assert_eq!(good.0, [("slug".into(), "м".into()), ("id".into(), "a/b".to_owned())]);
        assert!(Params::decode([("slug", "%FF")].into_iter()).is_none());
    }
}
