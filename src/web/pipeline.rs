//! What happens to every request, in order.

use crate::domain::actor::Actor;
use crate::domain::post::Kind;
use crate::error::{Error, Result};
use crate::service::auth;
use crate::service::payer::Payers;
use crate::service::posts;
use crate::service::tokens;
use crate::web::Site;
use crate::web::access_log::{Arrival, Seen};
use crate::web::admit;
use crate::web::body::{Cause, Shared};
use crate::web::cors;
use crate::web::encoding;
use crate::web::finish::Finish;
use crate::web::origin::Caller;
use crate::web::problem;
use crate::web::problem::{Asked, Failure, Refusal};
use crate::web::request::{ConnectionId, Incoming, Query, Req};
use crate::web::response;
use crate::web::response::Res;
use crate::web::router::{Found, Route, Surface};
use crate::web::security;
use crate::web::session;
use bytes::Bytes;
use futures_util::future::Either;
use http::header::{ALLOW, AUTHORIZATION, CONNECTION, EXPECT, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, Version};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::Body;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Instant;

/// The answer to a request: there at once, or made by a task's work.
pub type Answering = Either<Ready<Res>, Pin<Box<dyn Future<Output = Res> + Send>>>;

/// Answers one request, whatever it is, and writes its line into the log.
pub fn answer<B>(site: &Arc<Site>, peer: SocketAddr, request: Request<B>) -> Answering
where
    B: hyper::body::Body<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<Cause>,
{
    let arrival = Arrival { started: Instant::now(), id: site.request_id() };
    let (parts, body) = request.into_parts();
    let host = admit::request(&parts);
    let trusted = &site.app.config.trusted_proxies;
    let caller = Caller::new(peer.ip(), host.as_ref().copied().unwrap_or(""), &parts.headers, trusted)
        .at(site.app.links.origin());
    if host.is_ok()
        && body.is_end_stream()
        && let Some((res, route)) = kept(site, &caller, &parts)
    {
        let seen = Seen { arrival, client: caller.client, method: &parts.method, path: parts.uri.path() };
        return Either::Left(ready(seen.answered(site, route, res)));
    }
    let admitted = host.map(drop);
    // In a box, so that a kept answer has no room for this to carry around.
    let request = Request::from_parts(parts, body.map_err(Into::into).boxed());
    Either::Right(Box::pin(made(site.clone(), arrival, caller, admitted, request)))
}

