//! Images.

use crate::domain::actor::Role;
use crate::domain::token::TokenScope;
use crate::error::{Error, Result};
use crate::service::media;
use crate::web::Site;
use crate::web::api::changes::{Outcome, matches};
use crate::web::api::operation::{Operation, Payload, Wants};
use crate::web::api::perform;
use crate::web::api::query::{self, Reader};
use crate::web::api::resource;
use crate::web::api::shape::Shape;
use crate::web::cache;
use crate::web::form;
use crate::web::form::UPLOAD_LIMIT;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use crate::web::wire::media::Media;
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::sync::Arc;

const ONE: &str = "/api/v1/media/{id}";
/// Media types of uploads.
const TAKES: &[&str] = &["multipart/form-data", "image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"];
const ID: &str = "00112233445566778899aabbccddeeff";

pub fn operations() -> Vec<Operation> {
    let shape = Shape::of::<Media>();
    let names = shape.names();
    let writes = Wants::Scope(TokenScope::MediaWrite, Role::Author);
    let mut upload = Operation::new(Method::POST, "/api/v1/media", "upload_media", create)
        .about(
            "Upload an image",
            "As the part `file` of a form, or as it is: then `name`, or `Content-Disposition` with a `filename`, says what \
             it is called. It is checked, cleaned of what cameras note down, in an SVG also of scripts and of all that loads something, and named by its content: the same image \
             again is the one that is there.",
        )
        .wants(writes)
        .query("name", "What a file that is sent as it is is called.", json!({ "type": "string", "maxLength": 255 }))
        .body_limit(UPLOAD_LIMIT)
        .once()
        .answers(201, "It.", Some(shape.clone()))
        .header("Location", "Its address in the API.")
        .header("ETag", "Its version.");
    upload.route = upload.route.takes(TAKES);
    upload.body = Some(Payload { forms: forms() });
    let all = vec![
        Operation::new(Method::GET, "/api/v1/media", "list_media", list)
            .about("List images", "Newest first, for those who write.")
            .wants(Wants::Scope(TokenScope::MediaRead, Role::Author))
            .paged()
            .fields(&names)
            .answers(200, "Part of the list.", Some(shape.clone().sparse().list()))
            .header("Link", "The beginning of the list (`first`) and its next part (`next`), RFC 8288."),
        upload,
        Operation::new(Method::GET, ONE, "get_media", show)
            .about("Read about an image", "For whoever knows its `id`, as with the image itself.")
            .path("id", "Its `id`.", ID)
            .fields(&names)
            .answers(200, "It.", Some(shape.sparse()))
            .header("ETag", "Its version, for `If-None-Match` and, read without `fields`, for `If-Match`."),
        Operation::new(Method::DELETE, ONE, "delete_media", remove)
            .about("Delete an image", "One's own, or any for editors. Posts that show it have a gap then.")
            .wants(writes)
            .path("id", "Its `id`.", ID)
            .conditional()
            .answers(204, "It is gone.", None),
    ];
    all.into_iter().map(|one| one.tag("Media")).collect()
}

fn forms() -> Vec<(&'static str, Shape, Value)> {
    let binary = json!({ "type": "string", "format": "binary" });
    let form = json!({ "type": "object", "required": ["file"], "properties": { "file": binary }, "additionalProperties": false });
    let shape = |media_type: &str| if media_type.starts_with("multipart/") { form.clone() } else { json!({}) };
    TAKES.iter().map(|media_type| (*media_type, Shape::plain(shape(media_type)), Value::Null)).collect()
}

async fn list(site: Arc<Site>, req: Req) -> Result<Res> {
    let (window, fields) = query::paged::<Media>(&req)?;
    cache::get_or_render(&site, &req, query::PAGED, |txn| {
        let slice = media::slice(txn, &req.actor, &window)?.map(|media| Media::new(&media, site.app.links()));
        resource::list(&site.app, &req, slice, fields.as_deref(), (Vec::new(), None))
    })
    .await
}

/// Not kept: an image has no scope that tells when it is gone.
async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    let fields = query::sparse::<Media>(&req)?;
    cache::own(&site, &req, |txn| {
        let media = media::by_id(txn, req.param("id")?)?;
        resource::one(&Media::new(&media, site.app.links()), fields.as_deref(), Vec::new())
    })
    .await
}

async fn create(site: Arc<Site>, mut req: Req) -> Result<Res> {
    if req.actor.is_anonymous() {
        return Err(Error::Unauthenticated);
    }
    let reader = Reader::new(&req, &["name"])?;
    let named = reader.text("name");
    reader.finish()?;
    media::may_upload(&req.actor)?;
    let is_form = form::is_form(&req.headers);
    let (name, bytes) = if is_form {
        let form = req.form().await?;
        if let Some(name) = form.unknown(&["file"]) {
            return Err(Error::field(
                name.chars().take(40).collect::<String>(),
                "There is no such member here; there is: file.",
            ));
        }
        let file = form.file("file")?.ok_or(Error::field("file", "Please send the image as the part “file”."))?;
        (file.name.clone(), file.whole("file")?)
    } else {
        let name = named.or_else(|| disposition(req.header("content-disposition")?)).unwrap_or_default();
        (name, req.bytes().await?.to_vec())
    };
    let once = perform::once_of(&req, &[name.as_bytes(), &bytes])?;
    let upload = async {
        let change = media::upload(&site.app, &req.actor, "file", &name, bytes).await?;
        Ok(change.map(|media| Outcome::Media { id: media.id.to_string() }))
    };
    let done = perform::run(&site, req.payers(), once, upload).await?;
    perform::answer(&site, &req.actor, StatusCode::CREATED, done)
}

async fn remove(site: Arc<Site>, req: Req) -> Result<Res> {
    perform::begin(&req)?;
    let id = req.param("id")?;
    let media = media::removable(&site.app.read()?, &req.actor, id)?;
    // It never changes: it is there or it is not.
    matches(req.header("if-match"), &response::json_bytes(&Media::new(&media, site.app.links()))?)?;
    site.app.commit_for(req.payers(), media::remove(&site.app, &req.actor, id)).await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

/// The file name in a `Content-Disposition` (RFC 6266); the one in UTF-8 counts if both are there.
fn disposition(value: &str) -> Option<String> {
    let mut plain = None;
    for parameter in value.split(';').skip(1) {
        let (name, value) = parameter.trim().split_once('=')?;
        if name.trim().eq_ignore_ascii_case("filename*") {
            let encoded = value.trim().splitn(3, '\'').nth(2)?;
            return percent_decode_str(encoded).decode_utf8().ok().map(|name| name.into_owned());
        }
        if name.trim().eq_ignore_ascii_case("filename") {
            plain = Some(value.trim().trim_matches('"').to_owned());
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_upload_is_called_what_its_header_says() {
        assert_eq!(disposition("attachment; filename=\"owl.png\"").as_deref(), Some("owl.png"));
        assert_eq!(disposition("attachment; filename=x.png; filename*=UTF-8''%D0%BC.png").as_deref(), Some("м.png"));
        for none in ["attachment", "", "attachment; filename", "inline; x"] {
            assert_eq!(disposition(none), None, "{none}");
        }
    }
}
