//! The only code that knows HTTP: routes, pipeline, cache, sessions.

pub mod body;
pub mod form;
pub mod origin;
pub mod request;
pub mod response;
pub mod router;

use crate::service::App;
use crate::web::router::Router;
use std::sync::Arc;

/// The application with what only HTTP needs.
pub struct Site {
    pub app: Arc<App>,
    pub router: Router,
}