/// What is not kept has to be made.
async fn made(
    site: Arc<Site>,
    arrival: Arrival,
    caller: Caller,
    admitted: std::result::Result<(), Refusal>,
    request: Request<Boxed>,
) -> Res {
    let (parts, body) = request.into_parts();
    let (client, method, uri) = (caller.client, parts.method.clone(), parts.uri.clone());
    let mut asked = Asked::new(arrival.id, &parts);
    let finish = Finish::new(arrival.id, caller.https, &parts);
    let request = Request::from_parts(parts, body);
    let (request, rest) = shared(request);
    let mut res = finish.finish(told(&site, &mut asked, caller, admitted, request).await);
    // Whoever does not know that the connection ends would send another request, and get no answer.
    if let Some(rest) = rest
        && !res.headers().contains_key(CONNECTION)
        && !rest.is_taken_within(site.app.config().patience.linger).await
    {
        res.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let wait = asked.wait.load(Ordering::Relaxed);
    if wait > 0 && res.status() == StatusCode::TOO_MANY_REQUESTS {
        res.headers_mut().entry(RETRY_AFTER).or_insert(HeaderValue::from(wait));
    }
    if let Some(left) = &asked.left {
        left.tell(res.headers_mut());
    }
    if asked.surface.takes_tokens() {
        cors::vary(res.headers_mut(), &site.app.config.cors_origins);
    }
    if let Some(origin) = &asked.origin {
        cors::tell(res.headers_mut(), origin);
    }
    Seen { arrival, client, method: &method, path: uri.path() }.answered(&site, asked.route, res)
}

/// The request, and its body for whoever takes what is left of it: in HTTP/1 the next request stands behind it.
fn shared(request: Request<Boxed>) -> (Request<Boxed>, Option<Shared>) {
    if request.body().is_end_stream() || request.version() > Version::HTTP_11 {
        return (request, None);
    }
    let waits = request.headers().contains_key(EXPECT);
    let (parts, body) = request.into_parts();
    let body = Shared::new(body, waits);
    (Request::from_parts(parts, body.clone().boxed()), Some(body))
}

/// A file of the binary, or a kept page for a visitor: answered before anything else is looked at.
/// With the number of the route that would have answered.
fn kept(site: &Site, caller: &Caller, parts: &Parts) -> Option<(Res, Option<usize>)> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return None;
    }
    let path = site.app.links.strip(parts.uri.path())?;
    let (mut res, route) = match site.files.get(path) {
        Some(file) => (file.ready(encoding::choose(&parts.headers))?.respond(&parts.headers), site.router.number(path)),
        None if is_visitor(site, parts, caller.https) => {
            let address = match parts.uri.query() {
                None => path,
                Some(_) => site.app.links.strip(parts.uri.path_and_query()?.as_str())?,
            };
            let (mut res, number) = site.cache.ready(&site.app, caller, address, &parts.headers)?;
            let route = site.router.routes().get(number)?;
            if route.surface.takes_tokens() {
                for_programs(site, caller, parts, (route, res.headers_mut()))?;
            }
            (res, Some(number))
        }
        None => return None,
    };
    if caller.https {
        security::protect(res.headers_mut(), true);
    }
    Some((res, route))
}

/// What a kept answer of an API needs beside: that it is acceptable and within the quota, and who may read it.
fn for_programs(site: &Site, caller: &Caller, parts: &Parts, (route, headers): (&Route, &mut HeaderMap)) -> Option<()> {
    admit::accept(route, &parts.headers).ok()?;
    if let Some(left) = site.quota.take(Payers::new(&Actor::Anonymous, caller.client), site.app.now()) {
        if left.is_over() {
            return None;
        }
        left.tell(headers);
    }
    cors::vary(headers, &site.app.config.cors_origins);
    if let Some(origin) = cors::allowed(&site.app.config.cors_origins, &parts.headers) {
        cors::tell(headers, &origin);
    }
    Some(())
}

/// Whether nothing in a request says that somebody is signed in.
fn is_visitor(site: &Site, parts: &Parts, https: bool) -> bool {
    !parts.headers.contains_key(AUTHORIZATION) && site.session.token(&parts.headers, https).is_none()
}

type Boxed = BoxBody<Bytes, Cause>;

/// The handler's answer, or what failed told in the way of the route's surface.
async fn told(
    site: &Arc<Site>,
    asked: &mut Asked,
    caller: Caller,
    admitted: std::result::Result<(), Refusal>,
    request: Request<Boxed>,
) -> Res {
    let answered = match admitted {
        Ok(()) => handled(site, asked, caller, request).await,
        Err(refusal) => {
            asked.surface = surface_of(site.app.links.strip(request.uri().path()).unwrap_or(""));
            Err(refusal.into())
        }
    };
    answered.unwrap_or_else(|failure| problem::answer(site, asked, &failure))
}

