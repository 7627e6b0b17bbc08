//! The GraphQL API: one address, GraphQL over HTTP, over the same services as everything else.

pub mod accept;
pub mod answer;
pub mod connection;
pub mod context;
pub mod costs;
pub mod limits;
pub mod mutation;
pub mod nodes;
pub mod payload;
pub mod query;
pub mod request;
pub mod updates;

use crate::domain::actor::Actor;
use crate::error::Result;
use crate::web::Site;
use crate::web::cache::off_the_loop;
use crate::web::encoding;
use crate::web::graphql::accept::{MEDIA_TYPES, Speaks};
use crate::web::graphql::answer::Answer;
use crate::web::graphql::context::Operation;
use crate::web::graphql::costs::Costs;
use crate::web::graphql::mutation::Mutation;
use crate::web::graphql::query::Query;
use crate::web::graphql::request::Request;
use crate::web::problem::Refusal;
use crate::web::request::{Req, RequestId};
use crate::web::response::Res;
use crate::web::variants::{About, Variants};
use async_graphql::EmptySubscription as Subscription;
use async_graphql::Schema;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::OperationType;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Largest body of a request, in bytes: the longest post in a variable, its letters escaped.
pub const BODY_LIMIT: u64 = 8 * 1024 * 1024;

/// Brotli of answers that are kept nowhere.
const QUALITY: u32 = 1;

/// The schema with what its fields cost.
pub struct Door {
    pub schema: Schema<Query, Mutation, Subscription>,
    costs: Costs,
}

impl Door {
    /// `introspection` is whether the schema tells what it is.
    pub fn new(introspection: bool) -> Door {
        let builder = Schema::build(Query, Mutation::default(), Subscription);
        let builder = if introspection { builder } else { builder.disable_introspection().disable_suggestions() };
        let schema = builder.finish();
        Door { costs: Costs::of(&schema.sdl()), schema }
    }
}

/// A document that was parsed and fits the limits.
pub struct Prepared {
    pub request: async_graphql::Request,
    pub kind: OperationType,
    pub cost: usize,
}

/// POST: any operation.
pub async fn post(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let Some(speaks) = Speaks::choose(&req.headers) else { return Ok(not_acceptable()) };
    if !is_utf8(&req) {
        let refusal = Refusal::MediaType("application/json; charset=utf-8".into());
        return Ok(Answer::refusal(&refusal).respond(speaks));
    }
    let body = req.bytes().await?;
    let prepared = Request::from_body(&body).map_err(Answer::no_request).and_then(|request| prepare(&site, request));
    drop(body);
    match prepared {
        Ok(prepared) if prepared.kind == OperationType::Subscription => Ok(not_acceptable()),
        Ok(prepared) => Ok(run(&site, &req.actor, req.id, prepared).await?.respond(speaks)),
        Err(answer) => Ok(answer.respond(speaks)),
    }
}

/// GET: queries, and subscriptions as events. A whole answer has an ETag.
pub async fn get(site: Arc<Site>, req: Req) -> Result<Res> {
    let Some(speaks) = Speaks::choose(&req.headers) else { return Ok(not_acceptable()) };
    let prepared =
        Request::from_query(&req.query).map_err(Answer::no_request).and_then(|request| prepare(&site, request));
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(answer) => return Ok(answer.respond(speaks)),
    };
    match (prepared.kind, speaks) {
        (OperationType::Mutation, _) => {
            let mut res = Answer::refusal(&Refusal::Method("POST".into())).respond(speaks);
            res.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            Ok(res)
        }
        (OperationType::Subscription, _) => Ok(not_acceptable()),
        (OperationType::Query, _) => {
            let answer = run(&site, &req.actor, req.id, prepared).await?;
            if !answer.is_whole() {
                return Ok(answer.respond(speaks));
            }
            let cache_control =
                if req.actor.is_anonymous() { "public, max-age=0, must-revalidate" } else { "private, no-cache" };
            let vary = "Accept, Accept-Encoding, Authorization, Cookie";
            let about = About { media_type: speaks.media_type(), cache_control, vary, quality: QUALITY };
            let variants = Variants::new(answer.json(false).into(), about);
            Ok(off_the_loop(|| variants.make(encoding::choose(&req.headers)).respond(&req.headers)))
        }
    }
}

fn not_acceptable() -> Res {
    Answer::refusal(&Refusal::NotAcceptable(MEDIA_TYPES)).respond(Speaks::GraphQl)
}

/// JSON is UTF-8 (RFC 8259, section 8.1); whoever says otherwise is not understood.
fn is_utf8(req: &Req) -> bool {
    let value = req.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut parameters = value.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    parameters.all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    })
}

fn door(site: &Site) -> &Door {
    site.graphql.get_or_init(|| Door::new(site.app.config().graphql_introspection))
}

/// Parses a document and holds it against the limits, before anything expands it.
pub fn prepare(site: &Site, request: Request) -> std::result::Result<Prepared, Answer> {
    let door = door(site);
    limits::text(&request.query).map_err(Answer::exceeded)?;
    let document = parse_query(&request.query).map_err(Answer::not_parsed)?;
    let asked = (request.operation_name.as_deref(), &request.variables);
    let weighed = limits::document(&door.costs, &document, asked).map_err(Answer::exceeded)?;
    let (kind, cost) = weighed.map_or((OperationType::Query, 0), |weighed| (weighed.kind, weighed.cost));
    let mut prepared = async_graphql::Request::new(request.query).variables(request.variables);
    prepared.operation_name = request.operation_name;
    prepared.set_parsed_query(document);
    Ok(Prepared { request: prepared, kind, cost })
}

/// Runs a query or a mutation by `actor`; every door to this API comes through here.
///
/// A query is read and put together under a render permit, off the async threads, as a page is. A mutation
/// waits for its commits, during which it must not keep anybody from reading.
pub async fn run(site: &Arc<Site>, actor: &Actor, id: RequestId, prepared: Prepared) -> Result<Answer> {
    let operation = Arc::new(Operation::new(&site.app, actor, id));
    let schema = &door(site).schema;
    let execution = schema.execute(prepared.request.data(operation));
    let response = if prepared.kind == OperationType::Query {
        let _permit = site.cache.permit().await?;
        off_the_loop(|| to_the_end(execution))
    } else {
        execution.await
    };
    Ok(Answer::of(response, prepared.cost, id))
}

/// Polls what never waits for anything: a resolver of a query only computes, and where the library lets
/// others go first there are none.
fn to_the_end<F: Future>(work: F) -> F::Output {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return done;
        }
    }
}
