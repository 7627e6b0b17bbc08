//! The only code that knows HTTP: routes, pipeline, cache, sessions.

pub mod body;
pub mod cache;
pub mod encoding;
pub mod finish;
pub mod form;
pub mod framed;
pub mod health;
pub mod origin;
pub mod pages;
pub mod pipeline;
pub mod problem;
pub mod range;
pub mod request;
pub mod response;
pub mod router;
pub mod routes;
pub mod security;
pub mod session;
pub mod static_files;
pub mod variants;

use crate::error::{Error, Result};
use crate::service::App;
use crate::web::cache::PageCache;
use crate::web::request::RequestId;
use crate::web::router::{Route, Router};
use crate::web::static_files::StaticFiles;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The application with what only HTTP needs.
pub struct Site {
    pub app: Arc<App>,
    pub cache: PageCache,
    pub files: StaticFiles,
    pub router: Router,
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
        let cache = PageCache::new(app.config.page_cache);
        let first = getrandom::u64().map_err(|cause| Error::internal(cause.to_string()))?;
        Ok(Site { app, cache, files: StaticFiles::new(), router, next_id: AtomicU64::new(first) })
    }

    /// Numbers run on from a random one, so that those of two runs do not meet in a log.
    fn request_id(&self) -> RequestId {
        RequestId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }
}