/// Who asks, which route, may they, then the handler. Fills in `asked` as it learns.
async fn handled(
    site: &Arc<Site>,
    asked: &mut Asked,
    caller: Caller,
    request: Request<Boxed>,
) -> std::result::Result<Res, Failure> {
    let (parts, body) = request.into_parts();
    if parts.uri.path() == "*" {
        return Ok(options(admit::METHODS));
    }
    let path = site.app.links.strip(parts.uri.path()).ok_or(Error::NotFound("page"))?;
    asked.surface = surface_of(path);
    if asked.surface.takes_tokens() {
        asked.origin = cors::allowed(&site.app.config.cors_origins, &parts.headers);
    }
    if let Some(res) = admit::composed(&site.app.links, &parts.method, path, parts.uri.query()) {
        return Ok(res);
    }
    if let Some(res) = admit::without_slash(&site.app.links, &parts.method, path, parts.uri.query()) {
        return Ok(res);
    }
    let identified = identify(site, asked, &caller, &parts);
    // Whoever shows a wrong token is counted too, by the address.
    if asked.surface.takes_tokens() {
        asked.left = site.quota.take(Payers::new(&asked.actor, caller.client), site.app.now());
        if let Some(left) = asked.left.as_ref().filter(|left| left.is_over()) {
            return Err(Error::RateLimited(left.wait()).into());
        }
    }
    let has_token = identified?;
    let (route, params) = match site.router.find(&parts.method, path) {
        // No page has an address in the API.
        Found::Route(route, _) if route.is_catch_all() && path.starts_with("/api/") => {
            return Err(Error::NotFound("operation").into());
        }
        Found::Route(route, params) => (route, params),
        Found::Methods(methods) if parts.method == Method::OPTIONS => {
            return Ok(allowed(site, asked, path, &methods));
        }
        Found::Methods(methods) => return Err(Refusal::Method(methods).into()),
        Found::Nothing => {
            let methods = methods_of_page(site, &asked.actor, path)?;
            if parts.method == Method::OPTIONS {
                return Ok(allowed(site, asked, path, &methods));
            }
            return Err(Refusal::Method(methods).into());
        }
    };
    asked.surface = route.surface;
    asked.route = Some(route.number);
    // A page of another site cannot make a browser send a token, nor JSON without asking first; without a
    // session there is nothing it could misuse.
    let harmless = has_token || route.surface.takes_tokens() && asked.actor.is_anonymous();
    let from_elsewhere = !harmless && !session::may_change(&parts.method, &parts.headers, &caller);
    if from_elsewhere && route.surface != Surface::Page {
        return Err(Refusal::OtherSite.into());
    }
    admit::accept(route, &parts.headers)?;
    admit::body(route, &asked.actor, &parts, !body.is_end_stream())?;
    admit::precondition(route, &parts.headers, &asked.actor)?;
    let mut req = Req {
        path: path.to_owned(),
        query: Query::parse(parts.uri.query()),
        method: parts.method,
        headers: parts.headers,
        actor: asked.actor.clone(),
        id: asked.id,
        connection: parts.extensions.get().filter(|_| !caller.is_proxied()).map(|ConnectionId(number)| *number),
        caller,
        route: route.number,
        wait: Arc::clone(&asked.wait),
        params,
        typed: Arc::clone(&asked.typed),
        body: Some(Incoming {
            body,
            limit: route.body_limit_for(&asked.actor),
            patience: site.app.config().patience,
            room: site.room.clone(),
        }),
        held: None,
    };
    if from_elsewhere {
        // Read, so that the person who typed it gets it back.
        let _ = req.form().await;
        return Err(Refusal::OtherSite.into());
    }
    Ok(guarded(route.call(site.clone(), req)).await?)
}

/// What may be done at the address of a static page, which is all that an address may be that is not in the table.
fn methods_of_page(site: &Site, actor: &Actor, path: &str) -> Result<String> {
    posts::visible(&site.app, &site.app.read()?, actor, Kind::Page, path.strip_prefix('/').unwrap_or_default())?;
    Ok("GET, HEAD, OPTIONS".into())
}

/// What may be done at a path, for programs and the pages of other sites, too.
fn allowed(site: &Site, asked: &Asked, path: &str, methods: &str) -> Res {
    let mut res = options(methods);
    if asked.surface.takes_tokens() {
        res.headers_mut().extend(patchable(site, path).map(|takes| (problem::ACCEPT_PATCH, takes)));
        cors::preflight(res.headers_mut(), methods, asked.origin.is_some());
    }
    res
}

