//! From method and path to handler.

use crate::domain::actor::Actor;
use crate::error::Result;
use crate::web::Site;
use crate::web::form;
use crate::web::request::{Params, Req};
use crate::web::response::Res;
use http::Method;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// How a failure looks, decided by the route and not guessed from `Accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// For people: an error page in the site's frame.
    Page,
    /// For programs: problem details, RFC 9457.
    Api,
    /// For programs: GraphQL errors with the same words.
    GraphQl,
    /// Feeds, media, assets, health: one line of plain text.
    Feed,
}

impl Surface {
    /// Whether an API token says who asks: on pages only the session does.
    pub fn takes_tokens(self) -> bool {
        matches!(self, Surface::Api | Surface::GraphQl)
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Res>> + Send>>;
type Handler = Box<dyn Fn(Arc<Site>, Req) -> Answer + Send + Sync>;

/// One line of the table in `routes.rs`.
pub struct Route {
    pub method: Method,
    pub pattern: &'static str,
    pub surface: Surface,
    /// Largest body it reads, in bytes.
    pub body_limit: u64,
    /// Largest body that it reads from visitors and readers, who upload nothing.
    short_limit: Option<u64>,
    /// Media types of the bodies it reads; empty: whatever its surface reads.
    pub takes: &'static [&'static str],
    /// Media types it answers with, for those who say which they take; empty: it does not look.
    pub gives: &'static [&'static str],
    /// Whether it changes something that has a version, which the request has to name (`If-Match`).
    pub is_conditional: bool,
    /// Its place in the table.
    pub(in crate::web) number: usize,
    /// Whether its addresses are themselves secrets, such as that of a reset link: they belong in no log.
    pub(in crate::web) is_secret: bool,
    handler: Handler,
}

impl Route {
    /// `pattern` is matchit's: `/posts/{slug}`, and `/{*path}` for whatever nothing else matches.
    pub fn new<F, A>(method: Method, pattern: &'static str, surface: Surface, handler: F) -> Route
    where
        F: Fn(Arc<Site>, Req) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Res>> + Send + 'static,
    {
        let handler: Handler = Box::new(move |site, req| Box::pin(handler(site, req)));
        Route {
            method,
            pattern,
            surface,
            body_limit: form::DEFAULT_LIMIT,
            short_limit: None,
            takes: &[],
            gives: &[],
            is_conditional: false,
            number: 0,
            is_secret: ["{token}", "{key}", "{secret}"].iter().any(|name| pattern.contains(name)),
            handler,
        }
    }

    /// Another limit for the body, in bytes; for files `form::UPLOAD_LIMIT`.
    pub fn body_limit(mut self, bytes: u64) -> Route {
        self.body_limit = bytes;
        self
    }

    /// A smaller limit for whoever does not write posts: without it a visitor could send what only an upload needs.
    pub fn short_limit(mut self, bytes: u64) -> Route {
        self.short_limit = Some(bytes);
        self
    }

    /// Largest body that it reads from `actor`.
    pub(in crate::web) fn body_limit_for(&self, actor: &Actor) -> u64 {
        self.short_limit.filter(|_| !actor.can_see_admin()).unwrap_or(self.body_limit)
    }

    /// What a body may be; for pages, forms of either kind.
    pub(in crate::web) fn media_types(&self) -> &'static [&'static str] {
        if self.takes.is_empty() { &["application/json"] } else { self.takes }
    }

    /// Other media types for the body.
    pub fn takes(mut self, media_types: &'static [&'static str]) -> Route {
        self.takes = media_types;
        self
    }

    /// The media types of its answers.
    pub fn gives(mut self, media_types: &'static [&'static str]) -> Route {
        self.gives = media_types;
        self
    }

    /// Wants the version of what it changes.
    pub fn conditional(mut self) -> Route {
        self.is_conditional = true;
        self
    }

    pub(in crate::web) fn call(&self, site: Arc<Site>, req: Req) -> Answer {
        (self.handler)(site, req)
    }

    /// Whether it only catches what nothing else matches, so that it says nothing about which
    /// methods an address knows.
    pub(in crate::web) fn is_catch_all(&self) -> bool {
        self.pattern.starts_with("/{*")
    }
}

/// The table, ready for lookups.
pub struct Router {
    routes: Vec<Route>,
    by_method: Vec<(Method, matchit::Router<usize>)>,
}

/// What the table says about a method and a path.
pub enum Found<'a> {
    Route(&'a Route, Params),
    /// The path exists; these methods are allowed.
    Methods(String),
    Nothing,
}

/// Two patterns of one method that would match the same path.
#[derive(Debug)]
pub struct Clash(String);

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the route table is wrong: {}", self.0)
    }
}

