//! Images: taking them in, handing them out, deleting them.

use crate::content::image;
use crate::domain::actor::Actor;
use crate::domain::id::UserId;
use crate::domain::media::{FileKind, Media, MediaId, MediaKind, file_name};
use crate::domain::paging::{Cursor, Page, Slice, Window};
use crate::domain::time::Timestamp;
use crate::domain::token::TokenScope;
use crate::error::{Error, Result};
use crate::service::change::Change;
use crate::service::{App, ReadTxn, in_turn};
use crate::store;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// The name of the list in cursors.
const LIST: &str = "media";
/// Largest file of an image, in bytes.
pub const MAX_UPLOAD: usize = image::MAX_UPLOAD;
/// Largest file that is no image, in bytes; it is in memory once while it is stored.
pub const MAX_FILE: usize = 25 * 1024 * 1024;
/// Images on a page of the list under `/admin`.
pub const PER_PAGE: usize = 48;

/// Whether `actor` may upload images; the error says why not.
pub fn may_upload(actor: &Actor) -> Result<()> {
    if actor.can_upload() { Ok(()) } else { Err(actor.refusal(TokenScope::MediaWrite)) }
}

/// Stores an image under its content; `field` is the form field an error belongs to.
pub async fn upload(
    app: &App,
    actor: &Actor,
    field: &'static str,
    name: &str,
    bytes: Vec<u8>,
) -> Result<Change<Media>> {
    may_upload(actor)?;
    if bytes.len() > image::MAX_UPLOAD {
        return Err(Error::TooLarge(image::MAX_UPLOAD as u64));
    }
    app.store.check_room()?;
    let (media, bytes) = prepared(app, actor, field, name.to_owned(), bytes).await?;
    let length = bytes.len();
    Ok(Change::new(move |txn| store::media::insert(txn, &media, &bytes)).storing(length))
}

async fn prepared(
    app: &App,
    actor: &Actor,
    field: &'static str,
    name: String,
    bytes: Vec<u8>,
) -> Result<(Media, Vec<u8>)> {
    let (now, by) = (app.now(), actor.user_id().unwrap_or(UserId(0)));
    in_turn(&app.imaging, actor, move || prepare(by, field, &name, &bytes, now)).await?
}

/// Checks and cleans an image; does not store it.
pub(in crate::service) fn prepare(
    by: UserId,
    field: &'static str,
    name: &str,
    bytes: &[u8],
    now: crate::domain::time::Timestamp,
) -> Result<(Media, Vec<u8>)> {
    let shown: String = name.chars().take(40).collect();
    let image = image::prepare(bytes).map_err(|message| Error::field(field, format!("“{shown}”: {message}")))?;
    let media = Media {
        id: content_id(&image.bytes),
        name: file_name(name, MediaKind::Image(image.kind)),
        kind: MediaKind::Image(image.kind),
        width: image.width,
        height: image.height,
        bytes: image.bytes.len() as u64,
        uploaded_by: by,
        uploaded_at: now,
    };
    Ok((media, image.bytes))
}

/// A file that is no image, as it is stored: served as what its bytes are, and never as a page.
pub(in crate::service) fn file(by: UserId, name: &str, bytes: &[u8], now: Timestamp) -> Media {
    let kind = MediaKind::File(FileKind::of(name, bytes));
    Media {
        id: content_id(bytes),
        name: file_name(name, kind),
        kind,
        width: 0,
        height: 0,
        bytes: bytes.len() as u64,
        uploaded_by: by,
        uploaded_at: now,
    }
}

/// What stored bytes are named by.
pub(in crate::service) fn content_id(bytes: &[u8]) -> MediaId {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    MediaId(id)
}

/// The address of an image as it stands in Markdown: below the base path, which may change.
pub(in crate::service) fn source_address(media: &Media) -> String {
    crate::domain::link::Links::root().media(media.id, &media.name)
}

/// An image or another file by its content hash.
pub fn by_id(txn: &ReadTxn, id: &str) -> Result<Media> {
    MediaId::parse(id).map_or(Ok(None), |id| store::media::by_id(txn, id))?.ok_or(Error::NotFound("image"))
}

/// An image by its content hash; another file is none.
pub fn image(txn: &ReadTxn, id: &str) -> Result<Media> {
    by_id(txn, id).and_then(|media| if media.size().is_some() { Ok(media) } else { Err(Error::NotFound("image")) })
}

/// Part of an image's bytes.
pub fn bytes(txn: &ReadTxn, media: &Media, range: Range<u64>) -> Result<Vec<u8>> {
    store::media::bytes(txn, media, range)
}

/// Page `number` of all images, newest first, for those who write.
pub fn list(txn: &ReadTxn, actor: &Actor, number: usize) -> Result<Page<Media>> {
    if !actor.can_list_media() {
        return Err(actor.refusal(TokenScope::MediaRead));
    }
    let items = store::media::latest(txn, (number - 1) * PER_PAGE, PER_PAGE)?;
    Ok(Page { items, number, per_page: PER_PAGE, total: store::media::count(txn)? })
}

/// Part of the list of all images, newest first, for those who write.
pub fn slice(txn: &ReadTxn, actor: &Actor, window: &Window) -> Result<Slice<Media>> {
    if !actor.can_list_media() {
        return Err(actor.refusal(TokenScope::MediaRead));
    }
    let place = window.after(LIST, |text| {
        let (time, id) = text.split_once('.')?;
        Some((Timestamp::from_ms(time.parse().ok()?), MediaId::parse(id)?))
    })?;
    let first = (Timestamp::from_ms(i64::MAX), MediaId([0xff; 16]));
    let images = store::media::before(txn, place.unwrap_or(first), window.limit + 1)?;
    let cursor = |media: &Media| Cursor::new(LIST, format_args!("{}.{}", media.uploaded_at.ms(), media.id));
    Ok(Slice::of(images, window.limit, cursor))
}

/// An image that `actor` may delete: one's own, or any for an editor.
pub fn removable(txn: &ReadTxn, actor: &Actor, id: &str) -> Result<Media> {
    let media = by_id(txn, id)?;
    if actor.can_delete_media(media.uploaded_by) { Ok(media) } else { Err(actor.refusal(TokenScope::MediaWrite)) }
}

/// Deletes an image; posts that show it have a gap then.
pub fn remove(app: &App, actor: &Actor, id: &str) -> Result<Change<()>> {
    let media = removable(&app.read()?, actor, id)?;
    Ok(Change::new(move |txn| store::media::remove(txn, &media)))
}