/// What a PATCH of this path may be, if there is one.
fn patchable(site: &Site, path: &str) -> Option<HeaderValue> {
    match site.router.find(&Method::PATCH, path) {
        Found::Route(route, _) => HeaderValue::from_str(&route.media_types().join(", ")).ok(),
        _ => None,
    }
}

fn options(methods: &str) -> Res {
    let mut res = response::empty(StatusCode::NO_CONTENT);
    res.headers_mut().extend(HeaderValue::from_str(methods).ok().map(|value| (ALLOW, value)));
    res
}

/// How failures look where no route says it, and who may say who they are with a token.
pub(in crate::web) fn surface_of(path: &str) -> Surface {
    match path {
        "/graphql" => Surface::GraphQl,
        _ if path.starts_with("/api/") || is_events(path) => Surface::Api,
        _ => Surface::Page,
    }
}

/// Whether this is the address of a post's events; there are a category and a page that may be called so.
fn is_events(path: &str) -> bool {
    let slug = path.strip_prefix("/posts/").and_then(|rest| rest.strip_suffix("/events"));
    slug.is_some_and(|slug| !slug.is_empty() && !slug.contains('/'))
}

/// Finds out who asks: with a token where the surface takes one, else with the cookie. Returns
/// whether it was a token.
fn identify(site: &Site, asked: &mut Asked, caller: &Caller, parts: &Parts) -> std::result::Result<bool, Failure> {
    if asked.surface.takes_tokens() {
        if Query::parse(parts.uri.query()).texts().any(tokens::is_token) {
            return Err(Refusal::TokenInAddress.into());
        }
        if let Some(secret) = session::bearer(&parts.headers) {
            asked.actor = tokens::actor(&site.app, secret)?.ok_or(Refusal::BadToken)?;
            return Ok(true);
        }
    }
    if let Some(token) = site.session.token(&parts.headers, caller.https) {
        asked.actor = auth::actor(&site.app, token)?;
    }
    Ok(false)
}

