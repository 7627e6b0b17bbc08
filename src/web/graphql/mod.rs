//! The GraphQL API: one address, GraphQL over HTTP, over the same services as everything else.

pub mod accept;
pub mod answer;
pub mod connection;
pub mod context;
pub mod costs;
pub mod documents;
pub mod explorer;
pub mod limits;
pub mod mutation;
pub mod nodes;
pub mod nulls;
pub mod payload;
pub mod query;
pub mod request;
pub mod stream;
pub mod subscription;
pub mod updates;

use crate::error::{Error, Result};
use crate::service::media::MAX_UPLOAD;
use crate::service::off_the_loop;
use crate::web::Site;
use crate::web::encoding;
use crate::web::graphql::accept::{MEDIA_TYPES, Speaks};
use crate::web::graphql::answer::Answer;
use crate::web::graphql::context::Operation;
use crate::web::graphql::costs::Costs;
use crate::web::graphql::documents::{Document, Documents, Kinds};
use crate::web::graphql::limits::Weighed;
use crate::web::graphql::mutation::Mutation;
use crate::web::graphql::query::Query;
use crate::web::graphql::request::Request;
use crate::web::graphql::subscription::Subscription;
use crate::web::problem::Refusal;
use crate::web::request::Req;
use crate::web::response::Res;
use crate::web::variants::{About, Variants};
use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Schema, ValidationMode};
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Largest body of a request, in bytes: the largest image in Base64 in a variable, and what is around it. The longest
/// post with its letters escaped is shorter.
pub const BODY_LIMIT: u64 = (MAX_UPLOAD as u64).div_ceil(3) * 4 + 256 * 1024;

/// The same for those who upload nothing: the longest comment with its letters escaped, and what is around it.
pub const SHORT_LIMIT: u64 = 128 * 1024;

/// Longest body that is read where it is and at once; the time for a larger one the other tasks of an async thread do not
/// have. What is in its variables is in memory several times while it is read and looked at, so it waits for its turn.
const SHORT_BODY: usize = 256 * 1024;

/// Brotli of answers that are kept nowhere.
const QUALITY: u32 = 1;

/// Highest cost of a query that is answered where it is: to hand the other tasks of an async thread to another
/// costs more. A post with everything about it costs 65 and takes well under 0.1 ms.
const SHORT: u32 = 80;

/// What can be asked for, changed and listened to.
pub type Api = Schema<Query, Mutation, Subscription>;

/// The schema with what its fields cost.
pub struct Door {
    pub schema: Api,
    /// The same for what is known to be valid: the schema never changes, so that what passed the validation once
    /// always does (`documents`).
    trusting: Api,
    costs: Costs,
    documents: Documents,
    /// The turn of requests with a long body.
    long: Semaphore,
}

impl Door {
    /// `introspection` is whether the schema tells what it is.
    pub fn new(introspection: bool) -> Door {
        let schema = |mode| {
            let builder = Schema::build(Query, Mutation::default(), Subscription).validation_mode(mode);
            let builder = if introspection { builder } else { builder.disable_introspection().disable_suggestions() };
            builder.finish()
        };
        let (schema, trusting) = (schema(ValidationMode::Strict), schema(ValidationMode::Fast));
        let costs = Costs::of(&schema.sdl(), introspection);
        Door { schema, trusting, costs, documents: Documents::default(), long: Semaphore::new(1) }
    }
}

/// A document that was parsed and fits the limits.
pub struct Prepared {
    pub request: async_graphql::Request,
    pub weighed: Weighed,
    pub asked: Asked,
}

/// What an operation was written as.
pub struct Asked {
    document: Arc<Document>,
    operation_name: Option<String>,
    kinds: Option<Kinds>,
    /// Whether it is known to be valid.
    is_known: bool,
}

impl Asked {
    /// The schema for it.
    fn schema<'a>(&self, door: &'a Door) -> &'a Api {
        if self.is_known { &door.trusting } else { &door.schema }
    }

    /// Makes a response whole as the specification has it.
    fn complete(&self, door: &Door, response: &mut async_graphql::Response) {
        if response.errors.is_empty() {
            return;
        }
        let is_executed =
            response.data != async_graphql::Value::Null || response.errors.iter().any(|error| !error.path.is_empty());
        if is_executed {
            nulls::settle(&door.costs, &self.document.parsed, self.operation_name.as_deref(), response);
        }
    }
}

