//! Uploaded images and other files.

use crate::error::Result;
use crate::service::media;
use crate::web::Site;
use crate::web::range;
use crate::web::range::Stored;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::{Body, Res};
use std::sync::Arc;

/// Bytes read from the data file at a time.
const PIECE: u64 = 65_000;

/// An image or another file, whole or in part. A wrong name leads to the right one.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    let media = media::by_id(&site.app.read()?, req.param("id")?)?;
    if req.param("name")? != media.name {
        return Ok(response::moved(&site.app.links().media(media.id, &media.name)));
    }
    let hash = media.id.to_string();
    let stored =
        Stored { hash: &hash, media_type: media.kind.media_type(), length: media.bytes, shown: media.kind.is_shown() };
    let app = Arc::clone(&site.app);
    range::serve(&req, stored, move |range| {
        let (mut at, end) = (range.start, range.end);
        Ok(Body::pieces(end - at, move || {
            let next = (at + PIECE).min(end);
            if at == next {
                return Ok(None);
            }
            let piece = media::bytes(&app.read()?, &media, at..next)?;
            at = next;
            Ok(Some(piece.into()))
        }))
    })
}
