//! Addresses that content once had.

use crate::domain::id::{CategoryId, PostId};
use crate::error::Result;
use crate::store::fresh::Scope;
use crate::store::record;
use crate::store::schema::REDIRECTS;
use crate::store::{Snapshot, WriteTxn};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use std::ops::Bound;
use unicode_normalization::UnicodeNormalization;

/// What an old address leads to: a thing, not an address, so that it survives further renames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Post(PostId),
    Category(CategoryId),
}

/// Where an old address leads; `path` begins with `/`, is percent-decoded and has no base path. Both
/// forms of Unicode are looked for: imports have names of files in either.
pub fn by_path(txn: &impl Snapshot, path: &str) -> Result<Option<Target>> {
    let table = txn.table(REDIRECTS)?;
    let forms = [path.to_owned(), path.nfc().collect(), path.nfd().collect()];
    let different = if path.is_ascii() { 1 } else { forms.len() };
    for form in forms.iter().take(different) {
        if let Some(row) = table.get(form.as_str())? {
            return record::decode(row.value()).map(Some);
        }
    }
    Ok(None)
}

/// Old addresses with what they lead to, by their bytes, after `path`.
pub fn after(txn: &impl Snapshot, path: &str, take: usize) -> Result<Vec<(String, Target)>> {
    let table = txn.table(REDIRECTS)?;
    let rows = table.range::<&str>((Bound::Excluded(path), Bound::Unbounded))?;
    rows.take(take)
        .map(|row| {
            let (path, target) = row?;
            Ok((path.value().to_owned(), record::decode(target.value())?))
        })
        .collect()
}

/// Makes `path` lead to `target`, whatever it led to before.
pub fn put(txn: &WriteTxn<'_>, path: &str, target: Target) -> Result<()> {
    txn.touch(Scope::Lists);
    txn.open(REDIRECTS)?.insert(path, record::encode(&target)?.as_slice())?;
    Ok(())
}

/// Forgets an old address, when its content comes back to it.
pub fn remove(txn: &WriteTxn<'_>, path: &str) -> Result<()> {
    txn.open(REDIRECTS)?.remove(path)?;
    Ok(())
}

/// Makes every old address of `from` lead to `to`.
pub fn retarget(txn: &WriteTxn<'_>, from: Target, to: Target) -> Result<()> {
    let mut paths = Vec::new();
    for row in txn.table(REDIRECTS)?.iter()? {
        let (path, target) = row?;
        if record::decode::<Target>(target.value())? == from {
            paths.push(path.value().to_owned());
        }
    }
    paths.iter().try_for_each(|path| put(txn, path, to))
}
