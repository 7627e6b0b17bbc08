//! The newest comments of all posts.

use crate::domain::paging::page_number;
use crate::error::{Error, Result};
use crate::service::comments;
use crate::view;
use crate::web::Site;
use crate::web::framed::framed;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use std::sync::Arc;

/// The newest comments, for those who moderate.
pub async fn index(site: Arc<Site>, req: Req) -> Result<Res> {
    let txn = site.app.read()?;
    let number = page_number(req.query("page")).ok_or(Error::NotFound("page"))?;
    let page = comments::recent(&txn, &req.actor, number)?;
    Ok(response::html(framed(&site, &req, &txn, &["page"], |frame| view::admin::comments::index(frame, &page))?))
}
