//! The page that tells a person what went wrong, with what they had typed into a form.

use crate::view;
use crate::view::returned::{Returned, is_text};
use crate::web::Site;
use crate::web::form::Form;
use crate::web::framed::in_frame;
use crate::web::problem::{Asked, OTHER_SITE};
use crate::web::response;
use crate::web::response::Res;
use crate::web::router::Surface;
use http::StatusCode;
use http::uri::PathAndQuery;

/// The form that was sent to a page, if somebody typed a text into it.
pub fn texts(asked: &Asked) -> Option<&Form> {
    let form = asked.typed.get().filter(|_| asked.surface == Surface::Page)?;
    let has_text = form.fields().any(|(name, value)| is_text(name) && !value.trim().is_empty());
    has_text.then_some(&**form)
}

/// In the site's frame as long as the data file can be read. `code` is the word of the problem.
pub fn show(site: &Site, asked: &Asked, (status, code): (StatusCode, &str), title: &str, message: &str) -> Res {
    let next = asked.next.as_ref().map_or("", PathAndQuery::as_str);
    let returned = texts(asked).map(|form| Returned {
        fields: form.fields().collect(),
        // What another site filled in is shown and not sent on.
        post_to: asked.sent_to.as_ref().map(PathAndQuery::as_str).filter(|_| code != OTHER_SITE),
        has_files: form.has_files(),
        is_signed_out: status == StatusCode::UNAUTHORIZED,
    });
    let page = site.app.read().and_then(|txn| {
        in_frame(&site.app, &txn, &asked.actor, (next, None), |frame| match &returned {
            Some(returned) => view::returned::show(frame, title, message, returned),
            None => view::error::show(frame, status.as_u16(), title, message),
        })
    });
    response::html_status(status, page.unwrap_or_else(|_| response::plain_page(title, message)))
}
