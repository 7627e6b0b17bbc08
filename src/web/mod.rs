//! The only code that knows HTTP: routes, pipeline, cache, sessions.

pub mod accept;
pub mod access_log;
pub mod admit;
pub mod api;
pub mod body;
pub mod cache;
pub mod cors;
pub mod date;
pub mod encoding;
pub mod error_page;
pub mod events;
pub mod feeds;
pub mod finish;
pub mod form;
pub mod framed;
pub mod graphql;
pub mod health;
pub mod kept;
pub mod metrics;
pub mod origin;
pub mod pages;
pub mod pipeline;
pub mod problem;
pub mod problems;
pub mod quota;
pub mod range;
pub mod raw_head;
pub mod request;
pub mod response;
pub mod router;
pub mod routes;
pub mod security;
pub mod session;
pub mod static_files;
pub mod strict;
pub mod variants;
pub mod wire;

use crate::error::{Error, Result};
use crate::service::App;
use crate::service::change::Change;
use crate::web::body::Room;
use crate::web::cache::PageCache;
use crate::web::date::Dates;
use crate::web::events::Events;
use crate::web::graphql::Door;
use crate::web::kept::KeptPosts;
use crate::web::metrics::Metrics;
use crate::web::quota::Quota;
use crate::web::request::{Req, RequestId};
use crate::web::router::{Route, Router};
use crate::web::session::SessionCookie;
use crate::web::static_files::StaticFiles;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// The application with what only HTTP needs.
pub struct Site {
    pub app: Arc<App>,
    pub cache: PageCache,
    pub posts: KeptPosts,
    pub events: Events,
    pub files: StaticFiles,
    pub router: Router,
    pub metrics: Metrics,
    /// Made when somebody first asks.
    pub graphql: OnceLock<Door>,
    pub quota: Quota,
    dates: Dates,
    pub session: SessionCookie,
    /// Where each answer leaves its line, if anywhere.
    access_log: Option<access_log::Lines>,
    /// For bodies that are being read.
    room: Room,
    next_id: AtomicU64,
}

impl Site {
    /// With every route of the table.
    pub fn new(app: Arc<App>) -> Result<Site> {
        Site::with_routes(app, routes::table())
    }

    /// With these routes. Fails if two of them clash.
    pub fn with_routes(app: Arc<App>, routes: Vec<Route>) -> Result<Site> {
        let router = Router::new(routes).map_err(|clash| Error::Internal(Box::new(clash)))?;
        // Pages for visitors are asked for more often.
        let kept = app.config.page_cache_size();
        let cache = PageCache::new(kept / 4 * 3);
        let posts = KeptPosts::new(kept / 4);
        let first = getrandom::u64().map_err(|cause| Error::internal(cause.to_string()))?;
        let metrics = Metrics::new(router.routes());
        let quota = Quota::new(app.config.api_quota);
        let events = Events::new(app.config.max_connections);
        let session = SessionCookie::new(&app.site_id, app.links.base());
        Ok(Site {
            app,
            cache,
            posts,
            events,
            files: StaticFiles::new(),
            router,
            metrics,
            graphql: OnceLock::new(),
            quota,
            dates: Dates::default(),
            session,
            access_log: None,
            room: Room::default(),
            next_id: AtomicU64::new(first),
        })
    }

    /// Commits what a form asked for, unless that was refused, and charges it to whoever sent the form.
    pub(in crate::web) async fn commit<T: Send + 'static>(&self, req: &Req, change: Result<Change<T>>) -> Result<T> {
        req.noting(self.app.commit_for(req.payers(), change).await)
    }

    /// The same, telling each answer.
    pub fn with_access_log(mut self, lines: Option<access_log::Lines>) -> Site {
        self.access_log = lines;
        self
    }

    /// Numbers run on from a random one, so that those of two runs do not meet in a log.
    fn request_id(&self) -> RequestId {
        RequestId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }
}

/// A site for tests of this layer, with an application that has nothing in it.
#[cfg(test)]
pub mod testing {
    use crate::config::Config;
    use crate::domain::time::Timestamp;
    use crate::service::App;
    use crate::service::Clock;
    use crate::web::Site;
    use crate::web::pipeline;
    use crate::web::response::{Body, Res};
    use crate::web::router::Route;
    use bytes::Bytes;
    use http::Request;
    use http_body_util::{BodyExt, Full};
    use std::sync::Arc;

    /// The clock stands at 2023-11-14T22:13:20Z.
    fn build(config: Config, routes: Vec<Route>) -> Arc<Site> {
        let clock = Clock::fixed(Timestamp::from_ms(1_700_000_000_000));
        let app = App::in_memory(clock, Config { bcrypt_cost: Some(10), ..config }).unwrap();
        Arc::new(Site::with_routes(Arc::new(app), routes).unwrap())
    }

    pub fn site(routes: Vec<Route>) -> Arc<Site> {
        build(Config::default(), routes)
    }

    pub fn site_at(public_url: &str, routes: Vec<Route>) -> Arc<Site> {
        build(Config { public_url: Some(public_url.into()), ..Config::default() }, routes)
    }

    pub fn site_with(config: Config, routes: Vec<Route>) -> Arc<Site> {
        build(config, routes)
    }

    /// Sends `METHOD target` with headers and a body through the whole pipeline.
    pub async fn send(site: &Arc<Site>, line: &str, headers: &[(&str, &str)], body: &'static str) -> Res {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(target).header("host", "blog.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header("content-length", body.len());
        }
        let request = request.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap();
        pipeline::answer(site, ([127, 0, 0, 1], 9).into(), request).await
    }

    pub async fn get(site: &Arc<Site>, target: &str) -> Res {
        send(site, &format!("GET {target}"), &[], "").await
    }

    pub async fn text(res: Res) -> String {
        let bytes = Body::collect(res.into_body()).await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }
}
