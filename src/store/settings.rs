//! The site's settings and what the program itself remembers.

use crate::domain::settings::Settings;
use crate::error::Result;
use crate::store::fresh::Scope;
use crate::store::record;
use crate::store::schema::META;
use crate::store::{ReadTxn, Snapshot, WriteTxn};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError};

/// What the program measured or made for itself at first start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Security {
    /// bcrypt cost timed on this machine.
    #[serde(default)]
    pub bcrypt_cost: Option<u32>,
    /// 32 random hexadecimal digits that name this file's site for ever, wherever it moves.
    #[serde(default)]
    pub site_id: String,
    /// Signs what a browser keeps that has signed in to an account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub device_key: String,
}

/// The stored settings; `None` before set-up.
pub fn settings(txn: &impl Snapshot) -> Result<Option<Settings>> {
    read(txn, "settings")
}

/// The stored settings, read once and kept until they change.
pub fn kept(txn: &ReadTxn) -> Result<Option<Arc<Settings>>> {
    let slot = || txn.shared.settings.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = slot().clone();
    if let Some((number, settings)) = kept
        && !txn.shared.fresh.changed_since(&[Scope::Frame], number)
    {
        return Ok(Some(settings));
    }
    let Some(read) = settings(txn)?.map(Arc::new) else { return Ok(None) };
    *slot() = Some((txn.number(), Arc::clone(&read)));
    Ok(Some(read))
}

/// Stores the settings.
pub fn put_settings(txn: &WriteTxn<'_>, settings: &Settings) -> Result<()> {
    txn.touch(Scope::Frame);
    txn.touch(Scope::Lists);
    txn.open(META)?.insert("settings", record::encode(settings)?.as_slice())?;
    Ok(())
}

/// What the program remembers for itself.
pub fn security(txn: &impl Snapshot) -> Result<Security> {
    Ok(read(txn, "security")?.unwrap_or_default())
}

/// Stores what the program remembers for itself.
pub fn put_security(txn: &WriteTxn<'_>, security: &Security) -> Result<()> {
    txn.open(META)?.insert("security", record::encode(security)?.as_slice())?;
    Ok(())
}

/// The stamp of every rendered text, if they all have the same and that is known.
pub fn rendered(txn: &impl Snapshot) -> Result<Option<String>> {
    read(txn, "rendered")
}

/// Says that every rendered text carries this stamp.
pub fn put_rendered(txn: &WriteTxn<'_>, stamp: &str) -> Result<()> {
    txn.open(META)?.insert("rendered", record::encode(&stamp)?.as_slice())?;
    Ok(())
}

/// Takes that back when a text with another stamp is about to be stored: another program, or one for
/// another base path, writes to this file.
pub(in crate::store) fn keep_rendered_true(txn: &WriteTxn<'_>, stamp: &str) -> Result<()> {
    if rendered(txn)?.is_some_and(|known| known != stamp) {
        txn.open(META)?.remove("rendered")?;
    }
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(txn: &impl Snapshot, key: &str) -> Result<Option<T>> {
    txn.table(META)?.get(key)?.map(|row| record::decode(row.value())).transpose()
}