/// A panic in a handler ends that request and nothing else.
async fn guarded(mut answer: std::pin::Pin<Box<dyn Future<Output = Result<Res>> + Send>>) -> Result<Res> {
    std::future::poll_fn(move |cx| {
        match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))) {
            Ok(poll) => poll,
            // The panic hook has logged what and where; this adds which request.
            Err(_) => Poll::Ready(Err(Error::internal("the handler panicked"))),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::health;
    use crate::web::router::Route;
    use crate::web::static_files;
    use crate::web::testing::{get, send, site, site_at, text};
    use http::header::{CONTENT_LENGTH, CONTENT_SECURITY_POLICY, LOCATION, STRICT_TRANSPORT_SECURITY};

    const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

    fn blog() -> Arc<Site> {
        site(table())
    }

    fn table() -> Vec<Route> {
        let mut table = vec![
            Route::new(Method::GET, "/assets/{name}", Surface::Feed, static_files::show),
            Route::new(Method::GET, "/healthz", Surface::Feed, health::alive),
            Route::new(Method::GET, "/readyz", Surface::Feed, health::ready),
        ];
        table.extend([
            Route::new(Method::GET, "/", Surface::Page, |_, _| async { Ok(response::text(StatusCode::OK, "home")) }),
            Route::new(Method::GET, "/posts/{slug}", Surface::Page, |_, req: Req| async move {
                Ok(response::text(StatusCode::OK, req.param("slug")?.to_owned()))
            }),
            Route::new(Method::POST, "/comments", Surface::Page, |_, mut req: Req| async move {
                let form = req.form().await?;
                Ok(response::text(StatusCode::OK, form.text("body").to_owned()))
            }),
            Route::new(Method::GET, "/members", Surface::Page, |_, _| async { Err(Error::Unauthenticated) }),
            Route::new(Method::POST, "/api/v1/posts", Surface::Api, |_, _| async {
                Err(Error::field("title", "Please fill this in."))
            }),
            Route::new(Method::GET, "/busy", Surface::Page, |_, _| async { Err(Error::Busy) }),
            Route::new(Method::GET, "/secret", Surface::Page, |_, _| async { Err(Error::internal("the key is 1234")) }),
            Route::new(Method::GET, "/panic", Surface::Page, |_, req: Req| async move {
                assert!(req.query("x").is_some(), "no x");
                Ok(response::empty(StatusCode::OK))
            }),
        ]);
        table
    }

    #[test]
    fn tokens_are_good_for_the_apis_and_the_events_of_posts_alone() {
        for path in ["/api/v1/posts", "/graphql", "/posts/owls/events"] {
            assert!(surface_of(path).takes_tokens(), "{path}");
        }
        for path in [
            "/events",
            "/category/events",
            "/tag/events",
            "/author/events",
            "/posts/events",
            "/posts//events",
            "/posts/owls/comments/events",
            "/about/events",
        ] {
            assert!(!surface_of(path).takes_tokens(), "{path}");
        }
    }

    #[tokio::test]
    async fn parameters_arrive_decoded() {
        assert_eq!(text(get(&blog(), "/posts/%D0%BC").await).await, "м");
        assert_eq!(get(&blog(), "/posts/%FF").await.status(), 404);
    }

    #[tokio::test]
    async fn a_trailing_slash_leads_to_the_form_without_and_never_elsewhere() {
        let res = get(&blog(), "/posts/a/?page=2").await;
        assert_eq!(
            (res.status().as_u16(), &res.headers()[LOCATION]),
            (301, &HeaderValue::from_static("/posts/a?page=2"))
        );
        assert_eq!(send(&blog(), "POST /comments/", &[SAME], "").await.status(), 308);
        for tricky in ["//evil.example/", "//", "///evil.example//"] {
            assert_eq!(get(&blog(), tricky).await.status(), 404, "{tricky}");
        }
    }

    #[tokio::test]
    async fn head_options_and_unknown_methods_answer_as_the_standard_says() {
        let head = send(&blog(), "HEAD /", &[], "").await;
        assert_eq!((&head.headers()[CONTENT_LENGTH], head.body().length()), (&HeaderValue::from(4), 0));
        let options = send(&blog(), "OPTIONS /posts/a", &[], "").await;
        assert_eq!(
            (options.status().as_u16(), &options.headers()[ALLOW]),
            (204, &"GET, HEAD, OPTIONS".parse().unwrap())
        );
        assert_eq!(send(&blog(), "OPTIONS *", &[], "").await.status(), 204);
        let wrong = send(&blog(), "POST /posts/a", &[SAME], "").await;
        assert_eq!((wrong.status().as_u16(), &wrong.headers()[ALLOW]), (405, &"GET, HEAD, OPTIONS".parse().unwrap()));
        assert_eq!(send(&blog(), "TRACE /", &[], "").await.status(), 405);
        assert_eq!(send(&blog(), "BREW /", &[], "").await.status(), 405);
        assert_eq!(get(&blog(), "/nothing/here").await.status(), 404);
    }

    #[tokio::test]
    async fn a_request_without_one_good_host_is_refused_and_the_connection_closed() {
        let res = send(&blog(), "GET /", &[("host", "other.example")], "").await;
        assert_eq!((res.status().as_u16(), &res.headers()[CONNECTION]), (400, &HeaderValue::from_static("close")));
        assert_eq!(get(&blog(), &format!("/{}", "a".repeat(admit::MAX_TARGET))).await.status(), 414);
    }

    #[tokio::test]
    async fn only_forms_of_this_site_within_the_limit_are_read() {
        let good = send(&blog(), "POST /comments", &[SAME, FORM], "body=Hello+there").await;
        assert_eq!(text(good).await, "Hello there");
        assert_eq!(send(&blog(), "POST /comments", &[FORM], "body=x").await.status(), 403);
        let cross = [("sec-fetch-site", "cross-site"), FORM];
        assert_eq!(send(&blog(), "POST /comments", &cross, "body=x").await.status(), 403);
        assert_eq!(
            send(&blog(), "POST /comments", &[SAME, ("content-type", "text/plain")], "body=x").await.status(),
            415
        );
        assert_eq!(send(&blog(), "POST /comments", &[SAME, FORM], "a=1&a=2").await.status(), 422);
        // HTTP/2 needs no Content-Length to have a body.
        let parts = Request::post("/comments").header(FORM.0, "text/plain").body(()).unwrap().into_parts().0;
        let route = table().pop().unwrap();
        let is_taken = |has_body| admit::body(&route, &Actor::Anonymous, &parts, has_body).is_ok();
        assert!(!is_taken(true) && is_taken(false));
        let long: &'static str = "x".repeat(65 * 1024).leak();
        assert_eq!(send(&blog(), "POST /comments", &[SAME, FORM], long).await.status(), 413);
    }

    #[tokio::test]
    async fn failures_look_as_the_surface_asks_and_tell_no_cause() {
        let login = get(&blog(), "/members?page=2").await;
        assert_eq!(
            (login.status().as_u16(), &login.headers()[LOCATION]),
            (303, &"/login?next=/members%3Fpage%3D2".parse().unwrap())
        );
        assert_eq!(get(&blog(), "/busy").await.headers()["retry-after"], "1");
        let problem = send(&blog(), "POST /api/v1/posts", &[SAME], "").await;
        assert_eq!(
            (problem.status().as_u16(), &problem.headers()["content-type"]),
            (422, &"application/problem+json".parse().unwrap())
        );
        let body: serde_json::Value = serde_json::from_str(&text(problem).await).unwrap();
        assert_eq!((&body["type"], &body["errors"][0]["field"]), (&"/problems/invalid".into(), &"title".into()));
        let res = get(&blog(), "/secret").await;
        let (status, id) = (res.status(), res.headers()["x-request-id"].to_str().unwrap().to_owned());
        let body = text(res).await;
        assert!(status == 500 && !body.contains("1234") && body.contains(&id), "{body}");
    }

    #[tokio::test]
    async fn a_panic_ends_its_request_only() {
        let site = blog();
        assert_eq!(get(&site, "/panic").await.status(), 500);
        assert_eq!(get(&site, "/panic?x=1").await.status(), 200);
    }

    #[tokio::test]
    async fn every_answer_carries_the_security_headers() {
        let site = site_at("https://blog.example/blog", table());
        let css = site.app.links.to(crate::assets::url("app.css"));
        for target in ["/blog", "/blog/nothing", "/elsewhere", "/blog/secret", css.as_str()] {
            let res = get(&site, target).await;
            assert!(res.headers().contains_key(CONTENT_SECURITY_POLICY), "{target}");
            assert!(res.headers().contains_key(STRICT_TRANSPORT_SECURITY), "{target}");
        }
        assert_eq!(text(get(&site, "/blog").await).await, "home");
        assert_eq!(get(&site, "/").await.status(), 404);
    }

    #[tokio::test]
    async fn a_bundled_file_is_kept_for_ever_and_answers_304() {
        let site = blog();
        let url = crate::assets::url("app.css");
        let first = send(&site, &format!("GET {url}"), &[("accept-encoding", "br")], "").await;
        assert_eq!((first.status().as_u16(), &first.headers()["vary"]), (200, &"Accept-Encoding".parse().unwrap()));
        assert!(first.headers()["cache-control"].to_str().unwrap().contains("immutable"));
        let etag = first.headers()["etag"].to_str().unwrap().to_owned();
        let again = [("accept-encoding", "br"), ("if-none-match", etag.as_str())];
        assert_eq!(send(&site, &format!("GET {url}"), &again, "").await.status(), 304);
        assert_eq!(get(&site, "/assets/../Cargo.toml").await.status(), 404);
    }
}