/// POST: any operation.
pub async fn post(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let Some(speaks) = Speaks::choose(&req.headers) else { return Ok(not_acceptable()) };
    if !is_utf8(&req) {
        let refusal = Refusal::MediaType("application/json; charset=utf-8".into());
        return Ok(Answer::refusal(&refusal).respond(speaks));
    }
    let body = req.bytes().await?;
    // Until it is answered.
    let turn = turn(&site, &body).await?;
    let read = || Request::from_body(&body);
    let request = if turn.is_some() { off_the_loop(read) } else { read() };
    let request = match request {
        Ok(request) => request,
        Err(message) => return Ok(Answer::no_request(message).respond(speaks)),
    };
    drop(body);
    let prepared = prepare(&site, request);
    if speaks == Speaks::Events {
        return stream::open(&site, &req, prepared).await;
    }
    match prepared {
        Ok(prepared) if prepared.weighed.kind == OperationType::Subscription => {
            Ok(Answer::refusal(&Refusal::NotEvents).respond(speaks))
        }
        Ok(prepared) => Ok(run(&site, &Operation::of(&site.app, &req), prepared).await?.respond(speaks)),
        Err(answer) => Ok(answer.respond(speaks)),
    }
}

/// The turn of a request with a long body; others need none.
async fn turn<'a>(site: &'a Site, body: &[u8]) -> Result<Option<SemaphorePermit<'a>>> {
    if body.len() <= SHORT_BODY {
        return Ok(None);
    }
    let turn = door(site).long.acquire().await;
    turn.map(Some).map_err(|cause| Error::Internal(Box::new(cause)))
}

