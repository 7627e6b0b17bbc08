//! What came of requests that carried an idempotency key.

use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::store::schema::{RECEIPTS, RECEIPTS_BY_TIME};
use crate::store::{Snapshot, WriteTxn, record};
use redb::{ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};

/// Most receipts kept; with one more, the oldest goes. At about 300 bytes each this bounds the table.
pub const MAX_RECEIPTS: u64 = 20_000;

/// Receipts that one write clears away at most, so that it stays short.
const SWEEP: usize = 64;

/// The hash of who asked and of the key they sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptKey(pub [u8; 32]);

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Hash of method, address and body: the same key with another request is a mistake.
    #[serde(with = "serde_bytes")]
    pub request: Vec<u8>,
    /// What the caller needs to answer again; at most a few hundred bytes.
    pub outcome: String,
    pub made_at: Timestamp,
}

pub fn by_key(txn: &impl Snapshot, key: &ReceiptKey) -> Result<Option<Receipt>> {
    txn.table(RECEIPTS)?.get(&key.0)?.map(|row| record::decode(row.value())).transpose()
}

/// Keeps a receipt, and clears away some of those made before `since` and beyond the bound.
pub fn put(txn: &WriteTxn<'_>, key: &ReceiptKey, receipt: &Receipt, since: Timestamp) -> Result<()> {
    sweep(txn, since)?;
    txn.open(RECEIPTS)?.insert(&key.0, record::encode(receipt)?.as_slice())?;
    txn.open(RECEIPTS_BY_TIME)?.insert((receipt.made_at.ms(), &key.0), ())?;
    Ok(())
}

fn sweep(txn: &WriteTxn<'_>, since: Timestamp) -> Result<()> {
    let count = txn.table(RECEIPTS_BY_TIME)?.len()?;
    let over = usize::try_from((count + 1).saturating_sub(MAX_RECEIPTS)).unwrap_or(usize::MAX);
    let mut old = Vec::new();
    for (index, row) in txn.table(RECEIPTS_BY_TIME)?.iter()?.take(SWEEP).enumerate() {
        let row = row?.0;
        let (at, key) = row.value();
        if at >= since.ms() && index >= over {
            break;
        }
        old.push((at, *key));
    }
    for (at, key) in &old {
        txn.open(RECEIPTS)?.remove(key)?;
        txn.open(RECEIPTS_BY_TIME)?.remove((*at, key))?;
    }
    Ok(())
}
