//! What came of requests that carried an idempotency key.

use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::store::schema::{RECEIPTS, RECEIPTS_BY_TIME};
use crate::store::{Snapshot, WriteTxn, record};
use redb::{ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};

/// Most receipts kept; with one more, the oldest goes. At about 300 bytes each this bounds the table.
pub const MAX_RECEIPTS: u64 = 20_000;

/// Most receipts of one member, and their bytes: nobody can make the receipts of others go.
const MAX_OF_MEMBER: usize = 1_000;
const MAX_BYTES_OF_MEMBER: usize = 512 * 1024;

/// Receipts that one write clears away at most, so that it stays short.
const SWEEP: usize = 64;

/// Who asked, and the beginning of the hash of that and of the key they sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptKey(pub [u8; 32]);

impl ReceiptKey {
    pub fn new(member: UserId, hash: [u8; 32]) -> ReceiptKey {
        let mut key = hash;
        key.iter_mut().zip(member.0.to_be_bytes()).for_each(|(byte, own)| *byte = own);
        ReceiptKey(key)
    }

    /// The keys of the same member.
    fn siblings(&self) -> std::ops::RangeInclusive<[u8; 32]> {
        let filled = |rest: u8| std::array::from_fn(|at| self.0.get(at).copied().filter(|_| at < 8).unwrap_or(rest));
        filled(0)..=filled(u8::MAX)
    }
}

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
    sweep_member(txn, key)?;
    if let Some(old) = by_key(txn, key)? {
        // Its row would take the new receipt with it when it is swept.
        txn.open(RECEIPTS_BY_TIME)?.remove((old.made_at.ms(), &key.0))?;
    }
    txn.open(RECEIPTS)?.insert(&key.0, record::encode(receipt)?.as_slice())?;
    txn.open(RECEIPTS_BY_TIME)?.insert((receipt.made_at.ms(), &key.0), ())?;
    Ok(())
}

/// Clears away the oldest receipts of a member who has too many.
fn sweep_member(txn: &WriteTxn<'_>, key: &ReceiptKey) -> Result<()> {
    let range = key.siblings();
    let (mut count, mut bytes) = (0, 0);
    for row in txn.table(RECEIPTS)?.range::<&[u8; 32]>(range.start()..=range.end())? {
        count += 1;
        bytes += row?.1.value().len();
    }
    if count < MAX_OF_MEMBER && bytes < MAX_BYTES_OF_MEMBER {
        return Ok(());
    }
    let mut own = Vec::new();
    for row in txn.table(RECEIPTS)?.range::<&[u8; 32]>(range.start()..=range.end())? {
        let (key, value) = row?;
        own.push((record::decode::<Receipt>(value.value())?.made_at.ms(), *key.value()));
    }
    own.sort_unstable();
    for (at, key) in own.iter().take(SWEEP) {
        txn.open(RECEIPTS)?.remove(key)?;
        txn.open(RECEIPTS_BY_TIME)?.remove((*at, key))?;
    }
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
    async fn a_member_with_many_keys_loses_their_own_receipts_alone() {
        let store = Store::memory().unwrap();
        let write = store.write(|txn| {
            let put = |member: u64, number: u64, outcome: &str| {
                let mut hash = [0; 32];
                hash[24..].copy_from_slice(&number.to_be_bytes());
                let key = ReceiptKey::new(UserId(member), hash);
                let made_at = Timestamp::from_ms(i64::try_from(number).unwrap());
                let receipt = Receipt { request: Vec::new(), outcome: outcome.into(), made_at };
                super::put(txn, &key, &receipt, Timestamp::from_ms(-1)).map(|()| key)
            };
            let others = put(1, 0, "")?;
            let first = put(2, 1, "")?;
            (2..1_200).try_for_each(|number| put(2, number, "").map(drop))?;
            let last = put(2, 1_200, "")?;
            let many = txn.table(RECEIPTS)?.len()?;
            let long = "x".repeat(10_000);
            (2_000..2_200).try_for_each(|number| put(3, number, &long).map(drop))?;
            let range = ReceiptKey::new(UserId(3), [0; 32]).siblings();
            let bytes = txn.table(RECEIPTS)?.range::<&[u8; 32]>(range.start()..=range.end())?.count();
            let is_there = |key: &ReceiptKey| by_key(txn, key).map(|receipt| receipt.is_some());
            let times = txn.table(RECEIPTS_BY_TIME)?.len()? == txn.table(RECEIPTS)?.len()?;
            Ok((is_there(&others)?, is_there(&first)?, is_there(&last)?, many, bytes, times))
        });
        let (others, first, last, many, bytes, times) = write.await.unwrap();
        assert!(others && !first && last && times);
        assert!((900..=1_001).contains(&many), "{many}");
        assert!(bytes < 60, "{bytes} of 10 kB");
    }

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