/// GET: queries, and subscriptions as events. A whole answer has an ETag.
pub async fn get(site: Arc<Site>, req: Req) -> Result<Res> {
    let Some(speaks) = Speaks::choose(&req.headers) else { return Ok(not_acceptable()) };
    let request = match Request::from_query(&req.query) {
        Ok(request) => request,
        Err(message) => return Ok(Answer::no_request(message).respond(speaks)),
    };
    let prepared = prepare(&site, request);
    let is_mutation = prepared.as_ref().is_ok_and(|prepared| prepared.weighed.kind == OperationType::Mutation);
    if speaks == Speaks::Events && !is_mutation {
        return stream::open(&site, &req, prepared).await;
    }
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(answer) => return Ok(answer.respond(speaks)),
    };
    match prepared.weighed.kind {
        OperationType::Mutation => {
            let mut res = Answer::refusal(&Refusal::Method("POST".into())).respond(speaks);
            res.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            Ok(res)
        }
        OperationType::Subscription => Ok(Answer::refusal(&Refusal::NotEvents).respond(speaks)),
        OperationType::Query => {
            let answer = run(&site, &Operation::of(&site.app, &req), prepared).await?;
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
    let document = door.documents.parsed(&request.query)?;
    let (name, variables) = (request.operation_name.as_deref(), &request.variables);
    let kinds = document.kinds(name, variables);
    let known = kinds.as_ref().and_then(|kinds| document.known(kinds));
    let weighed = match known {
        Some(weighed) => weighed,
        None => limits::document(&door.costs, &document.parsed, (name, variables))
            .map_err(Answer::not_executed)?
            .unwrap_or_default(),
    };
    let mut prepared = async_graphql::Request::new(request.query).variables(request.variables);
    prepared.operation_name.clone_from(&request.operation_name);
    prepared.set_parsed_query(ExecutableDocument::clone(&document.parsed));
    let asked = Asked { document, operation_name: request.operation_name, kinds, is_known: known.is_some() };
    Ok(Prepared { request: prepared, weighed, asked })
}

/// Runs a query or a mutation; every door to this API comes through here.
///
/// A query is read and put together under a render permit, off the async threads if it is long, as a page is. A mutation
/// waits for its commits, during which it must not keep anybody from reading.
pub async fn run(site: &Arc<Site>, operation: &Arc<Operation>, prepared: Prepared) -> Result<Answer> {
    let Prepared { request, weighed, asked } = prepared;
    let Weighed { kind, cost } = weighed;
    let door = door(site);
    let execution = asked.schema(door).execute(request.data(Arc::clone(operation)));
    let mut response = if kind == OperationType::Query {
        let _permit = site.cache.permit().await?;
        if cost.requested <= SHORT { to_the_end(execution) } else { off_the_loop(|| to_the_end(execution)) }
    } else {
        execution.await
    };
    asked.complete(door, &mut response);
    // What came to an answer without an error was valid.
    if response.errors.is_empty()
        && !asked.is_known
        && let Some(kinds) = asked.kinds
    {
        asked.document.pass(kinds, weighed);
    }
    Ok(Answer::of(response, cost, operation.id))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::{Actor, Member, Role, Via};
    use crate::domain::session::SessionKey;
    use crate::domain::user::{NewUser, User};
    use crate::service::payer::Payers;
    use crate::service::users;
    use crate::web::request::RequestId;
    use crate::web::testing::site;

    async fn member(site: &Site, name: &str, role: Role) -> Actor {
        let new = NewUser { username: name.into(), email: String::new(), password: "correct horse".into() };
        let User { id, username, display_name, role, .. } =
            site.app.commit(users::add(&site.app, &Actor::System, &new, role).await).await.unwrap();
        Actor::Member(Member { id, username, display_name, role, via: Via::Session(SessionKey([0; 32])) })
    }

    fn by(site: &Site, actor: &Actor) -> Arc<Operation> {
        Arc::new(Operation::new(&site.app, actor, Payers::member(actor), RequestId(1)))
    }

    /// The data, and how often a table was opened in the last snapshot.
    async fn ask(site: &Arc<Site>, actor: &Actor, document: &str) -> (serde_json::Value, usize) {
        let request = Request { query: document.into(), ..Request::default() };
        let prepared = prepare(site, request).unwrap_or_else(|answer| panic!("{}", answer.json(true)));
        let operation = by(site, actor);
        let answer = run(site, &operation, prepared).await.unwrap();
        assert!(answer.is_whole(), "{}", answer.json(true));
        let json: serde_json::Value = serde_json::from_str(&answer.json(false)).unwrap();
        (json["data"].clone(), operation.reading().unwrap().txn.tables_opened())
    }

    async fn blog(posts: usize) -> Arc<Site> {
        conversations(posts, "Hoot").await
    }

    /// Posts with five comments each.
    async fn conversations(posts: usize, body: &str) -> Arc<Site> {
        let site = site(Vec::new());
        let editor = member(&site, "ada", Role::Editor).await;
        ask(&site, &editor, r#"mutation { createCategory(input: { name: "Birds" }) { category { id } } }"#).await;
        let mut readers = Vec::new();
        for number in 0..5 {
            readers.push(member(&site, &format!("reader{number}"), Role::Reader).await);
        }
        for number in 0..posts {
            let write = format!(
                r#"mutation {{ createPost(input: {{ title: "Post {number}", source: "Owls", status: PUBLISHED, category: "birds", tags: ["Night"] }}) {{ post {{ id }} }} }}"#
            );
            ask(&site, &editor, &write).await;
            for reader in &readers {
                let write = format!(
                    r#"mutation {{ createComment(post: "post-{number}", input: {{ source: "{body}" }}) {{ comment {{ id }} }} }}"#
                );
                ask(&site, reader, &write).await;
            }
        }
        site
    }

    #[tokio::test]
    async fn a_list_is_read_as_a_whole_however_long_it_is() {
        let document = "{ posts(first: 50) { edges { node {
            slug html: excerpt commentCount authors { username } category { name } tags { name }
            comments(first: 10) { edges { node { html author { displayName } } } }
        } } } }";
        let mut opened = Vec::new();
        for posts in [2, 12] {
            let site = blog(posts).await;
            let (data, tables) = ask(&site, &Actor::Anonymous, document).await;
            let nodes = data["posts"]["edges"].as_array().unwrap();
            assert_eq!(nodes.len(), posts);
            assert!(nodes.iter().all(|edge| edge["node"]["comments"]["edges"].as_array().unwrap().len() == 5));
            assert!(
                nodes
                    .iter()
                    .all(|edge| edge["node"]["commentCount"] == 5 && edge["node"]["category"]["name"] == "Birds")
            );
            opened.push(tables);
        }
        assert_eq!(opened[0], opened[1], "as many reads for two posts as for twelve");
        assert!(opened[1] <= 10, "{opened:?}");
    }

    #[tokio::test]
    async fn the_posts_beside_comments_are_read_together() {
        let document = "{ comments(first: 50) { nodes { id post { title authors { username } category { name } } } } }";
        let mut opened = Vec::new();
        for posts in [1, 8] {
            let site = blog(posts).await;
            let moderator = member(&site, "grace", Role::Editor).await;
            let (data, tables) = ask(&site, &moderator, document).await;
            assert_eq!(data["comments"]["nodes"].as_array().unwrap().len(), posts * 5);
            opened.push(tables);
        }
        assert_eq!(opened[0], opened[1]);
    }

    #[tokio::test]
    async fn every_list_of_the_schema_costs_by_its_length() {
        let site = site(Vec::new());
        let sdl = door(&site).schema.sdl();
        let costs = &door(&site).costs;
        for field in ["posts", "pages", "comments", "categories", "tags", "media", "users", "redirects"] {
            assert!(sdl.contains(&format!("\n\t{field}(")), "{field}");
            assert_eq!(costs.field("Query", field).first, Some(20), "{field}");
        }
        for (on, field) in [("Post", "comments"), ("Category", "posts"), ("Tag", "posts"), ("Author", "posts")] {
            assert_eq!(costs.field(on, field).first, Some(20), "{on}.{field}");
        }
        assert_eq!(costs.field("Post", "html").cost, 10);
        assert_eq!(costs.field("Post", "authors").items, 5);
        assert_eq!(costs.field("PostConnection", "nodes").items, 1);
    }

    #[tokio::test]
    async fn texts_that_nobody_asked_for_count_while_they_are_in_memory() {
        let site = conversations(20, &"****a**** ".repeat(1_990)).await;
        let document = |posts: usize, more: &str| {
            format!("{{ posts(first: {posts}) {{ nodes {{ comments(first: 50) {{ nodes {{ id }} }} {more} }} }} }}")
        };
        let twice = "again: comments(first: 50) { nodes { id } }";
        for (posts, more, fits) in [(8, "", true), (8, twice, true), (20, "", false), (12, twice, false)] {
            let request = Request { query: document(posts, more), ..Request::default() };
            let answer = run(&site, &by(&site, &Actor::Anonymous), prepare(&site, request).unwrap()).await.unwrap();
            assert_eq!(answer.is_whole(), fits, "{posts} {more}");
            assert_ne!(answer.json(false).contains("too-large"), fits);
        }
    }

    #[tokio::test]
    async fn one_answer_has_no_more_text_than_fits_into_memory() {
        let site = site(Vec::new());
        let ada = member(&site, "ada", Role::Author).await;
        let long = "owls hoot ".repeat(100_000);
        let document = "mutation($source: String!) { createPost(input: { title: \"Long\", source: $source, status: PUBLISHED }) { post { id } } }";
        let variables =
            [("source", long)].into_iter().map(|(name, text)| (async_graphql::Name::new(name), text.into()));
        let variables = async_graphql::Variables::from_value(async_graphql::Value::Object(variables.collect()));
        let prepared = prepare(&site, Request { query: document.into(), variables, ..Request::default() }).unwrap();
        assert!(run(&site, &by(&site, &ada), prepared).await.unwrap().is_whole());
        let fields: String = (0..10).map(|number| format!("h{number}: html ")).collect();
        let request = Request { query: format!("{{ post(slug: \"long\") {{ {fields} }} }}"), ..Request::default() };
        let answer = run(&site, &by(&site, &ada), prepare(&site, request).unwrap()).await.unwrap();
        assert!(answer.json(false).contains("too-large"), "{}", answer.json(false).len());
    }
}
