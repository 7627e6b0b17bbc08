//! Uploaded images and other files in chunks, by content hash.

use crate::domain::media::{Media, MediaId};
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::store::record;
use crate::store::schema::{MEDIA, MEDIA_BY_TIME, MEDIA_CHUNKS};
use crate::store::{Snapshot, WriteTxn};
use redb::{ReadableTable, ReadableTableMetadata};
use std::ops::Range;

/// Bytes in a chunk.
const CHUNK: usize = 65_000;

pub fn by_id(txn: &impl Snapshot, id: MediaId) -> Result<Option<Media>> {
    txn.table(MEDIA)?.get(&id.0)?.map(|row| record::decode(row.value())).transpose()
}

/// Stores an image; the same bytes again are the same image and keep their first name.
pub fn insert(txn: &WriteTxn<'_>, media: &Media, bytes: &[u8]) -> Result<Media> {
    if let Some(known) = by_id(txn, media.id)? {
        return Ok(known);
    }
    txn.grow()?;
    let mut chunks = txn.open(MEDIA_CHUNKS)?;
    for (number, chunk) in (0u32..).zip(bytes.chunks(CHUNK)) {
        chunks.insert((&media.id.0, number), chunk)?;
    }
    drop(chunks);
    txn.open(MEDIA)?.insert(&media.id.0, record::encode(media)?.as_slice())?;
    txn.open(MEDIA_BY_TIME)?.insert((media.uploaded_at.ms(), &media.id.0), ())?;
    Ok(media.clone())
}

/// Part of an image's bytes.
pub fn bytes(txn: &impl Snapshot, media: &Media, range: Range<u64>) -> Result<Vec<u8>> {
    let (start, end) = (range.start.min(media.bytes), range.end.min(media.bytes));
    let mut out = Vec::with_capacity(usize::try_from(end.saturating_sub(start)).unwrap_or(0));
    let chunk = CHUNK as u64;
    let table = txn.table(MEDIA_CHUNKS)?;
    let first = u32::try_from(start / chunk).unwrap_or(u32::MAX);
    let last = u32::try_from(end / chunk).unwrap_or(u32::MAX);
    for row in table.range((&media.id.0, first)..=(&media.id.0, last))? {
        let (key, value) = row?;
        let offset = u64::from(key.value().1) * chunk;
        let from = usize::try_from(start.saturating_sub(offset)).unwrap_or(usize::MAX);
        let to = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let value = value.value();
        out.extend_from_slice(value.get(from.min(value.len())..to.min(value.len())).unwrap_or_default());
    }
    if out.len() as u64 != end.saturating_sub(start) {
        return Err(Error::internal(format!("media {} lacks a chunk", media.id)));
    }
    Ok(out)
}

/// Images, newest first, after the first `skip`.
pub fn latest(txn: &impl Snapshot, skip: usize, take: usize) -> Result<Vec<Media>> {
    let ids: Vec<MediaId> = {
        let table = txn.table(MEDIA_BY_TIME)?;
        table.iter()?.rev().skip(skip).take(take).map(|row| Ok(MediaId(*row?.0.value().1))).collect::<Result<_>>()?
    };
    let mut images = Vec::with_capacity(ids.len());
    for id in ids {
        images.extend(by_id(txn, id)?);
    }
    Ok(images)
}

/// Images that stand behind this place, newest first.
pub fn before(txn: &impl Snapshot, (time, id): (Timestamp, MediaId), take: usize) -> Result<Vec<Media>> {
    let table = txn.table(MEDIA_BY_TIME)?;
    let mut images = Vec::new();
    for row in table.range(..(time.ms(), &id.0))?.rev().take(take) {
        images.extend(by_id(txn, MediaId(*row?.0.value().1))?);
    }
    Ok(images)
}

/// Number of images.
pub fn count(txn: &impl Snapshot) -> Result<usize> {
    Ok(usize::try_from(txn.table(MEDIA)?.len()?).unwrap_or(usize::MAX))
}

/// Removes an image with its bytes.
pub fn remove(txn: &WriteTxn<'_>, media: &Media) -> Result<()> {
    txn.open(MEDIA)?.remove(&media.id.0)?;
    txn.open(MEDIA_BY_TIME)?.remove((media.uploaded_at.ms(), &media.id.0))?;
    txn.open(MEDIA_CHUNKS)?.retain_in((&media.id.0, 0)..=(&media.id.0, u32::MAX), |_, _| false)?;
    Ok(())
}
