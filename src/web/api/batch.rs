//! Several writes in one transaction.

use crate::error::{Error, Result};
use crate::service::change::Change;
use crate::service::payer::Payers;
use crate::service::receipts::{Done, Once};
use crate::web::Site;
use crate::web::api::changes::{self, Call, Outcome};
use crate::web::api::operation::{JSON, Operation, Wants};
use crate::web::api::perform;
use crate::web::api::shape::Shape;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use crate::web::strict;
use http::header::HeaderValue;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use utoipa::ToSchema;

/// Most items of a batch.
pub const MAX_ITEMS: usize = 100;
const BATCH_LIMIT: u64 = 8_000_000;

/// How an item changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    Post,
    Put,
    Patch,
    Delete,
}

/// One write of a post, a page, a comment or a category.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchItem {
    pub method: Verb,
    /// Its address below `/api/v1`, without a query.
    #[schema(example = "/posts/owls-at-night")]
    pub path: String,
    /// The `ETag` of what is changed, or `*`; every method but POST needs it.
    #[serde(default)]
    pub if_match: Option<String>,
    /// What would be the body of the request.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub body: Option<Value>,
}

/// What came of one item.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchResult {
    pub status: u16,
    /// The address of the thing in the API, if it is there.
    pub location: Option<String>,
}

/// What came of all of them, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchResults {
    pub results: Vec<BatchResult>,
}

pub fn operations() -> Vec<Operation> {
    let item = Shape::of::<BatchItem>();
    let list = json!({ "type": "array", "minItems": 1, "maxItems": MAX_ITEMS, "items": item.schema });
    let example = json!([
        { "method": "POST", "path": "/posts", "body": { "title": "Owls at night", "source": "They **hoot**." } },
        { "method": "POST", "path": "/categories", "body": { "name": "Field notes" } },
    ]);
    let batch = Operation::new(Method::POST, "/api/v1/batch", "batch", run)
        .about(
            "Write several things at once",
            "Up to 100 writes of posts, pages, comments and categories in one transaction: all of them are done, or none. \
             The problem of one that cannot be done names its number, from 0. Each is looked at as things stand before \
             the batch: what one makes, another cannot change.",
        )
        .tag("Batch")
        .wants(Wants::Member)
        .reads(Shape { schema: list, ..item }, example)
        .body_limit(BATCH_LIMIT)
        .once()
        .conflicts()
        .answers(200, "What came of each, in their order.", Some(Shape::of::<BatchResults>()));
    vec![batch]
}

async fn run(site: Arc<Site>, mut req: Req) -> Result<Res> {
    perform::begin(&req)?;
    let bytes = req.bytes().await?;
    let once = perform::once(&req, &bytes)?;
    let items: Vec<BatchItem> = strict::typed(strict::parse(&bytes)?)?;
    if items.is_empty() || items.len() > MAX_ITEMS {
        return Err(Error::field("", format!("A batch has 1 to {MAX_ITEMS} items.")));
    }
    let calls = calls(items)?;
    let statuses: Vec<StatusCode> = calls.iter().map(Call::status).collect();
    let done = match once.as_ref().map(|once| once.before(&site.app)).transpose()?.flatten() {
        Some(outcomes) => Done::Before(outcomes),
        None => commit(&site, req.payers(), once, all(&site, &req, calls).await?).await?,
    };
    let (outcomes, replayed) = match done {
        Done::Now(outcomes) => (outcomes, false),
        Done::Before(text) => (text.split(' ').filter_map(Outcome::parse).collect(), true),
    };
    let results = statuses.iter().zip(&outcomes).map(|(status, outcome)| result(&site, &req, *status, outcome));
    let results = BatchResults { results: results.collect::<Result<_>>()? };
    let mut res = response::bytes(StatusCode::OK, JSON, response::json_bytes(&results)?);
    if replayed {
        res.headers_mut().insert(perform::REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(res)
}

/// One change of all items; an item that cannot be done is told by its number.
async fn all(site: &Arc<Site>, req: &Req, calls: Vec<Call>) -> Result<Change<Vec<Outcome>>> {
    let mut changes = Vec::with_capacity(calls.len());
    for (number, call) in calls.into_iter().enumerate() {
        changes.push(changes::prepare(site, &req.actor, call).await.map_err(|error| of_item(number, error))?);
    }
    Ok(Change::all(changes))
}

fn calls(items: Vec<BatchItem>) -> Result<Vec<Call>> {
    let numbered = items.into_iter().enumerate();
    numbered.map(|(number, item)| call(item).map_err(|error| of_item(number, error))).collect()
}

fn of_item(number: usize, error: Error) -> Error {
    Error::Item(number, Box::new(error))
}

fn call(item: BatchItem) -> Result<Call> {
    let method = match item.method {
        Verb::Post => Method::POST,
        Verb::Put => Method::PUT,
        Verb::Patch => Method::PATCH,
        Verb::Delete => Method::DELETE,
    };
    if !item.path.starts_with('/') || item.path.contains('?') {
        return Err(Error::field("path", "Please send a path below /api/v1 that begins with / and has no query."));
    }
    Ok(Call {
        method,
        path: perform::segments(&item.path)?,
        if_match: item.if_match,
        body: item.body,
        faults: Mutex::default(),
    })
}

async fn commit(
    site: &Site,
    payers: Payers,
    once: Option<Once>,
    change: Change<Vec<Outcome>>,
) -> Result<Done<Vec<Outcome>>> {
    let text = |outcomes: &Vec<Outcome>| outcomes.iter().map(Outcome::text).collect::<Vec<_>>().join(" ");
    match once {
        None => Ok(Done::Now(change.commit(&site.app, payers).await?)),
        Some(once) => once.commit(&site.app, payers, change, text).await,
    }
}

fn result(site: &Site, req: &Req, status: StatusCode, outcome: &Outcome) -> Result<BatchResult> {
    let location = changes::show(site, &req.actor, outcome)?.map(|shown| shown.location);
    Ok(BatchResult { status: status.as_u16(), location })
}
