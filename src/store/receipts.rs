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
    if let Some(old) = by_key(txn, key)? {
        // Its row would take the new receipt with it when it is swept.
        txn.open(RECEIPTS_BY_TIME)?.remove((old.made_at.ms(), &key.0))?;
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn a_key_used_again_after_its_time_is_not_swept_away_with_its_past() {
        let put = |txn: &WriteTxn<'_>, key: u8, ms: i64| {
            let receipt = Receipt { request: Vec::new(), outcome: String::new(), made_at: Timestamp::from_ms(ms) };
            super::put(txn, &ReceiptKey([key; 32]), &receipt, Timestamp::from_ms(ms - 100))
        };
        let store = Store::memory().unwrap();
        let write = store.write(move |txn| {
            // More are old than one write clears away.
            (0..SWEEP).try_for_each(|key| put(txn, key as u8, 0))?;
            put(txn, 200, 1)?;
            put(txn, 200, 1_000)?;
            put(txn, 201, 1_001)?;
            Ok((by_key(txn, &ReceiptKey([200; 32]))?, txn.table(RECEIPTS)?.len()?, txn.table(RECEIPTS_BY_TIME)?.len()?))
        });
        let (again, receipts, times) = write.await.unwrap();
        assert_eq!(again.map(|receipt| receipt.made_at.ms()), Some(1_000));
        assert_eq!((receipts, times), (2, 2));
    }
}