impl std::error::Error for Clash {}

impl Router {
    /// Fails if two patterns clash or one is malformed.
    pub fn new(mut routes: Vec<Route>) -> std::result::Result<Router, Clash> {
        let mut by_method: Vec<(Method, matchit::Router<usize>)> = Vec::new();
        for (index, route) in routes.iter_mut().enumerate() {
            route.number = index;
            let at = by_method.iter().position(|(method, _)| *method == route.method).unwrap_or(by_method.len());
            if at == by_method.len() {
                by_method.push((route.method.clone(), matchit::Router::new()));
            }
            if let Some((_, table)) = by_method.get_mut(at) {
                let inserted = table.insert(route.pattern, index);
                inserted.map_err(|cause| Clash(format!("{} {}: {cause}", route.method, route.pattern)))?;
            }
        }
        Ok(Router { routes, by_method })
    }

    /// Every route, in the order of the table.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Looks up `path`, percent-encoded and below the base path. HEAD finds what GET would find.
    pub fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let found = self.matching(method, path);
        // The catch-all is for addresses that nothing else knows, by whatever method.
        if found.as_ref().is_none_or(|(route, _)| route.is_catch_all()) {
            let methods = self.allowed(path);
            if !methods.is_empty() {
                return Found::Methods(methods);
            }
        }
        let Some((route, params)) = found else { return Found::Nothing };
        Params::decode(params.iter()).map_or(Found::Nothing, |params| Found::Route(route, params))
    }

    /// The number of the route of a GET or HEAD, without decoding its parameters.
    pub fn number(&self, path: &str) -> Option<usize> {
        self.matching(&Method::GET, path).map(|(route, _)| route.number)
    }

    /// The value of `Allow` for a path; empty if there is no such path.
    pub fn allowed(&self, path: &str) -> String {
        let mut methods = Vec::new();
        for (method, _) in &self.by_method {
            if self.matching(method, path).is_some_and(|(route, _)| !route.is_catch_all()) {
                methods.push(method.as_str());
                if *method == Method::GET {
                    methods.push("HEAD");
                }
            }
        }
        if !methods.is_empty() {
            methods.push("OPTIONS");
        }
        methods.join(", ")
    }

    fn matching<'a, 'p>(&'a self, method: &Method, path: &'p str) -> Option<(&'a Route, matchit::Params<'a, 'p>)> {
        let (_, table) = self.by_method.iter().find(|(known, _)| known == method)?;
        let found = table.at(path).ok()?;
        Some((self.routes.get(*found.value)?, found.params))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::response;
    use http::StatusCode;

    async fn nothing(_: Arc<Site>, _: Req) -> Result<Res> {
        Ok(response::empty(StatusCode::OK))
    }

    fn route(method: Method, pattern: &'static str) -> Route {
        Route::new(method, pattern, Surface::Page, nothing)
    }

    fn router() -> Router {
        Router::new(vec![
            route(Method::GET, "/"),
            route(Method::GET, "/posts/{slug}"),
            route(Method::POST, "/posts/{slug}/comments"),
            route(Method::POST, "/logout"),
            route(Method::GET, "/{*path}"),
        ])
        .unwrap()
    }

    fn pattern(method: Method, path: &str) -> &'static str {
        match router().find(&method, path) {
            Found::Route(route, _) => route.pattern,
            Found::Methods(_) => "405",
            Found::Nothing => "404",
        }
    }

    #[test]
    fn head_finds_what_get_finds_and_the_rest_falls_to_the_catch_all() {
        assert_eq!(pattern(Method::GET, "/"), "/");
        assert_eq!(pattern(Method::HEAD, "/posts/a"), "/posts/{slug}");
        assert_eq!(pattern(Method::GET, "/2015/05/15/x.html"), "/{*path}");
        assert_eq!(pattern(Method::POST, "/posts/a"), "405");
        assert_eq!(pattern(Method::POST, "/2015/x"), "404");
        // The address exists, so the catch-all has no say.
        assert_eq!(pattern(Method::GET, "/logout"), "405");
        assert_eq!(pattern(Method::GET, "/posts/%FF"), "404");
    }

    #[test]
    fn allow_names_the_methods_of_the_path_only() {
        assert_eq!(router().allowed("/posts/a"), "GET, HEAD, OPTIONS");
        assert_eq!(router().allowed("/logout"), "POST, OPTIONS");
        assert_eq!(router().allowed("/no/where"), "");
    }

    #[test]
    fn patterns_that_clash_are_refused() {
        let clash = Router::new(vec![route(Method::GET, "/a/{x}"), route(Method::GET, "/a/{y}")]);
        assert!(clash.err().unwrap().to_string().contains("/a/{y}"));
    }
}
