//! What was imported, so that importing again changes only what changed.

use crate::domain::id::{PostId, UserId};
use crate::error::Result;
use crate::store::record;
use crate::store::schema::IMPORTS;
use crate::store::{Snapshot, WriteTxn};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

/// What became of something in the imported material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Imported {
    /// A file, with a fingerprint of all that it was made from and the version it made: a post of
    /// another version was edited since.
    Post {
        post: PostId,
        version: u32,
        fingerprint: String,
        /// A digest of the text alone, under which a file that was moved is known again.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
    /// An author's name.
    User(UserId),
}

/// What `key` became at an earlier import.
pub fn by_key(txn: &impl Snapshot, key: &str) -> Result<Option<Imported>> {
    txn.table(IMPORTS)?.get(key)?.map(|row| record::decode(row.value())).transpose()
}

/// Everything imported under keys that begin with `prefix`, by key, without it.
pub fn below(txn: &impl Snapshot, prefix: &str) -> Result<Vec<(String, Imported)>> {
    let table = txn.table(IMPORTS)?;
    let mut found = Vec::new();
    for row in table.range(prefix..)? {
        let (key, value) = row?;
        let Some(key) = key.value().strip_prefix(prefix) else { break };
        found.push((key.to_owned(), record::decode(value.value())?));
    }
    Ok(found)
}

/// Forgets a key, when its file has another.
pub fn remove(txn: &WriteTxn<'_>, key: &str) -> Result<()> {
    txn.open(IMPORTS)?.remove(key)?;
    Ok(())
}

/// Remembers what `key` became.
pub fn put(txn: &WriteTxn<'_>, key: &str, imported: &Imported) -> Result<()> {
    txn.open(IMPORTS)?.insert(key, record::encode(imported)?.as_slice())?;
    Ok(())
}
