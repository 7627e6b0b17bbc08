//! Whether the server is alive, and whether it is ready to serve.

use crate::error::Result;
use crate::web::Site;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

/// `/healthz`: the process answers.
pub async fn alive(_: Arc<Site>, _: Req) -> Result<Res> {
    Ok(response::text(StatusCode::OK, "alive\n"))
}

/// `/readyz`: the data file can be read and, as far as is known, written, and has room to grow.
pub async fn ready(site: Arc<Site>, _: Req) -> Result<Res> {
    site.app.read()?;
    site.app.health()?;
    Ok(response::text(StatusCode::OK, "ready\n"))
}
